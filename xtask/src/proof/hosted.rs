//! What `earmark-proof` measures on the built plugin.

use super::record::{Row, rows};
use super::{Options, Step};
use crate::{bundle, host, workspace};
use anyhow::{Context, Result};
use std::process::Command;

pub fn real_time(options: &Options) -> Vec<Step> {
    vec![step(options, &["quiet"]), step(options, &["times"])]
}

pub fn many(options: &Options) -> Vec<Step> {
    [&["crowd", "--instances", &options.instances][..], &["fairness", "--instances", "64"], &["churn"]]
        .map(|what| step(options, what))
        .into()
}

pub fn stall(options: &Options) -> Step {
    step(options, &["stall"])
}

pub fn soak(options: &Options) -> Step {
    let Options { soak_instances, hours, minutes, .. } = options;
    let [instances, hours, minutes] = [soak_instances.to_string(), hours.to_string(), minutes.to_string()];
    step(options, &["soak", "--instances", &instances, "--hours", &hours, "--minutes", &minutes])
}

pub fn load(options: &Options) -> Step {
    step(options, &["load"])
}

fn step(options: &Options, arguments: &[&str]) -> Step {
    let plugin = options.plugin.clone();
    let given = plugin.iter().flat_map(|plugin| ["--plugin".to_owned(), plugin.display().to_string()]);
    let arguments: Vec<String> = given.chain(arguments.iter().map(|&argument| argument.to_owned())).collect();
    Step::new(format!("earmark-proof {}", arguments.join(" ")), move || run(&arguments, plugin.is_none()))
}

/// `bundled`: no other plugin is named, so the bundle is made where it is stale.
fn run(arguments: &[String], bundled: bool) -> Result<Vec<Row>> {
    let bundle = if bundled { Some(bundle::run_if_stale()?.clap) } else { None };
    let build = ["build", "--release", "--workspace", "--bin", "earmark-proof", "--example", "interposer"];
    workspace::run(workspace::cargo().args(build), "building the program that measures")?;
    let program = format!("earmark-proof{}", std::env::consts::EXE_SUFFIX);
    let program = workspace::target_dir()?.join("release").join(program);
    let mut command = Command::new(program);
    if let Some(bundle) = bundle {
        command.arg("--plugin").arg(host::absolute(&bundle)?);
    }
    command.args(arguments);
    rows(&mut command, "earmark-proof").with_context(|| arguments.join(" "))
}
