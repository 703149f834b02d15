//! An analysis as a picture.

use std::path::Path;

use anyhow::Result;

use super::analysis::{Analysis, Timeline};
use super::lab::Labels;
use super::picture::{GenreSpan, Picture};

/// Draws the analysis into a PNG file; `truth`, where given, gets a lane of its own.
///
/// # Errors
/// The file cannot be written.
pub fn save(analysis: &Analysis, threshold: f32, truth: Option<&Labels>, path: &Path) -> Result<()> {
    let vocal: Vec<_> = (0..analysis.vocal.probability.len())
        .map(|frame| (analysis.vocal.time_s(frame), analysis.vocal.probability[frame]))
        .collect();
    let file = Path::new(&analysis.file).file_name().map(|name| name.to_string_lossy().into_owned());
    let truth = truth.map(Labels::sung);
    Picture {
        title: file.as_deref().unwrap_or(&analysis.file),
        subtitle: &subtitle(analysis),
        duration_s: analysis.duration_s,
        waveform: Some((&analysis.overview, f64::from(analysis.sample_rate))),
        vocal: &vocal,
        threshold,
        phrases: &analysis.vocal.segments,
        truth: truth.as_deref(),
        classes: &analysis.genre.classes.iter().map(String::as_str).collect::<Vec<_>>(),
        genre: &spans(&analysis.genre.timeline, analysis.duration_s),
    }
    .save(path)
}

fn subtitle(analysis: &Analysis) -> String {
    let phrases = analysis.vocal.segments.len();
    let sung = 100.0 * analysis.vocal.sung_s() / analysis.duration_s.max(f64::MIN_POSITIVE);
    let mut text = format!("{} phrase{}, {sung:.0} % sung", phrases, if phrases == 1 { "" } else { "s" });
    for (class, probability) in analysis.genre.ranking().into_iter().take(3).filter(|&(_, p)| p >= 0.05) {
        text += &format!("   {class} {:.0} %", probability * 100.0);
    }
    text
}

/// The likeliest class of each reading.
fn spans(timeline: &Timeline, duration_s: f64) -> Vec<GenreSpan> {
    let span = |(index, reading): (usize, &Vec<f32>)| {
        let best = reading.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).filter(|&(_, &p)| p > 0.0);
        GenreSpan {
            start_s: index as f64 * timeline.period_s,
            end_s: ((index + 1) as f64 * timeline.period_s).min(duration_s),
            class: best.map(|(class, _)| class),
            probability: best.map_or(0.0, |(_, &p)| p),
        }
    };
    timeline.probability.iter().enumerate().map(span).collect()
}
