//! Phrases as an Audacity label track: `start<TAB>end<TAB>sing`, seconds.

use std::fmt::Write as _;

use super::analysis::Analysis;

/// The label track of a file's phrases, one a line.
pub fn track(analysis: &Analysis) -> String {
    let mut text = String::new();
    for phrase in &analysis.vocal.segments {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{:.6}\t{:.6}\tsing", phrase.start_s, phrase.end_s);
    }
    text
}
