//! A training scene: a few seconds of audio as a mixer might play them to the detector, with the truth per frame.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::corpus::{SAMPLE_RATE_HZ, Song};
use crate::listen::{FrontEnd, Listener};

/// Frames of a scene: 8 s.
pub(super) const FRAMES: usize = 800;
/// Mel bands of a frame.
pub(super) const MELS: usize = 80;
const HOP: usize = 160;
const WINDOW: usize = 400;
const SAMPLES: usize = (FRAMES - 1) * HOP + WINDOW;

/// Within this distance of a label's edge the truth is uncertain and counts little.
const EDGE_S: f64 = 0.05;
const EDGE_WEIGHT: f32 = 0.3;

/// Share of the scenes that come from instrumental music, from finished mixes, and from voices over another song's
/// backing; the rest are stems of one song.
const INSTRUMENTAL_SHARE: f32 = 0.36;
const MIX_SHARE: f32 = 0.16;
const FOREIGN_BACKING_SHARE: f32 = 0.14;
/// A false alarm on instrumental music costs more than one between two sung lines, where labels are uncertain.
const INSTRUMENTAL_WEIGHT: f32 = 1.5;

/// Frames with their truth.
pub(super) struct Scene {
    /// `[FRAMES][MELS]`.
    pub(super) frames: Vec<f32>,
    /// 1 where someone sings.
    pub(super) target: Vec<f32>,
    /// How much a frame counts.
    pub(super) weight: Vec<f32>,
}

/// Makes scenes from songs.
pub(super) struct Stage<'a> {
    sung: Vec<&'a Song>,
    stems: Vec<&'a Song>,
    instrumental: Vec<&'a Song>,
}

impl<'a> Stage<'a> {
    pub(super) fn new(songs: &'a [Song]) -> Self {
        let of = |keep: &dyn Fn(&Song) -> bool| songs.iter().filter(|song| keep(song)).collect();
        Self {
            sung: of(&|song| song.voice.is_none() && !song.is_instrumental()),
            stems: of(&|song| song.voice.is_some()),
            instrumental: of(&Song::is_instrumental),
        }
    }

    /// The scene with this number; the same for the same seed.
    pub(super) fn scene(&self, seed: u64, number: u64) -> Scene {
        let mut rng = StdRng::seed_from_u64(seed ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let (mut audio, target, weight) = self.mix(&mut rng);
        colour(&mut audio, &mut rng);
        Scene { frames: frames(&audio), target, weight }
    }

    fn mix(&self, rng: &mut StdRng) -> (Vec<f32>, Vec<f32>, Vec<f32>) {
        let silent = || (vec![0.0; FRAMES], vec![1.0; FRAMES]);
        let kind: f32 = rng.random();
        if kind < INSTRUMENTAL_SHARE && !self.instrumental.is_empty() {
            let song = pick(&self.instrumental, rng);
            let start = start(song.backing.len(), rng);
            let (target, mut weight) = silent();
            weight.fill(INSTRUMENTAL_WEIGHT);
            return (cut(&song.backing, start), target, weight);
        }
        if kind < INSTRUMENTAL_SHARE + MIX_SHARE && !self.sung.is_empty() {
            let song = pick(&self.sung, rng);
            let start = start(song.backing.len(), rng);
            let (target, weight) = truth(song, start);
            return (cut(&song.backing, start), target, weight);
        }
        let Some(song) = (!self.stems.is_empty()).then(|| pick(&self.stems, rng)) else {
            let (target, weight) = silent();
            return (vec![0.0; SAMPLES], target, weight);
        };
        let from = start(song.backing.len(), rng);
        let (mut target, mut weight) = truth(song, from);
        let mut voice = song.voice.as_ref().map_or_else(|| vec![0.0; SAMPLES], |voice| cut(voice, from));
        // Sometimes the singer is silent for a while, or altogether: the band alone must not sound like her.
        let gate: f32 = rng.random();
        if gate < 0.1 {
            voice.fill(0.0);
            (target, weight) = silent();
        } else if gate < 0.3 {
            let length = rng.random_range(50..300);
            let first = rng.random_range(0..FRAMES - length);
            let (begin, end) = (first * HOP, ((first + length) * HOP).min(SAMPLES));
            voice[begin..end].fill(0.0);
            for frame in first..first + length {
                target[frame] = 0.0;
                let edge = (frame - first).min(first + length - 1 - frame);
                weight[frame] = if edge < (EDGE_S * 100.0) as usize { EDGE_WEIGHT } else { 1.0 };
            }
        }
        let backing = if kind < INSTRUMENTAL_SHARE + MIX_SHARE + FOREIGN_BACKING_SHARE {
            let others =
                if rng.random_bool(0.5) && !self.instrumental.is_empty() { &self.instrumental } else { &self.stems };
            let other = pick(others, rng);
            matched(cut(&other.backing, start(other.backing.len(), rng)), &voice)
        } else {
            cut(&song.backing, from)
        };
        let voice_gain = decibel(rng.random_range(-7.0..5.0));
        let audio = backing.iter().zip(&voice).map(|(backing, voice)| backing + voice * voice_gain).collect();
        (audio, target, weight)
    }
}

fn pick<'a>(songs: &[&'a Song], rng: &mut StdRng) -> &'a Song {
    songs[rng.random_range(0..songs.len())]
}

