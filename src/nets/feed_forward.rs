//! Singing detectors without recurrence: Pons's filters for timbre and for time (arXiv 1711.02520) on the tutorial's 40 mel
//! bands, then convolutions over time, one sigmoid a frame; with or without a non-local block (arXiv 1711.07971).
//! References, to be measured against.
//!
//! Both hear windows of [`WINDOW`] frames and answer the [`BLOCK`] in the middle; the frames around them are as many as a
//! convolution can hear, so that those do not know of windows. A non-local block hears its window and no more.

use candle_core::Result;
use candle_nn::VarBuilder;

use super::layers::{Affine, Sigmoids};
use super::lstm::{EPS, MELS};
use super::stack::run::{Picture, Ready, through};
use super::stack::{ALL, Curve::Relu, Edges, Layer, Size, Stage, curved, filter, layers};

/// Frames before and after those that are answered: half the longest filter, and three of each later convolution.
const CONTEXT: usize = LONGEST / 2 + 3 * (BACK_FRAMES / 2);
/// Frames that are answered at a time.
const BLOCK: usize = 75;
/// Frames of a window, 2 s.
pub(crate) const WINDOW: usize = CONTEXT + BLOCK + CONTEXT;

/// Frames of the longest filter for time.
const LONGEST: usize = 33;
/// Frames and filters of the convolutions behind.
const BACK_FRAMES: usize = 7;
const BACK: usize = 48;
/// Filters of each kind in front.
const FRONT: usize = 16;
/// Width of a non-local block's projections.
const INNER: usize = 24;

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hears {
    /// Convolutions alone.
    Nearby,
    /// A non-local block after the first convolution over time.
    All,
}

/// See the module's text.
pub struct FeedForward {
    norm: Affine,
    layers: Vec<Ready>,
    output: Sigmoids,
}

/// What one audio stream has left in a [`FeedForward`].
#[derive(Clone)]
pub struct FeedForwardStream {
    /// Normalised frames: context that has been answered, then what is still to be.
    waiting: Vec<f32>,
    /// Frames of that context.
    answered: usize,
}

impl Hears {
    /// As cards name it.
    #[must_use]
    pub fn architecture(self) -> &'static str {
        match self {
            Self::Nearby => "feed_forward",
            Self::All => "feed_forward_nonlocal",
        }
    }

    /// The layers on a window.
    ///
    /// # Errors
    /// Never: the stages fit the window.
    pub(crate) fn layers(self) -> Result<Vec<Layer>> {
        let size = Size { frames: WINDOW, bands: MELS, channels: 1 };
        layers(&self.stages(), size).map_err(candle_core::Error::Msg)
    }

    fn stages(self) -> Vec<Stage> {
        let mut front = Vec::new();
        for tall in [36, 16] {
            for long in [7, 3, 1] {
                let highest = Stage::Pool { frames: 1, bands: ALL, curve: Relu };
                front.push(vec![filter(FRONT, [long, tall], Edges::SameTime), Stage::Norm, highest]);
            }
        }
        for long in [LONGEST, 17, 9] {
            front.push(vec![Stage::MeanOverBands, filter(FRONT, [long, 1], Edges::Same), Stage::Norm, curved(Relu)]);
        }
        let back = || vec![filter(BACK, [BACK_FRAMES, 1], Edges::Same), Stage::Norm, curved(Relu)];
        let mut stages = vec![Stage::Parallel(front)];
        stages.extend(back());
        if self == Self::All {
            stages.push(Stage::NonLocal(INNER));
        }
        stages.extend([Stage::Residual(back()), Stage::Residual(back())]);
        stages
    }
}

impl FeedForward {
    /// Frames that a probability waits for.
    pub const LOOK_AHEAD_FRAMES: usize = BLOCK + CONTEXT - 1;
    /// Values of a frame before the output layer.
    pub const WIDTH: usize = BACK;

    /// Builds the net from its tensors: `outputs` sigmoids per frame.
    ///
    /// # Errors
    /// A missing tensor or one of another shape.
    pub fn new(hears: Hears, outputs: usize, vb: &VarBuilder<'_>) -> Result<Self> {
        Ok(Self {
            norm: Affine::batch_norm(MELS, EPS, &vb.pp("norm"))?,
            layers: hears.layers()?.iter().map(|layer| Ready::read(layer, vb)).collect::<Result<_>>()?,
            output: Sigmoids::new(BACK, outputs, &vb.pp("out.fc2"))?,
        })
    }

    /// Number of probabilities per frame.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.output.count()
    }

    /// The memory of a stream that has heard nothing.
    #[must_use]
    pub fn stream(&self) -> FeedForwardStream {
        FeedForwardStream { waiting: Vec::new(), answered: 0 }
    }

    /// Reads new frames of several streams; see [`super::VocalNet::step`]. Answers come in blocks.
    ///
    /// # Errors
    /// If a product fails (frames that are not whole rows).
    pub fn step(&self, streams: &mut [&mut FeedForwardStream], frames: &[&[f32]], end: bool) -> Result<Vec<Vec<f32>>> {
        let each = streams.iter_mut().zip(frames).map(|(stream, frames)| {
            let mut x = frames.to_vec();
            self.norm.apply(&mut x);
            stream.waiting.extend_from_slice(&x);
            let mut out = Vec::new();
            let least = if end { 1 } else { BLOCK + CONTEXT };
            while stream.waiting.len() / MELS >= stream.answered + least {
                out.extend(self.block(stream)?);
            }
            Ok(out)
        });
        each.collect()
    }

    /// The answers to the first block of frames that wait, or to as many as there are.
    fn block(&self, stream: &mut FeedForwardStream) -> Result<Vec<f32>> {
        let FeedForwardStream { waiting, answered } = stream;
        let frames = (waiting.len() / MELS).min(*answered + BLOCK + CONTEXT);
        let size = Size { frames, bands: MELS, channels: 1 };
        let heard =
            through(&self.layers, Picture { size, values: waiting[..frames * MELS].to_vec() }, &mut Vec::new())?;
        let until = frames.min(*answered + BLOCK);
        let said = self.output.forward(&heard.values[*answered * BACK..until * BACK]);
        let kept = until.min(CONTEXT);
        waiting.drain(..(until - kept) * MELS);
        *answered = kept;
        Ok(said)
    }
}
