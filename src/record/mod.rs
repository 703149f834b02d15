//! What was heard over time, and how it is written down: labels, a table, a MIDI file, a picture. The command line writes
//! files' analyses so, the plugin's window the pass so far.

pub mod labels;
pub mod midi;
pub mod outputs;
pub mod overview;
pub mod picture;
pub mod table;

use serde::Serialize;

/// A stretch of time in which something holds, in seconds from the start of the file.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Segment {
    /// Where it begins.
    pub start_s: f64,
    /// Where it ends, not included.
    pub end_s: f64,
}

impl Segment {
    /// How long it lasts, in seconds.
    pub fn duration_s(&self) -> f64 {
        self.end_s - self.start_s
    }
}

/// The voice at one instant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frame {
    /// The instant, in seconds.
    pub time_s: f64,
    /// Probability, 0..=1.
    pub probability: f32,
    /// Whether the gate is open.
    pub gate: bool,
}
