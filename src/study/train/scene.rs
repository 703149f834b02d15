//! A training scene: ten seconds of audio as a mixer might play them to the detector, with the truth for every frame.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::corpus::{SAMPLE_RATE_HZ, Song};
use super::effects;
use super::excerpt::{Excerpt, MOMENT, MOMENT_S, Moment, Part};
use super::repertoire::Repertoire;
use crate::listen::{FrontEnd, Listener};

/// Length of a scene.
const MOMENTS: usize = 1000;
/// A little more, so that the last frame's window is full.
const SAMPLES: usize = (MOMENTS + 4) * MOMENT;

/// Shares of the scenes: instrumental music, finished songs, speech, voices over other backings; the rest are stems of
/// one song.
const INSTRUMENTAL: f32 = 0.24;
const FINISHED: f32 = 0.16;
const SPEECH: f32 = 0.06;
const FOREIGN: f32 = 0.22;
/// A false alarm on instrumental music costs more than a miss.
const INSTRUMENTAL_WEIGHT: f32 = 1.5;
/// So does one between two sung lines: those frames are the fewer, and nets like to sing on over them.
const GAP_WEIGHT: f32 = 1.5;
/// Speech counts less for singing, and over music hardly at all: there it is but a step from rap, which is singing.
const SPEECH_WEIGHT: f32 = 0.5;
const SPEECH_OVER_MUSIC_WEIGHT: f32 = 0.15;
/// What the outputs that nobody gates by count beside singing.
const SIDE_WEIGHT: f32 = 0.3;
/// Level of a scene before its gain, RMS.
const LEVEL: f32 = 0.1;
/// Backing below this RMS over 10 ms is no music, at the level above.
const AUDIBLE: f32 = 3e-4;

/// Audio with its truth: for each 10 ms, what each of [`super::learner::LABELS`] should be and how much that counts.
pub(super) struct Scene {
    audio: Vec<f32>,
    truth: Vec<[(f32, f32); 3]>,
}

/// A scene as a net hears it.
pub(super) struct Example {
    /// Rows of mel values.
    pub(super) frames: Vec<f32>,
    /// For each row, what the outputs should be.
    pub(super) target: Vec<f32>,
    /// How much each counts.
    pub(super) weight: Vec<f32>,
}

/// Makes scenes from songs.
pub(super) struct Stage<'a> {
    finished: Repertoire<'a>,
    stems: Repertoire<'a>,
    /// Those of the stems, and voices that came alone.
    voices: Repertoire<'a>,
    instrumental: Repertoire<'a>,
    speech: Repertoire<'a>,
}

/// Tracks on their way to a scene.
struct Take {
    backing: Vec<f32>,
    voice: Vec<f32>,
    moments: Vec<Moment>,
    instrumental: bool,
}

impl<'a> Stage<'a> {
    pub(super) fn new(songs: &'a [Song]) -> Self {
        Self {
            finished: Repertoire::new(songs, |song| song.voice.is_none() && song.is_sung()),
            stems: Repertoire::new(songs, Song::has_stems),
            voices: Repertoire::new(songs, Song::has_voice),
            instrumental: Repertoire::new(songs, |song| !song.is_sung() && !song.is_speech()),
            speech: Repertoire::new(songs, Song::is_speech),
        }
    }

    /// The scene with this number; the same for the same seed.
    pub(super) fn scene(&self, seed: u64, number: u64) -> Scene {
        let mut rng = StdRng::seed_from_u64(seed ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let take = self.take(&mut rng).unwrap_or_else(|| Take {
            backing: vec![0.0; SAMPLES],
            voice: vec![0.0; SAMPLES],
            moments: vec![Moment::NOBODY; MOMENTS],
            instrumental: true,
        });
        mixed(take, &mut rng)
    }

    /// `None` only if there is nothing at all to draw from.
    fn take(&self, rng: &mut StdRng) -> Option<Take> {
        let kind: f32 = rng.random();
        let mut bound = 0.0;
        let mut is = |share: f32, repertoire: &Repertoire<'_>| {
            bound += share;
            kind < bound && !repertoire.is_empty()
        };
        if is(INSTRUMENTAL, &self.instrumental) {
            return self.alone(&self.instrumental, true, rng);
        }
        if is(FINISHED, &self.finished) {
            return self.alone(&self.finished, false, rng);
        }
        if is(SPEECH, &self.speech) {
            return self.spoken(rng);
        }
        if is(FOREIGN, &self.voices) {
            return self.foreign(rng);
        }
        let all = [&self.stems, &self.finished, &self.instrumental];
        let repertoire = all.into_iter().find(|repertoire| !repertoire.is_empty())?;
        if std::ptr::eq(repertoire, &self.stems) { self.stems(rng) } else { self.alone(repertoire, false, rng) }
    }

