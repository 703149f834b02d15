//! Every parameter, its range and its words, and nothing else. Ids never change.

use std::sync::{Arc, Mutex, PoisonError};

use nice_plug::prelude::*;

use super::guard::guarded;
use super::models::Models;
use crate::editor::Settings;
use crate::nets::genre::GENRES;
use crate::say::envelope::EnvelopeSettings;
use crate::say::midi::{MidiMode, MidiSettings};

/// Longest attack, milliseconds.
pub const MAX_ATTACK_MS: f32 = 1_000.0;
/// Longest hold and release, milliseconds.
pub const MAX_HOLD_MS: f32 = 5_000.0;
/// Largest hysteresis.
pub const MAX_HYSTERESIS: f32 = 0.5;
/// Genre window, seconds.
pub const GENRE_WINDOW_S: std::ops::RangeInclusive<f32> = 1.0..=60.0;
/// Genre window at first, seconds.
pub const DEFAULT_GENRE_WINDOW_S: f32 = 8.0;
/// Ride, decibels.
pub const RIDE_DB: std::ops::RangeInclusive<f32> = -24.0..=12.0;

/// Which input is heard.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The track itself.
    #[id = "main"]
    #[name = "Main"]
    Main,
    /// The side-chain input.
    #[id = "side_chain"]
    #[name = "Side chain"]
    SideChain,
}

/// What leaves the plugin as automation.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum Automation {
    /// Nothing leaves but the window.
    #[id = "off"]
    #[name = "Off"]
    Off,
    /// Values move; nothing is recorded.
    #[id = "show"]
    #[name = "Show"]
    Show,
    /// Values with gestures, so that the host records them.
    #[id = "write"]
    #[name = "Write"]
    Write,
    /// The host's lane is the truth; the nets rest.
    #[id = "read"]
    #[name = "Read"]
    Read,
}

/// What is sent as MIDI (Earmark Control).
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum Midi {
    /// Nothing.
    #[id = "off"]
    #[name = "Off"]
    Off,
    /// A note while the gate is open.
    #[id = "notes"]
    #[name = "Notes"]
    Notes,
    /// The voice as a controller.
    #[id = "cc"]
    #[name = "CC"]
    Cc,
    /// Both.
    #[id = "both"]
    #[name = "Notes and CC"]
    Both,
}

/// The genre said. The order is that of [`GENRES`], with "none" at the end.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Genre {
    #[id = "blues"]
    #[name = "Blues"]
    Blues,
    #[id = "classical"]
    #[name = "Classical"]
    Classical,
    #[id = "country"]
    #[name = "Country"]
    Country,
    #[id = "disco"]
    #[name = "Disco"]
    Disco,
    #[id = "electronic"]
    #[name = "Electronic"]
    Electronic,
    #[id = "folk"]
    #[name = "Folk"]
    Folk,
    #[id = "hiphop"]
    #[name = "Hip-hop"]
    HipHop,
    #[id = "jazz"]
    #[name = "Jazz"]
    Jazz,
    #[id = "metal"]
    #[name = "Metal"]
    Metal,
    #[id = "pop"]
    #[name = "Pop"]
    Pop,
    #[id = "reggae"]
    #[name = "Reggae"]
    Reggae,
    #[id = "rnb"]
    #[name = "R&B"]
    Rnb,
    #[id = "rock"]
    #[name = "Rock"]
    Rock,
    #[id = "world"]
    #[name = "World"]
    World,
    #[id = "none"]
    #[name = "None"]
    None,
}

/// All parameters, in the order in which hosts show them: what is heard first, then how.
#[derive(Params)]
#[allow(missing_docs)]
pub struct EarmarkParams {
    #[id = "vocal"]
    pub vocal: FloatParam,
    #[id = "vocal_gate"]
    pub vocal_gate: BoolParam,
    #[id = "genre"]
    pub genre: EnumParam<Genre>,
    #[id = "genre_confidence"]
    pub genre_confidence: FloatParam,
    #[nested(group = "Detect")]
    pub detect: DetectParams,
    #[nested(group = "Shape")]
    pub shape: ShapeParams,
    #[nested(group = "Emit")]
    pub emit: EmitParams,
    #[id = "bypass"]
    pub bypass: BoolParam,
    #[nested(id_prefix = "genre", group = "Genres")]
    pub genres: GenreParams,
    /// The window's own memory, kept in the session; no parameter.
    #[persist = "window"]
    window: Mutex<Settings>,
    /// The models, and in the session the files they come from; no parameter.
    #[persist = "models"]
    pub models: Models,
}

