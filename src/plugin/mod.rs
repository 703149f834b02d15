//! The host's side: parameters, processing, emission, and our own CLAP and VST3 exports.

mod clap;
mod class;
mod delay;
mod earmark;
mod echo;
mod emission;
pub mod guard;
pub mod handover;
mod lent;
pub mod models;
pub mod params;
mod process;
pub mod scope;
mod seal;
#[cfg(feature = "standalone")]
pub mod standalone;
mod vst3;

pub use class::{Class, ControlClass, EarmarkClass};
pub use earmark::EarmarkPlugin;
pub use process::real_time_lag;
