//! Training the voice detector: songs with truth become scenes, scenes become batches, and the net that does best on
//! `valid` is kept. Every step is a function of the seed and its number, so an interrupted run resumes exactly.

mod checkpoint;
mod convolution;
mod corpus;
#[allow(dead_code)]
mod effects;
mod flat;
mod memory;
mod network;
mod optimizer;
mod pool;
mod run;
mod scene;
mod validate;

pub use run::{Progress, Settings, train};
