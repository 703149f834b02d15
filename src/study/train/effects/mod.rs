//! What studios do to voices and mixes, at random, so that a net hears past it.
//!
//! All effects work in place at 16 kHz. They keep length and alignment: the direct sound is never delayed, because the
//! labels stand per frame. The same generator state gives the same bits.

mod distortion;
mod dynamics;
mod modulation;
mod pitch;
mod space;
mod spectral;
mod tone;
mod tools;
mod vocoder;

#[cfg(test)]
mod tests;

use rand::Rng;
use rand::rngs::StdRng;

use tools::{level, rms};

/// Changes audio in place by its own random settings.
type Effect = fn(&mut [f32], &mut StdRng);

/// Shares of voices with so many effects, from none up.
const CHAIN_SHARES: [f32; 4] = [0.45, 0.25, 0.2, 0.1];
/// Share of the changed voices that go through the vocoder; 0.12 of all.
const VOCODER_SHARE: f64 = 0.22;
const ROOM_SHARE: f64 = 0.15;

/// Effects for a voice besides the vocoder, in the order of the signal path, with how often each is drawn relative to
/// the others.
const VOICE: [(Effect, f32); 14] = [
    (pitch::shift, 0.4),
    (pitch::harmonise, 1.2),
    (spectral::robot, 0.4),
    (modulation::ring, 0.5),
    (distortion::drive, 1.0),
    (distortion::crush, 0.6),
    (distortion::telephone, 0.8),
    (dynamics::squeeze, 1.2),
    (modulation::chorus, 1.4),
    (modulation::flanger, 0.6),
    (modulation::tremolo, 0.4),
    (modulation::chop, 0.6),
    (space::echo, 1.4),
    (space::reverb, 2.0),
];

/// Effects for a whole mix, in the order of the signal path, with their probabilities.
const MASTER: [(Effect, f64); 6] = [
    (tone::equalise, 0.5),
    (tone::tilt, 0.3),
    (dynamics::glue, 0.3),
    (dynamics::soft_clip, 0.15),
    (tone::band_limits, 0.25),
    (spectral::codec, 0.15),
];
const NOISE_SHARE: f64 = 0.3;

/// Up to three production effects on a voice at 16 kHz. Its level (RMS) stays.
pub(super) fn voice(audio: &mut [f32], rng: &mut StdRng) {
    let wanted = rms(audio);
    let mut draw: f32 = rng.random();
    let mut count = 0;
    while count + 1 < CHAIN_SHARES.len() && draw >= CHAIN_SHARES[count] {
        draw -= CHAIN_SHARES[count];
        count += 1;
    }
    if count == 0 {
        return;
    }
    if rng.random_bool(VOCODER_SHARE) {
        vocoder::vocode(audio, rng);
        count -= 1;
    }
    let mut weights = VOICE.map(|(_, weight)| weight);
    let mut chosen = [false; VOICE.len()];
    for _ in 0..count {
        let mut draw = rng.random_range(0.0..weights.iter().sum());
        // Rounding may leave the draw beyond the last weight.
        let index = weights.iter().position(|weight| {
            draw -= weight;
            draw < 0.0
        });
        let index = index.unwrap_or(VOICE.len() - 1);
        weights[index] = 0.0;
        chosen[index] = true;
    }
    for ((effect, _), _) in VOICE.iter().zip(chosen).filter(|(_, chosen)| *chosen) {
        effect(audio, rng);
    }
    level(audio, wanted);
}

/// Sometimes a short reverb over a whole mix at 16 kHz. Its level (RMS) stays.
pub(super) fn room(audio: &mut [f32], rng: &mut StdRng) {
    if rng.random_bool(ROOM_SHARE) {
        let wanted = rms(audio);
        space::short_reverb(audio, rng);
        level(audio, wanted);
    }
}

/// Equalisers, band limits, compression, lossy coding and noise on a whole mix at 16 kHz, each now and then. The level
/// (RMS) stays, but for the noise; peaks may pass full scale.
pub(super) fn master(audio: &mut [f32], rng: &mut StdRng) {
    let wanted = rms(audio);
    for (effect, share) in MASTER {
        if rng.random_bool(share) {
            effect(audio, rng);
        }
    }
    level(audio, wanted);
    if rng.random_bool(NOISE_SHARE) {
        tone::noise_floor(audio, rng);
    }
}
