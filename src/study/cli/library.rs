//! Bringing a library's index up to date: what `index` does, and `similar` before it answers.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Result, anyhow, ensure};
use clap::Args;
use serde::Serialize;

use super::console::Console;
use super::{Outcome, many, models, stop};
use crate::engine::{DeviceChoice, Engine, ModelSet, TaggerShape};
use crate::study::hear::{Attention, Stopped, hear};
use crate::study::library::plan::Plan;
use crate::study::library::track::print;
use crate::study::library::walk::{AudioFile, EXTENSIONS, Found, audio_files};
use crate::study::library::{
    self, HeardTrack, Library, Track, Update, default_index, metadata, shard_index, shard_indices,
};
use crate::study::mix::Mix;
use crate::study::shard::Shard;

/// Where the index lies, and which networks make it.
#[derive(Debug, Clone, Args)]
pub(super) struct LibraryFlags {
    /// The index file; DIR/.earmark-index where none is named.
    #[arg(long, value_name = "FILE")]
    pub(super) index: Option<PathBuf>,
    /// Where the networks run: auto, cpu, cuda, metal.
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    pub(super) device: DeviceChoice,
    /// A genre network to use in place of the built-in ones; it needs an index of its own.
    #[arg(long, value_name = "FILE")]
    pub(super) genre_model: Option<PathBuf>,
    /// This machine's part of the files; only `index` sets it.
    #[arg(skip)]
    pub(super) shard: Shard,
}

/// What an update did. The field names are a promise to scripts.
#[derive(Debug, Default, Serialize)]
pub(super) struct Report {
    /// The index file.
    index: String,
    /// Tracks in it now.
    tracks: usize,
    /// Files heard now.
    heard: usize,
    /// Tracks taken from the indices of parts.
    taken: usize,
    /// Files known again under another name.
    renamed: usize,
    /// Tracks dropped: their files are gone.
    gone: usize,
    /// Files that could not be heard.
    failed: usize,
}

impl Report {
    /// In a line for people.
    pub(super) fn text(&self) -> String {
        let more = [
            (self.heard, "heard"),
            (self.taken, "taken from parts"),
            (self.renamed, "renamed"),
            (self.gone, "gone"),
            (self.failed, "failed"),
        ];
        let more: String = more.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!(", {n} {what}")).collect();
        let more = if more.is_empty() { ", nothing new".to_owned() } else { more };
        format!("{}: {} track{}{more}\n", self.index, self.tracks, if self.tracks == 1 { "" } else { "s" })
    }
}

impl LibraryFlags {
    /// The index file of a directory.
    pub(super) fn index_of(&self, root: &Path) -> PathBuf {
        let usual = || if self.shard.is_whole() { default_index(root) } else { shard_index(root, self.shard) };
        self.index.clone().unwrap_or_else(usual)
    }

    /// The networks, named as the index names them; `None` where one is unfit, which has then been said.
    pub(super) fn models(&self, console: &Console) -> Result<Option<Vec<String>>> {
        let models = ModelSet::embedded()?;
        let models = match &self.genre_model {
            Some(file) => match models.with_genre_file(file) {
                Ok(models) => models,
                Err(error) => {
                    console.error(Some(file), &models::unfit(error));
                    return Ok(None);
                }
            },
            None => models,
        };
        library::models(&models).map(Some)
    }

    /// The engine; `None` where it does not start, which has then been said.
    pub(super) fn start(&self, console: &Console) -> Option<Arc<Engine>> {
        models::start(self.device, None, self.genre_model.as_ref(), console)
    }
}

/// How closely an index is looked at that seems to be up to date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Care {
    /// Enough to answer.
    Quick,
    /// All of it is read.
    Thorough,
}

/// Brings the index of `root` up to date, and tells what it did; no report where it could not be used at all.
pub(super) fn update(
    root: &Path,
    flags: &LibraryFlags,
    care: Care,
    console: &Console,
) -> Result<(Outcome, Option<Report>)> {
    let failed = |file: &Path, error: &anyhow::Error| {
        console.error(Some(file), error);
        Ok((Outcome::Failed, None))
    };
    let mut found = match audio_files(root) {
        Ok(found) => found,
        Err(error) => return failed(root, &error),
    };
    let Some(models) = flags.models(console)? else { return Ok((Outcome::Failed, None)) };
    let index = flags.index_of(root);
    let known = known(&index, &models, care);
    if found.files.is_empty() && found.closed.is_empty() {
        return failed(root, &nothing_there(known.as_deref()));
    }
    found.files.retain(|file| flags.shard.takes(&file.path));
    for (path, error) in &found.closed {
        console.error(Some(&root.join(path)), error);
    }
    let outcome = if found.closed.is_empty() { Outcome::Done } else { Outcome::Failed };
    if let Some(known) = known {
        let tracks = known.len();
        // An index that is up to date is not touched: it may lie where nothing can be written.
        if Plan::new(known, &found, root).is_empty() {
            let report = Report { index: index.display().to_string(), tracks, ..Report::default() };
            return Ok((outcome, Some(report)));
        }
    }
    let update = match Update::begin(root, &index, &models) {
        Ok(update) => update,
        Err(unfit) => return failed(&index, &unfit.into()),
    };
    if let Some(note) = update.note() {
        console.note(Some(&index), note);
    }
    let mut job = Job { root, index: &index, flags, console, outcome, report: Report::default() };
    if let Err(error) = job.run(update, &found) {
        return failed(&index, &error);
    }
    Ok((job.outcome, Some(job.report)))
}

