//! `earmark-host`: streams an audio file through the built plugin and writes down what it says.
//!
//! `cargo xtask host` builds and starts it.

use anyhow::{Result, bail, ensure};
use clap::{Parser, ValueEnum};
use earmark_hosts::{Audio, Blocks, Class, Plan, Render, csv, options, picture, program, report, source, wav};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Streams an audio file through the built plugin, as an offline bounce, and writes down what it emits.
#[derive(Parser)]
#[command(name = "earmark-host", max_term_width = 100)]
struct Arguments {
    /// Audio file to stream through the plugin
    file: PathBuf,
    /// Plugin of the bundle to load
    #[arg(long, value_enum, default_value = "earmark")]
    class: Class,
    /// The plugin's parameter "automation"
    #[arg(long, value_enum, default_value = "show")]
    automation: Automation,
    /// Frames per block
    #[arg(long, value_name = "N", default_value = "512", value_parser = clap::value_parser!(u32).range(1..=options::LONGEST_BLOCK))]
    block: u32,
    /// Sample rate to run at; the file is resampled to it [default: the file's own]
    #[arg(long, value_name = "HZ", value_parser = options::rate)]
    rate: Option<f64>,
    /// Folder for events.csv, out.wav and automation.png
    #[arg(long, value_name = "DIR", default_value = "target/host")]
    out: PathBuf,
    #[command(flatten)]
    plugin: program::Plugin,
}

#[derive(Clone, Copy, ValueEnum)]
enum Automation {
    Off,
    Show,
    Write,
    Read,
}

impl Automation {
    /// The parameter's text.
    fn text(self) -> &'static str {
        match self {
            Self::Off => "Off",
            Self::Show => "Show",
            Self::Write => "Write",
            Self::Read => "Read",
        }
    }
}

fn main() -> ExitCode {
    program::run(|| run(&Arguments::parse()))
}

fn run(arguments: &Arguments) -> Result<()> {
    let file = &arguments.file;
    program::must_exist(file)?;
    let bundle = arguments.plugin.bundle()?;
    program::make_folder(&arguments.out)?;

    let source = source::read(file)?;
    for notice in &source.notices {
        eprintln!("note: {}: {notice}", file.display());
    }
    let rate_hz = arguments.rate.unwrap_or(source.rate_hz);
    let input = source::resample(&source.audio, source.rate_hz, rate_hz)?;
    let plan = Plan::new(arguments.class, rate_hz)
        .in_blocks(Blocks::Of(arguments.block as usize))
        .with("automation", arguments.automation.text());
    let render = render(&bundle, &plan, &input)?;

    let mut said = report::summary(&render);
    for written in write(&arguments.out, &render, file)? {
        said += &format!("wrote     {}\n", written.display());
    }
    program::say(&said);
    ensure!(render.faults.is_empty(), "the plugin breaks its format's rules (see FAULT above)");
    Ok(())
}

/// By the bundle's ending, through one host or the other.
fn render(bundle: &Path, plan: &Plan, input: &Audio) -> Result<Render> {
    match bundle.extension().and_then(|extension| extension.to_str()) {
        Some("clap") => earmark_hosts::clap::render(bundle, plan, input),
        Some("vst3") => earmark_hosts::vst3::render(bundle, plan, input),
        _ => bail!("{}: neither a .clap nor a .vst3", bundle.display()),
    }
}

fn write(folder: &Path, render: &Render, file: &Path) -> Result<Vec<PathBuf>> {
    let [events, audio, drawing] = ["events.csv", "out.wav", "automation.png"].map(|name| folder.join(name));
    csv::write(&events, render)?;
    if let Some(main) = render.outputs.first() {
        wav::write(&audio, main, render.rate_hz)?;
    }
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    picture::write(&drawing, render, &name)?;
    Ok(vec![events, audio, drawing])
}
