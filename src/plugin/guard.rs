//! No panic crosses into a host.
//!
//! A panic that leaves a function that C has called ends the process, and with it the song that somebody works on. So each
//! function of ours that a host calls, or that nice-plug calls from within one of its own such functions, does its work
//! in here. What is nice-plug's own alone cannot be guarded from outside: its C functions end the process themselves.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// What `work` gives, or `fallback` if it panics. `entry` says which function this is.
pub fn guarded<R>(entry: &'static str, fallback: R, work: impl FnOnce() -> R) -> R {
    let done = catch_unwind(AssertUnwindSafe(|| {
        point(entry);
        work()
    }));
    done.unwrap_or(fallback)
}

/// Where a test may have a panic happen.
#[cfg(not(feature = "faults"))]
#[inline(always)]
pub(super) fn point(_entry: &'static str) {}

#[cfg(feature = "faults")]
pub(super) use injected::point;

/// Panics on demand, in a build that only a test loads.
#[cfg(feature = "faults")]
#[allow(unsafe_code)]
mod injected {
    use std::ffi::{CStr, c_char};
    use std::sync::{Mutex, PoisonError};

    /// The entry that is to panic, and how often it has.
    static ARMED: Mutex<(String, u32)> = Mutex::new((String::new(), 0));

    /// Panics if the test has armed this entry.
    pub(in crate::plugin) fn point(entry: &'static str) {
        let mut armed = ARMED.lock().unwrap_or_else(PoisonError::into_inner);
        if armed.0 == entry {
            armed.1 += 1;
            drop(armed);
            panic!("injected in {entry}");
        }
    }

    /// Has an entry panic each time from now on; null or an empty name: none. Says how often the one before has.
    ///
    /// # Safety
    /// `entry` must be null or end in zero.
    // SAFETY: nothing else has this name.
    #[unsafe(no_mangle)]
    pub unsafe extern "C" fn earmark_inject_panic(entry: *const c_char) -> u32 {
        let entry = if entry.is_null() {
            String::new()
        } else {
            // SAFETY: the caller's promise.
            unsafe { CStr::from_ptr(entry) }.to_string_lossy().into_owned()
        };
        let mut armed = ARMED.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *armed, (entry, 0)).1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_the_fallback() {
        assert_eq!(guarded("a", 1, || 2), 2);
        assert_eq!(guarded("a", 1, || panic!("on purpose")), 1);
    }
}
