//! From the host's audio to mel frames, safely on the audio thread.
//!
//! [`Listener`] allocates everything when it is built; afterwards it only computes. Any slicing of the
//! same audio gives bit-identical frames: every resampled sample and every frame is a function of the
//! samples alone, never of where a block happened to end.

mod frontend;
mod mel;
mod resample;
mod shared;
mod spectrum;
mod stft;
mod sums;
mod translation;

pub use frontend::{FrontEnd, FrontEndError, Log, MAX_MELS, MelNorm, MelScale, Padding, Window};
pub use resample::Resampler;
pub use stft::MelStream;
pub use translation::Translation;

use std::ops::Range;

use stft::APART;

/// Host rates that are accepted, in Hz.
pub const HOST_RATES_HZ: std::ops::RangeInclusive<f64> = 1_000.0..=2_000_000.0;

/// Samples louder than this (linear, +24 dB re full scale) are clipped before analysis, so that a blown-up
/// plugin upstream cannot turn every later feature into infinity.
const LOUDEST: f32 = 16.0;

/// Below this (-300 dB re full scale) the sample counts as zero. The filters' smallest taps are about 1e-17 of their
/// largest, so that no product can become denormal, which would make them several times slower.
const QUIETEST: f32 = 1e-15;

/// Longest run of samples processed at once; bounds the scratch memory. The rates are served one after the other, so a
/// frame may be handed over after one of another front end that is known later, but by fewer samples than these.
pub const CHUNK: usize = 512;

/// Longest wait of a front end for another, in samples: 2 ms at 16 kHz. It also bounds the search for waits, whatever hops
/// the model files that somebody loads have.
const LONGEST_WAIT: usize = 32;

/// One mel frame on its way out of the listener.
#[derive(Debug, Clone, Copy)]
pub struct MelFrame<'a> {
    /// Which of the front ends the listener was built with.
    pub front_end: usize,
    /// Counts from 0 since the start (or the last reset).
    pub index: u64,
    /// Host samples heard when the frame was complete: the frame is known from this sample on.
    pub known_at: u64,
    /// Peak of the analysed signal (linear) over the frame's window.
    pub peak: f32,
    /// `n_mels` values in the front end's log domain.
    pub mels: &'a [f32],
}

/// Host audio in, mel frames of several front ends out. See the module's text for its promises.
pub struct Listener {
    mono: Vec<f32>,
    rates: Vec<Rate>,
}

/// All front ends that share a sample rate share one resampler.
struct Rate {
    sample_rate_hz: u32,
    resampler: Resampler,
    streams: Vec<(usize, MelStream)>,
}

impl Listener {
    /// A listener for audio at `host_rate_hz` that computes each of `front_ends`.
    ///
    /// # Errors
    /// A rate outside [`HOST_RATES_HZ`] or not finite, or a front end that contradicts itself.
    pub fn new(host_rate_hz: f64, front_ends: &[FrontEnd]) -> Result<Self, FrontEndError> {
        if !HOST_RATES_HZ.contains(&host_rate_hz) {
            return Err(FrontEndError::HostRate(host_rate_hz));
        }
        let mut rates: Vec<Rate> = Vec::new();
        for (index, front_end) in front_ends.iter().enumerate() {
            let stream = MelStream::new(front_end)?;
            let hz = front_end.sample_rate_hz;
            match rates.iter_mut().find(|rate| rate.sample_rate_hz == hz) {
                Some(rate) => rate.streams.push((index, stream)),
                None => rates.push(Rate {
                    sample_rate_hz: hz,
                    resampler: Resampler::new(host_rate_hz, f64::from(hz), CHUNK),
                    streams: vec![(index, stream)],
                }),
            }
        }
        rates.iter_mut().for_each(|rate| spread(&mut rate.streams));
        Ok(Self { mono: vec![0.0; CHUNK], rates })
    }

