//! A library's index: any bytes open and read whole, or are refused with a sentence.
#![no_main]

use earmark::study::library::Library;
use earmark_fuzz::{Scratch, allow_caught_panics};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    allow_caught_panics();
    let file = Scratch::with(bytes);
    if let Ok(library) = Library::open(file.path()) {
        let _ = library.check();
    }
});
