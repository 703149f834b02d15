//! Causal voice nets in tensor operations: [`crate::nets::Fsmn`], and with more beside its trunk
//! [`crate::nets::ConvFsmn`]. What the streams of a batch remember lies on the device.

use candle_core::{DType, Device, Module, Result, Tensor};
use candle_nn::{Linear, VarBuilder, linear, linear_no_bias, ops};

use crate::nets::conv_fsmn::{CHANNELS, DILATIONS, JOINT, KERNEL, PICTURE, POOL};
use crate::nets::fsmn::{BLOCKS, HIDDEN, INPUTS, PROJECTION, TAPS};

/// Most rows times streams that a memory's filter gathers at a time: it needs [`TAPS`] times their room.
const MOST_ROWS: usize = 4_096;

/// See the module's text.
pub struct VoiceTensors {
    mean: Tensor,
    inverse_deviation: Tensor,
    input: [Linear; 2],
    trunk: Vec<Memory>,
    beside: Option<Beside>,
    output: [Linear; 2],
    delay: usize,
    outputs: usize,
}

/// What a `conv_fsmn` has beside its trunk.
struct Beside {
    convolutions: Vec<Convolution>,
    picture: Linear,
    joint: [Linear; 2],
    phrase: Vec<Memory>,
}

/// A depth-wise filter over time, with the bottleneck before it and the skip connection around both where it is not the
/// first.
struct Memory {
    bottleneck: Option<[Linear; 2]>,
    /// `[taps, width]`.
    taps: Tensor,
    dilation: usize,
}

struct Convolution {
    /// `[outputs, inputs, frames, bands]`.
    weight: Tensor,
    /// `[1, outputs, 1, 1]`.
    bias: Tensor,
    /// Bands and channels that it hears.
    bands: usize,
    inputs: usize,
}

/// What a batch of streams remembers, layer by layer; the first axis is the stream.
#[derive(Clone)]
pub struct State(Vec<Tensor>);

impl VoiceTensors {
    /// Values of a frame.
    pub const INPUTS: usize = INPUTS;

    /// Builds the net on the device of `vb`: `outputs` sigmoids per frame, `delay` frames late. Without a tensor `picture`
    /// it is the trunk with its outputs alone.
    ///
    /// # Errors
    /// A missing tensor or one of another shape, or a net that is not causal.
    pub fn new(outputs: usize, delay: usize, vb: &VarBuilder<'_>) -> Result<Self> {
        if vb.contains_tensor("fsmn0.lookahead.weight") {
            candle_core::bail!("a net with taps ahead runs on the processor alone");
        }
        Ok(Self {
            mean: vb.get(INPUTS, "cmvn.mean")?,
            inverse_deviation: vb.get(INPUTS, "cmvn.istd")?,
            input: [linear(INPUTS, HIDDEN, vb.pp("in.fc1"))?, linear(HIDDEN, PROJECTION, vb.pp("in.fc2"))?],
            trunk: (0..BLOCKS)
                .map(|block| Memory::new(block > 0, 1, &vb.pp(format!("fsmn{block}"))))
                .collect::<Result<_>>()?,
            beside: vb.contains_tensor("picture.weight").then(|| Beside::new(vb)).transpose()?,
            output: [linear(PROJECTION, HIDDEN, vb.pp("out.fc1"))?, linear(HIDDEN, outputs, vb.pp("out.fc2"))?],
            delay,
            outputs,
        })
    }

    /// Where the net lies.
    pub fn device(&self) -> &Device {
        self.mean.device()
    }

    /// Number of probabilities per frame.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Frames that a probability waits for.
    pub fn look_ahead_frames(&self) -> usize {
        self.delay
    }

    /// A frame at the training data's mean, which the net hears at the end.
    ///
    /// # Errors
    /// A device that failed.
    pub fn mean_frame(&self) -> Result<Vec<f32>> {
        self.mean.to_vec1()
    }

