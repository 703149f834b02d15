//! Stops one thread of another process, as no scheduler and no signal can.

use anyhow::{Result, ensure};
use std::ptr::null_mut;

/// A thread that stands still until this is dropped.
pub(super) struct Frozen(i32);

impl Frozen {
    /// Stops a thread of a process that this one may trace.
    pub(super) fn new(thread: i32) -> Result<Self> {
        // SAFETY: no memory is handed over.
        unsafe {
            let seized =
                libc::ptrace(libc::PTRACE_SEIZE, thread, null_mut::<libc::c_void>(), null_mut::<libc::c_void>());
            ensure!(seized == 0, "thread {thread} cannot be traced: {}", std::io::Error::last_os_error());
            let frozen = Self(thread);
            libc::ptrace(libc::PTRACE_INTERRUPT, thread, null_mut::<libc::c_void>(), null_mut::<libc::c_void>());
            let mut status = 0;
            let stopped = libc::waitpid(thread, &raw mut status, libc::__WALL);
            ensure!(stopped == thread && libc::WIFSTOPPED(status), "thread {thread} did not stop");
            Ok(frozen)
        }
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        // SAFETY: no memory is handed over.
        unsafe { libc::ptrace(libc::PTRACE_DETACH, self.0, null_mut::<libc::c_void>(), null_mut::<libc::c_void>()) };
    }
}
