//! One front end as a stream: samples in, a mel frame at each hop.

use std::sync::Arc;

use realfft::num_complex::Complex64;
use realfft::{RealFftPlanner, RealToComplex};

use super::frontend::{FrontEnd, FrontEndError, Padding, Window};
use super::mel::{MelBank, eight_bit};
use super::shared::Shared;
use super::sums::mean;

/// The tables of each front end.
static TABLES: Shared<FrontEnd, Tables> = Shared::new();

/// Samples of one rate to the mel frames of one front end. Computes in `f64`: next to a loud band a single
/// precision FFT loses the quiet ones, and the logarithm shows it.
pub struct MelStream {
    tables: Arc<Tables>,
    front_end: FrontEnd,
    /// Samples padded before the first (centred front ends).
    lead: usize,
    /// The latest samples, padding included; frame `next` starts at `start`.
    samples: Vec<f32>,
    filled: usize,
    next: u64,
    started: bool,
    frame: Vec<f64>,
    spectrum: Vec<Complex64>,
    power: Vec<f64>,
    scratch: Vec<Complex64>,
    mels: Vec<f32>,
}

/// What frames are made with.
struct Tables {
    fft: Arc<dyn RealToComplex<f64>>,
    bank: MelBank,
    window: Vec<f64>,
}

impl Tables {
    fn new(front_end: &FrontEnd) -> Self {
        let fft = RealFftPlanner::new().plan_fft_forward(front_end.n_fft);
        Self { fft, bank: MelBank::new(front_end), window: window(front_end) }
    }
}

impl MelStream {
    /// A stream with all its memory.
    ///
    /// # Errors
    /// If the front end contradicts itself.
    pub fn new(front_end: &FrontEnd) -> Result<Self, FrontEndError> {
        front_end.check()?;
        let tables = TABLES.get(front_end, || Tables::new(front_end));
        let lead = match front_end.padding {
            Padding::Snip => 0,
            Padding::Reflect | Padding::Zero => front_end.n_fft / 2,
        };
        let mut stream = Self {
            lead,
            samples: vec![0.0; front_end.window_length + lead + 2],
            filled: 0,
            next: 0,
            started: false,
            frame: tables.fft.make_input_vec(),
            spectrum: tables.fft.make_output_vec(),
            power: vec![0.0; front_end.n_fft / 2 + 1],
            scratch: tables.fft.make_scratch_vec(),
            mels: vec![0.0; front_end.n_mels],
            front_end: front_end.clone(),
            tables,
        };
        stream.reset();
        Ok(stream)
    }

    /// Forgets everything heard.
    pub fn reset(&mut self) {
        self.samples.fill(0.0);
        self.filled = self.lead;
        self.next = 0;
        self.started = self.front_end.padding != Padding::Reflect;
    }

    /// Seconds of signal a frame needs after the instant it speaks of.
    #[must_use]
    pub fn look_ahead_s(&self) -> f64 {
        let samples = match self.front_end.padding {
            Padding::Snip => self.front_end.window_length - self.front_end.window_length / 2,
            Padding::Reflect | Padding::Zero => self.lead,
        };
        samples as f64 / f64::from(self.front_end.sample_rate_hz)
    }

    /// How many more samples complete the next frame, at least one.
    pub fn until_frame(&self) -> usize {
        // The mirror needs the sample one beyond the pad before the first frame can be formed.
        let wanted = if self.started { self.front_end.window_length } else { 2 * self.lead + 1 };
        wanted - self.filled
    }

    /// Hears at most [`Self::until_frame`] samples; hands `(index, peak, mels)` of the frame that they complete, if any, to
    /// `sink`.
    pub fn push(&mut self, samples: &[f32], mut sink: impl FnMut(u64, f32, &[f32])) {
        let complete = samples.len() == self.until_frame();
        self.samples[self.filled..self.filled + samples.len()].copy_from_slice(samples);
        self.filled += samples.len();
        if !complete {
            return;
        }
        if !self.started {
            self.start();
        }
        while self.filled >= self.front_end.window_length {
            self.emit(&mut sink);
        }
    }

    /// Pads the end as the front end says and hands out the frames that complete.
    pub fn finish(&mut self, mut sink: impl FnMut(u64, f32, &[f32])) {
        if self.front_end.padding == Padding::Snip {
            return;
        }
        if !self.started {
            // Shorter than the pad: mirror what is there, zeros beyond it.
            self.start();
            while self.filled >= self.front_end.window_length {
                self.emit(&mut sink);
            }
        }
        let last = self.filled;
        for i in 0..self.lead {
            let mirrored = last.checked_sub(i + 2).map_or(0.0, |at| self.samples[at]);
            let sample = if self.front_end.padding == Padding::Reflect { mirrored } else { 0.0 };
            if self.filled == self.samples.len() {
                return;
            }
            self.samples[self.filled] = sample;
            self.filled += 1;
        }
        while self.filled >= self.front_end.window_length {
            self.emit(&mut sink);
        }
    }

    fn start(&mut self) {
        let lead = self.lead;
        for i in 0..lead {
            self.samples[lead - 1 - i] = self.samples[lead + 1 + i];
        }
        self.started = true;
    }

    fn emit(&mut self, sink: &mut impl FnMut(u64, f32, &[f32])) {
        let FrontEnd { window_length, hop, .. } = self.front_end;
        let peak = self.samples[..window_length].iter().fold(0.0_f32, |peak, x| peak.max(x.abs()));
        self.transform();
        sink(self.next, peak, &self.mels);
        self.next += 1;
        self.samples.copy_within(hop..self.filled, 0);
        self.filled -= hop;
    }

    fn transform(&mut self) {
        let FrontEnd { window_length, input_scale, remove_dc, pre_emphasis, .. } = self.front_end;
        let samples = &self.samples[..window_length];
        let mean = if remove_dc { mean(samples) } else { 0.0 };
        let scaled = |sample: f32| (f64::from(sample) - mean) * input_scale;
        // In one pass: through memory each value would wait for the one before.
        let pairs = samples[1..].iter().zip(samples);
        let emphasised = pairs.map(|(&sample, &before)| scaled(sample) - pre_emphasis * scaled(before));
        for ((out, sample), weight) in self.frame[1..].iter_mut().zip(emphasised).zip(&self.tables.window[1..]) {
            *out = sample * weight;
        }
        self.frame[0] = (1.0 - pre_emphasis) * scaled(samples[0]) * self.tables.window[0];
        self.frame[window_length..].fill(0.0);
        // The lengths are fixed at construction, so the transform cannot fail; a failure would leave the old
        // spectrum in place rather than bring the host down.
        let _ = self.tables.fft.process_with_scratch(&mut self.frame, &mut self.spectrum, &mut self.scratch);
        for (power, bin) in self.power.iter_mut().zip(&self.spectrum) {
            *power = bin.norm_sqr();
        }
        self.tables.bank.apply(&self.power, &mut self.mels);
    }
}

fn window(front_end: &FrontEnd) -> Vec<f64> {
    let n = front_end.window_length;
    let hann = |i: usize, period: f64| 0.5 - 0.5 * (std::f64::consts::TAU * i as f64 / period).cos();
    let mut window: Vec<f64> = match front_end.window {
        Window::Hann => (0..n).map(|i| hann(i, n as f64)).collect(),
        Window::Povey => (0..n).map(|i| hann(i, (n - 1) as f64).powf(0.85)).collect(),
    };
    if front_end.eight_bit_tables {
        window.iter_mut().for_each(|weight| *weight = eight_bit(*weight, 1.0));
    }
    window
}
