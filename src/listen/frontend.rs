//! What a network was trained to hear: the exact recipe from samples to mel frame, as its card states it.

use serde::{Deserialize, Serialize};

/// Most mel bands that any front end may have; frames cross threads in arrays of this size.
pub const MAX_MELS: usize = 128;

/// Analysis window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Window {
    /// Periodic Hann, `.5 - .5 cos(2 pi n / N)`.
    Hann,
    /// Kaldi's Povey window, the symmetric Hann to the power of 0.85.
    Povey,
}

/// How the first and the last frames are filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Padding {
    /// Frames lie wholly inside the signal (Kaldi's `snip_edges`); frame i is centred on `i hop + window / 2`.
    Snip,
    /// Frame i is centred on `i hop`; the edges are mirrored.
    Reflect,
    /// Frame i is centred on `i hop`; the edges are zero.
    Zero,
}

/// Spacing of the mel bands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MelScale {
    /// `2595 log10(1 + f / 700)`; triangles linear in Hz.
    Htk,
    /// The same scale as Kaldi builds it: triangles linear in mel, Nyquist bin left out.
    Kaldi,
    /// Slaney's: linear below 1 kHz, logarithmic above; triangles linear in Hz.
    Slaney,
    /// As many bands in each octave: `log2(f)`, from a lowest frequency above 0; triangles linear in Hz.
    Octave,
    /// Bands equally far apart in Hz: the spectrum itself, smoothed; triangles linear in Hz.
    Linear,
}

/// Height of the mel triangles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MelNorm {
    /// Peak 1.
    None,
    /// Area 1 (`2 / (f_high - f_low)`).
    Area,
}

/// Compression of the mel power.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Log {
    /// `ln(max(power, floor))`.
    Ln {
        /// Smallest power.
        floor: f64,
    },
    /// `10 log10(max(power, floor))`.
    Decibel {
        /// Smallest power.
        floor: f64,
    },
    /// `log10(gain power + 1)`.
    Log10Plus {
        /// Factor before the logarithm.
        gain: f64,
    },
}

impl Log {
    /// A mel value of this domain in dB, up to a constant.
    #[must_use]
    pub fn decibels(self, mel: f32) -> f32 {
        match self {
            Self::Ln { .. } => mel * (10.0 / std::f32::consts::LN_10),
            Self::Decibel { .. } => mel,
            Self::Log10Plus { .. } => mel * 10.0,
        }
    }
}

/// A front end: everything between 16 kHz samples (or another rate) and one frame of mel values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FrontEnd {
    /// Rate of the signal analysed, Hz.
    pub sample_rate_hz: u32,
    /// Analysis window.
    pub window: Window,
    /// Window length, samples.
    pub window_length: usize,
    /// FFT length, samples; the window is followed by zeros if shorter.
    pub n_fft: usize,
    /// Step from frame to frame, samples.
    pub hop: usize,
    /// Edges and centring.
    pub padding: Padding,
    /// Factor on the samples (Kaldi: 32768).
    pub input_scale: f64,
    /// Subtract the window's mean first.
    pub remove_dc: bool,
    /// Pre-emphasis coefficient inside the window; 0 = none.
    pub pre_emphasis: f64,
    /// Number of mel bands.
    pub n_mels: usize,
    /// Lower edge of the lowest band, Hz.
    pub f_min_hz: f64,
    /// Upper edge of the highest band, Hz.
    pub f_max_hz: f64,
    /// Spacing of the bands.
    pub mel_scale: MelScale,
    /// Height of the triangles.
    pub mel_norm: MelNorm,
    /// Compression.
    pub log: Log,
    /// Window and mel weights rounded to 127 steps of their maximum, as some published nets were exported.
    pub eight_bit_tables: bool,
}

/// Why a front end or a host rate is refused.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum FrontEndError {
    /// The host's rate is out of range.
    #[error("the host's sample rate {0} Hz is outside 1 kHz..2 MHz")]
    HostRate(f64),
    /// A field contradicts another or is out of range.
    #[error("front end: {0}")]
    Invalid(&'static str),
}

impl FrontEnd {
    /// Kaldi's log mel filter bank: 80 bands 20..8000 Hz, 25 ms window, 10 ms hop, natural logarithm, samples in
    /// 16 bit scale, no dither.
    #[must_use]
    pub fn kaldi_fbank_80() -> Self {
        Self {
            sample_rate_hz: 16_000,
            window: Window::Povey,
            window_length: 400,
            n_fft: 512,
            hop: 160,
            padding: Padding::Snip,
            input_scale: 32_768.0,
            remove_dc: true,
            pre_emphasis: 0.97,
            n_mels: 80,
            f_min_hz: 20.0,
            f_max_hz: 8_000.0,
            mel_scale: MelScale::Kaldi,
            mel_norm: MelNorm::None,
            log: Log::Ln { floor: f32::EPSILON as f64 },
            eight_bit_tables: false,
        }
    }

    /// The level, as [`Log::decibels`] gives it, of a band that holds a sine at full scale; without pre-emphasis.
    #[must_use]
    pub fn full_scale_db(&self) -> f32 {
        // A window of this family has a mean of about a half, a sine half of its energy on either side.
        let amplitude = self.input_scale * self.window_length as f64 / 4.0;
        let gain = if let Log::Log10Plus { gain } = self.log { gain } else { 1.0 };
        (20.0 * amplitude.log10() + 10.0 * gain.log10()) as f32
    }

