//! Training the voice detectors: songs with truth become scenes, scenes become batches, and the net that does best on
//! `valid` is kept. Every step is a function of the seed and its number, so an interrupted run resumes exactly.
//!
//! | what | where |
//! |---|---|
//! | songs, and drawing from them | [`corpus`], [`repertoire`] |
//! | from songs to scenes | [`layer`], [`effects`], [`scene`] |
//! | nets with gradients | [`learner`], [`weights`], [`fsmn`], [`conv_fsmn`] |
//! | operations with their gradients | [`memory`], [`convolution`], [`pool`], [`flat`] |
//! | the run | [`run`], [`settings`], [`optimizer`], [`validate`], [`calibrate`], [`checkpoint`], [`log`], [`export`] |

mod calibrate;
mod checkpoint;
mod conv_fsmn;
mod convolution;
mod corpus;
mod effects;
mod export;
mod flat;
mod fsmn;
mod layer;
mod learner;
mod log;
mod memory;
mod optimizer;
mod pool;
mod repertoire;
mod run;
mod scene;
mod settings;
mod validate;
mod weights;

pub use run::{Progress, train};
pub use settings::{NetKind, Settings};
