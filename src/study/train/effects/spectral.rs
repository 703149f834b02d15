//! Effects on short spectra: the robot's constant pitch, and the smear of a low bit rate.

use rand::Rng;
use rand::rngs::StdRng;
use realfft::RealFftPlanner;
use realfft::num_complex::Complex32;

use super::tools::{RATE_HZ, log_uniform};

/// Bins of a codec's band; wider bands at higher frequencies, as in the scale factor bands of MP3.
const BAND_GROWTH: usize = 8;

/// Speaks on one note: every frame's phases are set to zero, so that each becomes a pulse with the frame's spectrum.
pub(super) fn robot(audio: &mut [f32], rng: &mut StdRng) {
    let hop = (RATE_HZ / log_uniform(rng, 70.0..240.0)) as usize;
    in_frames(audio, 512, hop, |spectrum| {
        for (bin, value) in spectrum.iter_mut().enumerate() {
            // Half a frame later than phase zero, which is at the frame's middle.
            *value = Complex32::from(value.norm() * if bin % 2 == 0 { 1.0 } else { -1.0 });
        }
    });
}

/// A coarse grid over the spectrum, finer where a band is loud, and no highest band: lossy coding at a low rate.
pub(super) fn codec(audio: &mut [f32], rng: &mut StdRng) {
    let step = log_uniform(rng, 0.4..1.8);
    let inaudible = log_uniform(rng, 1e-4..3e-2);
    let last_hz = if rng.random_bool(0.5) { rng.random_range(3_000.0..7_500.0) } else { RATE_HZ };
    const SIZE: usize = 512;
    let last_bin = (last_hz / RATE_HZ * SIZE as f32) as usize;
    in_frames(audio, SIZE, SIZE / 2, |spectrum| {
        let loudest = spectrum.iter().fold(0.0_f32, |loudest, value| loudest.max(value.norm_sqr())).sqrt();
        let mut first = 0;
        while first < spectrum.len() {
            let end = (first + 4 + first / BAND_GROWTH).min(spectrum.len());
            let band = &mut spectrum[first..end];
            let power = band.iter().map(Complex32::norm_sqr).sum::<f32>() / band.len() as f32;
            let grid = step * power.sqrt();
            if first > last_bin || grid <= loudest * inaudible || grid < 1e-9 {
                band.fill(Complex32::default());
            } else {
                let round = |x: f32| (x / grid).round() * grid;
                band.iter_mut().for_each(|value| *value = Complex32::new(round(value.re), round(value.im)));
            }
            first = end;
        }
    });
}

/// Changes the spectrum of overlapping frames of `size` samples, `hop` apart, and adds them up again where they were.
fn in_frames(audio: &mut [f32], size: usize, hop: usize, mut change: impl FnMut(&mut [Complex32])) {
    let mut planner = RealFftPlanner::<f32>::new();
    let (forward, backward) = (planner.plan_fft_forward(size), planner.plan_fft_inverse(size));
    // A sine over the frame, before and after: squared and half a frame apart, it adds up to one.
    let window: Vec<f32> = (0..size).map(|n| ((n as f32 + 0.5) * std::f32::consts::PI / size as f32).sin()).collect();
    let scale = 2.0 * hop as f32 / (size * size) as f32;
    let (mut frame, mut spectrum) = (forward.make_input_vec(), forward.make_output_vec());
    let mut scratch = vec![Complex32::default(); forward.get_scratch_len().max(backward.get_scratch_len())];
    // Silence of half a frame on both sides, so that the ends lie under whole windows too.
    let margin = size / 2;
    let mut padded = vec![0.0; margin];
    padded.extend_from_slice(audio);
    padded.resize(margin + audio.len() + size, 0.0);
    let mut sum = vec![0.0_f32; padded.len()];
    for start in (0..=padded.len() - size).step_by(hop) {
        let windowed = padded[start..start + size].iter().zip(&window).map(|(x, w)| x * w);
        frame.iter_mut().zip(windowed).for_each(|(slot, x)| *slot = x);
        // Lengths are the planner's own and the ends of the spectrum are made real, so neither transform can fail.
        let known = forward.process_with_scratch(&mut frame, &mut spectrum, &mut scratch);
        debug_assert!(known.is_ok());
        change(&mut spectrum);
        spectrum[0].im = 0.0;
        spectrum[size / 2].im = 0.0;
        let made = backward.process_with_scratch(&mut spectrum, &mut frame, &mut scratch);
        debug_assert!(made.is_ok());
        for ((sum, x), w) in sum[start..start + size].iter_mut().zip(&frame).zip(&window) {
            *sum += x * w * scale;
        }
    }
    audio.copy_from_slice(&sum[margin..margin + audio.len()]);
}
