//! The pictures of an evaluation: each song with truth and prediction, reliability diagrams, ROC curves.

use std::path::Path;

use anyhow::Result;

use super::index::Entry;
use super::vocal::{CALIBRATION_BINS, Figures, Frames, Listened, Report, THRESHOLD, figures, sets};
use crate::study::lab::{Kind, Segment};
use crate::study::metrics::{reliability, roc};
use crate::study::picture::chart::{self, Reliability, Roc};
use crate::study::picture::truth::TruthPicture;

/// Name of the picture of reliability diagrams, without extension.
pub const RELIABILITY: &str = "reliability";
/// Name of the picture of ROC curves, without extension.
pub const ROC: &str = "roc";

/// Draws one song into a PNG file: waveform, probability, truth, what the net calls sung, and its errors.
///
/// # Errors
/// The file cannot be written.
pub fn song(entry: &Entry, listened: &Listened, path: &Path) -> Result<()> {
    let Listened { heard, labels, frames } = listened;
    let curve = listened.curve();
    let vocal: Vec<_> = heard.vocal.iter().enumerate().map(|(frame, &p)| (curve.time_s(frame), p)).collect();
    // Each frame stands for the time that is nearest to it.
    let where_true = |is: &dyn Fn(f64, f32) -> bool| spans(&vocal, curve.period_s, heard.duration_s, is);
    let judged = |time_s: f64| time_s < labels.end_s() && !labels.is_unsure_at(time_s);
    TruthPicture {
        title: &entry.name,
        subtitle: &format!("{}   {}", heard.vocal_model, said(&figures(&entry.name, 1, frames))),
        duration_s: heard.duration_s,
        waveform: (&heard.overview, f64::from(heard.sample_rate)),
        vocal: &vocal,
        threshold: THRESHOLD,
        sung: &labels.of_kind(Kind::Sing),
        spoken: &labels.of_kind(Kind::Speech),
        unsure: &labels.of_kind(Kind::Unsure),
        said: &where_true(&|_, p| p > THRESHOLD),
        false_alarms: &where_true(&|time_s, p| p > THRESHOLD && judged(time_s) && !labels.sings_at(time_s)),
        misses: &where_true(&|time_s, p| p <= THRESHOLD && labels.sings_at(time_s)),
    }
    .save(path)
}

/// The figures of a song in a line.
fn said(figures: &Figures) -> String {
    let named = [
        ("AUC", figures.auc),
        ("accuracy", figures.accuracy),
        ("F", figures.f1),
        ("recall", figures.recall),
        ("false alarms", figures.false_alarm_rate),
    ];
    let known = named.into_iter().filter_map(|(name, value)| Some(format!("{name} {:.3}", value?)));
    known.collect::<Vec<_>>().join("   ")
}

/// The stretches of (instant, value) points, `period_s` apart, in which something holds.
fn spans(points: &[(f64, f32)], period_s: f64, duration_s: f64, is: &dyn Fn(f64, f32) -> bool) -> Vec<Segment> {
    let edge = |time_s: f64| time_s.clamp(0.0, duration_s);
    points
        .chunk_by(|a, b| is(a.0, a.1) == is(b.0, b.1))
        .filter(|run| is(run[0].0, run[0].1))
        .map(|run| Segment {
            start_s: edge(run[0].0 - period_s / 2.0),
            end_s: edge(run[run.len() - 1].0 + period_s / 2.0),
        })
        .collect()
}

/// Draws the charts, [`RELIABILITY`] and [`ROC`]: everything pooled, then each set. `write` is given a name without extension
/// and what draws it into a path.
///
/// # Errors
/// A file cannot be written.
pub fn charts(
    report: &Report,
    heard: &[(&Entry, Frames)],
    mut write: impl FnMut(&str, &dyn Fn(&Path) -> Result<()>) -> Result<()>,
) -> Result<()> {
    let pooled = ("pooled".to_owned(), Frames::pooled(heard.iter().map(|(_, frames)| frames)));
    let mut groups = vec![(pooled, &report.pooled)];
    groups.extend(sets(heard).into_iter().zip(&report.sets));
    // A single set is what is pooled.
    groups.truncate(if report.sets.len() == 1 { 1 } else { groups.len() });
    let subtitle = format!("{}, split {}, 10 ms frames", report.model, report.split);

    let bins: Vec<_> =
        groups.iter().map(|((_, f), _)| reliability(&f.probability, &f.sung, CALIBRATION_BINS)).collect();
    let diagrams: Vec<_> = groups
        .iter()
        .zip(&bins)
        .map(|(((name, _), figures), bins)| Reliability { name, bins, error: figures.calibration_error })
        .collect();
    let explained = format!("{subtitle}; orange: the gap (ECE: its mean over frames); larger dots: more frames");
    write(RELIABILITY, &|path| chart::reliability("Does 0.5 mean 0.5?", &explained, &diagrams, path))?;

    let curves: Vec<_> = groups.iter().map(|((_, frames), _)| roc(&frames.probability, &frames.sung)).collect();
    let rocs: Vec<_> = groups
        .iter()
        .zip(&curves)
        .filter_map(|(((name, _), figures), curve)| {
            let used = (figures.false_alarm_rate?, figures.recall?);
            Some(Roc { name, curve, auc: figures.auc?, used })
        })
        .collect();
    let subtitle = format!("{subtitle}; dots: threshold {}", report.threshold);
    write(ROC, &|path| chart::roc("Recall against false alarms", &subtitle, &rocs, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_become_spans_around_their_instants() {
        let points = [(0.005, 0.9), (0.015, 0.9), (0.025, 0.1), (0.035, 0.9)];
        let spans = spans(&points, 0.01, 0.038, &|_, p| p > 0.5);
        let expected = [(0.0, 0.02), (0.03, 0.038)];
        assert_eq!(spans.len(), 2);
        for (span, (start_s, end_s)) in spans.iter().zip(expected) {
            assert!((span.start_s - start_s).abs() < 1e-9 && (span.end_s - end_s).abs() < 1e-9, "{span:?}");
        }
    }
}
