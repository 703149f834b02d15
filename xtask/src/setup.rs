//! `cargo xtask setup`: the system packages, installed where that can be done and named where it cannot.
//!
//! Without the browser everything builds and runs, and the tests of the report's pages say that they were skipped; so
//! it may be left out, and one that cannot be installed is no failure.

use crate::workspace;
use anyhow::{Result, bail};
use std::process::Command;

/// What the plugin's window opens at run time. Building needs a C compiler and no `-dev` package.
const AT_RUN_TIME: [&str; 3] = ["libgl1", "libxkbcommon-x11-0", "libx11-xcb1"];
/// The C compiler and its headers, where there is no `cc`.
const COMPILER: [&str; 2] = ["gcc", "libc6-dev"];

/// The browser in which tests open the report's pages. Only where it is a package: Ubuntu's is a wrapper that wants
/// snap.
const BROWSER: &str = "chromium";

/// Options of `cargo xtask setup`.
#[derive(clap::Args)]
pub struct Options {
    /// Leave out the browser that the tests of `analyze --report` use
    #[arg(long)]
    no_browser: bool,
    /// Only print what is missing
    #[arg(long)]
    dry_run: bool,
}

/// Installs what is missing, or says what to install.
pub fn run(options: &Options) -> Result<()> {
    if !cfg!(target_os = "linux") {
        println!("{}", advice());
        return Ok(());
    }
    if !workspace::exists("dpkg-query") {
        bail!("this is neither Debian nor Ubuntu. {}", advice());
    }
    let missing = missing();
    let browser = !options.no_browser && is_debian() && !is_installed(BROWSER);
    if missing.is_empty() && !browser {
        println!("Nothing to install: a C compiler and {} are here.", AT_RUN_TIME.join(", "));
        return Ok(());
    }
    let names: Vec<_> = missing.iter().copied().chain(browser.then_some(BROWSER)).collect();
    println!("Missing: {}", names.join(" "));
    if options.dry_run {
        return Ok(());
    }
    workspace::run(&mut apt_get(&["update"]), "apt-get update")?;
    if !missing.is_empty() {
        install(&missing)?;
    }
    if browser && let Err(error) = install(&[BROWSER]) {
        eprintln!("note: {error:#}; without {BROWSER} the tests of `analyze --report` are skipped");
    }
    Ok(())
}

fn install(packages: &[&str]) -> Result<()> {
    let install = [&["install", "--yes", "--no-install-recommends"], packages].concat();
    workspace::run(&mut apt_get(&install), "apt-get install")
}

fn is_debian() -> bool {
    std::fs::read_to_string("/etc/os-release").is_ok_and(|release| release.lines().any(|line| line == "ID=debian"))
}

/// One line for whoever is about to load the plugin, if something that its window needs is missing.
pub fn hint() {
    if cfg!(target_os = "linux") && workspace::exists("dpkg-query") {
        let missing: Vec<_> = AT_RUN_TIME.into_iter().filter(|package| !is_installed(package)).collect();
        if !missing.is_empty() {
            eprintln!(
                "note: the plugin's window needs {}, which `cargo xtask setup` installs; this host opens no window",
                missing.join(", ")
            );
        }
    }
}

fn missing() -> Vec<&'static str> {
    let compiler: &[&str] = if workspace::exists("cc") { &[] } else { &COMPILER };
    let wanted = compiler.iter().chain(&AT_RUN_TIME).copied();
    wanted.filter(|package| !is_installed(package)).collect()
}

fn is_installed(package: &str) -> bool {
    let answer = Command::new("dpkg-query").args(["--show", "--showformat=${db:Status-Status}", package]).output();
    answer.is_ok_and(|output| output.status.success() && output.stdout == b"installed")
}

/// `apt-get` as root: itself if we are, else through sudo.
fn apt_get(arguments: &[&str]) -> Command {
    let user = Command::new("id").arg("-u").output();
    let is_root = user.is_ok_and(|output| output.stdout.trim_ascii() == b"0");
    let mut command = Command::new(if is_root { "apt-get" } else { "sudo" });
    if !is_root {
        command.arg("apt-get");
    }
    command.args(arguments);
    command
}

fn advice() -> &'static str {
    if cfg!(target_os = "macos") {
        "macOS needs only Apple's command line tools: xcode-select --install"
    } else if cfg!(windows) {
        "Windows needs only the Visual Studio Build Tools with \"Desktop development with C++\""
    } else {
        "Install a C compiler, and libGL, libxkbcommon-x11 and libX11-xcb, as your distribution calls them \
         (Fedora: gcc mesa-libGL libxkbcommon-x11 libX11-xcb; Arch: gcc libglvnd libxkbcommon-x11 libx11)"
    }
}
