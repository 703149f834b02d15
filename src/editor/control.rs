//! The parameters as the window knows them: what each is called and does, where it stands; no host.

/// A parameter that the user sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Id {
    Source,
    Threshold,
    Hysteresis,
    GenreWindow,
    Eco,
    Attack,
    Hold,
    Release,
    Ride,
    Automation,
    Align,
    Midi,
    MidiChannel,
    MidiNote,
    MidiCc,
    Bypass,
}

impl Id {
    /// All, in the order in which they are shown.
    pub const ALL: [Self; 16] = [
        Self::Source,
        Self::Threshold,
        Self::Hysteresis,
        Self::GenreWindow,
        Self::Eco,
        Self::Attack,
        Self::Hold,
        Self::Release,
        Self::Ride,
        Self::Automation,
        Self::Align,
        Self::Midi,
        Self::MidiChannel,
        Self::MidiNote,
        Self::MidiCc,
        Self::Bypass,
    ];

    /// The parameter's id, as hosts and preset files have it.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Threshold => "threshold",
            Self::Hysteresis => "hysteresis",
            Self::GenreWindow => "genre_window",
            Self::Eco => "eco",
            Self::Attack => "attack",
            Self::Hold => "hold",
            Self::Release => "release",
            Self::Ride => "ride",
            Self::Automation => "automation",
            Self::Align => "align",
            Self::Midi => "midi",
            Self::MidiChannel => "midi_channel",
            Self::MidiNote => "midi_note",
            Self::MidiCc => "midi_cc",
            Self::Bypass => "bypass",
        }
    }

    /// The parameter of a key.
    #[must_use]
    pub fn of_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|id| id.key() == key)
    }

    /// One line on what it does.
    #[must_use]
    pub fn help(self) -> &'static str {
        match self {
            Self::Source => "Which input is heard: the track itself or its side chain",
            Self::Threshold => "The gate opens when the voice is at least this likely",
            Self::Hysteresis => "How far the likelihood must fall below the threshold for the gate to close",
            Self::Eco => "Genre and tags less often, at a quarter of the cost; the voice is not affected",
            Self::GenreWindow => "Time over which genre readings are averaged",
            Self::Attack => "Time that the level takes to rise; a shorter voice than a third of it is ignored",
            Self::Hold => "The gate stays open this long after the voice",
            Self::Release => "Time that the level takes to fall",
            Self::Ride => "Gain on the track while somebody sings; 0 dB leaves the audio untouched to the bit",
            Self::Automation => "What leaves as automation",
            Self::Align => "Delays the audio so that it meets what is said about it; the host compensates",
            Self::Midi => "What is sent as MIDI",
            Self::MidiChannel => "MIDI channel",
            Self::MidiNote => "The note that is held while the gate is open",
            Self::MidiCc => "The controller that carries the likelihood of a voice",
            Self::Bypass => "Nothing is heard, nothing leaves, the audio passes",
        }
    }
}

/// Where a parameter stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Control {
    /// Which.
    pub id: Id,
    /// Its name.
    pub name: String,
    /// Normalised, 0..1.
    pub value: f32,
    /// Normalised default.
    pub default: f32,
    /// The value in words, with its unit.
    pub text: String,
    /// The values in words, where there are few.
    pub choices: Vec<String>,
    /// Steps from 0 to 1, where there are many but countable.
    pub steps: Option<u32>,
}

/// What the user wants; carried out by whoever holds the host.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// A gesture begins.
    Begin(Id),
    /// A normalised value.
    Set(Id, f32),
    /// A gesture ends.
    End(Id),
    /// A value as typed.
    Type(Id, String),
    /// All parameters to their defaults.
    Reset,
    /// The other of the two sets, A and B.
    SwapSets,
    /// Make both sets what is set now.
    CopySet,
    /// A preset by name.
    Load(String),
    /// What is set now as a preset of the user's own.
    Save(String),
    /// Forget one of the user's own presets.
    Delete(String),
    /// A new pass begins.
    BeginPass,
    /// The maxima begin anew.
    ResetMaxima,
    /// Write the pass so far.
    Export(super::export::Kind),
    /// Hear with a model file.
    LoadModel(std::path::PathBuf),
    /// Hear with the build's own model for a task.
    BuiltInModel(crate::nets::Task),
    /// List a folder's model files.
    ListModels(std::path::PathBuf),
}

impl Action {
    /// A whole gesture.
    #[must_use]
    pub fn set(id: Id, value: f32) -> [Self; 3] {
        [Self::Begin(id), Self::Set(id, value), Self::End(id)]
    }
}
