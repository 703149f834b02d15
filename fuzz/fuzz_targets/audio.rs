//! Audio files: any bytes decode to blocks of equal channels, or are refused with a sentence.
#![no_main]

use earmark::study::decode;
use earmark_fuzz::{Scratch, allow_caught_panics};
use libfuzzer_sys::fuzz_target;

/// A few bytes may rightly stand for hours of silence; so much of it is enough.
const MOST_FRAMES: u64 = 1 << 22;

fuzz_target!(|bytes: &[u8]| {
    allow_caught_panics();
    let file = Scratch::with(bytes);
    let Ok(mut audio) = decode::open(file.path()) else { return };
    assert!(audio.sample_rate_hz > 0.0 && audio.channels > 0);
    let mut block = Vec::new();
    while audio.frames() < MOST_FRAMES && matches!(audio.next_block(&mut block), Ok(true)) {
        assert_eq!(block.len(), audio.channels);
        assert!(!block[0].is_empty() && block.iter().all(|channel| channel.len() == block[0].len()));
    }
});
