//! `earmark-latency`: how long after a voice starts or ends the hosted plugin's gate says so.
//!
//! `cargo xtask latency` builds and starts it.

use anyhow::{Context, Result, ensure};
use clap::Parser;
use earmark::plugin::real_time_lag;
use earmark::study::evaluate::index::{self, Entry};
use earmark::study::lab::Labels;
use earmark::study::mix::Layout;
use earmark_hosts::latency::{Answers, answers, open, turns};
use earmark_hosts::{Blocks, Class, Plan, Render, clap as clap_host, options, program, report, source};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The percentiles that are told.
const PERCENTS: [f64; 3] = [50.0, 90.0, 95.0];

/// Streams labelled songs through the built plugin and compares the moves of its gate with the truth.
///
/// Songs with stems give onsets and offsets, songs in which nobody sings give false openings; all parameters stand at
/// their defaults.
#[derive(Parser)]
#[command(name = "earmark-latency", max_term_width = 100)]
struct Arguments {
    /// Index of a labelled collection, with the columns file, labels, labels_raw, split, layout
    index: PathBuf,
    /// Which rows: train, valid, or all
    #[arg(long, default_value = "valid")]
    split: String,
    /// Plugin of the bundle to load
    #[arg(long, value_enum, default_value = "earmark")]
    class: Class,
    /// Frames per block
    #[arg(long, value_name = "N", default_value = "512", value_parser = clap::value_parser!(u32).range(1..=options::LONGEST_BLOCK))]
    block: u32,
    /// Sample rate to run at, in Hz; the songs are resampled to it
    #[arg(long, value_name = "HZ", default_value = "48000", value_parser = options::rate)]
    rate: f64,
    /// Switch "align" on: the audio is delayed, and its turns with it
    #[arg(long)]
    align: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    plugin: program::Plugin,
}

fn main() -> ExitCode {
    program::run(|| run(&Arguments::parse()))
}

/// All that was measured.
#[derive(Default)]
struct Measured {
    songs: usize,
    raw: usize,
    onsets: Answers,
    offsets: Answers,
    /// The same for the curve, where it passes the threshold: no attack and no hold come into it.
    rises: Answers,
    falls: Answers,
    instrumentals: usize,
    instrumental_s: f64,
    false_openings: usize,
    left_out: usize,
}

fn run(arguments: &Arguments) -> Result<()> {
    let bundle = arguments.plugin.bundle()?;
    let entries =
        index::read(&arguments.index, &arguments.split).with_context(|| arguments.index.display().to_string())?;
    let mut measured = Measured::default();
    let shows = std::io::stderr().is_terminal();
    for (number, entry) in entries.iter().enumerate() {
        if shows {
            eprint!("\r\x1b[K{}/{} {}", number + 1, entries.len(), entry.name);
        }
        measure(arguments, &bundle, entry, &mut measured).with_context(|| entry.audio.display().to_string())?;
    }
    if shows {
        eprint!("\r\x1b[K");
    }
    let said = if arguments.json { format!("{}\n", json_of(arguments, &measured)) } else { text(arguments, &measured) };
    program::say(&said);
    Ok(())
}

fn measure(arguments: &Arguments, bundle: &Path, entry: &Entry, measured: &mut Measured) -> Result<()> {
    let labels = Labels::read(entry.labels_raw.as_ref().unwrap_or(&entry.labels))?;
    if labels.sung().is_empty() {
        let render = render(arguments, bundle, entry)?;
        measured.instrumentals += 1;
        measured.instrumental_s += render.duration_s();
        measured.false_openings += open(&render, "vocal_gate").len();
    } else if entry.layout == Layout::Stems {
        let render = render(arguments, bundle, entry)?;
        let (onsets, offsets) = turns(&labels);
        let (open, voiced) = (beside_the_audio(&render, "vocal_gate"), beside_the_audio(&render, "vocal"));
        measured.songs += 1;
        measured.raw += usize::from(entry.labels_raw.is_some());
        measured.onsets.add(answers(&onsets, &open, true));
        measured.offsets.add(answers(&offsets, &open, false));
        measured.rises.add(answers(&onsets, &voiced, true));
        measured.falls.add(answers(&offsets, &voiced, false));
    } else {
        // The labels of finished mixes are note times, which are no truth to a hundredth of a second.
        measured.left_out += 1;
    }
    Ok(())
}

/// The song through the plugin, as an offline bounce, in stereo.
fn render(arguments: &Arguments, bundle: &Path, entry: &Entry) -> Result<Render> {
    let mut source = source::read(&entry.audio)?;
    entry.layout.apply(&mut source.audio);
    let input = source::resample(&source::stereo(source.audio), source.rate_hz, arguments.rate)?;
    let plan = Plan::new(arguments.class, arguments.rate).in_blocks(Blocks::Of(arguments.block as usize));
    let plan = if arguments.align { plan.with("align", 1.0) } else { plan };
    let render = clap_host::render(bundle, &plan, &input)?;
    ensure!(render.faults.is_empty(), "the plugin breaks its format's rules: {}", render.faults.join("; "));
    Ok(render)
}