    /// A finished recording.
    fn alone(&self, repertoire: &Repertoire<'_>, instrumental: bool, rng: &mut StdRng) -> Option<Take> {
        let Excerpt { mut tracks, moments } = Excerpt::draw(repertoire, &[Part::Backing], SAMPLES, rng)?;
        Some(Take { backing: tracks.pop()?, voice: vec![0.0; SAMPLES], moments, instrumental })
    }

    /// Voice and backing of one song.
    fn stems(&self, rng: &mut StdRng) -> Option<Take> {
        let mut excerpt = Excerpt::draw(&self.stems, &[Part::Voice, Part::Backing], SAMPLES, rng)?;
        self.interrupt(&mut excerpt, rng);
        let Excerpt { mut tracks, moments } = excerpt;
        let mut backing = tracks.pop()?;
        let mut voice = tracks.pop()?;
        effects::voice(&mut voice, rng);
        scale(&mut voice, decibel(rng.random_range(-8.0..6.0)));
        if rng.random_bool(0.04) {
            backing.fill(0.0);
        }
        Some(Take { backing, voice, moments, instrumental: false })
    }

    /// A voice, sometimes two, over the backing of something else.
    fn foreign(&self, rng: &mut StdRng) -> Option<Take> {
        let mut excerpt = Excerpt::draw(&self.voices, &[Part::Voice], SAMPLES, rng)?;
        self.interrupt(&mut excerpt, rng);
        let Excerpt { mut tracks, mut moments } = excerpt;
        let mut voice = tracks.pop()?;
        effects::voice(&mut voice, rng);
        if rng.random_bool(0.15) {
            let mut second = Excerpt::draw(&self.voices, &[Part::Voice], SAMPLES, rng)?;
            self.interrupt(&mut second, rng);
            let mut other = second.tracks.pop()?;
            effects::voice(&mut other, rng);
            add(&mut voice, &other);
            for (moment, other) in moments.iter_mut().zip(second.moments) {
                *moment = Moment {
                    sings: moment.sings || other.sings,
                    speaks: moment.speaks || other.speaks,
                    weight: moment.weight.min(other.weight),
                };
            }
        }
        let backing = self.backing(rng)?;
        let wanted = rms(&backing) * decibel(rng.random_range(-10.0..9.0));
        bring_to(&mut voice, wanted);
        Some(Take { backing, voice, moments, instrumental: false })
    }

    /// Somebody speaks, mostly over music.
    fn spoken(&self, rng: &mut StdRng) -> Option<Take> {
        let Excerpt { mut tracks, moments } = Excerpt::draw(&self.speech, &[Part::Backing], SAMPLES, rng)?;
        let mut voice = tracks.pop()?;
        if rng.random_bool(0.1) {
            effects::voice(&mut voice, rng);
        }
        let mut backing = vec![0.0; SAMPLES];
        if rng.random_bool(0.65) {
            backing = self.backing(rng)?;
            let wanted = rms(&backing) * decibel(rng.random_range(-6.0..12.0));
            bring_to(&mut voice, wanted);
        }
        Some(Take { backing, voice, moments, instrumental: false })
    }

    /// Music without a voice.
    fn backing(&self, rng: &mut StdRng) -> Option<Vec<f32>> {
        let own = self.instrumental.is_empty() || rng.random_bool(0.4);
        let repertoire = if own && !self.stems.is_empty() { &self.stems } else { &self.instrumental };
        Excerpt::draw(repertoire, &[Part::Backing], SAMPLES, rng)?.tracks.pop()
    }

    /// Mostly the singer is silent for some short while, which a net must not bridge, for a longer one, or altogether (the
    /// band alone must not sound like her); sometimes somebody speaks meanwhile. The voice is the excerpt's first track.
    fn interrupt(&self, excerpt: &mut Excerpt, rng: &mut StdRng) {
        let moments = excerpt.moments.len();
        let kind: f32 = rng.random();
        if kind < 0.1 {
            excerpt.silence(0, 0, moments);
        } else if kind < 0.65 {
            for _ in 0..rng.random_range(2..6) {
                let count = rng.random_range(25..110);
                excerpt.silence(0, rng.random_range(0..moments - count), count);
            }
        } else if kind < 0.9 {
            let count = rng.random_range(50..400);
            let first = rng.random_range(0..moments - count);
            excerpt.silence(0, first, count);
            if rng.random_bool(0.12) && !self.speech.is_empty() {
                self.speak(excerpt, first, count, rng);
            }
        }
    }

