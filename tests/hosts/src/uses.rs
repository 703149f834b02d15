//! Three things that a mixer does with Earmark, done in this host and measured on the audio that comes of them.
//!
//! Each takes a song's stems and gives what was before and what came of it; [`Stretches`] says where the voice sings.
//! The effects that Earmark drives stand in for those of a DAW: [`reverb`] follows a MIDI controller, [`compressor`]
//! has a key input.

pub mod compressor;
pub mod reverb;
mod stretches;

pub use stretches::{Loudness, Stretches, length_s};

use crate::{Audio, Class, Kind, Plan, Render, clap, source};
use anyhow::{Context, Result, ensure};
use std::path::Path;

/// How far the accompaniment gives way to the voice, in dB: by the ride, and by the keyed compressor.
pub const DUCK_DB: f64 = -6.0;
/// The controller that opens the reverb.
const CONTROLLER: u8 = 20;

/// A song in two parts of the same length, each in stereo.
pub struct Stems {
    /// All but the voice.
    pub accompaniment: Audio,
    /// The voice.
    pub voice: Audio,
    /// Samples per second.
    pub rate_hz: f64,
}

/// What Earmark listens to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hears {
    /// The voice's own track.
    Voice,
    /// The whole song.
    Song,
}

/// What a use has made of the audio that it is about.
pub struct Outcome {
    /// The audio as it was.
    pub before: Audio,
    /// The audio as it is now; for the reverb, what the reverb adds.
    pub after: Audio,
    /// The whole song, as it is now.
    pub song: Audio,
}

impl Stems {
    /// Reads a file with the accompaniment on the left and the voice on the right, at `rate_hz`.
    ///
    /// # Errors
    /// The file cannot be read, or has not two channels.
    pub fn read(path: &Path, rate_hz: f64) -> Result<Self> {
        let read = source::read(path)?;
        ensure!(
            read.audio.len() == 2,
            "{}: stems have two channels, accompaniment on the left and voice on the right",
            path.display()
        );
        let mut stems = source::resample(&read.audio, read.rate_hz, rate_hz)?.into_iter();
        let mut next = || stems.next().map(|stem| vec![stem.clone(), stem]).context("a stem is missing");
        Ok(Self { accompaniment: next()?, voice: next()?, rate_hz })
    }

    fn song(&self) -> Audio {
        sum(&self.accompaniment, &self.voice)
    }

    fn heard(&self, hears: Hears) -> Audio {
        match hears {
            Hears::Voice => self.voice.clone(),
            Hears::Song => self.song(),
        }
    }
}

/// Ducks the accompaniment under the voice: Earmark on the accompaniment's track, what it is to hear on its side chain, and
/// *Ride* at -6 dB.
///
/// # Errors
/// The plugin cannot be hosted.
pub fn duck(bundle: &Path, stems: &Stems, hears: Hears) -> Result<Outcome> {
    let mut plan =
        Plan::new(Class::Earmark, stems.rate_hz).with("source", "Side chain").with("ride", &*format!("{DUCK_DB} dB"));
    plan.side_chain = stems.heard(hears);
    let mut render = hosted(bundle, &plan, &stems.accompaniment)?;
    let after = render.outputs.swap_remove(0);
    Ok(Outcome { before: stems.accompaniment.clone(), song: sum(&after, &stems.voice), after })
}

/// Opens a reverb where nobody sings: Earmark Control on the whole mix, and a reverb whose send is the inverse of the
/// controller that it puts out.
///
/// # Errors
/// The plugin cannot be hosted.
pub fn open_reverb(bundle: &Path, stems: &Stems) -> Result<Outcome> {
    let song = stems.song();
    let plan = Plan::new(Class::Control, stems.rate_hz).with("midi", "CC").with("midi_cc", f64::from(CONTROLLER));
    let render = hosted(bundle, &plan, &song)?;
    let controller = CONTROLLER.to_string();
    let sends = render.of(Kind::ControlChange).filter(|event| event.id == controller);
    let sends: Vec<_> = sends.map(|event| (event.time_samples, 1.0 - event.value as f32)).collect();
    ensure!(!sends.is_empty(), "the plugin has sent no controller");
    let after = reverb::returned(&song, &sends, stems.rate_hz);
    Ok(Outcome { song: sum(&song, &after), before: song, after })
}

/// Keys a compressor: Earmark Control on what it is to hear, and on the accompaniment a compressor that listens to the tone
/// of the key bus. However loud the voice is, the accompaniment gives way by the same 6 dB.
///
/// # Errors
/// The plugin cannot be hosted.
pub fn key_compressor(bundle: &Path, stems: &Stems, hears: Hears) -> Result<Outcome> {
    let render = hosted(bundle, &Plan::new(Class::Control, stems.rate_hz), &stems.heard(hears))?;
    let key = render.outputs.get(1).and_then(|key| key.get(1)).context("the plugin has no key bus")?;
    // The tone lies 6 dB below full scale, so 12 dB above the threshold; 2:1 leaves 6 of them.
    let settings = compressor::Settings { threshold_db: -18.02, ratio: 2.0, attack_s: 0.01, release_s: 0.15 };
    let after = compressor::keyed(&stems.accompaniment, key, &settings, stems.rate_hz);
    Ok(Outcome { before: stems.accompaniment.clone(), song: sum(&after, &stems.voice), after })
}

fn hosted(bundle: &Path, plan: &Plan, input: &Audio) -> Result<Render> {
    let render = clap::render(bundle, plan, input)?;
    ensure!(render.faults.is_empty(), "the plugin breaks its format's rules: {}", render.faults.join("; "));
    Ok(render)
}

fn sum(these: &Audio, those: &Audio) -> Audio {
    let channels = these.iter().zip(those);
    channels.map(|(this, that)| this.iter().zip(that).map(|(a, b)| a + b).collect()).collect()
}
