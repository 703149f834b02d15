//! Our voice net: a causal DFSMN (see [`super::fsmn`]) hears how sound moves on over a second and a half, a small stack
//! of convolutions over time and mel bands beside it hears what the moment looks like, whatever its pitch, and adds to
//! it what both together say; two further memories with taps far apart hear the phrase that both are part of (six seconds).
//!
//! The net is causal; it answers `delay` frames late, so that it has heard a little of what follows the frame it speaks
//! of.

use candle_core::Result;
use candle_nn::VarBuilder;

use super::FrameObserver;
use super::convolution::{Convolution, Shape};
use super::fsmn::{FsmnStream, History, INPUTS, Outputs, PROJECTION, Statistics, Taps, Trunk};
use super::fsmn::{bottleneck, bottleneck_rows, told};
use super::layers::{Activation::Relu, Dense};

/// Channels after each convolution.
pub(crate) const CHANNELS: [usize; 3] = [16, 32, 32];
/// Frames and bands that a convolution spans; the frames are the present one and those before it.
pub(crate) const KERNEL: usize = 3;
/// Neighbouring bands of which the largest goes on, after each convolution.
pub(crate) const POOL: usize = 2;
/// Width of the layer in which trunk and convolutions meet.
pub(crate) const JOINT: usize = 256;
/// Frames from tap to tap in the memories over the phrase.
pub(crate) const DILATIONS: [usize; 2] = [4, 16];
/// What is left of the picture after the last pooling.
pub(crate) const PICTURE: usize = CHANNELS[2] * INPUTS / (POOL * POOL * POOL);

/// See the module's text.
pub struct ConvFsmn {
    trunk: Trunk,
    statistics: Statistics,
    convolutions: Vec<Convolution>,
    picture: Dense,
    joint: [Dense; 2],
    phrase: Vec<Phrase>,
    output: Outputs,
    delay: usize,
}

/// One memory over the phrase.
struct Phrase {
    bottleneck: [Dense; 2],
    taps: Taps,
}

/// What one audio stream has left in the memories of a [`ConvFsmn`].
#[derive(Clone)]
pub struct ConvFsmnStream {
    trunk: FsmnStream,
    /// The last `KERNEL - 1` frames before each convolution.
    pictures: Vec<Vec<f32>>,
    phrase: Vec<History>,
    /// Answers that are still to be left out, because they speak of frames before the first.
    early: usize,
}

impl ConvFsmn {
    /// The layers that an observer sees: the trunk's memory, the convolutions, both joined, and what each memory over the
    /// phrase makes of that. The last one is what the probabilities are read from.
    pub const LAYERS: [&'static str; 3 + DILATIONS.len()] = ["memory", "picture", "joint", "phrase0", "phrase1"];

    /// Builds the net from its tensors: `outputs` sigmoids per frame, `delay` frames late.
    ///
    /// # Errors
    /// A missing tensor or one of another shape.
    pub fn new(outputs: usize, delay: usize, vb: &VarBuilder<'_>) -> Result<Self> {
        let mut bands = INPUTS;
        let mut inputs = 1;
        let mut convolutions = Vec::new();
        for (layer, outputs) in CHANNELS.into_iter().enumerate() {
            let shape = Shape { bands, inputs, outputs, kernel: [KERNEL, KERNEL], pool: POOL };
            convolutions.push(Convolution::new(shape, &vb.pp(format!("conv{layer}")))?);
            bands /= POOL;
            inputs = outputs;
        }
        let phrase = |(number, dilation): (usize, usize)| {
            let vb = vb.pp(format!("phrase{number}"));
            Ok(Phrase { bottleneck: bottleneck(&vb)?, taps: Taps::new(dilation, &vb)? })
        };
        Ok(Self {
            trunk: Trunk::new(vb)?,
            statistics: Statistics::new(&vb.pp("cmvn"))?,
            convolutions,
            picture: Dense::new(PICTURE, PROJECTION, true, &vb.pp("picture"))?.activated(Relu),
            joint: [
                Dense::new(2 * PROJECTION, JOINT, true, &vb.pp("joint.fc1"))?.activated(Relu),
                Dense::new(JOINT, PROJECTION, true, &vb.pp("joint.fc2"))?,
            ],
            phrase: DILATIONS.into_iter().enumerate().map(phrase).collect::<Result<_>>()?,
            output: Outputs::new(outputs, &vb.pp("out"))?,
            delay,
        })
    }

    /// Number of probabilities per frame.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.output.count()
    }

