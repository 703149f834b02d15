//! Phrases as an Audacity label track: `start<TAB>end<TAB>sing`, seconds.

use std::fmt::Write as _;

use super::Segment;

/// The label track of `phrases`, one a line.
#[must_use]
pub fn track(phrases: &[Segment]) -> String {
    let mut text = String::new();
    for phrase in phrases {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{:.6}\t{:.6}\tsing", phrase.start_s, phrase.end_s);
    }
    text
}
