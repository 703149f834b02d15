//! The front-end options that tagging systems are built on equal librosa's figures: mel and linear bands, bands by octaves,
//! dB with a fixed reference, cepstral coefficients and their slopes. `librosa/make.py` computed what is compared with.
//!
//! The reference of the dB is full scale and never a clip's own maximum, which no stream can know.

use std::f64::consts::TAU;
use std::path::Path;

use earmark::listen::{FrontEnd, Listener, Log, MelNorm, MelScale, Padding};

use crate::fixtures::{Vectors, noise, worst};

const RATE_HZ: u32 = 22_050;

fn reference() -> Vectors {
    Vectors::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/promises/librosa/frames.npz"))
}

/// A tone from 100 Hz to 6 kHz over quiet noise, one second.
fn signal() -> Vec<f32> {
    let length = RATE_HZ as usize;
    let tone = |at: usize| {
        let t = at as f64 / length as f64;
        0.5 * (TAU * (100.0 * t + 2950.0 * t * t)).sin()
    };
    noise(length, 7).iter().enumerate().map(|(at, &noise)| (tone(at) + 0.01 * f64::from(noise)) as f32).collect()
}

/// Every `every`th frame.
fn frames(front_end: FrontEnd, every: usize) -> Vec<f32> {
    let width = front_end.n_mels;
    let mut listener = Listener::new(f64::from(RATE_HZ), &[front_end]).expect("valid front end");
    let mut frames = Vec::new();
    listener.push(&[&signal()], |frame| frames.extend_from_slice(frame.mels));
    listener.finish(|frame| frames.extend_from_slice(frame.mels));
    frames.chunks_exact(width).step_by(every).flatten().copied().collect()
}

/// Bands of a centred transform of `n_fft`, 20 ms apart, in dB of power.
fn centred(n_fft: usize) -> FrontEnd {
    FrontEnd {
        sample_rate_hz: RATE_HZ,
        window_length: n_fft,
        n_fft,
        hop: 441,
        padding: Padding::Zero,
        log: Log::Decibel { floor: 1e-10 },
        ..FrontEnd::musicnn_mel_96()
    }
}

fn equals(name: &str, ours: &[f32]) {
    let error = worst(ours, &reference().values(name));
    println!("{name}: {error:.2e} dB");
    // librosa's transform is in single precision.
    assert!(error <= 2e-3, "{name}: {error}");
}

#[test]
fn mel_bands_in_db_equal_librosas() {
    equals("mel", &frames(FrontEnd { n_mels: 40, f_max_hz: 8_000.0, ..centred(512) }, 1));
    equals("wide", &frames(FrontEnd::wide_mel_128(), 1));
}

#[test]
fn bands_by_octaves_equal_triangles_on_librosas_spectrum() {
    let octaves = FrontEnd {
        n_mels: 84,
        f_min_hz: 55.0,
        f_max_hz: 7_040.0,
        mel_scale: MelScale::Octave,
        mel_norm: MelNorm::None,
        ..centred(2048)
    };
    equals("octave", &frames(octaves, 4));
}

#[test]
fn linear_bands_equal_triangles_on_librosas_spectrum() {
    let linear = FrontEnd {
        n_mels: 64,
        f_max_hz: 8_000.0,
        mel_scale: MelScale::Linear,
        mel_norm: MelNorm::None,
        ..centred(512)
    };
    equals("linear", &frames(linear, 4));
}

#[cfg(feature = "cli")]
#[test]
fn cepstral_coefficients_and_their_slopes_equal_librosas() {
    let mut mfcc = earmark::study::features::Mfcc::default();
    reference().values("levels").chunks_exact(128).for_each(|frame| mfcc.push(frame));
    let ours = mfcc.statistics().expect("enough frames");
    let theirs = reference().values("mfcc");
    let scale = theirs.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
    let error = worst(&ours, &theirs);
    println!("mfcc: {error:.2e} of {scale:.0}");
    assert!(error <= 1e-5 * scale, "{error}");
}

#[test]
fn bands_by_octaves_need_a_lowest_frequency() {
    let front_end = FrontEnd { mel_scale: MelScale::Octave, ..centred(512) };
    let refused = front_end.check().expect_err("starts at 0 Hz").to_string();
    assert!(refused.contains("f_min_hz"), "{refused}");
}
