//! An analysis in a few lines for people.

use std::fmt::Write as _;

use crate::nets::tag_kind::{Kind, Shown};
use crate::study::analysis::Analysis;

/// Phrases listed at most.
const MOST_PHRASES: usize = 12;
/// Genres below this are not worth a word.
const LEAST_GENRE: f32 = 0.05;
/// Tags of a kind at most.
const MOST_TAGS: usize = 4;

/// The summary; ends without a newline.
pub(super) fn of(analysis: &Analysis) -> String {
    let mut text =
        format!("{}\n  length  {}, {} Hz\n", analysis.file, clock(analysis.duration_s, 1), analysis.sample_rate);
    // Writing to a String cannot fail.
    let _ = writeln!(text, "  sung    {}", sung(analysis));
    let genres = percentages(analysis.genre.ranking(), 4, LEAST_GENRE);
    let _ = writeln!(text, "  genre   {}", if analysis.genre.top == "none" { "none heard".into() } else { genres });
    let tags = tags(&analysis.tags.shown);
    let _ = write!(text, "  tags    {}", if tags.is_empty() { "none" } else { &tags });
    text
}

fn sung(analysis: &Analysis) -> String {
    let phrases = &analysis.vocal.segments;
    if phrases.is_empty() {
        return "nothing".into();
    }
    let sung_s = analysis.vocal.sung_s();
    let mut text = format!(
        "{:.0} % ({}), {} phrase{}",
        100.0 * sung_s / analysis.duration_s,
        clock(sung_s, 1),
        phrases.len(),
        if phrases.len() == 1 { "" } else { "s" }
    );
    for (index, phrase) in phrases.iter().take(MOST_PHRASES).enumerate() {
        let separator = if index % 4 == 0 { "\n          " } else { "   " };
        let _ = write!(text, "{separator}{} - {}", clock(phrase.start_s, 2), clock(phrase.end_s, 2));
    }
    if phrases.len() > MOST_PHRASES {
        let _ = write!(text, "\n          and {} more; --labels or --json has all", phrases.len() - MOST_PHRASES);
    }
    text
}

/// A line for each kind, the strongest first. Their probabilities would mislead: those of different nets do not compare.
fn tags(shown: &[Shown]) -> String {
    let line = |kind: Kind| {
        let of_kind = shown.iter().filter(|tag| tag.kind == kind).take(MOST_TAGS);
        let words: Vec<&str> = of_kind.map(|tag| tag.label.as_str()).collect();
        (!words.is_empty()).then(|| format!("{kind}: {}", words.join(", ")))
    };
    Kind::ALL.into_iter().filter_map(line).collect::<Vec<_>>().join("\n          ")
}

fn percentages(ranking: Vec<(&str, f32)>, most: usize, least: f32) -> String {
    let words =
        ranking.into_iter().take(most).enumerate().filter(|&(index, (_, p))| p >= least || index == 0 && p > 0.0);
    words.map(|(_, (name, p))| format!("{name} {:.0} %", p * 100.0)).collect::<Vec<_>>().join(", ")
}

/// `m:ss.d`, or `h:mm:ss.d`, with that many decimals.
fn clock(time_s: f64, decimals: usize) -> String {
    // Rounded first, so that 59.96 s becomes 1:00.0 and not 0:60.0.
    let scale = 10_f64.powi(decimals as i32);
    let time_s = (time_s * scale).round() / scale;
    let minutes = (time_s / 60.0).floor();
    let seconds = time_s - minutes * 60.0;
    let width = 3 + decimals;
    let hours = (minutes / 60.0).floor();
    if hours > 0.0 {
        format!("{hours}:{:02}:{seconds:0width$.decimals$}", minutes - hours * 60.0)
    } else {
        format!("{minutes}:{seconds:0width$.decimals$}")
    }
}

#[cfg(test)]
mod tests {
    use super::clock;

    #[test]
    fn times_round_before_they_split() {
        assert_eq!(clock(59.96, 1), "1:00.0");
        assert_eq!(clock(5.251, 2), "0:05.25");
        assert_eq!(clock(3725.5, 1), "1:02:05.5");
        assert_eq!(clock(0.0, 1), "0:00.0");
    }
}
