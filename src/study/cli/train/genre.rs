//! `earmark train genre --library DIR`

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use clap::Args;
use indicatif::ProgressBar;

use super::super::console::Console;
use super::super::library::{Care, LibraryFlags, update};
use super::super::table::{aligned, share};
use super::super::{Outcome, stop};
use crate::engine::{DeviceChoice, ModelSet};
use crate::study::hear::Stopped;
use crate::study::library::Library;
use crate::study::outputs;
use crate::study::own::class::By;
use crate::study::own::export::export;
use crate::study::own::learn::{Lesson, Watch};
use crate::study::own::songs::Songs;
use crate::study::picture::confusion::confusion;
use crate::study::shard::Shard;

#[derive(Debug, Args)]
pub(in crate::study::cli) struct Arguments {
    /// The directory that holds the music, with all directories below it.
    #[arg(long, value_name = "DIR")]
    library: PathBuf,
    /// The model file to write; beside it come NAME-confusion.png and NAME-held-out.csv.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// What says which class a song is of: the genre in its tags, or the first directory below DIR.
    #[arg(long, value_enum, default_value_t = By::Tag)]
    by: By,
    /// Classes with fewer songs are left out.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(2..))]
    min_tracks: u32,
    /// Penalty on the weights: auto, or a number; auto tries several on songs of artists left out.
    #[arg(long, default_value = "auto", value_parser = penalty)]
    l2: Penalty,
    /// The index file; DIR/.earmark-index where none is named.
    #[arg(long, value_name = "FILE")]
    index: Option<PathBuf>,
    /// Where the networks run: auto, cpu, cuda, metal.
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    device: DeviceChoice,
}

/// How the penalty is chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Penalty(Option<f64>);

fn penalty(text: &str) -> Result<Penalty, String> {
    if text == "auto" {
        return Ok(Penalty(None));
    }
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite() && *number > 0.0);
    number.map(|number| Penalty(Some(number))).ok_or_else(|| "give auto, or a number above 0".to_owned())
}

pub(super) fn run(arguments: &Arguments, console: &Console) -> Result<Outcome> {
    let failed = |file: &Path, error: &anyhow::Error| {
        console.error(Some(file), error);
        Ok(Outcome::Failed)
    };
    // Before anything that takes long.
    if let Err(error) = check_out(&arguments.out) {
        return failed(&arguments.out, &error);
    }
    let flags = LibraryFlags {
        index: arguments.index.clone(),
        device: arguments.device,
        genre_model: None,
        shard: Shard::default(),
    };
    let root = &arguments.library;
    // Files that cannot be heard have been named; the others are learned from.
    let (outcome, report) = update(root, &flags, Care::Quick, console)?;
    if report.is_none() || stop::requested() {
        return Ok(outcome);
    }
    let models = ModelSet::embedded()?;
    let library = Library::open(&flags.index_of(root))?;
    let songs = match Songs::gather(&library, &models.judge()?, arguments.by, arguments.min_tracks as usize) {
        Ok(songs) => songs,
        Err(error) => return failed(root, &error),
    };
    for note in &songs.notes {
        console.note(Some(root), note);
    }
    let steps = Steps(console.steps(1));
    let lesson = match Lesson::learn(&songs, arguments.l2.0, &steps) {
        Ok(lesson) => lesson,
        Err(error) if error.is::<Stopped>() => {
            console.note(None, "stopped; nothing is written, what was heard is kept in the index");
            return Ok(Outcome::Stopped);
        }
        Err(error) => return failed(root, &error),
    };
    steps.0.finish_and_clear();
    match write(&songs, &lesson, &models, &arguments.out) {
        Ok(beside) => {
            console.print(&text(&songs, &lesson));
            console.print(&format!("wrote {}{beside}\n", arguments.out.display()));
            Ok(outcome)
        }
        Err(error) => failed(&arguments.out, &error),
    }
}

/// Whether the model file can be written where it is wanted.
fn check_out(out: &Path) -> Result<()> {
    ensure!(!out.is_dir(), "is a directory; name a file, such as models/mine.safetensors");
    ensure!(
        out.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("safetensors")),
        "is no name for a model file; end it in .safetensors"
    );
    outputs::make_directory(directory_of(out))
}

