//! Earmark hears, while music plays, who sings and what kind of music it is, and says it as automation.
//!
//! The rooms, in the order the audio passes through them:
//!
//! | room | what happens there |
//! |---|---|
//! | [`listen`] | host audio to mel frames, on the audio thread |
//! | [`nets`] | the networks, one file per architecture, and the registry that builds them from model files |
//! | [`engine`] | the one worker thread that runs the nets for every instance, and the lock-free links to it |
//! | [`say`] | readings to decisions: gate, level, genre belief |
//! | `plugin` | the host's side: parameters, processing, emission, CLAP and VST3 exports |
//! | `editor` | the window |
//! | `record` | what was heard over time, as files: labels, table, MIDI, picture |
//! | `study` | the command line's work: decode, analyse, evaluate |

#[cfg(feature = "plugin")]
pub mod editor;
pub mod engine;
pub mod listen;
pub mod nets;
#[cfg(feature = "plugin")]
pub mod plugin;
#[cfg(any(feature = "plugin", feature = "cli"))]
pub mod record;
pub mod say;
#[cfg(feature = "cli")]
pub mod study;
