//! The window. One widget per file, each a function of a [`View`], so that it is drawn and tested without a host.

mod bars;
mod curve;
mod engine_slot;
mod standing;
mod window;

pub use engine_slot::EngineSlot;
pub use window::{EarmarkEditor, View, create_editor, draw};
