//! `cargo xtask hosts`: the built plugin in real hosts, as far as they are installed here.

use crate::{bundle, host, workspace};
use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, SystemTime};

/// Options of `cargo xtask hosts`.
#[derive(clap::Args)]
pub struct Options {
    /// The host
    #[arg(value_enum)]
    host: Host,
    /// Python that has the host, for pedalboard and dawdreamer
    #[arg(long, value_name = "FILE", default_value = "python3")]
    python: PathBuf,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Host {
    /// Ardour 7, without a window (Debian: ardour)
    Ardour,
    /// pedalboard (PyPI)
    Pedalboard,
    /// DawDreamer (PyPI)
    Dawdreamer,
}

/// Where Debian's Ardour lies.
const ARDOUR: &str = "/usr/lib/ardour7";
/// The rate that every host runs at.
const RATE_HZ: &str = "48000";

/// Runs the plugin in a host; a host that is not there is skipped with a reason.
pub fn run(options: &Options) -> Result<ExitCode> {
    let name = host::value_name(options.host);
    if let Some(reason) = missing(options, &name) {
        println!("skipped: {reason}");
        return Ok(ExitCode::SUCCESS);
    }
    host::build("earmark-host")?;
    let bundles = bundle::run_if_stale()?;
    let target = workspace::target_dir()?;
    let folder = target.join("hosts").join(&name);
    emptied(&folder)?;
    let offline = folder.join("offline");
    std::fs::create_dir_all(&offline)?;
    let mut reference = host::program("earmark-host", &target)?;
    reference.arg(workspace::root().join("demo/lithium.flac")).args(["--rate", RATE_HZ, "--out"]).arg(&offline);
    workspace::run(&mut reference, "the offline render that the host is compared with")?;
    match options.host {
        Host::Ardour => ardour(&bundles.vst3, &folder, &offline),
        Host::Pedalboard | Host::Dawdreamer => {
            let script = scripts().join(format!("in_{name}.py"));
            host::exit_code(Command::new(&options.python).arg(script).arg(&bundles.vst3).arg(&offline))
        }
    }
}

fn scripts() -> PathBuf {
    workspace::root().join("tests/hosts/real")
}

/// Why the host cannot be run here.
fn missing(options: &Options, name: &str) -> Option<String> {
    if options.host == Host::Ardour {
        let there = Path::new(ARDOUR).join("luasession").is_file();
        return (!there).then(|| format!("no {ARDOUR}/luasession; on Debian: apt-get install ardour"));
    }
    let found = Command::new(&options.python).args(["-c", &format!("import {name}, numpy")]).output();
    let there = found.is_ok_and(|output| output.status.success());
    let python = options.python.display();
    (!there)
        .then(|| format!("{python} has no {name} and numpy; install them with pip and name the Python with --python"))
}

/// Gives Ardour a home of its own, with Earmark scanned in it, and runs the session.
fn ardour(bundle: &Path, folder: &Path, offline: &Path) -> Result<ExitCode> {
    let home = folder.join("home");
    let plugins = home.join(".vst3");
    copy(bundle, &plugins.join(bundle.file_name().context("the bundle has a name")?))?;
    let ardour = |program: &str| {
        let mut command = Command::new(Path::new(ARDOUR).join(program));
        command
            .env("LD_LIBRARY_PATH", ARDOUR)
            .env("ARDOUR_DATA_PATH", "/usr/share/ardour7")
            .env("ARDOUR_CONFIG_PATH", "/etc/ardour7")
            .env("ARDOUR_DLL_PATH", ARDOUR)
            .env("ARDOUR_BACKEND_PATH", format!("{ARDOUR}/backends"))
            .env("HOME", &home)
            .env("XDG_CONFIG_HOME", home.join(".config"))
            .env("XDG_CACHE_HOME", home.join(".cache"));
        command
    };
    let copied = plugins.join(bundle.file_name().context("the bundle has a name")?);
    workspace::run(ardour("ardour-vst3-scanner").args(["-q", "-f"]).arg(&copied), "Ardour's scan")?;
    let mut all_well = true;
    for script in ["ardour.lua", "ardour_routes.lua"] {
        let session = |work: &Path| {
            let mut session = ardour("luasession");
            session.arg(scripts().join(script)).env("SCRIPTS", scripts()).env("WORK", work).env("OFFLINE", offline);
            session
        };
        all_well &= expectations_hold(folder, session)?;
    }
    Ok(if all_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Ardour 7.3 now and then crashes as it closes an exported file, with Earmark on a track or without, so a script is begun
/// so often.
const ATTEMPTS: usize = 4;

/// Runs a script of ours in Ardour, and prints what it says of its expectations. Each attempt has an empty folder.
fn expectations_hold(folder: &Path, session: impl Fn(&Path) -> Command) -> Result<bool> {
    for attempt in 1..=ATTEMPTS {
        let work = emptied(&folder.join("work"))?;
        let output = session(&work).output().context("cannot start Ardour's luasession")?;
        let said = String::from_utf8_lossy(&output.stdout);
        if said.lines().any(|line| line.ends_with(" failed")) {
            let ours = |line: &&str| line.starts_with("ok") || line.starts_with("FAILED") || line.ends_with(" failed");
            said.lines().filter(ours).for_each(|line| println!("{line}"));
            return Ok(said.contains(", 0 failed"));
        }
        let error = String::from_utf8_lossy(&output.stderr);
        let last = error.lines().last().unwrap_or_default();
        eprintln!("note: the session did not come to its end ({}; {last}), attempt {attempt}", output.status);
    }
    bail!("Ardour did not come to a session's end in {ATTEMPTS} attempts")
}

/// The folder, with nothing in it.
fn emptied(folder: &Path) -> Result<PathBuf> {
    if folder.exists() {
        std::fs::remove_dir_all(folder).with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    std::fs::create_dir_all(folder)?;
    Ok(folder.to_path_buf())
}

/// Copies a folder. The copies are dated an hour back: Ardour takes a scan only if it is newer than the plugin by a
/// whole second, and otherwise does not offer the plugin at all.
fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in from.read_dir()?.flatten() {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to)?;
        } else {
            std::fs::copy(entry.path(), &to)?;
            let file = std::fs::File::options().write(true).open(&to)?;
            file.set_modified(SystemTime::now() - Duration::from_secs(3600))?;
        }
    }
    Ok(())
}
