//! Label files and the index of a labelled collection: any text is read, or refused with a sentence.
#![no_main]

use earmark::study::evaluate::index;
use earmark::study::lab::Labels;
use earmark_fuzz::Scratch;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(labels) = Labels::parse(text)
    {
        let sung = labels.sung();
        assert!(sung.windows(2).all(|pair| pair[0].end_s <= pair[1].start_s));
        assert!(sung.iter().all(|span| labels.sings_at(span.start_s) && !labels.sings_at(labels.end_s())));
    }
    let file = Scratch::with(bytes);
    let _ = index::read(file.path(), "all");
});