/// What is heard and when a voice counts as present.
#[derive(Params)]
#[allow(missing_docs)]
pub struct DetectParams {
    #[id = "source"]
    pub source: EnumParam<Source>,
    #[id = "threshold"]
    pub threshold: FloatParam,
    #[id = "hysteresis"]
    pub hysteresis: FloatParam,
    #[id = "genre_window"]
    pub genre_window: FloatParam,
    #[id = "eco"]
    pub eco: BoolParam,
}

/// How the decision moves.
#[derive(Params)]
#[allow(missing_docs)]
pub struct ShapeParams {
    #[id = "attack"]
    pub attack: FloatParam,
    #[id = "hold"]
    pub hold: FloatParam,
    #[id = "release"]
    pub release: FloatParam,
    #[id = "ride"]
    pub ride: FloatParam,
}

/// What leaves the plugin.
#[derive(Params)]
#[allow(missing_docs)]
pub struct EmitParams {
    #[id = "automation"]
    pub automation: EnumParam<Automation>,
    #[id = "align"]
    pub align: BoolParam,
    #[id = "midi"]
    pub midi: EnumParam<Midi>,
    #[id = "midi_channel"]
    pub midi_channel: IntParam,
    #[id = "midi_note"]
    pub midi_note: IntParam,
    #[id = "midi_cc"]
    pub midi_cc: IntParam,
}

/// Belief in each genre; ids are prefixed `genre_`.
#[derive(Params)]
#[allow(missing_docs)]
pub struct GenreParams {
    #[id = "blues"]
    pub blues: FloatParam,
    #[id = "classical"]
    pub classical: FloatParam,
    #[id = "country"]
    pub country: FloatParam,
    #[id = "disco"]
    pub disco: FloatParam,
    #[id = "electronic"]
    pub electronic: FloatParam,
    #[id = "folk"]
    pub folk: FloatParam,
    #[id = "hiphop"]
    pub hiphop: FloatParam,
    #[id = "jazz"]
    pub jazz: FloatParam,
    #[id = "metal"]
    pub metal: FloatParam,
    #[id = "pop"]
    pub pop: FloatParam,
    #[id = "reggae"]
    pub reggae: FloatParam,
    #[id = "rnb"]
    pub rnb: FloatParam,
    #[id = "rock"]
    pub rock: FloatParam,
    #[id = "world"]
    pub world: FloatParam,
}

impl GenreParams {
    /// In the order of [`GENRES`].
    #[must_use]
    pub fn all(&self) -> [&FloatParam; GENRES.len()] {
        [
            &self.blues,
            &self.classical,
            &self.country,
            &self.disco,
            &self.electronic,
            &self.folk,
            &self.hiphop,
            &self.jazz,
            &self.metal,
            &self.pop,
            &self.reggae,
            &self.rnb,
            &self.rock,
            &self.world,
        ]
    }
}

