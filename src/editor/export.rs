//! The pass so far as files. Times are the song's where the host says where it is, else seconds since the pass began.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

use super::history::History;
use super::now::{genre_words, verdict};
use super::pass::Report;
use super::timeline::Said;
use super::view::View;
use crate::record::picture::{GenreSpan, Picture};
use crate::record::{Frame, Segment, labels, midi, outputs, table};
use crate::say::genre::GENRES;

/// What can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Phrases as an Audacity label track.
    Labels,
    /// Every frame as comma-separated values.
    Table,
    /// Phrases and likelihood as a MIDI file.
    Midi,
    /// Curve, gate and genre as a picture.
    Picture,
}

impl Kind {
    /// In the order of their buttons.
    pub const ALL: [Self; 4] = [Self::Labels, Self::Table, Self::Midi, Self::Picture];

    /// Its button.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Labels => "Labels",
            Self::Table => "Table (CSV)",
            Self::Midi => "MIDI file",
            Self::Picture => "Picture",
        }
    }

    /// One line on what it is.
    #[must_use]
    pub fn help(self) -> &'static str {
        match self {
            Self::Labels => "Phrases as a label track for Audacity",
            Self::Table => "Time, voice, gate and genres of every frame",
            Self::Midi => "A note for each phrase and a controller with the voice",
            Self::Picture => "Curve, gate and genre over time, as PNG",
        }
    }

    fn extension(self) -> &'static str {
        match self {
            Self::Labels => "txt",
            Self::Table => "csv",
            Self::Midi => "mid",
            Self::Picture => "png",
        }
    }
}

/// Where files go if the user says nothing else: the folder Earmark in the user's own.
#[must_use]
pub fn default_folder() -> PathBuf {
    std::env::home_dir().unwrap_or_else(std::env::temp_dir).join("Earmark")
}

/// Writes the pass into `folder`, under a name that is not taken yet. Returns the file.
///
/// # Errors
/// One line with the remedy: nothing heard, a folder that cannot be made, a full disk.
pub fn write(kind: Kind, history: &History, pass: &Report, threshold: f32, folder: &Path) -> Result<PathBuf> {
    ensure!(pass.known_s > 0.0, "nothing was heard in this pass yet; start the transport");
    outputs::make_directory(folder).map_err(|error| error.context(folder.display().to_string()))?;
    let extension = kind.extension();
    let free = |number: &u32| !folder.join(format!("earmark-pass-{number}.{extension}")).exists();
    let number = (1..).find(free).unwrap_or_default();
    outputs::write_whole(folder, &format!("earmark-pass-{number}"), extension, |to| match kind {
        Kind::Labels => outputs::write_bytes(to, labels::track(&phrases(history, pass)).as_bytes()),
        Kind::Table => {
            let genre_at = |at_s: f64| {
                let belief = history.belief_at(at_s).filter(|belief| belief.saying)?;
                Some(&belief.state.probability[..])
            };
            // The table's times are the song's; the genre is asked for at the history's.
            let mut instants = known(history, pass).map(|(at_s, _)| at_s);
            let genre_at = std::cell::RefCell::new(move || instants.next().and_then(genre_at));
            let frames = known(history, pass).map(|(_, frame)| frame);
            outputs::write_bytes(to, &table::table(frames, &GENRES, |_| genre_at.borrow_mut()())?)
        }
        Kind::Midi => {
            let end_s = song_s(history, pass, pass.range_s.end);
            outputs::write_bytes(to, &midi::file(known(history, pass).map(|(_, frame)| frame), end_s)?)
        }
        Kind::Picture => picture(history, pass, threshold, to),
    })
}

/// The instant as it is written down.
fn song_s(history: &History, pass: &Report, at_s: f64) -> f64 {
    let song_s = history.place_at(at_s).and_then(|place| place.song_s);
    song_s.unwrap_or(at_s - pass.range_s.start).max(0.0)
}

fn phrases(history: &History, pass: &Report) -> Vec<Segment> {
    let song = |at_s| song_s(history, pass, at_s);
    pass.phrases.iter().map(|span| Segment { start_s: song(span.start), end_s: song(span.end) }).collect()
}

/// Frames whose voice is known: the instant on the history's clock, and the frame as it is written down.
fn known<'a>(history: &'a History, pass: &'a Report) -> impl Iterator<Item = (f64, Frame)> + 'a {
    let half = history.hop_s() / 2.0;
    let frames = history.frame_at(pass.range_s.start + half)..history.frame_at(pass.range_s.end + half);
    frames.filter_map(move |number| {
        let voice = history.voice(number)?;
        let at_s = number as f64 * history.hop_s() + half;
        let time_s = song_s(history, pass, at_s);
        Some((at_s, Frame { time_s, probability: voice.probability, gate: voice.gate }))
    })
}

