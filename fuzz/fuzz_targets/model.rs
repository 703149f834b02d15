//! Model files: any bytes become a model, or are refused with a sentence.
#![no_main]

use earmark::nets::Model;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Err(error) = Model::from_bytes(bytes) {
        assert!(!error.to_string().is_empty());
    }
});
