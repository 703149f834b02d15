//! The one worker thread per process that runs the nets for every instance, and the lock-free links to it.
//!
//! An instance (a plugin, or a file being analysed) owns an [`Ear`]: its listener and its end of the link. The worker
//! holds weak references only; when the last [`Engine`] handle goes, the thread ends.

mod alone;
mod device;
mod ear;
mod judge;
mod link;
mod models;
mod readings;
mod session;
mod tagging;
mod vocal;
mod worker;

pub use device::{BackendError, DeviceChoice};
pub use ear::Ear;
pub use judge::{Judge, Verdict};
pub use link::TagsEnd;
pub use models::{ModelSet, Models};
pub use readings::{GenreReading, TaggerShape, Tags, VOICE_OUTPUTS, VocalReading, ranking};
pub use tagging::{ECO_STRETCH, Pace, TaggerWindow};
pub use vocal::SILENCE_PEAK;
pub use worker::{Engine, EngineError, Status, keep_products_on_one_thread};
