//! Panics become errors: one line, never a backtrace in a user's face.

use std::any::Any;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};

use anyhow::{Result, anyhow};

thread_local! {
    /// Whether somebody on this thread answers for a panic, and where the last one happened.
    static GUARDED: Cell<bool> = const { Cell::new(false) };
    static PLACE: Cell<Option<String>> = const { Cell::new(None) };
}

/// Replaces the standard report of panics by one line.
pub(super) fn install() {
    panic::set_hook(Box::new(|info| {
        if GUARDED.get() {
            PLACE.set(info.location().map(|place| format!("{}:{}", place.file(), place.line())));
        } else {
            report_unguarded(info);
        }
    }));
}

/// Runs `work`; a panic inside it is an error like any other.
pub(super) fn guard<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    caught(work).unwrap_or_else(|payload| {
        let place = PLACE.take().unwrap_or_else(|| "unknown place".into());
        Err(anyhow!("internal fault: {} ({place}); please report this with the input", words(payload.as_ref())))
    })
}

/// Runs `work`; of a panic inside it nothing is said here.
///
/// # Errors
/// What the panic said.
pub(super) fn caught<T>(work: impl FnOnce() -> T) -> Result<T, Box<dyn Any + Send>> {
    let outer = GUARDED.replace(true);
    // Whatever the panic left half done is dropped with `work`, or not asked again.
    let result = panic::catch_unwind(AssertUnwindSafe(work));
    GUARDED.set(outer);
    result
}

fn report_unguarded(info: &PanicHookInfo<'_>) {
    let thread = std::thread::current();
    let place = info.location().map_or_else(String::new, |place| format!(" ({}:{})", place.file(), place.line()));
    eprintln!(
        "error: internal fault in {}: {}{place}; please report this",
        thread.name().unwrap_or("a thread"),
        words(info.payload())
    );
}

fn words(payload: &(dyn Any + Send)) -> String {
    let text = payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "no message".into()).replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error_and_the_value_passes() {
        assert_eq!(guard(|| Ok(7)).unwrap(), 7);
        let error = guard::<()>(|| panic!("two\nlines")).unwrap_err().to_string();
        assert!(error.contains("internal fault: two lines"), "{error}");
    }
}