    /// Frames that a probability waits for.
    #[must_use]
    pub fn look_ahead_frames(&self) -> usize {
        self.delay
    }

    /// The memory of a stream that has heard nothing.
    #[must_use]
    pub fn stream(&self) -> ConvFsmnStream {
        ConvFsmnStream {
            trunk: self.trunk.stream(),
            pictures: self.convolutions.iter().map(Convolution::before).collect(),
            phrase: self.phrase.iter().map(|phrase| phrase.taps.history()).collect(),
            early: self.delay,
        }
    }

    /// Reads new frames of several streams in one pass; see [`super::Fsmn::step`]. At the `end` the net hears `delay`
    /// frames at the training data's mean.
    ///
    /// # Errors
    /// Frames that are not whole rows.
    pub fn step(&self, streams: &mut [&mut ConvFsmnStream], frames: &[&[f32]], end: bool) -> Result<Vec<Vec<f32>>> {
        self.step_observed(streams, frames, end, &mut |_, _, _| ())
    }

    /// The same, while `observe` sees each of [`Self::LAYERS`]: one row for each frame read, stream after stream.
    ///
    /// # Errors
    /// As [`Self::step`].
    pub fn step_observed(
        &self,
        streams: &mut [&mut ConvFsmnStream],
        frames: &[&[f32]],
        end: bool,
        observe: &mut FrameObserver<'_>,
    ) -> Result<Vec<Vec<f32>>> {
        let [memory_layer, picture_layer, joint_layer, phrase_layers @ ..] = Self::LAYERS;
        let silence = if end { self.statistics.mean_frames(self.delay) } else { Vec::new() };
        let frames: Vec<Vec<f32>> = frames.iter().map(|frames| [frames, silence.as_slice()].concat()).collect();
        let slices: Vec<&[f32]> = frames.iter().map(Vec::as_slice).collect();
        let (memory, mut rows) = {
            let mut trunks: Vec<&mut FsmnStream> = streams.iter_mut().map(|stream| &mut stream.trunk).collect();
            self.trunk.step(&mut trunks, &slices, false)?
        };
        let picture = self.picture(streams, &slices);
        observe(memory_layer, PROJECTION, &memory);
        observe(picture_layer, PROJECTION, &picture);
        let both: Vec<f32> = memory
            .chunks_exact(PROJECTION)
            .zip(picture.chunks_exact(PROJECTION))
            .flat_map(|(memory, picture)| memory.iter().chain(picture))
            .copied()
            .collect();
        let mut x = self.joint[1].apply(&self.joint[0].apply(&both));
        x.iter_mut().zip(&memory).for_each(|(x, memory)| *x += memory);
        observe(joint_layer, PROJECTION, &x);
        for ((number, phrase), layer) in self.phrase.iter().enumerate().zip(phrase_layers) {
            let projected = bottleneck_rows(&phrase.bottleneck, &x);
            let histories = streams.iter_mut().map(|stream| &mut stream.phrase[number]);
            x = phrase.taps.filter_all(histories, &projected, Some(&x), &mut rows, false);
            observe(layer, PROJECTION, &x);
        }
        let early = streams.iter_mut().map(|stream| &mut stream.early);
        Ok(told(&self.output.forward(&x), self.outputs(), &rows, early))
    }

    /// Rows of [`PROJECTION`] values from the convolutions.
    fn picture(&self, streams: &mut [&mut ConvFsmnStream], frames: &[&[f32]]) -> Vec<f32> {
        let mut parts: Vec<Vec<f32>> = frames.iter().map(|frames| frames.to_vec()).collect();
        parts.iter_mut().for_each(|part| self.statistics.apply(part));
        for (layer, convolution) in self.convolutions.iter().enumerate() {
            let before = streams.iter_mut().map(|stream| &mut stream.pictures[layer]);
            parts = convolution.forward(before, &parts);
        }
        self.picture.apply(&parts.concat())
    }
}