    /// Puts speech where the singer is silent.
    fn speak(&self, excerpt: &mut Excerpt, first: usize, count: usize, rng: &mut StdRng) {
        let Some(Excerpt { tracks, moments }) = Excerpt::draw(&self.speech, &[Part::Backing], count * MOMENT, rng)
        else {
            return;
        };
        let gain =
            (rms(&excerpt.tracks[0]) / rms(&tracks[0]).max(1e-6)).min(20.0) * decibel(rng.random_range(-6.0..6.0));
        for (sample, speech) in excerpt.tracks[0][first * MOMENT..].iter_mut().zip(&tracks[0]) {
            *sample += speech * gain;
        }
        for (moment, speech) in excerpt.moments[first..].iter_mut().zip(moments) {
            *moment = Moment { weight: moment.weight.min(speech.weight), ..speech };
        }
    }
}

impl Scene {
    /// What a net with this front end hears, and what it should say `delay_frames` later.
    pub(super) fn heard(&self, front_end: &FrontEnd, outputs: usize, delay_frames: usize) -> Example {
        let mut frames = frames(&self.audio, front_end);
        let rows = front_end_rows(front_end);
        frames.truncate(rows * front_end.n_mels);
        let (mut target, mut weight) = (Vec::with_capacity(rows * outputs), Vec::with_capacity(rows * outputs));
        for row in 0..rows {
            let time_s = front_end.first_frame_s() + (row as f64 - delay_frames as f64) * front_end.hop_s();
            let moment = (time_s / MOMENT_S).max(0.0) as usize;
            for &(is, counts) in &self.truth[moment.min(self.truth.len() - 1)][..outputs] {
                target.push(is);
                weight.push(if row < delay_frames { 0.0 } else { counts });
            }
        }
        Example { frames, target, weight }
    }
}

/// Frames of a scene with this front end.
pub(super) fn front_end_rows(front_end: &FrontEnd) -> usize {
    MOMENTS * MOMENT / front_end.hop
}

/// Puts a take's tracks together, at some level, through some room and some mastering.
fn mixed(take: Take, rng: &mut StdRng) -> Scene {
    let Take { mut backing, mut voice, moments, instrumental } = take;
    let sum = backing.iter().zip(&voice).map(|(a, b)| (a + b).powi(2)).sum::<f32>();
    let gain = LEVEL / (sum / SAMPLES as f32).sqrt().max(1e-4);
    scale(&mut backing, gain);
    scale(&mut voice, gain);
    let plays: Vec<bool> = backing.chunks(MOMENT).take(MOMENTS).map(|chunk| rms(chunk) > AUDIBLE).collect();
    let truth = moments
        .iter()
        .zip(plays)
        .map(|(moment, plays)| {
            let is = |is: bool| f32::from(u8::from(is));
            let counts = match (instrumental, moment.speaks) {
                (true, _) => INSTRUMENTAL_WEIGHT,
                (false, true) if plays => SPEECH_OVER_MUSIC_WEIGHT,
                (false, true) => SPEECH_WEIGHT,
                (false, false) if !moment.sings => GAP_WEIGHT,
                (false, false) => 1.0,
            };
            let side = moment.weight * SIDE_WEIGHT;
            [(is(moment.sings), moment.weight * counts), (is(moment.speaks), side), (is(plays), SIDE_WEIGHT)]
        })
        .collect();
    let mut audio = backing;
    add(&mut audio, &voice);
    effects::room(&mut audio, rng);
    effects::master(&mut audio, rng);
    bring_to(&mut audio, LEVEL * decibel(rng.random_range(-22.0..14.0)));
    if rng.random_bool(0.5) {
        audio.iter_mut().for_each(|sample| *sample = sample.clamp(-1.0, 1.0));
    }
    Scene { audio, truth }
}

fn add(sum: &mut [f32], other: &[f32]) {
    sum.iter_mut().zip(other).for_each(|(sum, other)| *sum += other);
}

fn scale(audio: &mut [f32], gain: f32) {
    audio.iter_mut().for_each(|sample| *sample *= gain);
}

/// Brings audio to this RMS; silence stays silence.
fn bring_to(audio: &mut [f32], level: f32) {
    let is = rms(audio);
    if is > 1e-6 && level > 1e-6 {
        scale(audio, level / is);
    }
}

fn rms(audio: &[f32]) -> f32 {
    (audio.iter().map(|x| x * x).sum::<f32>() / audio.len().max(1) as f32).sqrt()
}

fn decibel(db: f32) -> f32 {
    10.0_f32.powf(db / 20.0)
}

/// The mel frames of `audio` at 16 kHz, by the plugin's own listener.
pub(super) fn frames(audio: &[f32], front_end: &FrontEnd) -> Vec<f32> {
    let mut frames = Vec::with_capacity((audio.len() / front_end.hop + 1) * front_end.n_mels);
    // The learners' front ends are consistent, so the listener cannot refuse them.
    if let Ok(mut listener) = Listener::new(SAMPLE_RATE_HZ as f64, std::slice::from_ref(front_end)) {
        listener.push(&[audio], |frame| frames.extend_from_slice(frame.mels));
        listener.finish(|frame| frames.extend_from_slice(frame.mels));
    }
    frames
}
