//! Frames with their truth: what every figure is counted from.

use anyhow::Result;

use crate::say::envelope::EnvelopeSettings;
use crate::study::analyze::gates;
use crate::study::lab::{Kind, Labels};

/// Time between two judged frames, in seconds.
pub const STEP_S: f64 = 0.01;

/// A voice's probability over time.
#[derive(Clone, Copy, Debug)]
pub struct Curve<'a> {
    /// One value per frame.
    pub probability: &'a [f32],
    /// The instant of frame 0, seconds.
    pub first_frame_s: f64,
    /// Seconds from frame to frame.
    pub period_s: f64,
    /// Length of the audio, seconds.
    pub duration_s: f64,
}

impl Curve<'_> {
    /// The instant that a frame speaks of, in seconds.
    pub fn time_s(&self, frame: usize) -> f64 {
        self.first_frame_s + frame as f64 * self.period_s
    }
}

/// Judged frames of one file, or of several pooled. The three lists are of one length.
#[derive(Clone, Debug, Default)]
pub struct Frames {
    /// What the net says, 0..=1.
    pub probability: Vec<f32>,
    /// Whether somebody sings.
    pub sung: Vec<bool>,
    /// Whether somebody speaks, and nobody sings.
    pub spoken: Vec<bool>,
    /// What the gate does with it.
    pub gate: GateCounts,
}

/// How often the gate moves at the plugin's default settings.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct GateCounts {
    /// Openings and closings.
    pub toggles: u64,
    /// Openings in files where nobody sings: each is an error that a user hears.
    pub false_openings: u64,
    /// Judged audio of those files, in seconds.
    pub unsung_s: f64,
}

impl Frames {
    /// Judged audio, in seconds.
    pub fn seconds(&self) -> f64 {
        self.sung.len() as f64 * STEP_S
    }

    /// The frames of several files as one.
    pub fn pooled<'a>(parts: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut all = Self::default();
        for part in parts {
            all.probability.extend_from_slice(&part.probability);
            all.sung.extend_from_slice(&part.sung);
            all.spoken.extend_from_slice(&part.spoken);
            all.gate.toggles += part.gate.toggles;
            all.gate.false_openings += part.gate.false_openings;
            all.gate.unsung_s += part.gate.unsung_s;
        }
        all
    }
}

/// The frames of a 10 ms grid over the labelled audio: at each instant the nearest vocal frame. Instants that the
/// labels leave open are left out.
pub fn pair(curve: &Curve<'_>, labels: &Labels) -> Frames {
    let end_s = curve.duration_s.min(labels.end_s());
    let last = curve.probability.len().saturating_sub(1);
    let mut frames = Frames::default();
    for step in 0..(end_s / STEP_S).round() as usize {
        // The middle of the step, so that a label's edge never falls on the instant itself.
        let time_s = (step as f64 + 0.5) * STEP_S;
        let label = labels.at(time_s);
        if label == Some(Kind::Unsure) {
            continue;
        }
        let frame = ((time_s - curve.first_frame_s) / curve.period_s).round().max(0.0) as usize;
        frames.probability.push(curve.probability[frame.min(last)]);
        frames.sung.push(label == Some(Kind::Sing));
        frames.spoken.push(label == Some(Kind::Speech));
    }
    frames.gate = gate_counts(curve, labels, frames.seconds());
    frames
}

/// The curve beside its truth as CSV, for figures of one's own: `time_s,vocal,truth`, a row for each frame of the curve.
/// `truth` is the label's word, and empty past the labels' end.
///
/// # Errors
/// None in practice; the writer's own.
pub fn table(curve: &Curve<'_>, labels: &Labels) -> Result<Vec<u8>> {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(["time_s", "vocal", "truth"])?;
    for (frame, probability) in curve.probability.iter().enumerate() {
        let time_s = curve.time_s(frame);
        let truth = labels.at(time_s).filter(|_| time_s < labels.end_s()).map_or("", Kind::word);
        table.write_record([format!("{time_s:.6}"), probability.to_string(), truth.to_owned()])?;
    }
    Ok(table.into_inner()?)
}

/// Runs the plugin's own envelope over the curve. Moves at instants that the labels leave open do not count.
fn gate_counts(curve: &Curve<'_>, labels: &Labels, judged_s: f64) -> GateCounts {
    let unsung = labels.of_kind(Kind::Sing).is_empty();
    let mut counts = GateCounts { unsung_s: if unsung { judged_s } else { 0.0 }, ..GateCounts::default() };
    let mut open = false;
    for (frame, gate) in gates(curve.probability, curve.period_s, &EnvelopeSettings::default()).enumerate() {
        let moved = std::mem::replace(&mut open, gate) != gate;
        let time_s = curve.time_s(frame);
        if moved && time_s < labels.end_s() && !labels.is_unsure_at(time_s) {
            counts.toggles += 1;
            counts.false_openings += u64::from(unsung && gate);
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(probability: &[f32]) -> Curve<'_> {
        Curve { probability, first_frame_s: 0.005, period_s: 0.01, duration_s: probability.len() as f64 * 0.01 }
    }

    #[test]
    fn the_table_has_a_row_for_each_frame_with_the_word_of_its_label() {
        let labels = Labels::parse("0 .01 sing\n.01 .02 unsure").unwrap();
        let table = String::from_utf8(table(&curve(&[0.75, 0.5, 0.25]), &labels).unwrap()).unwrap();
        assert_eq!(table, "time_s,vocal,truth\n0.005000,0.75,sing\n0.015000,0.5,unsure\n0.025000,0.25,\n");
    }

    #[test]
    fn unsure_instants_are_left_out_of_everything() {
        let probability = [[0.9; 100], [0.1; 100], [0.9; 100]].concat();
        let sure = pair(&curve(&probability), &Labels::parse("0 3 nosing").unwrap());
        assert_eq!((sure.sung.len(), sure.gate), (300, GateCounts { toggles: 3, false_openings: 2, unsung_s: 3.0 }));
        let labels = Labels::parse("0 1 unsure\n1 2 nosing\n2 3 unsure").unwrap();
        let frames = pair(&curve(&probability), &labels);
        assert_eq!(frames.probability, [0.1; 100]);
        assert_eq!(frames.gate, GateCounts { toggles: 1, false_openings: 0, unsung_s: 1.0 });
    }

    #[test]
    fn openings_are_false_only_where_nobody_sings() {
        let probability = [[0.0; 50], [0.9; 50], [0.0; 50]].concat();
        let spoken = pair(&curve(&probability), &Labels::parse("0 .5 nosing\n.5 1 speech\n1 1.5 nosing").unwrap());
        assert_eq!(spoken.gate, GateCounts { toggles: 2, false_openings: 1, unsung_s: 1.5 });
        assert_eq!(spoken.spoken.iter().filter(|&&spoken| spoken).count(), 50);
        let sung = pair(&curve(&probability), &Labels::parse("0 .5 nosing\n.5 1 sing\n1 1.5 nosing").unwrap());
        assert_eq!(sung.gate, GateCounts { toggles: 2, false_openings: 0, unsung_s: 0.0 });
        let both = Frames::pooled([&spoken, &sung]);
        assert_eq!(both.gate, GateCounts { toggles: 4, false_openings: 1, unsung_s: 1.5 });
        assert_eq!(both.seconds(), 3.0);
    }
}
