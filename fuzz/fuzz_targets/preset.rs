//! Presets, which people edit and send each other as JSON: any text is read, or refused with a sentence.
#![no_main]

use earmark::editor::presets;
use earmark_fuzz::Scratch;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let file = Scratch::named("fuzz.earmark-preset.json", bytes);
    let Some(folder) = file.path().parent() else { return };
    let _ = presets::load(folder, "fuzz");
});
