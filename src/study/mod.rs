//! Studying files with the engine that the plugin drives: decode, listen, conclude, measure, draw.
//!
//! | what | where |
//! |---|---|
//! | a file's audio | [`decode`], [`mix`] |
//! | what the engine says about it | [`hear`] |
//! | what that means | [`analyze`], [`analysis`] |
//! | what comes out | [`json`], [`csv`], [`labels`], [`midi`], [`plot`], [`outputs`] |
//! | a directory of audio, and what was heard in it | [`library`] |
//! | what sounds alike | [`similar`] |
//! | pictures | [`picture`], [`overview`] |
//! | measuring | [`evaluate`], [`compare`], [`metrics`], [`lab`] |
//! | the command line | [`cli`] |

pub mod analysis;
pub mod analyze;
pub mod cli;
pub mod compare;
pub mod csv;
pub mod decode;
pub mod evaluate;
pub mod hear;
pub mod json;
pub mod lab;
pub mod labels;
pub mod library;
pub mod metrics;
pub mod midi;
pub mod mix;
pub mod outputs;
pub mod overview;
pub mod picture;
pub mod plot;
pub mod similar;
pub mod train;