/// What an index that can be used knows.
fn known(index: &Path, models: &[String], care: Care) -> Option<Vec<Track>> {
    let library = Library::open(index).ok()?;
    library.check_models(models).ok()?;
    if care == Care::Thorough {
        library.check().ok()?;
    }
    library.tracks().ok()
}

/// An empty directory is more often a drive that is not there than a library without music.
fn nothing_there(known: Option<&[Track]>) -> anyhow::Error {
    match known {
        Some(known) if !known.is_empty() => anyhow!(
            "holds no audio file, though its index knows {}; connect the drive, or remove the index to begin anew",
            known.len()
        ),
        _ => anyhow!("holds no audio file; give a directory with files such as {}", EXTENSIONS.join(", ")),
    }
}

/// An update on its way.
struct Job<'a> {
    root: &'a Path,
    index: &'a Path,
    flags: &'a LibraryFlags,
    console: &'a Console,
    outcome: Outcome,
    report: Report,
}

impl Job<'_> {
    fn run(&mut self, mut update: Update, found: &Found) -> Result<()> {
        let known = update.tracks()?;
        let paths: HashSet<PathBuf> = known.iter().map(|track| track.path.clone()).collect();
        let mut plan = Plan::new(known, found, self.root);
        update.apply(&plan)?;
        self.report.index = self.index.display().to_string();
        self.report.tracks = paths.len() - plan.gone.len();
        if self.flags.shard.is_whole() {
            self.take_from_parts(&mut update, &mut plan.hear, &paths)?;
        }
        (self.report.renamed, self.report.gone) = (plan.renamed.len(), plan.gone.len());
        if !plan.hear.is_empty() {
            let Some(engine) = self.flags.start(self.console) else {
                self.outcome = Outcome::Failed;
                return Ok(update.interrupt().map(|_| ())?);
            };
            self.hear(&engine, &mut update, &plan.hear, &paths)?;
            models::note_device(&engine, self.console);
        }
        if stop::requested() {
            let at = update.interrupt()?;
            let left = plan.hear.len() - self.report.heard - self.report.failed;
            self.console.note(Some(&at), &format!("keeps what was heard; run it again for the {left} files left"));
        } else if let Some(kept) = update.finish()? {
            self.console.note(Some(self.index), &format!("what lay here before is kept as {}", kept.display()));
        }
        Ok(())
    }

    /// Takes from the indices of parts what other machines have heard: those lie in the directory, too. What of theirs
    /// cannot be used is heard here.
    fn take_from_parts(
        &mut self,
        update: &mut Update,
        hear: &mut Vec<AudioFile>,
        known: &HashSet<PathBuf>,
    ) -> Result<()> {
        let Some(models) = self.flags.models(self.console)? else { return Ok(()) };
        for part in shard_indices(self.root) {
            let opened = Library::open(&part).and_then(|library| library.check_models(&models).map(|()| library));
            let library = match opened {
                Ok(library) => library,
                Err(unfit) => {
                    self.console.note(Some(&part), &format!("is passed over: {unfit}"));
                    continue;
                }
            };
            let taggers = library.taggers();
            let mut left = Vec::new();
            for file in hear.drain(..) {
                let track = library.track(&file.path)?;
                let same = |track: &Track| (track.size, track.modified_ns) == (file.size, file.modified_ns);
                match track.filter(same) {
                    Some(track) => {
                        let windows = library.windows(&file.path)?.unwrap_or_default();
                        self.report.taken += 1;
                        self.report.tracks += usize::from(!known.contains(&file.path));
                        update.put(HeardTrack { track, windows }, &taggers)?;
                    }
                    None => left.push(file),
                }
            }
            *hear = left;
        }
        Ok(())
    }

    fn hear(
        &mut self,
        engine: &Arc<Engine>,
        update: &mut Update,
        files: &[AudioFile],
        known: &HashSet<PathBuf>,
    ) -> Result<()> {
        let bar = self.console.count(files.len());
        let mut written = Ok(());
        let work = |index: usize| heard(engine, self.root, &files[index], self.console);
        many::in_order(files.len(), work, |index, result| {
            bar.inc(1);
            let path = &files[index].path;
            match result {
                Ok((track, taggers)) => {
                    self.report.heard += 1;
                    self.report.tracks += usize::from(!known.contains(path));
                    written = update.put(track, &taggers);
                }
                Err(error) if error.is::<Stopped>() => {}
                Err(error) => {
                    self.console.error(Some(&self.root.join(path)), &error);
                    self.outcome = Outcome::Failed;
                    self.report.failed += 1;
                    self.report.tracks -= usize::from(known.contains(path));
                    // What was known is of a file that is no more.
                    update.forget(path);
                }
            }
            written.is_ok() && !stop::requested()
        });
        bar.finish_and_clear();
        Ok(written?)
    }
}

/// Hears one file of a library.
fn heard(
    engine: &Arc<Engine>,
    root: &Path,
    file: &AudioFile,
    console: &Console,
) -> Result<(HeardTrack, Vec<TaggerShape>)> {
    let path = root.join(&file.path);
    ensure!(library::can_hold(&file.path), "has a name that is no Unicode; rename it");
    let print = print(&path)?;
    let watch = console.watch(&path);
    let heard = hear(engine, &path, Mix::default(), Attention::Everything, &watch)?;
    drop(watch);
    for notice in &heard.notices {
        console.note(Some(&path), notice);
    }
    let metadata = metadata::read(&path).unwrap_or_else(|error| {
        console.note(Some(&path), &format!("{error:#}"));
        metadata::Metadata::default()
    });
    let taggers = heard.taggers.clone();
    Ok((HeardTrack::new(file, print, metadata, heard), taggers))
}