    /// Hears one planar block of any length; all channels have the same length. Hands each completed frame
    /// to `sink`. Real-time safe.
    pub fn push(&mut self, channels: &[&[f32]], sink: impl FnMut(MelFrame<'_>)) {
        let length = channels.iter().map(|channel| channel.len()).min().unwrap_or(0);
        self.push_part(channels, 0..length, sink);
    }

    /// The same for a part of the block. The part must lie inside every channel.
    pub fn push_part(&mut self, channels: &[&[f32]], part: Range<usize>, mut sink: impl FnMut(MelFrame<'_>)) {
        let gain = 1.0 / channels.len().max(1) as f32;
        let mut start = part.start;
        while start < part.end {
            let take = CHUNK.min(part.end - start);
            let mono = &mut self.mono[..take];
            mono.fill(0.0);
            for channel in channels {
                for (sum, &sample) in mono.iter_mut().zip(&channel[start..start + take]) {
                    *sum += sane(sample) * gain;
                }
            }
            for rate in &mut self.rates {
                let Rate { resampler, streams, .. } = rate;
                resampler.push(mono);
                serve(streams, resampler.latest(), |at| resampler.known_at(at), &mut sink);
            }
            start += take;
        }
    }

    /// Ends the audio: pads as each front end's definition says and hands out the frames that complete.
    /// [`Self::reset`] must follow before more audio.
    pub fn finish(&mut self, mut sink: impl FnMut(MelFrame<'_>)) {
        for rate in &mut self.rates {
            let Rate { resampler, streams, .. } = rate;
            let total = resampler.heard();
            resampler.finish(|samples| serve(streams, samples, |_| total, &mut sink));
            for (front_end, stream) in streams.iter_mut() {
                stream.finish(|index, peak, mels| {
                    sink(MelFrame { front_end: *front_end, index, known_at: total, peak, mels });
                });
            }
        }
    }

    /// Forgets everything heard. Real-time safe.
    pub fn reset(&mut self) {
        for rate in &mut self.rates {
            rate.resampler.reset();
            for (_, stream) in &mut rate.streams {
                stream.reset();
            }
        }
    }

    /// How long after the instant it speaks of a frame is known, in seconds: half a window and the resampler's
    /// delay. `None` for an unknown front end.
    #[must_use]
    pub fn delay_s(&self, front_end: usize) -> Option<f64> {
        self.rates.iter().find_map(|rate| {
            let (_, stream) = rate.streams.iter().find(|(index, _)| *index == front_end)?;
            Some(rate.resampler.delay_s() + stream.look_ahead_s())
        })
    }
}

/// Has frames of all streams but the first wait so that no two passes are nearer than [`APART`], where that can be.
fn spread(streams: &mut [(usize, MelStream)]) {
    let mut waits = vec![0];
    if place(streams, &mut waits) {
        streams.iter_mut().zip(waits).for_each(|((_, stream), wait)| stream.wait(wait));
    }
}

/// Finds the wait of every stream that has none in `waits` yet, in order, the shortest first; false if there are none.
fn place(streams: &[(usize, MelStream)], waits: &mut Vec<usize>) -> bool {
    let Some((_, new)) = streams.get(waits.len()) else { return true };
    for wait in 0..=LONGEST_WAIT {
        if streams.iter().zip(&*waits).all(|((_, stream), &other)| apart((new, wait), (stream, other))) {
            waits.push(wait);
            if place(streams, waits) {
                return true;
            }
            waits.pop();
        }
    }
    false
}

/// Whether passes of two streams, each with its wait, never fall on or near each other.
fn apart((a, a_wait): (&MelStream, usize), (b, b_wait): (&MelStream, usize)) -> bool {
    let period = common_divisor(a.hop(), b.hop());
    a.due().all(|a| {
        b.due().all(|b| {
            let distance = (a + a_wait).abs_diff(b + b_wait) % period;
            distance.min(period - distance) >= APART
        })
    })
}

fn common_divisor(a: usize, b: usize) -> usize {
    if b == 0 { a } else { common_divisor(b, a % b) }
}

/// Hands samples of one rate to its streams, from one pass of a frame to the next, so that frames come in the order of time
/// however many samples there are. `known_at` says when one of the samples was known.
fn serve(
    streams: &mut [(usize, MelStream)],
    samples: &[f32],
    known_at: impl Fn(usize) -> u64,
    sink: &mut impl FnMut(MelFrame<'_>),
) {
    let mut at = 0;
    while at < samples.len() {
        let until_pass = streams.iter().map(|(_, stream)| stream.until_pass()).min().unwrap_or(usize::MAX);
        let end = samples.len().min(at.saturating_add(until_pass));
        for (front_end, stream) in &mut *streams {
            stream.push(&samples[at..end], |index, peak, mels| {
                sink(MelFrame { front_end: *front_end, index, known_at: known_at(end - 1), peak, mels });
            });
        }
        at = end;
    }
}

/// The sample as the analysis sees it: finite, bounded, no denormals.
#[inline]
fn sane(sample: f32) -> f32 {
    let magnitude = sample.abs();
    let heard = (QUIETEST..f32::INFINITY).contains(&magnitude);
    if heard { sample.clamp(-LOUDEST, LOUDEST) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passes_of_the_plugins_front_ends_never_meet() {
        let front_ends = [FrontEnd::kaldi_fbank_80(), FrontEnd::ced_mel_64(), FrontEnd::musicnn_mel_96()];
        let listener = Listener::new(192_000.0, &front_ends).expect("the front ends are sound");
        let [Rate { streams, .. }] = listener.rates.as_slice() else { panic!("all hear 16 kHz") };
        let hops = streams.iter().map(|(_, stream)| stream.hop());
        let all = hops.clone().product::<usize>();
        let mut at: Vec<usize> = streams
            .iter()
            .flat_map(|(_, stream)| stream.due().flat_map(|due| (due % stream.hop()..all).step_by(stream.hop())))
            .collect();
        at.sort_unstable();
        let nearest = at.windows(2).map(|pair| pair[1] - pair[0]).min();
        assert!(nearest >= Some(APART), "{nearest:?} samples between two passes");
        let resampled_s = listener.rates[0].resampler.delay_s();
        for (index, front_end) in front_ends.iter().enumerate() {
            let alone_s = MelStream::new(front_end).expect("the front end is sound").look_ahead_s();
            let late_s = listener.delay_s(index).unwrap_or_default() - resampled_s - alone_s;
            assert!(
                (-1e-9..=LONGEST_WAIT as f64 / 16e3 + 1e-9).contains(&late_s),
                "front end {index} waits {late_s} s, which is too long"
            );
        }
    }
}
