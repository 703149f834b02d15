//! musicnn in tensor operations; see [`crate::nets::Musicnn`].

use candle_core::{Device, Module, Result, Tensor};
use candle_nn::{Linear, VarBuilder, linear, ops};

use super::Norm;
use crate::nets::musicnn::{
    EPS, FRONT, MELS, MID, MID_FRAMES, PENULTIMATE, POOLED, TEMPORAL_FILTERS, TEMPORAL_FRAMES, TIMBRAL_FILTERS,
    TIMBRAL_FRAMES, TIMBRAL_MELS,
};

/// See the module's text.
pub struct MusicnnTensors {
    input: Norm,
    front: Vec<Filters>,
    mid: Vec<Filters>,
    pool_norm: Norm,
    dense: Linear,
    dense_norm: Norm,
    output: Linear,
}

/// Convolution, ramp, normalisation.
struct Filters {
    /// `[filters, channels, frames, mels]`, or without the last.
    weight: Tensor,
    bias: Tensor,
    norm: Norm,
}

impl MusicnnTensors {
    /// Mel bands of a frame.
    pub const MELS: usize = MELS;

    /// Builds the net with `labels` outputs on the device of `vb`.
    ///
    /// # Errors
    /// A missing tensor or one of another shape.
    pub fn new(labels: usize, vb: &VarBuilder<'_>) -> Result<Self> {
        let vb_front = vb.pp("front");
        let timbral = TIMBRAL_MELS.into_iter().map(|mels| {
            let vb = vb_front.pp(format!("timbral_{TIMBRAL_FRAMES}x{mels}"));
            Filters::new(&[TIMBRAL_FILTERS, 1, TIMBRAL_FRAMES, mels], &vb)
        });
        let temporal = TEMPORAL_FRAMES
            .into_iter()
            .map(|frames| Filters::new(&[TEMPORAL_FILTERS, 1, frames, 1], &vb_front.pp(format!("temporal_{frames}"))));
        let mid = |i: usize| {
            let inputs = if i == 0 { FRONT } else { MID };
            Filters::new(&[MID, inputs, MID_FRAMES], &vb.pp(format!("mid.conv{}", i + 1)))
        };
        Ok(Self {
            input: Norm::new(&[1], EPS, &vb.pp("input_bn"))?,
            front: timbral.chain(temporal).collect::<Result<_>>()?,
            mid: (0..3).map(mid).collect::<Result<_>>()?,
            pool_norm: Norm::new(&[POOLED], EPS, &vb.pp("back.pool_bn"))?,
            dense: linear(POOLED, PENULTIMATE, vb.pp("back.dense"))?,
            dense_norm: Norm::new(&[PENULTIMATE], EPS, &vb.pp("back.dense_bn"))?,
            output: linear(PENULTIMATE, labels, vb.pp("back.output"))?,
        })
    }

    /// Where the net lies.
    pub fn device(&self) -> &Device {
        self.input.scale.device()
    }

    /// Probabilities `[windows, labels]` and embeddings `[windows, width]` of windows `[windows, frames, mels]`.
    ///
    /// # Errors
    /// A device that failed.
    pub fn forward(&self, windows: &Tensor) -> Result<(Tensor, Tensor)> {
        let x = self.input.apply(windows)?.unsqueeze(1)?;
        // The highest over all places on the mel axis.
        let front = self.front.iter().map(|filters| filters.forward(&x)?.max(3)).collect::<Result<Vec<_>>>()?;
        let front = Tensor::cat(&front, 1)?;
        let first = self.mid[0].forward(&front)?;
        let second = (self.mid[1].forward(&first)? + &first)?;
        let third = (self.mid[2].forward(&second)? + &second)?;
        let all = Tensor::cat(&[front, first, second, third], 1)?;
        // Maximum and mean over time, channel by channel.
        let pooled = Tensor::stack(&[all.max(2)?, all.mean(2)?], 2)?.flatten_from(1)?;
        let hidden = self.dense.forward(&self.pool_norm.apply(&pooled)?)?.relu()?;
        let embedding = self.dense_norm.apply(&hidden)?;
        let probability = ops::sigmoid(&self.output.forward(&embedding)?)?;
        Ok((probability, embedding))
    }
}

impl Filters {
    /// Reads `conv.weight` of this shape, `conv.bias` and `bn`.
    fn new(shape: &[usize], vb: &VarBuilder<'_>) -> Result<Self> {
        let mut channels = vec![1; shape.len()];
        channels[1] = shape[0];
        Ok(Self {
            weight: vb.get(shape, "conv.weight")?,
            bias: vb.get(shape[0], "conv.bias")?.reshape(channels.as_slice())?,
            norm: Norm::new(&channels, EPS, &vb.pp("bn"))?,
        })
    }

    /// `x` `[windows, channels, frames]` or `[windows, channels, frames, mels]`; as many frames come out, and the mel axis
    /// shrinks to the places where the filters fit.
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let taps = self.weight.dim(2)?;
        // An even filter has its extra zero at the end.
        let before = (taps - 1) / 2;
        let x = x.pad_with_zeros(2, before, taps - 1 - before)?;
        let y = if x.rank() == 3 { x.conv1d(&self.weight, 0, 1, 1, 1)? } else { x.conv2d(&self.weight, 0, 1, 1, 1)? };
        self.norm.apply(&y.broadcast_add(&self.bias)?.relu()?)
    }
}