impl EarmarkParams {
    /// What the window remembers. Not for the audio thread.
    #[must_use]
    pub fn settings(&self) -> Settings {
        self.window.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Has it remembered. Not for the audio thread.
    pub fn set_settings(&self, settings: Settings) {
        *self.window.lock().unwrap_or_else(PoisonError::into_inner) = settings;
    }

    /// The envelope's settings as they stand.
    #[must_use]
    pub fn envelope(&self) -> EnvelopeSettings {
        EnvelopeSettings {
            threshold: self.detect.threshold.value(),
            hysteresis: self.detect.hysteresis.value(),
            attack_ms: self.shape.attack.value(),
            hold_ms: self.shape.hold.value(),
            release_ms: self.shape.release.value(),
        }
    }

    /// The MIDI settings as they stand.
    #[must_use]
    pub fn midi(&self) -> MidiSettings {
        let byte = |param: &IntParam| param.value().clamp(0, 127) as u8;
        MidiSettings {
            mode: match self.emit.midi.value() {
                Midi::Off => MidiMode::Off,
                Midi::Notes => MidiMode::Notes,
                Midi::Cc => MidiMode::Controller,
                Midi::Both => MidiMode::Both,
            },
            // People count channels from 1.
            channel: byte(&self.emit.midi_channel).saturating_sub(1).min(15),
            note: byte(&self.emit.midi_note),
            controller: byte(&self.emit.midi_cc),
        }
    }
}

impl Default for EarmarkParams {
    fn default() -> Self {
        let envelope = EnvelopeSettings::default();
        Self {
            vocal: share("Vocal", 0.0),
            vocal_gate: BoolParam::new("Vocal gate", false),
            genre: EnumParam::new("Genre", Genre::None),
            genre_confidence: share("Genre confidence", 0.0),
            detect: DetectParams {
                source: EnumParam::new("Source", Source::Main),
                threshold: share("Threshold", envelope.threshold),
                hysteresis: FloatParam::new(
                    "Hysteresis",
                    envelope.hysteresis,
                    FloatRange::Linear { min: 0.0, max: MAX_HYSTERESIS },
                )
                .with_value_to_string(formatters::v2s_f32_rounded(2)),
                genre_window: FloatParam::new(
                    "Genre window",
                    DEFAULT_GENRE_WINDOW_S,
                    FloatRange::Skewed {
                        min: *GENRE_WINDOW_S.start(),
                        max: *GENRE_WINDOW_S.end(),
                        factor: FloatRange::skew_factor(-1.0),
                    },
                )
                .with_unit(" s")
                .with_value_to_string(formatters::v2s_f32_rounded(1)),
                eco: BoolParam::new("Eco", false),
            },
            shape: ShapeParams {
                attack: milliseconds("Attack", envelope.attack_ms, MAX_ATTACK_MS),
                hold: milliseconds("Hold", envelope.hold_ms, MAX_HOLD_MS),
                release: milliseconds("Release", envelope.release_ms, MAX_HOLD_MS),
                ride: FloatParam::new("Ride", 0.0, FloatRange::Linear { min: *RIDE_DB.start(), max: *RIDE_DB.end() })
                    .with_unit(" dB")
                    .with_step_size(0.1)
                    .with_value_to_string(formatters::v2s_f32_rounded(1)),
            },
            emit: EmitParams {
                automation: EnumParam::new("Automation", Automation::Show),
                align: BoolParam::new("Align audio", false).non_automatable(),
                midi: EnumParam::new("MIDI", Midi::Notes),
                midi_channel: IntParam::new("MIDI channel", 1, IntRange::Linear { min: 1, max: 16 }),
                midi_note: IntParam::new("MIDI note", 60, IntRange::Linear { min: 0, max: 127 })
                    .with_value_to_string(formatters::v2s_i32_key_formatter())
                    .with_string_to_value(key_by_name()),
                midi_cc: IntParam::new("MIDI CC", 20, IntRange::Linear { min: 0, max: 127 }),
            },
            bypass: BoolParam::new("Bypass", false).make_bypass(),
            genres: GenreParams {
                blues: share("Blues", 0.0),
                classical: share("Classical", 0.0),
                country: share("Country", 0.0),
                disco: share("Disco", 0.0),
                electronic: share("Electronic", 0.0),
                folk: share("Folk", 0.0),
                hiphop: share("Hip-hop", 0.0),
                jazz: share("Jazz", 0.0),
                metal: share("Metal", 0.0),
                pop: share("Pop", 0.0),
                reggae: share("Reggae", 0.0),
                rnb: share("R&B", 0.0),
                rock: share("Rock", 0.0),
                world: share("World", 0.0),
            },
            window: Mutex::default(),
            models: Models::default(),
        }
    }
}

/// A probability or share, 0..1.
fn share(name: &str, default: f32) -> FloatParam {
    FloatParam::new(name, default, FloatRange::Linear { min: 0.0, max: 1.0 })
        .with_value_to_string(formatters::v2s_f32_rounded(3))
}

/// From a text to a MIDI key.
type KeyReader = Arc<dyn Fn(&str) -> Option<i32> + Send + Sync>;

/// nice-plug 0.4.2 cuts the text after its first byte, which panics within a longer character.
fn key_by_name() -> KeyReader {
    let read = formatters::s2v_i32_key_formatter();
    let read = move |text: &str| text.is_ascii().then(|| read(text)).flatten();
    Arc::new(move |text| guarded("KeyReader", None, || read(text)))
}

fn milliseconds(name: &str, default: f32, max: f32) -> FloatParam {
    FloatParam::new(name, default, FloatRange::Skewed { min: 0.0, max, factor: FloatRange::skew_factor(-2.0) })
        .with_unit(" ms")
        .with_value_to_string(formatters::v2s_f32_rounded(0))
}