/// On the pass's own time, so that a chorus far into the song fills the picture.
fn picture(history: &History, pass: &Report, threshold: f32, to: &Path) -> Result<()> {
    let start_s = pass.range_s.start;
    let vocal: Vec<(f64, f32)> =
        known(history, pass).map(|(at_s, frame)| (at_s - start_s, frame.probability)).collect();
    let phrases: Vec<Segment> =
        pass.phrases.iter().map(|span| Segment { start_s: span.start - start_s, end_s: span.end - start_s }).collect();
    let genre: Vec<GenreSpan> = pass
        .sections
        .iter()
        .map(|section| GenreSpan {
            start_s: section.start_s - start_s,
            end_s: section.end_s - start_s,
            class: if let Said::Genre(genre) = section.said { Some(genre) } else { None },
            probability: section.confidence,
        })
        .collect();
    let sung = pass.sung().unwrap_or_default() * 100.0;
    Picture {
        title: "Earmark: one pass",
        subtitle: &format!("{} phrases, {sung:.0} % sung", pass.phrases.len()),
        duration_s: pass.range_s.end - start_s,
        waveform: None,
        vocal: &vocal,
        threshold,
        phrases: &phrases,
        truth: None,
        classes: &GENRES,
        genre: &genre,
    }
    .save(to)
}

/// What is heard now, as text.
#[must_use]
pub fn summary(view: &View) -> String {
    let now = &view.standing;
    let (genre, confidence) = genre_words(view);
    let mut text = format!("{}\t{:.3}\n", verdict(view), now.point.probability);
    for (label, value) in view.voice_labels.iter().zip(now.point.outputs) {
        text += &format!("{label}\t{value:.3}\n");
    }
    text += &format!("genre\t{genre}\t{:.3}\n", confidence.unwrap_or_default());
    for (name, value) in GENRES.iter().zip(now.genre.probability) {
        text += &format!("{name}\t{value:.3}\n");
    }
    for tag in &view.tags {
        text += &format!("{}\t{:.3}\n", tag.label, tag.probability);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin::scope::{GenrePoint, Mark, Place, Point};
    use crate::say::genre::GenreState;

    /// 10 s that the song has from 1:00 on, sung from 2 to 5 s.
    fn heard() -> (History, Report) {
        let mut history = History::new(0.01, 4);
        for frame in 0..1_000_u64 {
            let gate = (200..500).contains(&frame);
            let probability = if gate { 0.9 } else { 0.1 };
            history.point(&Point { pass: 0, frame, gate, probability, ..Point::default() });
            if frame % 100 == 99 {
                let state = GenreState { top: Some(9), confidence: 0.5, probability: [1.0 / 14.0; 14] };
                history.genre(&GenrePoint { pass: 0, time_s: frame as f64 * 0.01, state, saying: true });
            }
            let place = Place { playing: true, song_s: Some(60.0 + frame as f64 * 0.01), ..Place::default() };
            history.mark(&Mark { pass: 0, time_s: frame as f64 * 0.01, place });
        }
        let report = Report::new(&history, 0.0..10.0);
        (history, report)
    }

    #[test]
    fn every_kind_of_file_is_written_and_none_is_overwritten() {
        let folder = std::env::temp_dir().join(format!("earmark-export-{}", std::process::id()));
        let (history, report) = heard();
        for kind in Kind::ALL {
            for number in 1..=2 {
                let path = write(kind, &history, &report, 0.5, &folder).expect("writes");
                assert!(path.ends_with(format!("earmark-pass-{number}.{}", kind.extension())));
            }
        }
        let read = |name: &str| std::fs::read(folder.join(name)).expect("is there");
        let labels = String::from_utf8(read("earmark-pass-1.txt")).expect("text");
        assert_eq!(labels, "62.000000\t65.000000\tsing\n", "on the song's time");
        let table = String::from_utf8(read("earmark-pass-1.csv")).expect("text");
        assert_eq!(table.lines().count(), 1_001);
        assert!(table.lines().nth(300).is_some_and(|row| row.starts_with("62.995000,0.9,1,0.071")), "{table:.200}");
        assert!(read("earmark-pass-1.mid").starts_with(b"MThd"));
        assert!(read("earmark-pass-1.png").starts_with(b"\x89PNG"));
        std::fs::remove_dir_all(folder).expect("was made here");
    }

    #[test]
    fn a_pass_in_which_nothing_was_heard_says_so() {
        let error = write(Kind::Table, &History::new(0.01, 4), &Report::default(), 0.5, Path::new("."));
        assert!(error.expect_err("nothing heard").to_string().contains("start the transport"));
    }
}