/// The stretches in which a value was in its upper half, beside the audio that comes out: with `align` it comes later.
fn beside_the_audio(render: &Render, id: &str) -> Vec<report::Span> {
    let delay_s = render.seconds(u64::from(render.latency_samples));
    let earlier = |span: report::Span| report::Span { start_s: span.start_s - delay_s, end_s: span.end_s - delay_s };
    open(render, id).into_iter().map(earlier).collect()
}

/// How much later than offline the plugin says the same in real time, in seconds.
fn real_time_s(arguments: &Arguments) -> f64 {
    // With `align` an offline render is as late, and so is its audio.
    if arguments.align {
        return 0.0;
    }
    real_time_lag(arguments.block, arguments.rate) as f64 / arguments.rate
}

fn false_openings_per_minute(measured: &Measured) -> Option<f64> {
    (measured.instrumental_s > 0.0).then(|| measured.false_openings as f64 * 60.0 / measured.instrumental_s)
}

/// Which labels the turns are from.
fn truth(measured: &Measured) -> String {
    match measured.songs - measured.raw {
        0 => "labels_raw".to_owned(),
        rest if measured.raw == 0 => format!("labels (no labels_raw for {rest} files)"),
        rest => format!("labels_raw; labels for {rest} files without"),
    }
}

fn text(arguments: &Arguments, measured: &Measured) -> String {
    let mut text = String::new();
    let Measured { onsets, offsets, rises, falls, .. } = measured;
    // Writing to memory cannot fail.
    let _ = writeln!(
        text,
        "{} at {} Hz in blocks of {}, default settings{}, split {}: {} songs with stems ({} finished mixes left out)\n\
         truth: {}; turns between a phrase of 0.3 s and a pause of 0.5 s at least\n\
         real time: {:.1} ms later than offline (a block and what the worker is allowed)\n",
        arguments.class.name(),
        arguments.rate,
        arguments.block,
        if arguments.align { " and align" } else { "" },
        arguments.split,
        measured.songs,
        measured.left_out,
        truth(measured),
        1000.0 * real_time_s(arguments),
    );
    let _ = writeln!(
        text,
        "{:8}{:>7}{:>9}{:>8}{:>9}{:>24}{:>24}",
        "", "turns", "answered", "missed", "already", "offline p50/p90/p95", "real time p50/p90/p95"
    );
    for (name, answers) in [("onsets", onsets), ("offsets", offsets), ("rises", rises), ("falls", falls)] {
        let _ = writeln!(
            text,
            "{name:8}{:>7}{:>9}{:>8}{:>9}{:>24}{:>24}",
            answers.turns(),
            answers.delays_s.len(),
            answers.missed,
            answers.already,
            milliseconds(answers, 0.0),
            milliseconds(answers, real_time_s(arguments)),
        );
    }
    let _ = writeln!(
        text,
        "already: the gate stood so 0.3 s before the turn, and need not move; rises, falls: of the curve, through 0.5"
    );
    if let Some(rate) = false_openings_per_minute(measured) {
        let minutes = measured.instrumental_s / 60.0;
        let _ = writeln!(
            text,
            "\nfalse openings: {} in {minutes:.1} minutes of {} instrumental files, {rate:.2} a minute",
            measured.false_openings, measured.instrumentals
        );
    }
    text
}

/// The percentiles in ms.
fn milliseconds(answers: &Answers, later_s: f64) -> String {
    let told = PERCENTS.map(|percent| match answers.percentile_s(percent) {
        Some(delay_s) => format!("{:.0}", 1000.0 * (delay_s + later_s)),
        None => "-".to_owned(),
    });
    format!("{} ms", told.join(" / "))
}

fn json_of(arguments: &Arguments, measured: &Measured) -> Value {
    let later_s = real_time_s(arguments);
    let percentiles = |answers: &Answers, later_s: f64| {
        let [p50, p90, p95] =
            PERCENTS.map(|percent| answers.percentile_s(percent).map(|delay_s| 1000.0 * (delay_s + later_s)));
        json!({ "p50": p50, "p90": p90, "p95": p95 })
    };
    let told = |answers: &Answers| {
        json!({
            "turns": answers.turns(),
            "answered": answers.delays_s.len(),
            "missed": answers.missed,
            "already": answers.already,
            "offline_ms": percentiles(answers, 0.0),
            "real_time_ms": percentiles(answers, later_s),
        })
    };
    json!({
        "plugin": arguments.class.name(),
        "rate_hz": arguments.rate,
        "block": arguments.block,
        "split": arguments.split,
        "align": arguments.align,
        "truth": truth(measured),
        "real_time_delay_ms": 1000.0 * later_s,
        "songs": measured.songs,
        "left_out": measured.left_out,
        "onsets": told(&measured.onsets),
        "offsets": told(&measured.offsets),
        "curve": { "rises": told(&measured.rises), "falls": told(&measured.falls) },
        "instrumental": {
            "files": measured.instrumentals,
            "minutes": measured.instrumental_s / 60.0,
            "false_openings": measured.false_openings,
            "false_openings_per_minute": false_openings_per_minute(measured),
        },
    })
}
