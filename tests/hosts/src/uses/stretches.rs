//! Where a voice sings and where it does not, and how loud audio is there.

use crate::report::Span;
use earmark::study::lab::{Kind, Labels};

/// After a voice has come, what Earmark drives is on its way for so long: it knows the voice a little later than it
/// sounds, is sure of it another 20 ms later, and the attack takes 60 ms.
const COMING_S: f64 = 0.3;
/// After a voice has gone: the same, 250 ms of hold, 250 ms of release, and the compressor's or the reverb's own.
const GOING_S: f64 = 1.0;
/// A rest is shorter than nothing that can be measured.
const LEAST_S: f64 = 0.1;

/// Where everything has settled, in seconds.
#[derive(Clone, Debug, PartialEq)]
pub struct Stretches {
    /// The voice has been there for 0.3 s at least.
    pub sung: Vec<Span>,
    /// The voice has been away for 1 s at least.
    pub unsung: Vec<Span>,
}

impl Stretches {
    /// What the labels say, without what lies just after each change.
    pub fn of(labels: &Labels) -> Self {
        let settled = |kind, after_s: f64| {
            let spans = labels.of_kind(kind).into_iter();
            let spans = spans.map(|span| Span { start_s: span.start_s + after_s, end_s: span.end_s });
            spans.filter(|span| span.end_s - span.start_s >= LEAST_S).collect()
        };
        Self { sung: settled(Kind::Sing, COMING_S), unsung: settled(Kind::NoSing, GOING_S) }
    }
}

/// Total length in seconds.
pub fn length_s(stretches: &[Span]) -> f64 {
    stretches.iter().map(|span| span.end_s - span.start_s).sum()
}

/// Energy of audio over stretches of it, of one song or several.
#[derive(Clone, Copy, Debug, Default)]
pub struct Loudness {
    energy: f64,
    samples: usize,
}

impl Loudness {
    /// Adds these stretches of every channel.
    pub fn add(&mut self, audio: &[Vec<f32>], stretches: &[Span], rate_hz: f64) {
        for channel in audio {
            for span in stretches {
                let at = |seconds: f64| ((seconds * rate_hz) as usize).min(channel.len());
                let samples = &channel[at(span.start_s)..at(span.end_s)];
                self.energy += samples.iter().map(|sample| f64::from(*sample).powi(2)).sum::<f64>();
                self.samples += samples.len();
            }
        }
    }

    /// The level in dB re full scale (root mean square); minus infinity for silence.
    pub fn db(&self) -> f64 {
        10.0 * (self.energy / self.samples.max(1) as f64).log10()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_settled_stretches_count() {
        let labels = Labels::parse("0 2 nosing\n2 2.35 sing\n2.35 3.3 nosing\n3.3 5.3 sing\n").unwrap();
        let Stretches { sung, unsung } = Stretches::of(&labels);
        assert_eq!(unsung, [Span { start_s: 1.0, end_s: 2.0 }]);
        assert_eq!(sung, [Span { start_s: 3.3 + COMING_S, end_s: 5.3 }]);
        assert!((length_s(&sung) - 1.7).abs() < 1e-9);
    }

    #[test]
    fn a_level_is_that_of_its_stretches() {
        let audio = [[[0.5; 100], [0.05; 100]].concat()];
        let level_db = |audio: &[Vec<f32>], start_s, end_s| {
            let mut loudness = Loudness::default();
            loudness.add(audio, &[Span { start_s, end_s }], 100.0);
            loudness.db()
        };
        assert!((level_db(&audio, 0.0, 1.0) + 6.02).abs() < 0.01);
        assert!((level_db(&audio, 1.0, 2.0) + 26.02).abs() < 0.01);
        assert_eq!(level_db(&[vec![0.0; 100]], 0.0, 1.0), f64::NEG_INFINITY);
    }
}
