//! Earmark beside its peers: builds both sides, then one script measures them in one run.

use super::record::{Row, rows};
use super::{Options, Step};
use crate::workspace;
use anyhow::Result;
use std::path::{Path, PathBuf};
use std::process::Command;

const SCRIPT: &str = "examples/peers/peers.py";

pub fn steps(options: &Options) -> Vec<Step> {
    let python = options.python.clone();
    vec![Step::new(format!("python {SCRIPT}"), move || run(&python))]
}

fn run(python: &Path) -> Result<Vec<Row>> {
    let ours = ["build", "--release", "--workspace", "--bin", "earmark", "--example", "speed"];
    workspace::run(workspace::cargo().args(ours), "building Earmark's side")?;
    let manifest = PathBuf::from("examples/peers/Cargo.toml");
    let mut peers = workspace::cargo();
    peers.args(["build", "--release", "--manifest-path"]).arg(manifest);
    workspace::run(&mut peers, "building the peer that is a crate")?;
    rows(Command::new(python).arg(SCRIPT).current_dir(workspace::root()), SCRIPT)
}
