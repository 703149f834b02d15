//! One front end as a stream: samples in, a mel frame at each hop.
//!
//! A frame is made in several passes, some samples apart: a short block must not have to pay for all of a frame at once, let
//! alone for frames of several front ends. What falls where is a function of the samples alone, so that neither the frames
//! nor the instants at which they are known depend on how the audio is cut into blocks.

use std::sync::Arc;

use super::frontend::{FrontEnd, FrontEndError, Padding, Window};
use super::mel::{MelBank, eight_bit};
use super::shared::Shared;
use super::spectrum::Spectrum;
use super::sums::mean;

/// Samples between two passes, at the front end's rate: more than a block of 16 frames at 96 kHz (of 2.7 samples at 16 kHz)
/// or above. At slower rates a block lasts long enough for several.
pub(super) const APART: usize = 3;

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
    /// Passes made of frame `next`.
    pass: usize,
    /// Samples from one pass to the next.
    apart: usize,
    /// Samples that must follow the window before the first pass.
    wait: usize,
    spectrum: Spectrum,
    peak: f32,
    mels: Vec<f32>,
}

/// What frames are made with.
struct Tables {
    bank: MelBank,
    window: Vec<f64>,
}

impl Tables {
    fn new(front_end: &FrontEnd) -> Self {
        Self { bank: MelBank::new(front_end), window: window(front_end) }
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
        let spectrum = Spectrum::new(front_end.n_fft);
        let passes = spectrum.passes() + 2;
        // Passes that would reach into the next frame are made at once.
        let apart = if front_end.hop > 2 * APART * passes { APART } else { 0 };
        let mut stream = Self {
            lead,
            samples: Vec::new(),
            filled: 0,
            next: 0,
            started: false,
            pass: 0,
            apart,
            wait: 0,
            spectrum,
            peak: 0.0,
            mels: vec![0.0; front_end.n_mels],
            front_end: front_end.clone(),
            tables,
        };
        stream.wait(0);
        Ok(stream)
    }

    /// Has every frame made `samples` later than it could be, and forgets everything heard. Not for the audio thread.
    pub fn wait(&mut self, samples: usize) {
        self.wait = samples;
        self.samples = vec![0.0; self.front_end.window_length + self.lead + 2 + self.late()];
        self.reset();
    }

    /// Forgets everything heard.
    pub fn reset(&mut self) {
        self.samples.fill(0.0);
        self.filled = self.lead;
        self.next = 0;
        self.pass = 0;
        self.started = self.front_end.padding != Padding::Reflect;
    }

    /// Seconds of signal a frame needs after the instant it speaks of.
    #[must_use]
    pub fn look_ahead_s(&self) -> f64 {
        let samples = match self.front_end.padding {
            Padding::Snip => self.front_end.window_length - self.front_end.window_length / 2,
            Padding::Reflect | Padding::Zero => self.lead,
        };
        (samples + self.late()) as f64 / f64::from(self.front_end.sample_rate_hz)
    }

    /// Samples heard when each pass of the first frame is due; those of the others follow in steps of a hop.
    pub(super) fn due(&self) -> impl Iterator<Item = usize> + Clone {
        let first = self.front_end.window_length - self.lead + self.wait;
        let apart = self.apart;
        (0..self.passes()).map(move |pass| first + pass * apart)
    }

    /// Samples from one frame to the next.
    pub(super) fn hop(&self) -> usize {
        self.front_end.hop
    }

    /// How many more samples make the next pass due, at least one.
    pub fn until_pass(&self) -> usize {
        // The mirror needs the sample one beyond the pad before the first frame can be formed.
        let wanted = if self.started { self.front_end.window_length } else { 2 * self.lead + 1 };
        wanted + self.wait + self.pass * self.apart - self.filled
    }

    /// Hears at most [`Self::until_pass`] samples; hands `(index, peak, mels)` of the frame that they complete, if any, to
    /// `sink`.
    pub fn push(&mut self, samples: &[f32], mut sink: impl FnMut(u64, f32, &[f32])) {
        let due = samples.len() == self.until_pass();
        self.samples[self.filled..self.filled + samples.len()].copy_from_slice(samples);
        self.filled += samples.len();
        if !due {
            return;
        }
        if !self.started {
            self.start();
        }
        while self.filled >= self.front_end.window_length + self.wait + self.pass * self.apart {
            self.work(&mut sink);
        }
    }

    /// Pads the end as the front end says and hands out the frames that complete.
    pub fn finish(&mut self, mut sink: impl FnMut(u64, f32, &[f32])) {
        if !self.started {
            // Shorter than the pad: mirror what is there, zeros beyond it.
            self.start();
        }
        self.flush(&mut sink);
        if self.front_end.padding == Padding::Snip {
            return;
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
        self.flush(&mut sink);
    }

    /// Hands out every frame whose window is full, waiting for nothing.
    fn flush(&mut self, sink: &mut impl FnMut(u64, f32, &[f32])) {
        while self.filled >= self.front_end.window_length {
            self.work(sink);
        }
    }

    /// Passes of a frame: its window, its spectrum's, its bands.
    fn passes(&self) -> usize {
        self.spectrum.passes() + 2
    }

    /// Samples from the end of a frame's window to the frame.
    fn late(&self) -> usize {
        self.wait + (self.passes() - 1) * self.apart
    }

    fn start(&mut self) {
        let lead = self.lead;
        for i in 0..lead {
            self.samples[lead - 1 - i] = self.samples[lead + 1 + i];
        }
        self.started = true;
    }

    /// Makes the next pass of frame `next`, whose window is full.
    fn work(&mut self, sink: &mut impl FnMut(u64, f32, &[f32])) {
        let spectrum = self.spectrum.passes();
        match self.pass.checked_sub(1) {
            None => self.cut(),
            Some(pass) if pass < spectrum => self.spectrum.work(pass),
            Some(_) => {
                self.tables.bank.apply(self.spectrum.power(), &mut self.mels);
                sink(self.next, self.peak, &self.mels);
                self.next += 1;
                self.samples.copy_within(self.front_end.hop..self.filled, 0);
                self.filled -= self.front_end.hop;
                self.pass = 0;
                return;
            }
        }
        self.pass += 1;
    }

    /// Cuts the frame out of the signal, by its window.
    fn cut(&mut self) {
        let FrontEnd { window_length, input_scale, remove_dc, pre_emphasis, .. } = self.front_end;
        let samples = &self.samples[..window_length];
        self.peak = samples.iter().fold(0.0_f32, |peak, x| peak.max(x.abs()));
        let mean = if remove_dc { mean(samples) } else { 0.0 };
        let scaled = |sample: f32| (f64::from(sample) - mean) * input_scale;
        // In one pass: through memory each value would wait for the one before.
        let pairs = samples[1..].iter().zip(samples);
        let emphasised = pairs.map(|(&sample, &before)| scaled(sample) - pre_emphasis * scaled(before));
        let frame = self.spectrum.frame_mut();
        for ((out, sample), weight) in frame[1..].iter_mut().zip(emphasised).zip(&self.tables.window[1..]) {
            *out = sample * weight;
        }
        frame[0] = (1.0 - pre_emphasis) * scaled(samples[0]) * self.tables.window[0];
        frame[window_length..].fill(0.0);
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
