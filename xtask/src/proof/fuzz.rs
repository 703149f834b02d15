//! The fuzz targets, each for a while.

use super::record::Row;
use super::{Options, Step, nightly};
use crate::workspace;
use anyhow::{Context, Result, ensure};

const TARGETS: [(&str, &str); 6] = [
    ("state", "a saved state: any bytes, and any JSON behind a right seal"),
    ("model", "a model file: safetensors, card, tensors"),
    ("audio", "an audio file: every container and codec"),
    ("labels", "a label file, and the CSV index of a collection"),
    ("index", "a library's index"),
    ("preset", "a preset, as JSON"),
];

pub fn steps(options: &Options) -> Vec<Step> {
    TARGETS.iter().map(|&(target, what)| step(target, what, options.fuzz_seconds)).collect()
}

fn step(target: &'static str, what: &'static str, seconds: u64) -> Step {
    // Without the address sanitizer: what is fuzzed is safe Rust, where panics, hangs and memory without end are the
    // faults to find.
    let command = format!(
        "cargo +nightly fuzz run -O -s none {target} fuzz/corpus/{target} fuzz/seeds/{target} -- -max_total_time={seconds} -timeout=10 -rss_limit_mb=2048 -print_final_stats=1"
    );
    Step::new(command.clone(), move || run(&command, what, seconds))
}

fn run(command: &str, what: &str, seconds: u64) -> Result<Vec<Row>> {
    let corpus =
        command.split(' ').find(|word| word.starts_with("fuzz/corpus/")).context("a command names its corpus")?;
    std::fs::create_dir_all(workspace::root().join(corpus))?;
    let output = nightly(command.split(' ')).output().context("cargo does not start")?;
    let said = String::from_utf8_lossy(&output.stderr);
    let stat = |name: &str| said.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim);
    let runs = stat("stat::number_of_executed_units");
    let last = said.lines().rev().find(|line| line.contains("SUMMARY") || line.starts_with("error"));
    ensure!(runs.is_some() || last.is_some(), "cargo-fuzz says nothing; install it: cargo install cargo-fuzz");
    let coverage = said.lines().rev().find_map(|line| {
        let mut words = line.split_whitespace();
        words.find(|word| *word == "cov:").and_then(|_| words.next()).map(str::to_owned)
    });
    let figure = match (output.status.success(), runs) {
        (true, Some(runs)) => {
            format!("{runs} inputs in {seconds} s, {} edges, none", coverage.as_deref().unwrap_or("unknown"))
        }
        _ => format!("found: {}", last.unwrap_or("the run ended early")),
    };
    Ok(vec![Row::new(
        format!("no panic, hang or memory without end from {what}"),
        figure,
        "none",
        Some(output.status.success()),
    )])
}
