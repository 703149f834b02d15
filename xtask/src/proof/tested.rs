//! Promises that tests keep, with the figures that they print.

use super::Step;
use super::record::{Row, rows};
use crate::workspace;

pub fn real_time() -> Vec<Step> {
    vec![
        passes(
            "hearing, reading, deciding and showing allocate nothing, stage by stage",
            &["--workspace", "--test", "promises", "audio_thread"],
        ),
        passes(
            "the crossing's counters and flags hold in every order that loom can think of",
            &["--manifest-path", "tests/loom/Cargo.toml"],
        ),
    ]
}

pub fn faults() -> Vec<Step> {
    vec![
        passes(
            "an engine that panics, stands still or is a hundred times too slow",
            &["--workspace", "--test", "promises", "engine_survives_faults"],
        ),
        passes(
            "every kind of bad model file is refused with a sentence",
            &["--workspace", "--test", "promises", "nets_refuse_bad_files"],
        ),
        passes(
            "a panic in any function that a host calls ends neither the host nor the audio, in both formats",
            &["-p", "earmark-hosts", "--features", "faults", "--test", "panics"],
        ),
    ]
}

/// A row for the tests as a whole, and those that they print themselves.
fn passes(promise: &'static str, arguments: &'static [&'static str]) -> Step {
    let command = format!("cargo test --release {} -- --nocapture", arguments.join(" "));
    Step::new(command, move || {
        let mut test = workspace::cargo();
        test.args(["test", "--release"]).args(arguments).args(["--", "--nocapture"]);
        let mut found = rows(&mut test, "the tests")?;
        found.insert(0, Row::new(promise, "the tests pass", "pass", Some(true)));
        Ok(found)
    })
}
