//! Measuring the networks on labelled audio, heard through the same engine as everything else.

pub mod belief;
pub mod frames;
pub mod genre;
pub mod index;
pub mod level;
pub mod pictures;
pub mod similar;
pub mod spectra;
pub mod transfer;
pub mod vocal;
