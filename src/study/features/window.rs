//! Mel frames gathered into the windows that a tagger hears.

use anyhow::{Result, bail};

use crate::engine::{SILENCE_PEAK, TaggerWindow};
use crate::listen::FrontEnd;
use crate::nets::Net;

/// Windows whose last stretch of this length is silent are left out, in seconds, as in the engine.
const SILENCE_S: f64 = 1.0;

/// The latest frames of a stream.
pub(super) struct Windows {
    window: TaggerWindow,
    width: usize,
    hop_s: f64,
    /// Up to two windows of rows.
    mels: Vec<f32>,
    peaks: Vec<f32>,
    /// Rows since the last whole window.
    since: usize,
    /// Whole windows handed out.
    heard: usize,
}

impl Windows {
    pub(super) fn new(net: &Net, front_end: &FrontEnd) -> Self {
        Self {
            window: TaggerWindow::of(net),
            width: front_end.n_mels,
            hop_s: front_end.hop_s(),
            mels: Vec::new(),
            peaks: Vec::new(),
            since: 0,
            heard: 0,
        }
    }

    /// Takes a frame; a window of rows if it completes one.
    pub(super) fn push(&mut self, mels: &[f32], peak: f32) -> Option<&[f32]> {
        let frames = self.window.frames;
        if self.peaks.len() == 2 * frames {
            self.mels.drain(..frames * self.width);
            self.peaks.drain(..frames);
        }
        self.mels.extend_from_slice(mels);
        self.peaks.push(peak);
        self.since += 1;
        if self.since < frames {
            return None;
        }
        self.since = 0;
        if self.is_silent() {
            return None;
        }
        self.heard += 1;
        self.latest()
    }

    /// The audio is over: the last frames, unless a window has just ended, they are silent or too few.
    pub(super) fn last(&self) -> Option<&[f32]> {
        let enough = self.peaks.len() >= self.window.fewest;
        if self.since > 0 && enough && !self.is_silent() { self.latest() } else { None }
    }

    /// After the end: whether there was anything to hear for `net`.
    pub(super) fn check(&self, net: &str) -> Result<()> {
        if self.heard > 0 || self.last().is_some() {
            return Ok(());
        }
        if self.peaks.len() >= self.window.fewest {
            bail!("is silent, so there is nothing to take features from; leave it out");
        }
        let least_s = self.window.fewest as f64 * self.hop_s;
        bail!("is too short for {net}, which needs {least_s:.1} s; name other layers with --layers")
    }

    fn latest(&self) -> Option<&[f32]> {
        let rows = self.peaks.len().min(self.window.frames);
        self.mels.get(self.mels.len() - rows * self.width..)
    }

    fn is_silent(&self) -> bool {
        let recent = (SILENCE_S / self.hop_s).round() as usize;
        self.peaks[self.peaks.len().saturating_sub(recent)..].iter().all(|&peak| peak < SILENCE_PEAK)
    }
}