/// Where a scene begins; songs shorter than a scene begin at their start.
fn start(length: usize, rng: &mut StdRng) -> usize {
    if length <= SAMPLES { 0 } else { rng.random_range(0..length - SAMPLES) }
}

/// One scene's samples, with silence after the song's end.
fn cut(audio: &[f32], start: usize) -> Vec<f32> {
    let mut scene = audio[start.min(audio.len())..audio.len().min(start + SAMPLES)].to_vec();
    scene.resize(SAMPLES, 0.0);
    scene
}

/// Truth and weight per frame of the scene that begins at sample `start`.
fn truth(song: &Song, start: usize) -> (Vec<f32>, Vec<f32>) {
    let begin_s = start as f64 / SAMPLE_RATE_HZ as f64;
    let instant = |frame: usize| begin_s + (frame * HOP + WINDOW / 2) as f64 / SAMPLE_RATE_HZ as f64;
    let sings = |time_s: f64| song.labels.sings_at(time_s);
    (0..FRAMES)
        .map(instant)
        .map(|time_s| {
            let now = sings(time_s);
            let certain = sings(time_s - EDGE_S) == now && sings(time_s + EDGE_S) == now;
            (f32::from(u8::from(now)), if certain { 1.0 } else { EDGE_WEIGHT })
        })
        .unzip()
}

/// Backing from elsewhere, brought to the level of the voice.
fn matched(mut backing: Vec<f32>, voice: &[f32]) -> Vec<f32> {
    let power = |audio: &[f32]| audio.iter().map(|x| x * x).sum::<f32>() / audio.len() as f32;
    let (wanted, is) = (power(voice), power(&backing));
    if wanted > 1e-9 && is > 1e-9 {
        let gain = (wanted / is).sqrt().min(20.0);
        backing.iter_mut().for_each(|x| *x *= gain);
    }
    backing
}

/// Level, tilt and band limits, as recordings differ.
fn colour(audio: &mut [f32], rng: &mut StdRng) {
    let gain = decibel(rng.random_range(-15.0..9.0));
    // Two one-pole shelves: below 300 Hz and above 3 kHz.
    let (low_gain, high_gain) = (decibel(rng.random_range(-6.0..6.0)), decibel(rng.random_range(-6.0..6.0)));
    let pole = |hz: f32| 1.0 - (-std::f32::consts::TAU * hz / SAMPLE_RATE_HZ as f32).exp();
    let (low_pole, high_pole) = (pole(300.0), pole(3_000.0));
    let (mut low, mut mid) = (0.0_f32, 0.0_f32);
    for sample in audio.iter_mut() {
        low += low_pole * (*sample - low);
        mid += high_pole * (*sample - mid);
        let high = *sample - mid;
        *sample = (low * low_gain + (mid - low) + high * high_gain) * gain;
    }
    if rng.random_bool(0.15) {
        let band = pole(rng.random_range(2_500.0..6_000.0));
        let mut stages = [0.0_f32; 4];
        for sample in audio.iter_mut() {
            let mut x = *sample;
            for stage in &mut stages {
                *stage += band * (x - *stage);
                x = *stage;
            }
            *sample = x;
        }
    }
    audio.iter_mut().for_each(|sample| *sample = sample.clamp(-1.0, 1.0));
}

fn decibel(db: f32) -> f32 {
    10.0_f32.powf(db / 20.0)
}

/// The filter-bank frames of `audio` at 16 kHz, rows of [`MELS`], by the plugin's own listener.
pub(super) fn frames(audio: &[f32]) -> Vec<f32> {
    let mut frames = Vec::with_capacity(audio.len() / HOP * MELS);
    // This front end is known to be consistent, so the listener cannot refuse it.
    if let Ok(mut listener) = Listener::new(SAMPLE_RATE_HZ as f64, &[FrontEnd::kaldi_fbank_80()]) {
        listener.push(&[audio], |frame| frames.extend_from_slice(frame.mels));
    }
    frames
}