    /// What `streams` streams remember that have heard nothing.
    ///
    /// # Errors
    /// A device without room.
    pub fn start(&self, streams: usize) -> Result<State> {
        let zeros = |shape: &[usize]| Tensor::zeros(shape, DType::F32, self.device());
        let phrase = self.beside.iter().flat_map(|beside| &beside.phrase);
        let convolutions = self.beside.iter().flat_map(|beside| &beside.convolutions);
        let memories = self.trunk.iter().chain(phrase).map(|memory| zeros(&[streams, memory.reach(), PROJECTION]));
        let pictures = convolutions.map(|c| zeros(&[streams, c.inputs, KERNEL - 1, c.bands]));
        memories.chain(pictures).collect::<Result<_>>().map(State)
    }

    /// Probabilities `[streams, frames, outputs]` of frames `[streams, frames, 80]`; the state moves on. A row speaks of
    /// the frame [`Self::look_ahead_frames`] before it, so the first of a stream speak of nothing.
    ///
    /// # Errors
    /// A state of another number of streams; a device that failed.
    pub fn forward(&self, frames: &Tensor, state: &mut State) -> Result<Tensor> {
        let frames = frames.broadcast_sub(&self.mean)?.broadcast_mul(&self.inverse_deviation)?;
        let (trunk, rest) = state.0.split_at_mut(self.trunk.len());
        let mut memory = self.input[1].forward(&self.input[0].forward(&frames)?.relu()?)?.relu()?;
        for (layer, history) in self.trunk.iter().zip(trunk) {
            memory = layer.forward(&memory, history)?;
        }
        let x = match &self.beside {
            Some(beside) => beside.forward(&frames, memory, rest)?,
            None => memory,
        };
        ops::sigmoid(&self.output[1].forward(&self.output[0].forward(&x)?.relu()?)?)
    }
}

impl Beside {
    fn new(vb: &VarBuilder<'_>) -> Result<Self> {
        let (mut bands, mut inputs) = (INPUTS, 1);
        let mut convolutions = Vec::new();
        for (layer, outputs) in CHANNELS.into_iter().enumerate() {
            convolutions.push(Convolution::new(bands, inputs, outputs, &vb.pp(format!("conv{layer}")))?);
            bands /= POOL;
            inputs = outputs;
        }
        let phrase = |(number, dilation)| Memory::new(true, dilation, &vb.pp(format!("phrase{number}")));
        Ok(Self {
            convolutions,
            picture: linear(PICTURE, PROJECTION, vb.pp("picture"))?,
            joint: [linear(2 * PROJECTION, JOINT, vb.pp("joint.fc1"))?, linear(JOINT, PROJECTION, vb.pp("joint.fc2"))?],
            phrase: DILATIONS.into_iter().enumerate().map(phrase).collect::<Result<_>>()?,
        })
    }

    /// From normalised `frames` and the trunk's `memory` of them; `state`: of the phrase, then of the convolutions.
    fn forward(&self, frames: &Tensor, memory: Tensor, state: &mut [Tensor]) -> Result<Tensor> {
        let (phrase, pictures) = state.split_at_mut(self.phrase.len());
        let mut picture = frames.unsqueeze(1)?;
        for (layer, history) in self.convolutions.iter().zip(pictures) {
            picture = layer.forward(&picture, history)?;
        }
        let picture = picture.permute((0, 2, 3, 1))?.contiguous()?.flatten_from(2)?;
        let picture = self.picture.forward(&picture)?.relu()?;
        let both = Tensor::cat(&[&memory, &picture], 2)?;
        let mut x = (self.joint[1].forward(&self.joint[0].forward(&both)?.relu()?)? + memory)?;
        for (layer, history) in self.phrase.iter().zip(phrase) {
            x = layer.forward(&x, history)?;
        }
        Ok(x)
    }
}

impl State {
    /// Number of streams.
    pub fn streams(&self) -> usize {
        self.0.first().map_or(0, |layer| layer.dims()[0])
    }

    /// `count` successive streams from `first` on.
    ///
    /// # Errors
    /// If there are not as many.
    pub fn narrow(&self, first: usize, count: usize) -> Result<Self> {
        self.0.iter().map(|layer| layer.narrow(0, first, count)).collect::<Result<_>>().map(Self)
    }

