//! Audio files as a host's input.

use crate::Audio;
use anyhow::{Context, Result, anyhow};
use earmark::study::decode;
use rubato::audioadapter::Adapter;
use rubato::audioadapter_buffers::direct::SequentialSliceOfVecs;
use rubato::{Async, FixedAsync, Resampler, SincInterpolationParameters, SincInterpolationType, WindowFunction};
use std::path::Path;

/// An audio file in memory.
pub struct Source {
    /// One or two channels.
    pub audio: Audio,
    /// Samples per second.
    pub rate_hz: f64,
    /// What is odd about the file, one line each.
    pub notices: Vec<String>,
}

/// Reads a file. Mono stays mono and stereo stereo; more channels become the mean of all, on both sides.
///
/// # Errors
/// One line that names the file and the remedy.
pub fn read(path: &Path) -> Result<Source> {
    decoded(path).with_context(|| path.display().to_string())
}

fn decoded(path: &Path) -> Result<Source> {
    let mut file = decode::open(path)?;
    let mut audio = vec![Vec::new(); file.channels.min(2)];
    let mut block = Vec::new();
    while file.next_block(&mut block)? {
        if let [mono] = &mut audio[..] {
            mono.extend_from_slice(&block[0]);
        } else if block.len() == 2 {
            audio.iter_mut().zip(&block).for_each(|(channel, samples)| channel.extend_from_slice(samples));
        } else {
            let mean = |frame| block.iter().map(|channel| channel[frame]).sum::<f32>() / block.len() as f32;
            let samples: Vec<f32> = (0..block[0].len()).map(mean).collect();
            audio.iter_mut().for_each(|channel| channel.extend_from_slice(&samples));
        }
    }
    Ok(Source { audio, rate_hz: file.sample_rate_hz, notices: file.notices() })
}

/// Mono on both sides; stereo as it is.
pub fn stereo(mut audio: Audio) -> Audio {
    if let [mono] = &audio[..] {
        audio.push(mono.clone());
    }
    audio
}

/// The same audio at another rate.
///
/// # Errors
/// The rates are too far apart.
pub fn resample(audio: &Audio, from_hz: f64, to_hz: f64) -> Result<Audio> {
    const CHUNK_FRAMES: usize = 1024;
    let frames = audio.first().map_or(0, Vec::len);
    if from_hz == to_hz || frames == 0 {
        return Ok(audio.clone());
    }
    let failed = |error: &dyn std::fmt::Display| anyhow!("cannot resample from {from_hz} to {to_hz} Hz: {error}");
    let parameters = SincInterpolationParameters {
        sinc_len: 256,
        f_cutoff: None,
        oversampling_factor: 256,
        interpolation: SincInterpolationType::Cubic,
        window: WindowFunction::BlackmanHarris2,
    };
    let ratio = to_hz / from_hz;
    let mut resampler = Async::<f32>::new_sinc(ratio, 1.0, &parameters, CHUNK_FRAMES, audio.len(), FixedAsync::Input)
        .map_err(|error| failed(&error))?;
    let input = SequentialSliceOfVecs::new(audio, audio.len(), frames).map_err(|error| failed(&error))?;
    let output = resampler.process_all(&input, frames, None).map_err(|error| failed(&error))?;
    let channel = |index| {
        let mut samples = vec![0.0; output.frames()];
        output.copy_from_channel_to_slice(index, 0, &mut samples);
        samples
    };
    Ok((0..audio.len()).map(channel).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_keeps_its_pitch_level_and_place_at_another_rate() {
        let tone = |rate: f64| -> Vec<f32> {
            (0..rate as usize).map(|n| (std::f64::consts::TAU * 110.0 * n as f64 / rate).sin() as f32).collect()
        };
        for to_hz in [22050.0, 48000.0, 96000.0] {
            let resampled = resample(&vec![tone(44100.0)], 44100.0, to_hz).unwrap();
            let wanted = tone(to_hz);
            assert!(resampled[0].len().abs_diff(wanted.len()) <= 1);
            let middle = wanted.len() / 4..wanted.len() / 2;
            let worst = middle.map(|n| (resampled[0][n] - wanted[n]).abs()).fold(0.0, f32::max);
            // A shift by one sample at 22050 Hz is 0.03.
            assert!(worst < 0.04, "{to_hz} Hz: off by {worst}");
        }
    }
}
