use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::tools::{RATE_HZ, decibel, rms};
use super::{distortion, dynamics, master, modulation, pitch, room, space, spectral, tone, vocoder, voice};

/// A name for the message when a test fails, and the effect.
type Named = (&'static str, super::Effect);

/// Effects in which the dry waveform can be found again.
const SAME_WAVEFORM: [Named; 13] = [
    ("harmonise", pitch::harmonise),
    ("drive", distortion::drive),
    ("crush", distortion::crush),
    ("telephone", distortion::telephone),
    ("squeeze", dynamics::squeeze),
    ("chorus", modulation::chorus),
    ("flanger", modulation::flanger),
    ("tremolo", modulation::tremolo),
    ("chop", modulation::chop),
    ("echo", space::echo),
    ("reverb", space::reverb),
    ("short reverb", space::short_reverb),
    ("codec", spectral::codec),
];
/// Effects that leave only the loudness to show a delay.
const SAME_LOUDNESS: [Named; 3] = [("shift", pitch::shift), ("robot", spectral::robot), ("ring", modulation::ring)];
const OTHERS: [Named; 9] = [
    ("vocode", vocoder::vocode),
    ("equalise", tone::equalise),
    ("tilt", tone::tilt),
    ("band limits", tone::band_limits),
    ("glue", dynamics::glue),
    ("soft clip", dynamics::soft_clip),
    ("noise floor", tone::noise_floor),
    ("room", room),
    ("master", master),
];

fn all() -> impl Iterator<Item = Named> {
    SAME_WAVEFORM.into_iter().chain(SAME_LOUDNESS).chain(OTHERS).chain([("voice", voice as super::Effect)])
}

/// White noise in bursts of 70 ms at irregular distances.
fn bursts(length: usize) -> Vec<f32> {
    let mut rng = StdRng::seed_from_u64(1);
    let mut audio = vec![0.0; length];
    let mut begin = 800;
    while begin + 1_120 < length {
        audio[begin..begin + 1_120].fill_with(|| rng.random_range(-0.5..0.5));
        begin += rng.random_range(2_000..5_000);
    }
    audio
}

/// Something like singing: harmonics with vibrato, in syllables.
fn sung(length: usize) -> Vec<f32> {
    let mut phase = 0.0_f32;
    (0..length)
        .map(|n| {
            let time_s = n as f32 / RATE_HZ;
            phase += (220.0 + 6.0 * (35.0 * time_s).sin()) / RATE_HZ;
            let syllable = (time_s * 2.5).fract();
            let loudness = if syllable < 0.7 { (syllable * 20.0).min(1.0) } else { 0.0 };
            let harmonics = (1..20).map(|order| (std::f32::consts::TAU * phase * order as f32).sin() / order as f32);
            0.2 * loudness * harmonics.sum::<f32>()
        })
        .collect()
}

/// By how much `wet` follows `dry`, found where the two resemble each other most.
fn lag(dry: &[f32], wet: &[f32], reach: isize) -> isize {
    let likeness = |lag: isize| {
        let inner = reach as usize..dry.len() - reach as usize;
        inner.map(|n| f64::from(dry[n]) * f64::from(wet[n.wrapping_add_signed(lag)])).sum::<f64>().abs()
    };
    (-reach..=reach).max_by(|&a, &b| likeness(a).total_cmp(&likeness(b))).unwrap_or(0)
}

/// Loudness per millisecond, without its mean.
fn loudness(audio: &[f32]) -> Vec<f32> {
    let mut loudness: Vec<f32> = audio.chunks(16).map(rms).collect();
    let mean = loudness.iter().sum::<f32>() / loudness.len() as f32;
    loudness.iter_mut().for_each(|x| *x -= mean);
    loudness
}

#[test]
fn every_effect_keeps_length_and_stays_finite() {
    let mut rng = StdRng::seed_from_u64(2);
    let noise: Vec<f32> = (0..8_000).map(|_| if rng.random() { 1.0 } else { -1.0 }).collect();
    let mut impulse = vec![0.0; 8_000];
    impulse[3_000] = 1.0;
    for (name, effect) in all() {
        for (signal, dry) in [("silence", &vec![0.0; 8_000]), ("noise", &noise), ("impulse", &impulse)] {
            for seed in 0..6 {
                let mut wet = dry.clone();
                effect(&mut wet, &mut StdRng::seed_from_u64(seed));
                assert!(wet.iter().all(|x| x.is_finite() && x.abs() < 1e3), "{name} of {signal}, seed {seed}");
            }
        }
        for length in [0, 1, 100] {
            effect(&mut vec![0.5; length], &mut StdRng::seed_from_u64(3));
        }
    }
}

#[test]
fn a_silent_voice_stays_silent() {
    for seed in 0..60 {
        let mut audio = vec![0.0; 4_000];
        voice(&mut audio, &mut StdRng::seed_from_u64(seed));
        assert!(rms(&audio) < decibel(-120.0), "seed {seed}");
    }
}

#[test]
fn the_same_seed_gives_the_same_bits() {
    let dry = sung(8_000);
    for (name, effect) in all() {
        let [first, second] = [(); 2].map(|()| {
            let mut wet = dry.clone();
            effect(&mut wet, &mut StdRng::seed_from_u64(7));
            wet.iter().map(|x| x.to_bits()).collect::<Vec<_>>()
        });
        assert_eq!(first, second, "{name}");
    }
}

#[test]
fn the_direct_sound_is_not_delayed() {
    let dry = bursts(16_000);
    for (name, effect) in SAME_WAVEFORM {
        for seed in 0..4 {
            let mut wet = dry.clone();
            effect(&mut wet, &mut StdRng::seed_from_u64(seed));
            let lag = lag(&dry, &wet, 480);
            assert!(lag.abs() <= 80, "{name}, seed {seed}: {lag} samples");
        }
    }
}

#[test]
fn loudness_is_not_delayed() {
    let dry = bursts(48_000);
    for (name, effect) in SAME_LOUDNESS {
        for seed in 0..8 {
            let mut wet = dry.clone();
            effect(&mut wet, &mut StdRng::seed_from_u64(seed));
            let lag_ms = lag(&loudness(&dry), &loudness(&wet), 40);
            assert!(lag_ms.abs() <= 5, "{name}, seed {seed}: {lag_ms} ms");
        }
    }
}

#[test]
fn the_chop_never_silences_longer_than_labels_allow() {
    for seed in 0..20 {
        let mut audio = vec![1.0; 16_000];
        modulation::chop(&mut audio, &mut StdRng::seed_from_u64(seed));
        let longest = audio.split(|&x| x > 0.3).map(<[f32]>::len).max().unwrap_or(0);
        assert!(longest <= 16 * 60, "seed {seed}: {longest} samples");
    }
}

#[test]
fn a_voice_leaves_as_loud_as_it_came() {
    let dry = sung(16_000);
    for seed in 0..100 {
        let mut wet = dry.clone();
        voice(&mut wet, &mut StdRng::seed_from_u64(seed));
        let gain = rms(&wet) / rms(&dry);
        assert!((decibel(-6.0)..decibel(6.0)).contains(&gain), "seed {seed}: factor {gain}");
    }
}

#[test]
fn about_half_of_the_voices_stay_as_they_are() {
    let dry = sung(800);
    let same = (0..400).filter(|&seed| {
        let mut wet = dry.clone();
        voice(&mut wet, &mut StdRng::seed_from_u64(seed));
        wet == dry
    });
    assert!((140..220).contains(&same.count()));
}
