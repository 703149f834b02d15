//! Plays a file to the engine, exactly as the plugin would in an offline bounce, and notes what it says.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Result, bail};

use super::decode::{self, AudioFile};
use super::mix::Mix;
use super::overview::Overview;
use super::spectrum::Spectrum;
use crate::engine::{Ear, Engine, GenreReading, Pace, TaggerShape, Tags};
use crate::listen::HOST_RATES_HZ;

/// Audio played at a time, in seconds: how often the watch is asked.
const STEP_S: f64 = 0.25;

const ENGINE_GONE: &str =
    "the engine stopped answering; run it again, and report this with the file if it happens again";
const ENGINE_LOST: &str =
    "the engine lost frames on the way; run it again, and report this with the file if it happens again";

/// Someone who watches a file being heard, and may stop it.
pub trait Watch: Sync {
    /// Called about four times per second of audio; `total_s` is the length as the file states it.
    fn progress(&self, done_s: f64, total_s: Option<f64>);
    /// Asked before each block; `true` ends the work with [`Stopped`].
    fn stopped(&self) -> bool;
}

/// A watch that sees nothing and never stops.
pub struct NoWatch;

impl Watch for NoWatch {
    fn progress(&self, _done_s: f64, _total_s: Option<f64>) {}

    fn stopped(&self) -> bool {
        false
    }
}

/// The watch asked to stop.
#[derive(Debug, thiserror::Error)]
#[error("stopped")]
pub struct Stopped;

/// Everything that the engine said about a file.
pub struct Heard {
    /// Samples per second in the file.
    pub sample_rate: u32,
    /// Length of the audio, in seconds.
    pub duration_s: f64,
    /// Name of the vocal net.
    pub vocal_model: String,
    /// Time from one vocal frame to the next, in seconds.
    pub period_s: f64,
    /// The instant that vocal frame 0 speaks of, in seconds.
    pub first_frame_s: f64,
    /// How much later the plugin knows a vocal frame, in seconds.
    pub delay_s: f64,
    /// One vocal probability per frame.
    pub vocal: Vec<f32>,
    /// The genre readings, in order.
    pub genre: Vec<GenreReading>,
    /// The classes of a head and what they say, where one is loaded.
    pub own: Option<OwnClasses>,
    /// Time from one genre reading to the next, in seconds; reading `i` hears up to `(i + 1)` times that.
    pub genre_period_s: f64,
    /// What the taggers hear, on average over their readings; empty where they heard nothing.
    pub tags: Vec<Tag>,
    /// What the taggers said, reading by reading; none for silence.
    pub windows: Vec<Window>,
    /// The taggers, in the order of each window's values.
    pub taggers: Vec<TaggerShape>,
    /// The waveform of what was listened to.
    pub overview: Overview,
    /// The mel frames that the vocal net heard.
    pub spectrum: Spectrum,
    /// What was odd about the file, one line each.
    pub notices: Vec<String>,
}

/// What a head says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OwnClasses {
    /// The classes, in order.
    pub labels: Vec<String>,
    /// One probability per class for each of the file's genre readings; `None` on silence and pure speech.
    pub readings: Vec<Option<Vec<f32>>>,
}

/// One tag of one tagger.
#[derive(Clone, Debug, PartialEq)]
pub struct Tag {
    /// Name of the net.
    pub tagger: String,
    /// Its word.
    pub label: String,
    /// Mean probability, 0..=1.
    pub probability: f32,
}

/// One reading of all taggers.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    /// The instant up to which it hears, in seconds.
    pub end_s: f64,
    /// One probability per label, tagger after tagger.
    pub probability: Vec<f32>,
    /// The layer before the output, tagger after tagger.
    pub embedding: Vec<f32>,
}

/// What is listened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attention {
    /// Voice, genre and tags.
    Everything,
    /// The voice; genre and tags are heard once, at the end.
    Voice,
    /// Everything as often as the plugin hears it while a song plays.
    Playing,
}

impl Attention {
    fn pace(self) -> Pace {
        match self {
            Self::Everything => Pace::FILE,
            Self::Playing => Pace::LIVE,
            Self::Voice => Pace { refresh_s: f64::INFINITY, ..Pace::FILE },
        }
    }
}

/// Plays the file at `path` to the engine.
///
/// # Errors
/// Everything [`decode::open`] and [`AudioFile::next_block`] report, audio too short for the vocal net,
/// an engine that stopped answering, and [`Stopped`].
pub fn hear(engine: &Arc<Engine>, path: &Path, mix: Mix, attention: Attention, watch: &dyn Watch) -> Result<Heard> {
    let file = decode::open(path)?;
    Hearing::new(engine, &file, attention.pace())?.run(file, mix, watch)
}

/// A file on its way through an ear.
struct Hearing {
    ear: Ear,
    heard: Heard,
    tags: Tags,
}

