//! Headless hosts that load the *built* Earmark, as a DAW does, and write down all that it says.
//!
//! [`clap`] and [`vst3`] take the same [`Plan`] and input and give the same [`Render`], so that the two
//! formats can be compared event by event. The tests beside this library and `cargo xtask host` use them.
//! Input and output are held in memory as a whole.

pub mod bundle;
pub mod check;
pub mod clap;
pub mod csv;
pub mod ids;
pub mod latency;
pub mod options;
pub mod picture;
pub mod program;
#[cfg(target_os = "linux")]
pub mod proof;
pub mod report;
#[cfg(target_os = "linux")]
mod screen;
pub mod source;
pub mod uses;
pub mod vst3;
pub mod wav;

mod buses;
mod event;
mod ledger;
mod plan;
mod render;
mod stream;

pub use event::{Event, Kind};
pub use plan::{Blocks, Class, LanePoint, Plan, Setting, Stand};
pub use render::{Edit, EditKind, Parameter, PluginInfo, Render};

/// Audio of one port: channels x samples.
pub type Audio = Vec<Vec<f32>>;
