//! What the unsafe code does with memory, watched access by access: by Miri where no host is needed, by valgrind's
//! memcheck in the built plugins.

use super::record::Row;
use super::{Options, Step, nightly};
use crate::{bundle, host, workspace};
use anyhow::{Context, Result, bail, ensure};
use std::path::Path;
use std::process::Command;

const MIRI: &str =
    "cargo +nightly miri test -p earmark --lib --no-default-features --features plugin -- plugin::lent plugin::seal";

/// Hosts that lend too little, too much or nothing, that lie about lengths, and that do two things at a time.
const CHECKS: [(&str, &[&str]); 2] = [
    (
        "clap",
        &[
            "ports-missing",
            "ports-without-memory",
            "ports-with-more-channels",
            "process-note-inconsistent",
            "process-random-block-sizes",
            "param-nonsense-values",
            "state-truncated",
            "state-while-processing",
            "life-hanging-note",
        ],
    ),
    (
        "vst3",
        &[
            "buses-missing",
            "buses-without-memory",
            "buses-with-more-channels",
            "blocks-longer-than-announced",
            "process-null",
            "parameter-nonsense-values",
            "state-truncated",
            "state-background-thread",
            "life-uninitialized",
        ],
    ),
];

pub fn steps(options: &Options) -> Vec<Step> {
    let plugin = options.plugin.clone();
    let memcheck =
        "valgrind -q --error-exitcode=9 earmark-check --child CHECK --format FORMAT --class control --plugin FILE";
    vec![Step::new(MIRI, miri), Step::new(memcheck, move || watched(plugin.as_deref()))]
}

/// The unsafe code that needs no host.
fn miri() -> Result<Vec<Row>> {
    let here = nightly(["cargo", "+nightly", "miri", "--version"]).output().is_ok_and(|said| said.status.success());
    ensure!(here, "no nightly toolchain with Miri; rustup component add --toolchain nightly miri");
    let mut test = nightly(MIRI.split(' '));
    workspace::run(test.env("MIRIFLAGS", "-Zmiri-disable-isolation"), "Miri")?;
    Ok(vec![Row::new("what a host lends is made whole without an undefined step", "none", "none", Some(true))])
}

/// The built plugins in the checks.
fn watched(plugin: Option<&Path>) -> Result<Vec<Row>> {
    ensure!(workspace::exists("valgrind"), "no valgrind; install it (Debian: valgrind)");
    let bundles = match plugin {
        Some(plugin) => vec![plugin.to_path_buf()],
        None => {
            let built = bundle::run_if_stale()?;
            vec![built.clap, built.vst3]
        }
    };
    host::build("earmark-check")?;
    let check = workspace::target_dir()?.join("release").join(format!("earmark-check{}", std::env::consts::EXE_SUFFIX));
    let (mut count, mut found) = (0, Vec::new());
    for bundle in bundles {
        let (format, checks) = checks_of(&bundle)?;
        for name in checks {
            println!("   {format} {name}");
            let mut run = Command::new("valgrind");
            run.args(["-q", "--error-exitcode=9"]).arg(&check).args(["--child", name, "--format", format]);
            let output = run.args(["--class", "control", "--plugin"]).arg(&bundle).output()?;
            count += 1;
            let passed = ["host-check:passed", "host-check:noted"];
            let said = String::from_utf8_lossy(&output.stdout);
            if !output.status.success() || !said.lines().any(|line| passed.iter().any(|word| line.starts_with(word))) {
                println!("{}", String::from_utf8_lossy(&output.stderr));
                found.push(format!("{format} {name}"));
            }
        }
    }
    let figure = if found.is_empty() { format!("none in {count} checks") } else { found.join(", ") };
    Ok(vec![Row::new(
        "memory that is not lent, not written yet or already freed is not touched, by hosts that lend too little, too much \
         or nothing",
        figure,
        "none",
        Some(found.is_empty()),
    )])
}

fn checks_of(bundle: &Path) -> Result<(&'static str, &'static [&'static str])> {
    let extension = bundle.extension().context("a plugin's file has an extension")?;
    match CHECKS.into_iter().find(|(format, _)| extension == *format) {
        Some(checks) => Ok(checks),
        None => bail!("{}: neither .clap nor .vst3", bundle.display()),
    }
}