impl Hearing {
    fn new(engine: &Arc<Engine>, file: &AudioFile, pace: Pace) -> Result<Self> {
        let rate_hz = file.sample_rate_hz;
        anyhow::ensure!(
            HOST_RATES_HZ.contains(&rate_hz),
            "has a sample rate of {rate_hz} Hz, outside {:?} Hz; convert it to 44100 Hz",
            HOST_RATES_HZ
        );
        let ear = Ear::new(engine, rate_hz, pace)?;
        let heard = Heard {
            sample_rate: rate_hz as u32,
            duration_s: 0.0,
            vocal_model: engine.models().vocal_card().name.clone(),
            period_s: ear.vocal_period_s(),
            first_frame_s: ear.vocal_first_frame_s(),
            delay_s: ear.vocal_delay_s(),
            vocal: Vec::new(),
            genre: Vec::new(),
            own: engine
                .models()
                .head_card()
                .map(|card| OwnClasses { labels: card.labels.clone(), ..Default::default() }),
            genre_period_s: pace.refresh_s,
            tags: Vec::new(),
            windows: Vec::new(),
            taggers: Vec::new(),
            overview: Overview::default(),
            spectrum: Spectrum::new(ear.vocal_front_end()),
            notices: Vec::new(),
        };
        Ok(Self { ear, heard, tags: Tags::default() })
    }

    fn run(mut self, mut file: AudioFile, mix: Mix, watch: &dyn Watch) -> Result<Heard> {
        let step = ((STEP_S * file.sample_rate_hz) as usize).max(1);
        let mut gathered: Vec<Vec<f32>> = Vec::new();
        let mut block = Vec::new();
        // Decoders give blocks of any size; each call into the engine waits for its answer, so small blocks
        // are gathered first.
        let mut more = true;
        while more {
            more = file.next_block(&mut block)?;
            if more {
                mix.apply(&mut block);
                self.heard.overview.add(&block);
                gather(&mut gathered, &block);
            }
            let waiting = gathered.first().map_or(0, Vec::len);
            let mut from = 0;
            while waiting - from >= step || (!more && from < waiting) {
                anyhow::ensure!(!watch.stopped(), Stopped);
                let to = waiting.min(from + step);
                let part: Vec<&[f32]> = gathered.iter().map(|channel| &channel[from..to]).collect();
                self.play(&part)?;
                from = to;
                let done = file.frames() - (waiting - from) as u64;
                watch.progress(done as f64 / file.sample_rate_hz, file.duration_s);
            }
            for channel in &mut gathered {
                channel.drain(..from);
            }
        }
        self.end(&file)
    }

    fn play(&mut self, part: &[&[f32]]) -> Result<()> {
        let Self { ear, heard, .. } = self;
        let Heard { vocal, genre, spectrum, .. } = heard;
        let mut whole = true;
        let listening = ear.hear_ahead_and_show(
            part,
            |frame| spectrum.add(frame.mels),
            |reading| {
                whole &= reading.frame == vocal.len() as u64;
                vocal.push(reading.probability);
            },
            |reading| genre.push(reading),
        );
        anyhow::ensure!(listening, ENGINE_GONE);
        anyhow::ensure!(whole, ENGINE_LOST);
        self.add_tags();
        Ok(())
    }

    /// Notes the tags of each refresh that there was.
    fn add_tags(&mut self) {
        while self.ear.take_tags(&mut self.tags) {
            self.add_window();
        }
    }

    fn add_window(&mut self) {
        let Tags { probability, embedding, time_s, music, .. } = &self.tags;
        let (probability, embedding) = (probability.clone(), embedding.clone());
        if let Some(own) = &mut self.heard.own {
            // Silence has readings of the genre, but no words of the taggers.
            let reading = self.heard.genre.iter().rposition(|reading| reading.time_s == *time_s);
            let said = probability[probability.len().saturating_sub(own.labels.len())..].to_vec();
            if let (Some(reading), true) = (reading, *music) {
                own.readings.resize(reading + 1, None);
                own.readings[reading] = Some(said);
            }
        }
        self.heard.windows.push(Window { end_s: *time_s, probability, embedding });
    }

    fn end(mut self, file: &AudioFile) -> Result<Heard> {
        let Self { ear, heard, .. } = &mut self;
        let Heard { vocal, genre, .. } = heard;
        let listening = ear.finish(|reading| vocal.push(reading.probability), |reading| genre.push(reading));
        anyhow::ensure!(listening, ENGINE_GONE);
        self.add_tags();
        let mut heard = self.heard;
        heard.duration_s = file.frames() as f64 / file.sample_rate_hz;
        heard.notices = file.notices();
        if heard.vocal.is_empty() {
            bail!(
                "is too short: {} samples, {:.1} ms; give at least {:.1} ms, a frame of the vocal net",
                file.frames(),
                1000.0 * heard.duration_s,
                1000.0 * (heard.first_frame_s + heard.delay_s)
            );
        }
        if let Some(own) = &mut heard.own {
            own.readings.resize(heard.genre.len(), None);
        }
        let means = means(&heard.windows);
        let tags = self.tags.labels.iter().cloned().zip(means);
        heard.tags = tags.map(|((tagger, label), probability)| Tag { tagger, label, probability }).collect();
        heard.taggers = self.tags.taggers.to_vec();
        Ok(heard)
    }
}

/// Each label's mean probability.
fn means(windows: &[Window]) -> Vec<f32> {
    let mut sums = vec![0.0; windows.first().map_or(0, |window| window.probability.len())];
    for window in windows {
        sums.iter_mut().zip(&window.probability).for_each(|(sum, &probability)| *sum += f64::from(probability));
    }
    sums.into_iter().map(|sum| (sum / windows.len() as f64) as f32).collect()
}

/// Appends a block (channels x samples).
fn gather(gathered: &mut Vec<Vec<f32>>, block: &[Vec<f32>]) {
    gathered.resize(block.len(), Vec::new());
    for (channel, new) in gathered.iter_mut().zip(block) {
        channel.extend_from_slice(new);
    }
}
