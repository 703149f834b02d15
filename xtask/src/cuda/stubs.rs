//! Libraries to link with where CUDA's own are not: they hold the names of CUDA's functions and no more. At run time the
//! real ones are loaded in their place.

use crate::workspace;
use anyhow::{Context, Result, ensure};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A library's name, the file that it is at run time (CUDA 13), and the module of the bindings that calls it.
const LIBRARIES: [(&str, &str, &str); 5] = [
    ("cuda", "libcuda.so.1", "driver"),
    ("nvrtc", "libnvrtc.so.13", "nvrtc"),
    ("cublas", "libcublas.so.13", "cublas"),
    ("cublasLt", "libcublasLt.so.13", "cublaslt"),
    ("curand", "libcurand.so.10", "curand"),
];

/// Makes the stubs in `folder`, and a link to the compiler's own runtime library, which the packages call by its version
/// only.
pub fn make(folder: &Path, home: &Path) -> Result<PathBuf> {
    std::fs::create_dir_all(folder)?;
    let bindings = bindings()?;
    for (name, at_run_time, module) in LIBRARIES {
        let source = folder.join(format!("{name}.c"));
        let names = functions(&bindings.join("src").join(module).join("sys"))?;
        ensure!(!names.is_empty(), "the bindings to CUDA name no function of {name}; please report this");
        let code: String = names.iter().map(|name| format!("void {name}(void) {{}}\n")).collect();
        std::fs::write(&source, code)?;
        let mut compile = Command::new("cc");
        compile.args(["-shared", "-fPIC", &format!("-Wl,-soname,{at_run_time}"), "-o"]);
        compile.arg(folder.join(format!("lib{name}.so"))).arg(&source);
        workspace::run(&mut compile, &format!("the C compiler, on a stand-in for {at_run_time}"))?;
    }
    let runtime = folder.join("libcudart.so");
    let _ = std::fs::remove_file(&runtime);
    std::fs::copy(home.join("lib/libcudart.so.13"), &runtime)
        .context("the fetched packages hold no libcudart.so.13")?;
    Ok(folder.to_path_buf())
}

/// Where cargo keeps the bindings to CUDA.
fn bindings() -> Result<PathBuf> {
    let metadata = cargo_metadata::MetadataCommand::new()
        .manifest_path(workspace::root().join("cuda/Cargo.toml"))
        .exec()
        .context("cannot read the CUDA library's workspace with `cargo metadata`")?;
    let package = metadata.packages.iter().find(|package| package.name.as_str() == "cudarc");
    let manifest = &package.context("the CUDA library depends on no cudarc; please report this")?.manifest_path;
    Ok(manifest.parent().context("a manifest lies in a folder")?.into())
}

/// The names of all C functions that the bindings in `folder` declare.
fn functions(folder: &Path) -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for entry in folder.read_dir().with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "rs") {
            let code = std::fs::read_to_string(&path)?;
            let declared = code.split(" fn ").skip(1).filter_map(|rest| rest.split('(').next());
            let is_word = |name: &&str| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            let foreign = declared.filter(|name| name.starts_with("cu") || name.starts_with("nvrtc"));
            names.extend(foreign.filter(is_word).map(str::to_owned));
        }
    }
    Ok(names)
}
