//! The command line, run as a user runs it: the real binary, real files, its words and exit codes.
#![cfg(feature = "cli")]

#[path = "cli/bad_input.rs"]
mod bad_input;
#[cfg(unix)]
#[path = "cli/browser.rs"]
mod browser;
#[path = "cli/dataset.rs"]
mod dataset;
#[path = "cli/evaluation.rs"]
mod evaluation;
#[path = "cli/features.rs"]
mod features;
#[path = "cli/formats.rs"]
mod formats;
#[path = "cli/library.rs"]
mod library;
#[path = "cli/outputs.rs"]
mod outputs;
#[path = "cli/own.rs"]
mod own;
#[cfg(unix)]
#[path = "cli/report.rs"]
mod report;
#[path = "cli/schema.rs"]
mod schema;
#[path = "cli/similar.rs"]
mod similar;
#[path = "cli/spectra.rs"]
mod spectra;
#[path = "cli/support.rs"]
mod support;
#[path = "cli/training.rs"]
mod training;
#[path = "cli/transfer.rs"]
mod transfer;
#[path = "cli/usage.rs"]
mod usage;
#[path = "cli/zoo.rs"]
mod zoo;
