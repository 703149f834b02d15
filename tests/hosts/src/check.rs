//! `host-check`: what the known plugin validators ask of a plugin, asked of the built bundles by means of our own.
//!
//! The lists follow clap-validator (CLAP), Steinberg's validator (VST3) and pluginval (both); each check says in its
//! text what it expects, and in its failure what it found instead. Every check runs in a process of its own, so that a
//! crash or a hang is a verdict too.

pub mod clap;
mod format;
mod panics;
pub mod random;
pub mod runner;
pub mod vst3;

use crate::Class;
use anyhow::Result;
use std::path::PathBuf;

pub use format::Format;

/// What a check is run on.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The bundle.
    pub bundle: PathBuf,
    /// The plugin in it.
    pub class: Class,
}

/// What came of a check that did not fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As expected.
    Passed,
    /// As expected, and this is worth knowing.
    Noted(String),
    /// The plugin lacks what the check is about.
    Skipped(String),
}

/// One check.
#[derive(Clone, Copy)]
pub struct Check {
    /// The format that it is of.
    pub format: Format,
    /// Its name; where one of the validators has the same check, the validator's.
    pub name: &'static str,
    /// What is expected.
    pub about: &'static str,
    /// Runs it; an error says what was found instead.
    pub run: fn(&Subject) -> Result<Verdict>,
}

/// All checks of a format.
pub fn all(format: Format) -> Vec<Check> {
    match format {
        Format::Clap => clap::checks(),
        Format::Vst3 => vst3::checks(),
    }
}

/// The check of that name.
pub fn find(format: Format, name: &str) -> Option<Check> {
    all(format).into_iter().find(|check| check.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_unique_and_every_check_says_what_it_expects() {
        for format in [Format::Clap, Format::Vst3] {
            let checks = all(format);
            let names: BTreeSet<_> = checks.iter().map(|check| check.name).collect();
            assert_eq!(names.len(), checks.len());
            assert!(checks.iter().all(|check| check.about.len() > 20), "{format:?}");
        }
    }
}