    /// The streams of all these states, one after the other.
    ///
    /// # Errors
    /// States of different nets.
    pub fn joined(parts: &[Self]) -> Result<Self> {
        let layers = parts.first().map_or(0, |part| part.0.len());
        let layer = |at: usize| Tensor::cat(&parts.iter().map(|part| &part.0[at]).collect::<Vec<_>>(), 0);
        (0..layers).map(layer).collect::<Result<_>>().map(Self)
    }
}

impl Memory {
    fn new(bottleneck: bool, dilation: usize, vb: &VarBuilder<'_>) -> Result<Self> {
        let layers = || -> Result<[Linear; 2]> {
            Ok([linear(PROJECTION, HIDDEN, vb.pp("fc1"))?, linear_no_bias(HIDDEN, PROJECTION, vb.pp("fc2"))?])
        };
        let taps = vb.get((PROJECTION, TAPS), "lookback.weight")?.t()?.contiguous()?;
        Ok(Self { bottleneck: bottleneck.then(layers).transpose()?, taps, dilation })
    }

    /// Rows that the filter reaches back.
    fn reach(&self) -> usize {
        (TAPS - 1) * self.dilation
    }

    /// `x` `[streams, rows, width]`; `history` `[streams, reach, width]` holds the rows before.
    fn forward(&self, x: &Tensor, history: &mut Tensor) -> Result<Tensor> {
        let rows = x.dim(1)?;
        let projected = match &self.bottleneck {
            Some([first, second]) => &second.forward(&first.forward(x)?.relu()?)?,
            None => x,
        };
        let all = Tensor::cat(&[&*history, projected], 1)?;
        *history = all.narrow(1, rows, self.reach())?;
        let at_a_time = (MOST_ROWS / x.dim(0)?.max(1)).max(1);
        let filtered = (0..rows).step_by(at_a_time).map(|first| self.filter(&all, first, at_a_time.min(rows - first)));
        let filtered = filtered.collect::<Result<Vec<_>>>()?;
        let y = (projected + Tensor::cat(&filtered, 1)?)?;
        if self.bottleneck.is_some() { y + x } else { Ok(y) }
    }

    /// The weighted sums over the taps of `count` rows from `first` on; `all` begins [`Self::reach`] rows earlier.
    fn filter(&self, all: &Tensor, first: usize, count: usize) -> Result<Tensor> {
        let (streams, _, width) = all.dims3()?;
        let reached = (0..count).flat_map(|row| (0..TAPS).map(move |tap| (first + row + tap * self.dilation) as u32));
        let reached = Tensor::from_vec(reached.collect::<Vec<_>>(), count * TAPS, all.device())?;
        let rows = all.index_select(&reached, 1)?.reshape((streams, count, TAPS, width))?;
        rows.broadcast_mul(&self.taps)?.sum(2)
    }
}

impl Convolution {
    fn new(bands: usize, inputs: usize, outputs: usize, vb: &VarBuilder<'_>) -> Result<Self> {
        let weight = vb.get((outputs, KERNEL, KERNEL, inputs), "weight")?.permute((0, 3, 1, 2))?.contiguous()?;
        Ok(Self { weight, bias: vb.get(outputs, "bias")?.reshape((1, outputs, 1, 1))?, bands, inputs })
    }

    /// `x` `[streams, inputs, rows, bands]` to `[streams, outputs, rows, bands / POOL]`; `history`
    /// `[streams, inputs, KERNEL - 1, bands]` holds the rows before.
    fn forward(&self, x: &Tensor, history: &mut Tensor) -> Result<Tensor> {
        let rows = x.dim(2)?;
        let all = Tensor::cat(&[&*history, x], 2)?;
        *history = all.narrow(2, rows, KERNEL - 1)?;
        let y = all.pad_with_zeros(3, KERNEL / 2, KERNEL / 2)?.conv2d(&self.weight, 0, 1, 1, 1)?;
        let y = y.broadcast_add(&self.bias)?.relu()?;
        let (streams, outputs, rows, bands) = y.dims4()?;
        y.reshape((streams, outputs, rows, bands / POOL, POOL))?.max(4)
    }
}
