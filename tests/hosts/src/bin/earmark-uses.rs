//! `earmark-uses`: three uses of the built plugin on songs, heard and measured.
//!
//! `cargo xtask uses` builds and starts it.

use anyhow::{Context, Result, ensure};
use clap::Parser;
use earmark::study::evaluate::index;
use earmark::study::lab::Labels;
use earmark::study::mix::Layout;
use earmark_hosts::uses::{self, Hears, Loudness, Outcome, Stems, Stretches, length_s};
use earmark_hosts::{options, program, wav};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Ducks songs' accompaniment under the voice, opens a reverb where nobody sings, and keys a compressor; measures each on
/// the audio that comes of it.
#[derive(Parser)]
#[command(name = "earmark-uses", max_term_width = 100)]
struct Arguments {
    /// Song in two channels, accompaniment on the left and voice on the right; or an index.csv of such songs
    songs: PathBuf,
    /// Who sings when in the song: lines of "start end sing|nosing"
    #[arg(required_unless_present = "split")]
    labels: Option<PathBuf>,
    /// The rows of the index: train, valid, or all
    #[arg(long, conflicts_with = "labels")]
    split: Option<String>,
    /// Sample rate to run at, in Hz
    #[arg(long, value_name = "HZ", default_value = "48000", value_parser = options::rate)]
    rate: f64,
    /// Folder for what comes of a single song
    #[arg(long, value_name = "DIR", default_value = "target/uses")]
    out: PathBuf,
    #[command(flatten)]
    plugin: program::Plugin,
}

/// One line of the table.
struct Use {
    name: &'static str,
    what: &'static str,
    run: fn(&Path, &Stems) -> Result<Outcome>,
}

const USES: [Use; 5] = [
    Use {
        name: "duck",
        what: "accompaniment under Ride -6 dB, hearing the voice",
        run: |bundle, stems| uses::duck(bundle, stems, Hears::Voice),
    },
    Use {
        name: "duck-by-song",
        what: "the same, hearing the song",
        run: |bundle, stems| uses::duck(bundle, stems, Hears::Song),
    },
    Use {
        name: "key",
        what: "accompaniment under a keyed compressor, hearing the voice",
        run: |bundle, stems| uses::key_compressor(bundle, stems, Hears::Voice),
    },
    Use {
        name: "key-by-song",
        what: "the same, hearing the song",
        run: |bundle, stems| uses::key_compressor(bundle, stems, Hears::Song),
    },
    Use { name: "reverb", what: "reverb opened by the controller, beside the song", run: uses::open_reverb },
];

/// Levels before and after, in sung stretches and in unsung ones.
type Levels = [[Loudness; 2]; 2];

fn main() -> ExitCode {
    program::run(|| run(&Arguments::parse()))
}

fn run(arguments: &Arguments) -> Result<()> {
    let bundle = arguments.plugin.bundle()?;
    let songs = songs(arguments)?;
    let single = songs.len() == 1;
    let mut levels = [Levels::default(); USES.len()];
    let mut lengths_s = [0.0; 2];
    for (song, labels) in &songs {
        let stems = Stems::read(song, arguments.rate)?;
        let stretches = Stretches::of(&Labels::read(labels)?);
        lengths_s[0] += length_s(&stretches.sung);
        lengths_s[1] += length_s(&stretches.unsung);
        for (wanted, levels) in USES.iter().zip(&mut levels) {
            let outcome = (wanted.run)(&bundle, &stems).with_context(|| song.display().to_string())?;
            for (levels, stretches) in levels.iter_mut().zip([&stretches.sung, &stretches.unsung]) {
                levels[0].add(&outcome.before, stretches, stems.rate_hz);
                levels[1].add(&outcome.after, stretches, stems.rate_hz);
            }
            if single {
                write(&arguments.out, wanted.name, &outcome, stems.rate_hz)?;
            }
        }
    }

    let mut text = format!(
        "{} songs at {} Hz: {:.1} s sung, {:.1} s unsung, without 0.3 s after a voice comes and 1 s after it goes\n\n\
         {:60}{:>11}{:>12}\n",
        songs.len(),
        arguments.rate,
        lengths_s[0],
        lengths_s[1],
        "",
        "sung",
        "unsung"
    );
    for (wanted, levels) in USES.iter().zip(&levels) {
        let [sung, unsung] = levels.map(|[before, after]| after.db() - before.db());
        // Writing to memory cannot fail.
        let _ = writeln!(text, "{:60}{sung:>8.2} dB{unsung:>9.2} dB", wanted.what);
    }
    if single {
        let _ = writeln!(text, "\nwhat came of it lies in {}", arguments.out.display());
    }
    program::say(&text);
    Ok(())
}

/// Songs in stems with their labels.
fn songs(arguments: &Arguments) -> Result<Vec<(PathBuf, PathBuf)>> {
    let Some(split) = &arguments.split else {
        return Ok(arguments.labels.iter().map(|labels| (arguments.songs.clone(), labels.clone())).collect());
    };
    let entries = index::read(&arguments.songs, split).with_context(|| arguments.songs.display().to_string())?;
    let stems = entries.into_iter().filter(|entry| entry.layout == Layout::Stems);
    let songs: Vec<_> = stems.map(|entry| (entry.audio, entry.labels)).collect();
    ensure!(!songs.is_empty(), "{}: no row of split {split} has stems", arguments.songs.display());
    Ok(songs)
}

fn write(folder: &Path, name: &str, outcome: &Outcome, rate_hz: f64) -> Result<()> {
    program::make_folder(folder)?;
    wav::write(&folder.join(format!("{name}.wav")), &outcome.song, rate_hz)
}
