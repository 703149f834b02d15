//! `cargo xtask sbom`: the plugin's parts as a CycloneDX list, from what cargo resolves for the bundle's features.

use crate::workspace;
use anyhow::{Context, Result};
use cargo_metadata::{CargoOpt, DependencyKind, PackageId};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::PathBuf;

/// Writes target/bundled/earmark.cdx.json; where it lies, and how many parts it names.
pub fn run() -> Result<(PathBuf, usize)> {
    let metadata = cargo_metadata::MetadataCommand::new()
        .manifest_path(workspace::root().join("Cargo.toml"))
        .features(CargoOpt::NoDefaultFeatures)
        .features(CargoOpt::SomeFeatures(vec!["earmark/plugin".to_owned()]))
        .exec()
        .context("cannot list the dependencies with `cargo metadata`")?;
    let resolve = metadata.resolve.as_ref().context("cargo resolves nothing")?;
    let nodes: BTreeMap<&PackageId, _> = resolve.nodes.iter().map(|node| (&node.id, node)).collect();
    let root = metadata.packages.iter().find(|package| package.name == "earmark").context("there is no earmark")?;

    // What is linked or compiles what is linked, but not what only tests need.
    let (mut reached, mut queue) = (BTreeSet::new(), VecDeque::from([&root.id]));
    while let Some(id) = queue.pop_front() {
        if !reached.insert(id) {
            continue;
        }
        let kinds = |kinds: &[cargo_metadata::DepKindInfo]| kinds.iter().any(|k| k.kind != DependencyKind::Development);
        let dependencies = nodes.get(id).into_iter().flat_map(|node| &node.deps);
        queue.extend(dependencies.filter(|dependency| kinds(&dependency.dep_kinds)).map(|dependency| &dependency.pkg));
    }
    let checksums = checksums()?;
    let components: Vec<Value> = metadata
        .packages
        .iter()
        .filter(|package| reached.contains(&package.id) && package.id != root.id)
        .map(|package| {
            let (name, version) = (package.name.to_string(), package.version.to_string());
            let mut part = json!({
                "type": "library", "name": name, "version": version,
                "purl": format!("pkg:cargo/{name}@{version}"),
                "licenses": [{"expression": package.license}],
            });
            if let Some(checksum) = checksums.get(&(name, version)) {
                part["hashes"] = json!([{"alg": "SHA-256", "content": checksum}]);
            }
            part
        })
        .collect();
    let parts = components.len();
    let list = json!({
        "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        "metadata": {"component": {"type": "library", "name": "Earmark", "version": root.version.to_string()}},
        "components": components,
    });
    let folder = workspace::target_dir()?.join("bundled");
    std::fs::create_dir_all(&folder)?;
    let path = folder.join("earmark.cdx.json");
    std::fs::write(&path, serde_json::to_string_pretty(&list)? + "\n")
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok((path, parts))
}

/// The checksums that cargo holds every package to, by name and version.
fn checksums() -> Result<BTreeMap<(String, String), String>> {
    let lock = std::fs::read_to_string(workspace::root().join("Cargo.lock"))?;
    let field = |package: &str, name: &str| {
        let line = package.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(" = \""))?;
        Some(line.trim_end_matches('"').to_owned())
    };
    let of = |package: &str| Some(((field(package, "name")?, field(package, "version")?), field(package, "checksum")?));
    Ok(lock.split("[[package]]").filter_map(of).collect())
}
