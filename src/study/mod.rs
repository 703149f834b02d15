//! Studying files with the engine that the plugin drives: decode, listen, conclude, measure, draw.
//!
//! | what | where |
//! |---|---|
//! | a file's audio | [`decode`], [`mix`] |
//! | what the engine says about it | [`hear`] |
//! | what that means | [`analyze`], [`analysis`] |
//! | what comes out | [`json`], [`plot`], [`outputs`]; labels, tables and MIDI files by [`crate::record`] |
//! | pages | [`report`] |
//! | a directory of audio, and what was heard in it | [`library`] |
//! | what sounds alike | [`similar`] |
//! | classes of your own, and writing them into files | [`own`], [`retag`], [`votes`] |
//! | many files, many machines | [`shard`], [`dataset`], [`identity`] |
//! | pictures | [`picture`], [`overview`], [`spectrum`] |
//! | measuring | [`evaluate`], [`compare`], [`metrics`], [`lab`] |
//! | nets for clips in tables | [`zoo`], [`spectra`] |
//! | features, and heads on them | [`features`], [`probe`] |
//! | model files that are written | `model_file` |
//! | the command line | [`cli`] |
//! | panics that become errors | `guard` |

pub mod analysis;
pub mod analyze;
pub mod cli;
pub mod compare;
pub mod dataset;
pub mod decode;
pub mod evaluate;
pub mod features;
mod guard;
pub mod hear;
pub mod identity;
pub mod json;
pub mod lab;
pub mod library;
pub mod metrics;
pub mod mix;
mod model_file;
pub mod own;
pub mod picture;
pub mod plot;
pub mod probe;
pub mod report;
pub mod retag;
pub mod shard;
pub mod similar;
pub mod spectra;
pub mod spectrum;
pub mod train;
pub mod votes;
pub mod zoo;

pub use crate::record::{outputs, overview};
