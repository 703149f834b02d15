//! What the bundle is made of, whether it can be made again, and how large and how quick to load it is.

use super::record::Row;
use super::{Options, Step, hosted};
use crate::{bundle, licences, sbom, workspace};
use anyhow::{Context, Result, bail, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Megabytes of the stripped plugin, models included.
const MOST_MB: f64 = 40.0;

pub fn steps(options: &Options) -> Vec<Step> {
    vec![
        Step::new("cargo xtask check --only licences", || {
            licences::run()?;
            Ok(vec![Row::new("every dependency's licence is accepted", "all", "all", Some(true))])
        }),
        Step::new("cargo xtask sbom", || {
            let (path, parts) = sbom::run()?;
            let path = path.strip_prefix(workspace::root()).unwrap_or(&path).display().to_string();
            Ok(vec![Row::new(
                "the bundle's parts are listed (CycloneDX 1.5)",
                format!("{parts} parts, {path}"),
                "",
                None,
            )])
        }),
        of_bundle(options, "cargo xtask bundle", size),
        hosted::load(options),
        of_bundle(options, "cargo xtask proof supply", reproducible),
    ]
}

/// What only the bundle can tell.
fn of_bundle(options: &Options, command: &str, run: fn() -> Result<Vec<Row>>) -> Step {
    let bundled = options.plugin.is_none();
    Step::new(command, move || {
        if bundled {
            return run();
        }
        bail!("size and reproducibility are the bundle's, and another plugin was named")
    })
}

fn size() -> Result<Vec<Row>> {
    let bytes = bundle::run_if_stale()?.clap.metadata()?.len() as f64 / 1e6;
    let promise = "stripped plugin with its models";
    Ok(vec![Row::new(promise, format!("{bytes:.1} MB"), "<= 40 MB", Some(bytes <= MOST_MB))])
}

/// Builds the bundle once more in a folder of its own and compares the bytes.
fn reproducible() -> Result<Vec<Row>> {
    let first = bundle::run_if_stale()?;
    let folder = workspace::target_dir()?.join("again");
    let mut again = Command::new(std::env::current_exe()?);
    again.arg("bundle").env("CARGO_TARGET_DIR", &folder).current_dir(workspace::root());
    workspace::run(&mut again, "the second build")?;
    let second = folder.join("bundled");
    let mut differing = Vec::new();
    for bundle in [&first.clap, &first.vst3] {
        let name = bundle.file_name().context("a bundle has a name")?;
        compare(bundle, &second.join(name), &mut differing)?;
    }
    let figure = if differing.is_empty() { "the same bytes".to_owned() } else { differing.join("; ") };
    let kept = Some(differing.is_empty());
    Ok(vec![Row::new("two builds in different folders give the same bundle", figure, "the same bytes", kept)])
}

/// Adds the files whose bytes differ, and by how many.
fn compare(one: &Path, other: &Path, differing: &mut Vec<String>) -> Result<()> {
    if one.is_dir() {
        let names = |path: &Path| -> Result<Vec<PathBuf>> {
            let mut names: Vec<PathBuf> =
                path.read_dir()?.map(|entry| Ok(entry?.file_name().into())).collect::<Result<_>>()?;
            names.sort();
            Ok(names)
        };
        ensure!(names(one)? == names(other)?, "{} and {} hold other files", one.display(), other.display());
        return names(one)?.iter().try_for_each(|name| compare(&one.join(name), &other.join(name), differing));
    }
    let (a, b) = (std::fs::read(one)?, std::fs::read(other)?);
    if a != b {
        let count = a.iter().zip(&b).filter(|(a, b)| a != b).count() + a.len().abs_diff(b.len());
        let name = one.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        differing.push(format!("{name}: {count} of {} bytes differ", a.len()));
    }
    Ok(())
}

#[cfg(test)]
mod checks {
    use super::compare;

    #[test]
    fn a_changed_byte_is_counted() {
        let folder = std::env::temp_dir().join(format!("earmark-compare-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("a")).unwrap();
        std::fs::create_dir_all(folder.join("b")).unwrap();
        std::fs::write(folder.join("a/x"), b"hello").unwrap();
        std::fs::write(folder.join("b/x"), b"hellO").unwrap();
        let mut differing = Vec::new();
        compare(&folder.join("a"), &folder.join("b"), &mut differing).unwrap();
        std::fs::remove_dir_all(folder).unwrap();
        assert_eq!(differing, ["x: 1 of 5 bytes differ"]);
    }
}
