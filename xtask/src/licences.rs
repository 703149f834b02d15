//! The licence check: every dependency's SPDX expression must be satisfied by licences that we accept.
//!
//! `deny.toml` says the same to cargo-deny; the test below holds the two lists together.

use crate::{spdx, workspace};
use anyhow::{Context, Result, bail};
use cargo_metadata::CargoOpt;
use std::collections::BTreeMap;

/// What may be linked into a program that is given away under MIT or Apache-2.0. The MPL binds only its own files,
/// which we use unchanged; the two font licences cover egui's default fonts.
const ACCEPTED: [&str; 17] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-1-Clause",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "OFL-1.1",
    "Ubuntu-font-1.0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Checks all dependencies, of all features and on all systems; prints how often each licence is stated.
pub fn run() -> Result<()> {
    let metadata = cargo_metadata::MetadataCommand::new()
        .manifest_path(workspace::root().join("Cargo.toml"))
        .features(CargoOpt::AllFeatures)
        .exec()
        .context("cannot list the dependencies with `cargo metadata`")?;

    let mut stated = BTreeMap::<String, usize>::new();
    let mut refused = Vec::new();
    for package in metadata.packages.iter().filter(|package| package.source.is_some()) {
        let licence = package.license.as_deref().unwrap_or("none stated");
        let verdict = spdx::is_satisfied(licence, |name| ACCEPTED.contains(&name));
        match verdict {
            Ok(true) => *stated.entry(licence.to_owned()).or_default() += 1,
            Ok(false) => refused.push(format!("{} {}: {licence}", package.name, package.version)),
            Err(error) => refused.push(format!("{} {}: {licence} ({error})", package.name, package.version)),
        }
    }
    for (licence, packages) in &stated {
        println!("{packages:5}  {licence}");
    }
    if !refused.is_empty() {
        bail!("licences that we do not accept:\n  {}", refused.join("\n  "));
    }
    println!("{} dependencies, all accepted", stated.values().sum::<usize>());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deny_toml_accepts_the_same_licences() {
        let deny = std::fs::read_to_string(workspace::root().join("deny.toml")).unwrap();
        let list = deny.split_once("allow = [").unwrap().1.split_once(']').unwrap().0;
        let allowed: Vec<_> = list.split(',').map(|item| item.trim().trim_matches('"')).collect();
        let allowed: Vec<_> = allowed.into_iter().filter(|item| !item.is_empty()).collect();
        assert_eq!(allowed, ACCEPTED);
    }
}
