//! What the system says of a process and its threads.

use anyhow::{Context, Result};
use std::path::Path;
use std::time::Duration;

/// Name of the engine's thread.
const ENGINE: &str = "earmark engine";

/// What is left when everything should be gone.
#[derive(Clone, Copy, Debug)]
pub(super) struct Belongings {
    pub(super) threads: usize,
    pub(super) files: usize,
    /// Memory that is allocated, in bytes.
    pub(super) allocated: u64,
    /// Anonymous memory, in bytes: with what the allocator holds back for later.
    pub(super) memory: u64,
}

impl Belongings {
    /// Of this process.
    pub(super) fn now() -> Result<Self> {
        let count = |path: &str| -> Result<usize> { Ok(std::fs::read_dir(path)?.count()) };
        Ok(Self {
            threads: count("/proc/self/task")?,
            files: count("/proc/self/fd")?,
            allocated: allocated(),
            memory: memory()?,
        })
    }
}

/// What this process has allocated and not freed, in bytes.
fn allocated() -> u64 {
    // SAFETY: it has no precondition.
    let counted = unsafe { libc::mallinfo2() };
    (counted.uordblks + counted.hblkhd) as u64
}

/// This process's anonymous memory that is in use, in bytes; what the allocator can give back is given back before.
pub(super) fn memory() -> Result<u64> {
    // SAFETY: it has no precondition.
    unsafe { libc::malloc_trim(0) };
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).context("no RssAnon")?;
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").trim().parse()?;
    Ok(kilobytes << 10)
}

/// Processor time of a clock that the system keeps.
pub(super) fn processor_time(clock: libc::clockid_t) -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` can be written.
    unsafe { libc::clock_gettime(clock, &raw mut time) };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Makes the calling thread one that the system runs before all others, as hosts do with their audio threads. Whether
/// that is allowed here.
pub(super) fn be_real_time() -> bool {
    let priority = libc::sched_param { sched_priority: 40 };
    // SAFETY: the calling thread's own; `priority` outlives the call.
    unsafe { libc::sched_setscheduler(0, libc::SCHED_FIFO, &raw const priority) == 0 }
}

/// The calling thread's number.
pub(super) fn thread_id() -> i32 {
    // SAFETY: it has no precondition.
    unsafe { libc::gettid() }
}

/// The engine's thread of a process.
pub(super) fn engine_thread(process: u32) -> Result<Option<i32>> {
    for task in std::fs::read_dir(format!("/proc/{process}/task"))?.flatten() {
        // A thread may end meanwhile.
        let name = std::fs::read_to_string(task.path().join("comm")).unwrap_or_default();
        if name.trim() == ENGINE {
            return Ok(task.file_name().to_string_lossy().parse().ok());
        }
    }
    Ok(None)
}

/// Whether something traces a thread.
pub(super) fn is_traced(process: u32, thread: i32) -> bool {
    let status = std::fs::read_to_string(Path::new("/proc").join(format!("{process}/task/{thread}/status")));
    status.is_ok_and(|status| status.lines().any(|line| line.starts_with("TracerPid:") && !line.ends_with("\t0")))
}
