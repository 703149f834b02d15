//! A reverb with a send that is automated: combs in parallel and all-passes in series (Schroeder, "Natural sounding
//! artificial reverberation", J. Audio Eng. Soc. 10, 1962).

use crate::Audio;

/// Delays of the combs in seconds, and of the all-passes; the right channel's are a little longer.
const COMBS_S: [f64; 4] = [0.0297, 0.0371, 0.0411, 0.0437];
const ALL_PASSES_S: [f64; 2] = [0.005, 0.0017];
const SPREAD_S: f64 = 0.0005;
/// The sound falls by 60 dB in so many seconds.
const DECAY_S: f64 = 0.8;
/// Gain of an all-pass.
const ALL_PASS: f32 = 0.7;
/// The send moves to a new value with this time constant, as effects smooth a controller's 128 steps.
const SMOOTHING_S: f64 = 0.1;

/// What the reverb gives back of `audio` when its send stands at the values of `sends` (samples since the start, gain
/// 0..1, in order), open before the first.
pub fn returned(audio: &Audio, sends: &[(u64, f32)], rate_hz: f64) -> Audio {
    let channels = audio.iter().enumerate();
    channels.map(|(index, channel)| one(channel, sends, index as f64 * SPREAD_S, rate_hz)).collect()
}

fn one(channel: &[f32], sends: &[(u64, f32)], longer_s: f64, rate_hz: f64) -> Vec<f32> {
    let samples = |seconds: f64| ((seconds + longer_s) * rate_hz).round().max(1.0) as usize;
    let mut combs = COMBS_S.map(|delay_s| {
        let feedback = 10.0_f64.powf(-3.0 * (delay_s + longer_s) / DECAY_S) as f32;
        (Line::new(samples(delay_s)), feedback)
    });
    let mut all_passes = ALL_PASSES_S.map(|delay_s| Line::new(samples(delay_s)));
    let follow = 1.0 - (-1.0 / (SMOOTHING_S * rate_hz)).exp() as f32;
    let (mut next, mut target, mut send) = (0, 1.0, 1.0);
    let out = channel.iter().enumerate().map(|(now, sample)| {
        while let Some((_, value)) = sends.get(next).filter(|(time, _)| *time <= now as u64) {
            target = *value;
            next += 1;
        }
        send += (target - send) * follow;
        let mut sound = 0.0;
        for (line, feedback) in &mut combs {
            let back = line.oldest();
            line.push(send * sample + *feedback * back);
            sound += back / COMBS_S.len() as f32;
        }
        for line in &mut all_passes {
            let back = line.oldest();
            let kept = sound + ALL_PASS * back;
            line.push(kept);
            sound = back - ALL_PASS * kept;
        }
        sound
    });
    out.collect()
}

/// A delay of a fixed length.
struct Line {
    samples: Vec<f32>,
    at: usize,
}

impl Line {
    fn new(length: usize) -> Self {
        Self { samples: vec![0.0; length], at: 0 }
    }

    fn oldest(&self) -> f32 {
        self.samples[self.at]
    }

    fn push(&mut self, sample: f32) {
        self.samples[self.at] = sample;
        self.at = (self.at + 1) % self.samples.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sound_decays_and_a_closed_send_is_silent() {
        const RATE_HZ: f64 = 8000.0;
        let mut click = vec![0.0; 16_000];
        click[0] = 1.0;
        let open = returned(&vec![click.clone()], &[], RATE_HZ);
        let energy = |from: usize| open[0][from..from + 1600].iter().map(|sample| sample * sample).sum::<f32>();
        // A fifth of a second further on, 60 dB in 0.8 s are 15 dB.
        let fall_db = 10.0 * (energy(1600) / energy(3200)).log10();
        assert!((10.0..20.0).contains(&fall_db), "{fall_db} dB");
        click.rotate_right(8000);
        let closed = returned(&vec![click], &[(0, 0.0)], RATE_HZ);
        assert!(closed[0].iter().all(|sample| sample.abs() < 1e-3));
    }
}
