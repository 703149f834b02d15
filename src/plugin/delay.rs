//! A delay line for `align`: the audio waits until what is known of it can be said on it.

/// Delays one channel by a fixed number of samples.
pub(super) struct Delay {
    line: Vec<f32>,
    at: usize,
}

impl Delay {
    /// Delays by `samples`; 0 = not at all.
    pub(super) fn new(samples: usize) -> Self {
        Self { line: vec![0.0; samples], at: 0 }
    }

    /// Replaces `samples` by those of `line.len()` samples ago. Copies bits, computes nothing.
    pub(super) fn process(&mut self, samples: &mut [f32]) {
        if self.line.is_empty() {
            return;
        }
        for sample in samples {
            std::mem::swap(sample, &mut self.line[self.at]);
            self.at = if self.at + 1 == self.line.len() { 0 } else { self.at + 1 };
        }
    }

    /// Forgets what waits.
    pub(super) fn reset(&mut self) {
        self.line.fill(0.0);
    }
}
