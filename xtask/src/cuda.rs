//! `cargo xtask cuda`: the library that runs the nets on an NVIDIA GPU, with the compiler that is there or one from PyPI.
//!
//! Building needs no GPU and no driver. Running needs both, and CUDA's libraries.

mod stubs;

use crate::workspace;
use anyhow::{Context, Result, ensure};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Options of `cargo xtask cuda`.
#[derive(clap::Args)]
pub struct Options {
    /// The oldest generation of GPUs that it shall run on: 75 Turing, 80 Ampere, 89 Ada, 90 Hopper
    #[arg(long, default_value_t = 80, value_name = "NUMBER")]
    compute_cap: u32,
    /// Build the command line itself with CUDA too, for `earmark train --device cuda`
    #[arg(long)]
    trainer: bool,
    /// Fetch no compiler: fail where there is none
    #[arg(long)]
    no_fetch: bool,
    /// Copy the library to FOLDER too, where a program or a bundle lies that shall find it
    #[arg(long, value_name = "FOLDER")]
    to: Option<PathBuf>,
}

/// What of CUDA is needed to compile, from PyPI, about 450 MB unpacked.
const PACKAGES: [&str; 6] = [
    "nvidia-cuda-nvcc==13.*",
    "nvidia-cuda-crt==13.*",
    "nvidia-cuda-cccl==13.*",
    "nvidia-cuda-runtime==13.*",
    "nvidia-nvvm==13.*",
    "nvidia-curand==10.*",
];
/// The version of CUDA that the fetched compiler is taken for: the latest that the bindings know.
const FETCHED_VERSION: &str = "13040";

/// A CUDA compiler.
struct Toolkit {
    /// The folder that holds `bin/nvcc`, `include` and the libraries.
    home: PathBuf,
    nvcc: PathBuf,
    /// It was fetched, so there are no libraries to link with.
    fetched: bool,
}

/// Builds the library and says where it lies.
pub fn run(options: &Options) -> Result<()> {
    ensure!(
        cfg!(any(target_os = "linux", windows)),
        "CUDA is for Linux and Windows; on macOS build with `--features metal`"
    );
    let target = workspace::target_dir()?;
    let toolkit = match Toolkit::here(&target) {
        Some(toolkit) => toolkit,
        None => Toolkit::fetch(&target, options.no_fetch)?,
    };
    println!("compiling with {}", toolkit.nvcc.display());
    let stubs = toolkit.fetched.then(|| stubs::make(&target.join("cuda-stubs"), &toolkit.home)).transpose()?;
    let build = |what: &[&str]| -> Result<()> {
        let mut build = workspace::cargo();
        build
            .args(["build", "--release", "--target-dir"])
            .arg(target.join("cuda"))
            .args(what)
            .env("NVCC", &toolkit.nvcc)
            .env("CUDA_HOME", &toolkit.home)
            .env("CUDA_COMPUTE_CAP", options.compute_cap.to_string())
            .env("PATH", with_first(toolkit.nvcc.parent())?);
        if let Some(stubs) = &stubs {
            build
                .env("CUDARC_CUDA_VERSION", FETCHED_VERSION)
                .env("RUSTFLAGS", format!("-L native={}", stubs.display()));
        }
        workspace::run(&mut build, "`cargo build` with CUDA")
    };
    build(&["--manifest-path", "cuda/Cargo.toml"])?;
    if options.trainer {
        build(&["--bin", "earmark", "--no-default-features", "--features", "cli,cuda"])?;
        println!("{}", target.join("cuda/release/earmark").display());
    }
    let name = format!("{}earmark_cuda{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    let built = target.join("cuda/release").join(&name);
    for folder in [Some(target.join("release")), options.to.clone()].into_iter().flatten() {
        let to = folder.join(&name);
        std::fs::create_dir_all(&folder)?;
        std::fs::copy(&built, &to).with_context(|| format!("cannot write {}", to.display()))?;
        println!("{}", to.display());
    }
    println!(
        "It is found beside the program or the bundle that runs, or by EARMARK_CUDA_LIBRARY=FILE; see docs/gpu.md."
    );
    Ok(())
}

impl Toolkit {
    /// The compiler that the environment names, that is in the search path or in the usual places, or that was fetched
    /// before.
    fn here(target: &Path) -> Option<Self> {
        let program = format!("nvcc{}", std::env::consts::EXE_SUFFIX);
        let of_home = |home: PathBuf| (home.join("bin").join(&program), home);
        let of_nvcc = |nvcc: PathBuf| Some((nvcc.clone(), nvcc.parent()?.parent()?.to_path_buf()));
        let named = std::env::var_os("NVCC").map(PathBuf::from).and_then(of_nvcc);
        let homes = ["CUDA_HOME", "CUDA_PATH"].into_iter().filter_map(std::env::var_os).map(PathBuf::from).map(of_home);
        let search = std::env::var_os("PATH").unwrap_or_default();
        let found = std::env::split_paths(&search).map(|folder| folder.join(&program)).filter_map(of_nvcc);
        let usual = ["/usr/local/cuda", "/opt/cuda"].into_iter().map(PathBuf::from).map(of_home);
        let installed = named.into_iter().chain(homes).chain(found).chain(usual).find(|(nvcc, _)| nvcc.is_file());
        match installed {
            Some((nvcc, home)) => Some(Self { home, nvcc, fetched: false }),
            None => Self::fetched(&environment(target)),
        }
    }

    /// The compiler in a Python environment of ours.
    fn fetched(environment: &Path) -> Option<Self> {
        let libraries = environment.join("lib").read_dir().ok()?.flatten();
        let home = libraries.map(|python| python.path().join("site-packages/nvidia/cu13"));
        let (home, nvcc) = home.map(|home| (home.clone(), home.join("bin/nvcc"))).find(|(_, nvcc)| nvcc.is_file())?;
        Some(Self { home, nvcc, fetched: true })
    }

    fn fetch(target: &Path, forbidden: bool) -> Result<Self> {
        const ADVICE: &str =
            "install CUDA's toolkit (Debian, non-free: nvidia-cuda-toolkit) or name its folder in CUDA_HOME";
        ensure!(!forbidden, "there is no nvcc here; {ADVICE}, or leave out --no-fetch");
        ensure!(cfg!(target_os = "linux"), "there is no nvcc here; {ADVICE}");
        let environment = environment(target);
        println!("there is no nvcc here; fetching {} from PyPI into {}", PACKAGES.join(" "), environment.display());
        let mut venv = Command::new("python3");
        workspace::run(venv.args(["-m", "venv"]).arg(&environment), "`python3 -m venv`")
            .with_context(|| format!("no environment for the compiler; {ADVICE}"))?;
        let mut pip = Command::new(environment.join("bin/pip"));
        workspace::run(pip.args(["install", "--quiet"]).args(PACKAGES), "`pip install` of the CUDA compiler")
            .with_context(|| ADVICE.to_owned())?;
        Self::fetched(&environment).with_context(|| format!("the packages hold no nvcc; {ADVICE}"))
    }
}

/// Where the fetched compiler lies.
fn environment(target: &Path) -> PathBuf {
    target.join("cuda-compiler")
}

/// The search path with a folder before all others.
fn with_first(folder: Option<&Path>) -> Result<OsString> {
    let search = std::env::var_os("PATH").unwrap_or_default();
    let all = folder.map(Path::to_path_buf).into_iter().chain(std::env::split_paths(&search));
    std::env::join_paths(all).context("the search path is broken")
}
