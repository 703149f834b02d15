//! What a plugin can say to its host, in one form for both plugin formats.

use std::fmt;

/// What was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A parameter takes a value.
    Value,
    /// The host is to record the parameter from here on.
    GestureBegin,
    /// The host is to record the parameter no longer.
    GestureEnd,
    /// A MIDI note starts.
    NoteOn,
    /// A MIDI note ends.
    NoteOff,
    /// A MIDI controller takes a value.
    ControlChange,
}

impl Kind {
    /// All kinds, in the order in which a summary lists them.
    pub const ALL: [Self; 6] =
        [Self::Value, Self::GestureBegin, Self::GestureEnd, Self::NoteOn, Self::NoteOff, Self::ControlChange];
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Value => "value",
            Self::GestureBegin => "gesture_begin",
            Self::GestureEnd => "gesture_end",
            Self::NoteOn => "note_on",
            Self::NoteOff => "note_off",
            Self::ControlChange => "cc",
        })
    }
}

/// One thing said, at one instant.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Samples since the start of the render, at the render's rate.
    pub time_samples: u64,
    /// What was said.
    pub kind: Kind,
    /// The parameter's string id; for notes and controllers their MIDI number.
    pub id: String,
    /// A parameter's value as CLAP has it (0..1, or the step's index), a velocity or controller value 0..1.
    /// Zero for gestures.
    pub value: f64,
}
