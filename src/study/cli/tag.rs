//! `earmark tag DIR`

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;

use super::console::Console;
use super::library::{Care, LibraryFlags, update};
use super::{Outcome, stop};
use crate::engine::{DeviceChoice, Judge, ModelSet};
use crate::nets::genre_name::{normalised, written};
use crate::nets::registry::read_card;
use crate::nets::{Tagging, Task};
use crate::study::library::plan::Plan;
use crate::study::library::track::print;
use crate::study::library::{Library, Track, Update, metadata, walk};
use crate::study::own::songs::music;
use crate::study::retag::{Entry, UndoList, genres, write};
use crate::study::shard::Shard;
use crate::study::votes::Ballot;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The directory that holds the music, with all directories below it.
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// Write the genres into the files; without it they are only listed.
    #[arg(long)]
    write: bool,
    /// Take back what --write has written, by the list DIR/.earmark-undo.jsonl.
    #[arg(long, conflicts_with_all = ["write", "genre_model"])]
    undo: bool,
    /// How sure a genre must be, 0 to 1; files below are left alone.
    #[arg(long, default_value_t = 0.5)]
    confidence: f32,
    /// A genre network to use in place of the built-in ones, such as `earmark train genre` writes.
    #[arg(long, value_name = "FILE")]
    genre_model: Option<PathBuf>,
    /// The index file; DIR/.earmark-index where none is named.
    #[arg(long, value_name = "FILE")]
    index: Option<PathBuf>,
    /// Where the networks run: auto, cpu, cuda, metal.
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    device: DeviceChoice,
}

pub(super) fn run(arguments: &Arguments, console: &Console) -> Result<Outcome> {
    let own = arguments.genre_model.as_ref().filter(|file| is_head(file));
    let flags = LibraryFlags {
        index: arguments.index.clone(),
        device: arguments.device,
        // A head judges what an index of the built-in taggers holds already.
        genre_model: arguments.genre_model.clone().filter(|_| own.is_none()),
        shard: Shard::default(),
    };
    let root = &arguments.directory;
    if arguments.undo {
        return undo(root, &flags, console);
    }
    let Some(models) = super::models::choose(None, arguments.genre_model.as_ref(), console) else {
        return Ok(Outcome::Failed);
    };
    let (outcome, report) = update(root, &flags, Care::Quick, console)?;
    if report.is_none() || stop::requested() {
        return Ok(outcome);
    }
    let library = Library::open(&flags.index_of(root))?;
    let mut job = Job { arguments, console, models, outcome, changed: Vec::new(), counts: [0; 3] };
    job.all(&library)?;
    drop(library);
    note_changes(root, &flags, &job.changed, console)?;
    console.print(&job.summary());
    Ok(job.outcome)
}

/// Whether a model file is a head. What cannot be read is found out where it is loaded.
fn is_head(file: &Path) -> bool {
    let card = std::fs::read(file).ok().and_then(|bytes| read_card(&bytes).ok());
    card.is_some_and(|card| card.task == Task::Genre)
}

/// A run over all files.
struct Job<'a> {
    arguments: &'a Arguments,
    console: &'a Console,
    models: ModelSet,
    outcome: Outcome,
    /// Tracks whose files were written, as they were.
    changed: Vec<Track>,
    /// Files that were or would be written, that have their genre already, that are left alone.
    counts: [usize; 3],
}

impl Job<'_> {
    fn all(&mut self, library: &Library) -> Result<()> {
        let judge = self.models.judge()?;
        let taggers = library.taggers();
        let bar = self.console.count(if self.arguments.write { library.tracks()?.len() } else { 0 });
        for track in library.tracks()? {
            if stop::requested() || self.console.is_closed() {
                break;
            }
            let windows = library.windows(&track.path)?.unwrap_or_default();
            let ballot = self.ballot(&music(&windows, &taggers, &judge), &judge);
            self.one(track, ballot.as_ref());
            bar.inc(1);
        }
        bar.finish_and_clear();
        Ok(())
    }

    /// The votes of a track's windows.
    fn ballot(&self, windows: &[Vec<Option<Tagging>>], judge: &Judge) -> Option<Ballot> {
        let verdicts = windows.iter().map(|said| judge.read(&said.iter().map(Option::as_ref).collect::<Vec<_>>()));
        let verdicts: Vec<_> = verdicts.collect();
        let own = self.models.head_card().is_some();
        Ballot::count(verdicts.iter().map(|v| if own { v.own.as_slice() } else { v.genre.as_slice() }))
    }

    fn name(&self, class: usize) -> &str {
        self.models.head_card().map_or_else(|| written(class), |card| &card.labels[class])
    }

    /// Says of a file what would happen to it, and does it where that is asked for.
    fn one(&mut self, track: Track, ballot: Option<&Ballot>) {
        let present = track.metadata.genres.join(", ");
        let present = if present.is_empty() { "no genre" } else { &present };
        let path = track.path.display();
        let Some(ballot) = ballot else {
            self.counts[2] += 1;
            self.console.print(&format!("{path}: {present}; no music heard, left alone\n"));
            return;
        };
        let proposed = self.name(ballot.top).to_owned();
        let (confidence, least) = (ballot.confidence(), self.arguments.confidence);
        let line = format!("{path}: {present} -> {proposed} ({confidence:.2})");
        let same = track.metadata.genres.len() == 1 && normalised(&track.metadata.genres[0]) == normalised(&proposed);
        // A number that is none is no confidence.
        let sure = confidence >= least;
        let what = match (same, sure, self.arguments.write) {
            (true, ..) => "has it already",
            (_, false, _) => "unsure, left alone",
            (_, _, false) => "would be written",
            (_, _, true) => match self.change(&track, &proposed) {
                Ok(()) => {
                    self.changed.push(track);
                    "written"
                }
                Err(error) => {
                    self.console.error(Some(&self.arguments.directory.join(&track.path)), &error);
                    self.outcome = Outcome::Failed;
                    return;
                }
            },
        };
        self.counts[if same { 1 } else { usize::from(!sure) * 2 }] += 1;
        self.console.print(&format!("{line}, {what}\n"));
    }

    fn change(&self, track: &Track, genre: &str) -> Result<()> {
        let root = &self.arguments.directory;
        let file = root.join(&track.path);
        let entry = Entry {
            path: track.path.clone(),
            old: genres(&file)?,
            new: vec![genre.to_owned()],
            size: track.size,
            modified_ns: track.modified_ns,
        };
        UndoList::of(root).add(&entry)?;
        write(&file, &entry.new)
    }

    fn summary(&self) -> String {
        let [write, same, left] = self.counts;
        let (done, hint) = if self.arguments.write {
            ("written", if write > 0 { "; `--undo` takes it back" } else { "" })
        } else {
            ("would be written", if write > 0 { "; `--write` does it" } else { "" })
        };
        format!("{write} {done}, {same} have it already, {left} left alone{hint}\n")
    }
}