    /// CED's 64 mel bands in dB (arXiv 2308.11957): 32 ms window, 10 ms hop, tables in the eight bits of the
    /// published export.
    #[must_use]
    pub fn ced_mel_64() -> Self {
        Self {
            window: Window::Hann,
            window_length: 512,
            padding: Padding::Reflect,
            input_scale: 1.0,
            remove_dc: false,
            pre_emphasis: 0.0,
            n_mels: 64,
            f_min_hz: 0.0,
            mel_scale: MelScale::Htk,
            log: Log::Decibel { floor: 1e-10 },
            eight_bit_tables: true,
            ..Self::kaldi_fbank_80()
        }
    }

    /// musicnn's 96 mel bands (arXiv 1711.02520): librosa's mel spectrogram, 32 ms window, 16 ms hop,
    /// `log10(10000 x + 1)`.
    #[must_use]
    pub fn musicnn_mel_96() -> Self {
        Self {
            hop: 256,
            padding: Padding::Zero,
            n_mels: 96,
            mel_scale: MelScale::Slaney,
            mel_norm: MelNorm::Area,
            log: Log::Log10Plus { gain: 1e4 },
            eight_bit_tables: false,
            ..Self::ced_mel_64()
        }
    }

    /// The 40 mel bands of the singing detectors in arXiv 1709.04396 (exercise 5-1): 32 ms window, 16 ms hop, dB. The
    /// original refers its dB to the loudest value of a clip, which no stream can know; here full scale is 0 dB.
    #[must_use]
    pub fn dl4mir_mel_40() -> Self {
        Self { n_mels: 40, log: Log::Decibel { floor: 1e-10 }, ..Self::musicnn_mel_96() }
    }

    /// 128 mel bands up to 11 025 Hz: librosa's mel spectrogram in dB, 93 ms window, one frame every 77.4 ms. Fine in
    /// timbre and coarse in time, as the labelled spectra of genre collections are kept.
    #[must_use]
    pub fn wide_mel_128() -> Self {
        Self {
            sample_rate_hz: 22_050,
            window_length: 2048,
            n_fft: 2048,
            hop: 1707,
            padding: Padding::Snip,
            n_mels: 128,
            f_max_hz: 11_025.0,
            log: Log::Decibel { floor: 1e-10 },
            ..Self::musicnn_mel_96()
        }
    }

    /// Seconds from frame to frame.
    #[must_use]
    pub fn hop_s(&self) -> f64 {
        self.hop as f64 / f64::from(self.sample_rate_hz)
    }

    /// The instant that frame 0 speaks of, in seconds: the middle of its window.
    #[must_use]
    pub fn first_frame_s(&self) -> f64 {
        match self.padding {
            Padding::Snip => self.window_length as f64 / 2.0 / f64::from(self.sample_rate_hz),
            Padding::Reflect | Padding::Zero => 0.0,
        }
    }

    /// Checks that the fields fit together.
    ///
    /// # Errors
    /// Names the first field that does not.
    pub fn check(&self) -> Result<(), FrontEndError> {
        let ok = |holds: bool, what| {
            if holds { Ok(()) } else { Err(FrontEndError::Invalid(what)) }
        };
        ok((1_000..=192_000).contains(&self.sample_rate_hz), "sample_rate_hz must lie in 1000..192000")?;
        ok((16..=16_384).contains(&self.n_fft) && self.n_fft.is_multiple_of(2), "n_fft must be even, 16..16384")?;
        ok((2..=self.n_fft).contains(&self.window_length), "window_length must lie in 2..n_fft")?;
        ok(
            self.padding == Padding::Snip || self.window_length == self.n_fft,
            "a centred front end needs window_length = n_fft",
        )?;
        ok((1..=self.window_length).contains(&self.hop), "hop must lie in 1..window_length")?;
        ok((1..=MAX_MELS).contains(&self.n_mels), "n_mels must lie in 1..128")?;
        ok(
            self.f_min_hz >= 0.0
                && self.f_min_hz < self.f_max_hz
                && self.f_max_hz <= f64::from(self.sample_rate_hz) / 2.0,
            "0 <= f_min_hz < f_max_hz <= sample_rate_hz / 2 must hold",
        )?;
        ok(self.mel_scale != MelScale::Octave || self.f_min_hz > 0.0, "bands by octaves need f_min_hz above 0")?;
        ok(self.input_scale.is_finite() && self.input_scale > 0.0, "input_scale must be positive")?;
        ok((0.0..1.0).contains(&self.pre_emphasis), "pre_emphasis must lie in 0..1")?;
        let positive = match self.log {
            Log::Ln { floor } | Log::Decibel { floor } => floor,
            Log::Log10Plus { gain } => gain,
        };
        ok(positive.is_finite() && positive > 0.0, "the logarithm's floor or gain must be positive")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_log_domain_reads_in_decibels() {
        // Ten times the power is 10 dB more.
        for (log, step) in [
            (Log::Ln { floor: 1e-10 }, 10.0_f32.ln()),
            (Log::Decibel { floor: 1e-10 }, 10.0),
            (Log::Log10Plus { gain: 1e4 }, 1.0),
        ] {
            assert!((log.decibels(3.0 + step) - log.decibels(3.0) - 10.0).abs() < 1e-4);
        }
    }
}
