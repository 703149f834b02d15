//! `earmark similar LIBRARY QUERY`

use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow};
use clap::Args;
use serde::Serialize;

use super::console::Console;
use super::library::{Care, LibraryFlags, update};
use super::{Outcome, map, models, stop};
use crate::say::genre::GENRES;
use crate::study::hear::{Attention, Heard, hear};
use crate::study::library::pooling::pool;
use crate::study::library::{Library, Track};
use crate::study::mix::Mix;
use crate::study::outputs::replace;
use crate::study::similar::playlist::{Item, extended_m3u};
use crate::study::similar::search::Hit;
use crate::study::similar::{Alike, POOLING};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A directory of music, whose index is brought up to date first, or an index file.
    library: PathBuf,
    /// An audio file, in the library or elsewhere.
    query: PathBuf,
    /// How many tracks.
    #[arg(short = 'k', long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    count: u32,
    /// Write the tracks as a playlist (M3U8).
    #[arg(long, value_name = "FILE")]
    playlist: Option<PathBuf>,
    /// Write a map of the library as a PNG file, with the query and the tracks found pointed out.
    #[arg(long, value_name = "FILE")]
    map: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    flags: LibraryFlags,
}

/// The answer. The field names are a promise to scripts.
#[derive(Serialize)]
struct Answer {
    query: String,
    library: String,
    tracks: usize,
    results: Vec<Found>,
}

/// One track found.
#[derive(Serialize)]
struct Found {
    rank: usize,
    similarity: f32,
    path: String,
    duration_s: f64,
    artist: Option<String>,
    album: Option<String>,
    title: Option<String>,
    genre: Option<&'static str>,
    #[serde(skip)]
    file: PathBuf,
    #[serde(skip)]
    name: String,
}

pub(super) fn run(arguments: &Arguments, console: &Console) -> Result<Outcome> {
    let Arguments { library, flags, .. } = arguments;
    let mut outcome = Outcome::Done;
    let index = if library.is_dir() {
        let (updated, report) = update(library, flags, Care::Quick, console)?;
        outcome = updated;
        if report.is_none() || stop::requested() {
            return Ok(outcome);
        }
        flags.index_of(library)
    } else {
        flags.index.clone().unwrap_or_else(|| library.clone())
    };
    let Some(models) = flags.models(console)? else { return Ok(Outcome::Failed) };
    let opened = Library::open(&index).and_then(|library| library.check_models(&models).map(|()| library));
    let answered = opened.map_err(anyhow::Error::from).and_then(|library| {
        let alike = Alike::new(&library)?;
        Ok((library, alike))
    });
    let (library, alike) = match answered {
        Ok(answered) => answered,
        Err(error) => {
            console.error(Some(&index), &error);
            return Ok(Outcome::Failed);
        }
    };
    let asking = Asking { arguments, console, library, alike };
    match asking.answer() {
        Ok(()) => Ok(outcome),
        Err(_) if stop::requested() => Ok(Outcome::Stopped),
        Err((file, error)) => {
            console.error(Some(&file), &error);
            Ok(Outcome::Failed)
        }
    }
}

/// What went wrong with which file.
type Fault = (PathBuf, anyhow::Error);

struct Asking<'a> {
    arguments: &'a Arguments,
    console: &'a Console,
    library: Library,
    alike: Alike,
}