/// Takes back what is in the list, latest first.
fn undo(root: &Path, flags: &LibraryFlags, console: &Console) -> Result<Outcome> {
    let list = UndoList::of(root);
    let entries = match list.entries() {
        Ok(entries) if entries.is_empty() => {
            console.note(Some(root), "has nothing to undo");
            return Ok(Outcome::Done);
        }
        Ok(entries) => entries,
        Err(error) => {
            console.error(Some(list.path()), &error);
            return Ok(Outcome::Failed);
        }
    };
    let (mut left, mut changed, mut outcome) = (Vec::new(), Vec::new(), Outcome::Done);
    let known = Library::open(&flags.index_of(root)).ok();
    for entry in entries.into_iter().rev() {
        let file = root.join(&entry.path);
        // Stopped: what is not done yet stays in the list.
        let restored = if stop::requested() { Ok(None) } else { restore(&file, &entry).map(Some) };
        match restored {
            Ok(Some(true)) => {
                let old = if entry.old.is_empty() { "no genre".to_owned() } else { entry.old.join(", ") };
                console.print(&format!("{}: {} -> {old}\n", entry.path.display(), entry.new.join(", ")));
                changed.extend(known.as_ref().and_then(|library| library.track(&entry.path).ok().flatten()));
            }
            Ok(Some(false)) => {}
            Ok(None) => left.push(entry),
            Err(error) => {
                console.error(Some(&file), &error);
                outcome = Outcome::Failed;
                left.push(entry);
            }
        }
    }
    drop(known);
    left.reverse();
    list.keep(&left)?;
    note_changes(root, flags, &changed, console)?;
    Ok(outcome)
}

/// Puts a file's genres back; `false` where they are as they were, since the run that noted the change was cut off
/// before it.
fn restore(file: &Path, entry: &Entry) -> Result<bool> {
    let present = genres(file)?;
    if present == entry.old {
        return Ok(false);
    }
    anyhow::ensure!(
        present == entry.new,
        "names another genre by now ({}); to keep that, remove its line from the undo list",
        present.join(", ")
    );
    write(file, &entry.old)?;
    Ok(true)
}

/// Tells the index what the files are now: their sound is what it was, so that nothing needs to be heard again.
fn note_changes(root: &Path, flags: &LibraryFlags, changed: &[Track], console: &Console) -> Result<()> {
    let Some(models) = flags.models(console)?.filter(|_| !changed.is_empty()) else { return Ok(()) };
    let found = walk::audio_files(root)?;
    let mut plan = Plan::default();
    for track in changed {
        let Some(file) = found.files.iter().find(|file| file.path == track.path) else { continue };
        let path = root.join(&track.path);
        let now = Track {
            size: file.size,
            modified_ns: file.modified_ns,
            print: print(&path)?,
            metadata: metadata::read(&path)?,
            ..track.clone()
        };
        plan.renamed.push((track.path.clone(), now));
    }
    let index = flags.index_of(root);
    // Where that fails the files are heard again; nothing is lost.
    let noted = library_update(root, &index, &models, &plan);
    if let Err(error) = noted {
        console.note(Some(&index), &format!("{error:#}"));
    }
    Ok(())
}

fn library_update(root: &Path, index: &Path, models: &[String], plan: &Plan) -> Result<()> {
    if !index.exists() {
        return Ok(());
    }
    let mut update = Update::begin(root, index, models)?;
    if update.note().is_none() {
        update.apply(plan)?;
        update.finish()?;
    }
    Ok(())
}
