//! The window. One widget per file, each a function of a [`View`], so that it is drawn and tested without a host; only
//! `window`, `bridge` and `host_editor` know one.
//!
//! | what | where |
//! |---|---|
//! | what is drawn, as data | [`view`], [`history`], [`pass`], [`control`], [`settings`] |
//! | the widgets | [`face`] lays out [`timeline`], [`now`], `controls` with `knob`, and the pages; `still` shows again what has not changed |
//! | colours | [`theme`] |
//! | files | [`presets`], [`export`], [`model_files`] with `model_dialog` |

pub mod bridge;
pub mod control;
mod controls;
mod engine_page;
mod engine_slot;
pub mod export;
mod export_page;
pub mod face;
pub mod history;
mod host_editor;
mod knob;
mod model_dialog;
pub mod model_files;
pub mod now;
pub mod pass;
mod pass_page;
pub mod presets;
pub mod settings;
mod still;
pub mod theme;
pub mod timeline;
mod top_bar;
pub mod view;
mod widgets;
mod window;

pub use engine_slot::EngineSlot;
pub use face::{Face, draw};
pub use host_editor::EarmarkEditor;
pub use settings::Settings;
pub use view::View;
pub use window::Instance;