fn directory_of(out: &Path) -> &Path {
    out.parent().filter(|directory| *directory != Path::new("")).unwrap_or(Path::new("."))
}

/// Writes picture, table and model, the model last: it is there only if all else is. Returns what lies beside it.
fn write(songs: &Songs, lesson: &Lesson, models: &ModelSet, out: &Path) -> Result<String> {
    let stem = outputs::stem(out);
    let directory = directory_of(out);
    let subtitle = format!(
        "{} held-out songs of artists and albums that it has not learned from; {} right",
        lesson.answers.len(),
        share(Some(lesson.accuracy(songs)))
    );
    let title = format!("{stem}: the class of a song and what it is taken for");
    let counts = lesson.confusion(songs);
    let picture = outputs::write_whole(directory, &format!("{stem}-confusion"), "png", |to| {
        confusion(&title, &subtitle, &songs.classes, &counts, to)
    })?;
    let table = table(songs, lesson)?;
    let table =
        outputs::write_whole(directory, &format!("{stem}-held-out"), "csv", |to| outputs::write_bytes(to, &table))?;
    export(songs, lesson, models, out)?;
    Ok(format!(", {}, {}", picture.display(), table.display()))
}

/// A row per held-out song.
fn table(songs: &Songs, lesson: &Lesson) -> Result<Vec<u8>> {
    let mut table = csv::Writer::from_writer(Vec::new());
    let mut header: Vec<String> = ["file", "class", "answer", "confidence", "votes"].map(str::to_owned).to_vec();
    header.extend(songs.classes.iter().map(|class| format!("p_{class}")));
    table.write_record(&header)?;
    for answer in &lesson.answers {
        let (song, ballot) = (&songs.songs[answer.song], &answer.ballot);
        let mut row = vec![
            song.path.display().to_string(),
            songs.classes[song.class].clone(),
            songs.classes[ballot.top].clone(),
            format!("{:.4}", ballot.confidence()),
            format!("{:.4}", ballot.votes),
        ];
        row.extend(ballot.probability.iter().map(|p| format!("{p:.4}")));
        table.write_record(&row)?;
    }
    Ok(table.into_inner()?)
}

/// The confusion table (rows: class, columns: answer) and what it means.
fn text(songs: &Songs, lesson: &Lesson) -> String {
    let mut header = vec!["class".to_owned()];
    header.extend(songs.classes.iter().cloned());
    header.extend(["right".to_owned(), "learned".to_owned()]);
    let mut rows = vec![header];
    let mut largest = 0;
    for (class, answers) in lesson.confusion(songs).iter().enumerate() {
        let held: u32 = answers.iter().sum();
        largest = largest.max(held);
        let mut row = vec![songs.classes[class].clone()];
        row.extend(answers.iter().map(|&n| if n == 0 { "·".to_owned() } else { n.to_string() }));
        row.push(share((held > 0).then(|| f64::from(answers[class]) / f64::from(held))));
        row.push((songs.songs.iter().filter(|song| song.class == class && !song.held_out).count()).to_string());
        rows.push(row);
    }
    let held = lesson.answers.len();
    let mut text = format!("{}\n", aligned(&rows));
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "{held} of {} songs held out, no artist or album on both sides: accuracy {} (the largest class alone {})",
        songs.songs.len(),
        share(Some(lesson.accuracy(songs))),
        share(Some(f64::from(largest) / held.max(1) as f64))
    );
    let _ = writeln!(text, "penalty {}; the file's head is fitted to all {} songs", lesson.l2, songs.songs.len());
    text
}

/// A bar over the parts of a fit, and Ctrl-C.
struct Steps(ProgressBar);

impl Watch for Steps {
    fn progress(&self, done: usize, of: usize) {
        self.0.set_length(of as u64);
        self.0.set_position(done as u64);
        self.0.set_message("fitting");
    }

    fn stopped(&self) -> bool {
        stop::requested()
    }
}
