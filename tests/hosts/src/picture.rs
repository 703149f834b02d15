//! `automation.png`: what was said, above the time at which it was said.

use crate::{Parameter, Render, ids, report};
use anyhow::Result;
use earmark::study::lab::Segment;
use earmark::study::overview::Overview;
use earmark::study::picture::{GenreSpan, Picture};
use std::path::Path;

/// Draws the audio that came out, the vocal curve with the open gate behind it, and the genre.
///
/// # Errors
/// The file cannot be written.
pub fn write(path: &Path, render: &Render, source: &str) -> Result<()> {
    let mut overview = Overview::default();
    if let Some(main) = render.outputs.first() {
        overview.add(main);
    }
    let plugin = &render.plugin;
    let title = format!("{source} through {} {}", plugin.name, plugin.version);
    let said = render.events.len();
    let subtitle = format!(
        "{said} events in {:.1} s at {} Hz; sung {:.0} % of the time",
        render.duration_s(),
        render.rate_hz,
        100.0 * report::sung_share(render)
    );
    let vocal: Vec<_> = steps(&render.curve("vocal"), render.duration_s());
    let phrases: Vec<_> =
        report::phrases(render).iter().map(|span| Segment { start_s: span.start_s, end_s: span.end_s }).collect();
    Picture {
        title: &title,
        subtitle: &subtitle,
        duration_s: render.duration_s(),
        waveform: Some((&overview, render.rate_hz)),
        vocal: &vocal,
        threshold: threshold(render),
        phrases: &phrases,
        truth: None,
        classes: &ids::GENRES,
        genre: &ribbon(render),
    }
    .save(path)
}

/// A curve in which every value holds until the next one, at more points than a picture has columns.
fn steps(curve: &[(f64, f64)], end_s: f64) -> Vec<(f64, f32)> {
    const POINTS: f64 = 4000.0;
    let step_s = (end_s / POINTS).max(f64::MIN_POSITIVE);
    let next = curve.iter().skip(1).map(|(time_s, _)| *time_s).chain([end_s]);
    let mut steps = Vec::new();
    for ((from_s, value), to_s) in curve.iter().zip(next) {
        let held = std::iter::successors(Some(*from_s), |time_s| Some(time_s + step_s));
        steps.extend(held.take_while(|time_s| *time_s < to_s).chain([to_s]).map(|time_s| (time_s, *value as f32)));
    }
    steps
}

/// The threshold as a probability.
fn threshold(render: &Render) -> f32 {
    let value = render.values.get("threshold").copied().unwrap_or(0.5);
    value.clamp(0.0, 1.0) as f32
}

/// The genre with its confidence, cut wherever either changes.
fn ribbon(render: &Render) -> Vec<GenreSpan> {
    let confidence = render.curve("genre_confidence");
    let confident = |time_s: f64| {
        let next = confidence.partition_point(|(at_s, _)| *at_s <= time_s);
        next.checked_sub(1).map_or(1.0, |index| confidence[index].1)
    };
    let mut spans = Vec::new();
    for (span, value) in report::held(render, "genre") {
        let class = render.parameter("genre").ok().and_then(|parameter| class(parameter, value));
        let inside = confidence.iter().map(|(at_s, _)| *at_s).filter(|at_s| (span.start_s..span.end_s).contains(at_s));
        let cuts: Vec<f64> = [span.start_s].into_iter().chain(inside).chain([span.end_s]).collect();
        for cut in cuts.windows(2).filter(|cut| cut[0] < cut[1]) {
            let probability = confident(cut[0]) as f32;
            spans.push(GenreSpan { start_s: cut[0], end_s: cut[1], class, probability });
        }
    }
    spans
}

/// The class of a step of "genre", whose last step says that there is none.
fn class(parameter: &Parameter, value: f64) -> Option<usize> {
    let class = value.round() as usize;
    (class < parameter.texts.len().min(ids::GENRES.len())).then_some(class)
}