impl Asking<'_> {
    fn answer(&self) -> Result<(), Fault> {
        let Arguments { query, count, playlist, map, json, .. } = self.arguments;
        let of = |file: &Path| {
            let file = file.to_owned();
            move |error: anyhow::Error| (file, error)
        };
        let asked = self.row();
        let hits = match asked {
            Some(row) => self.alike.near_row(row, *count as usize),
            None => self.alike.near(&self.heard().map_err(of(query))?, *count as usize),
        };
        let found = self.found(&hits).map_err(of(self.library.root()))?;
        if let Some(file) = playlist {
            self.write_playlist(&found, file).map_err(of(file))?;
        }
        if let Some(file) = map {
            let answers: Vec<usize> = hits.iter().map(|hit| hit.row).collect();
            map::draw(&self.library, &self.alike, asked, &answers, file).map_err(of(file))?;
        }
        let text = if *json { self.json(found).map_err(of(query))? } else { text(&found) };
        self.console.print(&text);
        Ok(())
    }

    /// The query's row, where it is a track of the library.
    fn row(&self) -> Option<usize> {
        let query = &self.arguments.query;
        let below = |query: &Path| {
            let root = self.library.root().canonicalize().ok()?;
            Some(query.canonicalize().ok()?.strip_prefix(root).ok()?.to_owned())
        };
        // A library on a drive that is not here can be asked by the paths that it lists.
        below(query).and_then(|path| self.alike.row(&path)).or_else(|| {
            let listed = query.strip_prefix(self.library.root()).unwrap_or(query);
            (!query.exists()).then(|| self.alike.row(listed)).flatten()
        })
    }

    /// Hears a query from elsewhere.
    fn heard(&self) -> Result<Vec<f32>> {
        let query = &self.arguments.query;
        // A missing file needs no engine.
        crate::study::decode::open(query)?;
        let Some(engine) = self.arguments.flags.start(self.console) else {
            return Err(anyhow!("cannot be heard without networks; see the error before"));
        };
        let watch = self.console.watch(query);
        let Heard { windows, taggers, notices, .. } =
            hear(&engine, query, Mix::default(), Attention::Everything, &watch)?;
        drop(watch);
        models::note_device(&engine, self.console);
        for notice in &notices {
            self.console.note(Some(query), notice);
        }
        let embedding = pool(&windows, &taggers, POOLING);
        anyhow::ensure!(!embedding.is_empty(), "is silent, so nothing sounds like it; give another file");
        anyhow::ensure!(
            self.alike.width() == embedding.len(),
            "has nothing to be compared with: every track of the library is silent; add music to it"
        );
        Ok(embedding)
    }

    fn found(&self, hits: &[Hit]) -> Result<Vec<Found>> {
        let found = |(rank, hit): (usize, &Hit)| {
            let path = &self.alike.paths[hit.row];
            let track = self.library.track(path)?;
            let file = self.library.root().join(path);
            let genre = track.as_ref().and_then(Track::top_genre).map(|class| GENRES[class]);
            let name = map::name(track.as_ref(), path);
            let duration_s = track.as_ref().map_or(0.0, |track| track.duration_s);
            let metadata = track.map(|track| track.metadata).unwrap_or_default();
            Ok(Found {
                rank: rank + 1,
                similarity: hit.similarity,
                path: file.display().to_string(),
                duration_s,
                artist: metadata.artist,
                album: metadata.album,
                title: metadata.title,
                genre,
                file,
                name,
            })
        };
        hits.iter().enumerate().map(found).collect()
    }

    fn write_playlist(&self, found: &[Found], to: &Path) -> Result<()> {
        let absolute: Vec<PathBuf> = found
            .iter()
            .map(|found| std::path::absolute(&found.file).and_then(|file| file.canonicalize().or(Ok(file))))
            .collect::<std::io::Result<_>>()?;
        let items: Vec<Item<'_>> = found
            .iter()
            .zip(&absolute)
            .map(|(found, path)| Item { path, duration_s: found.duration_s, name: &found.name })
            .collect();
        let directory = std::path::absolute(to)?;
        let directory = directory.parent().unwrap_or(Path::new("/"));
        let directory =
            directory.canonicalize().map_err(|error| anyhow!("cannot be written ({error}); make its directory"))?;
        replace(to, extended_m3u(&items, &directory).as_bytes())
    }

    fn json(&self, results: Vec<Found>) -> Result<String> {
        let answer = Answer {
            query: self.arguments.query.display().to_string(),
            library: self.library.root().display().to_string(),
            tracks: self.alike.paths.len(),
            results,
        };
        Ok(serde_json::to_string(&answer)? + "\n")
    }
}

/// Rank, similarity and path, one track a line.
fn text(found: &[Found]) -> String {
    let width = found.len().to_string().len();
    found.iter().map(|f| format!("{:>width$}  {:>6.3}  {}\n", f.rank, f.similarity, f.path)).collect()
}
