//! Ctrl-C: the first asks for a clean end, the second ends at once.

use std::sync::atomic::{AtomicBool, Ordering};

static REQUESTED: AtomicBool = AtomicBool::new(false);

/// Exit code of a program stopped by Ctrl-C.
const EXIT_CODE: i32 = 130;

/// Takes over Ctrl-C from now on.
pub(super) fn install() {
    // Without a handler Ctrl-C ends the program at once, which is acceptable too.
    let _ = ctrlc::set_handler(|| {
        if REQUESTED.swap(true, Ordering::Relaxed) {
            std::process::exit(EXIT_CODE);
        }
    });
}

/// Whether someone pressed Ctrl-C.
pub(super) fn requested() -> bool {
    REQUESTED.load(Ordering::Relaxed)
}
