//! `cargo xtask window`: the built plugin's window with music playing, and a picture of it.

use crate::{bundle, host, workspace};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

/// Options of `cargo xtask window`.
#[derive(clap::Args)]
pub struct Options {
    /// Audio file to play [default: demo/lithium.flac]
    file: Option<PathBuf>,
    /// The picture to write [default: target/window.png]
    #[arg(long, value_name = "PNG")]
    out: Option<PathBuf>,
    /// Plugin of the bundle to load
    #[arg(long, value_enum)]
    class: Option<host::Class>,
    /// Seconds to play before the picture [default: 24]
    #[arg(long, value_name = "S")]
    seconds: Option<u32>,
    /// Second of the file to begin at [default: 0]
    #[arg(long, value_name = "S")]
    from: Option<u32>,
    /// Width and height of the window, in pixels [default: 960 640]
    #[arg(long, value_name = "PIXELS", num_args = 2)]
    size: Option<Vec<u16>>,
    /// Instances of the plugin, each with a window of its own [default: 1]
    #[arg(long, value_name = "N")]
    instances: Option<u32>,
    /// Besides: resize, close and open it again while audio runs, and measure processor time
    #[arg(long)]
    exercise: bool,
    /// In pedalboard, as VST3; the Python that has it. Needs openbox, and ImageMagick's `import` for the picture
    #[arg(long, value_name = "PYTHON", conflicts_with_all = ["class", "from", "size", "instances", "exercise"])]
    pedalboard: Option<PathBuf>,
    /// On the display that DISPLAY names, instead of one of its own that nobody sees
    #[arg(long)]
    visible: bool,
}

/// Bundles if something has changed, builds the host, runs it under a display of its own; its exit code is ours.
pub fn run(options: Options) -> Result<ExitCode> {
    if !cfg!(target_os = "linux") {
        bail!("the host embeds windows with X11, on Linux only");
    }
    let file = host::input(options.file.as_deref())?;
    let target = workspace::target_dir()?;
    let out = options.out.as_deref().map_or_else(|| Ok(target.join("window.png")), host::absolute)?;
    let mut program = match &options.pedalboard {
        Some(python) => in_pedalboard(python, &file, &out, options.seconds)?,
        None => in_our_host(&options, &target, &file, &out)?,
    };
    let _display = if options.visible { None } else { Some(Display::start(&mut program)?) };
    host::exit_code(&mut program)
}

/// A host of our own, with the built CLAP.
fn in_our_host(options: &Options, target: &Path, file: &Path, out: &Path) -> Result<Command> {
    host::build("earmark-window")?;
    let mut program = host::program("earmark-window", target)?;
    program.arg(file).arg("--out").arg(out);
    if let Some(class) = options.class {
        program.arg("--class").arg(host::value_name(class));
    }
    for (name, value) in [("--seconds", options.seconds), ("--from", options.from), ("--instances", options.instances)]
    {
        if let Some(value) = value {
            program.arg(name).arg(value.to_string());
        }
    }
    if let Some(size) = &options.size {
        program.arg("--size").args(size.iter().map(u16::to_string));
    }
    if options.exercise {
        program.arg("--exercise");
    }
    Ok(program)
}

/// A JUCE host, with the built VST3.
fn in_pedalboard(python: &Path, file: &Path, out: &Path, seconds: Option<u32>) -> Result<Command> {
    let bundle = bundle::run_if_stale()?.vst3;
    let script = workspace::root().join("tests/hosts/real/window_in_pedalboard.py");
    let mut program = Command::new(python);
    program.arg(script).arg(bundle).arg(file).arg(out).arg(seconds.unwrap_or(24).to_string());
    Ok(program)
}

/// An X server without a screen, ended when dropped.
struct Display(Child);

impl Display {
    /// Starts one that `program` will draw on, with a graphics driver that needs no card.
    fn start(program: &mut Command) -> Result<Self> {
        let mut server = Command::new("Xvfb");
        // It chooses a free number and writes it to its standard output.
        server.args(["-displayfd", "1", "-screen", "0", "3840x2160x24", "-nolisten", "tcp"]);
        server.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut server = server.spawn().context("cannot start Xvfb; install it (Debian: xvfb), or use --visible")?;
        let mut number = String::new();
        if let Some(output) = server.stdout.take() {
            use std::io::BufRead;
            std::io::BufReader::new(output).read_line(&mut number).context("Xvfb says nothing")?;
        }
        let this = Self(server);
        if number.trim().is_empty() {
            bail!("Xvfb did not start");
        }
        std::thread::sleep(Duration::from_millis(200));
        program.env("DISPLAY", format!(":{}", number.trim())).env("LIBGL_ALWAYS_SOFTWARE", "1");
        Ok(this)
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        // Best effort: without us it only idles.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
