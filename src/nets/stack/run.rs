//! A described net as it runs.

use candle_core::Result;
use candle_nn::VarBuilder;

use super::layer::{Layer, Size};
use super::{Curve, EPS, Edges, Plan, Stage, Statistic};
use crate::nets::compact::{self, Group, STRIDE, groups, sequences};
use crate::nets::filter::{Filter, Weight};
use crate::nets::layers::Affine;
use crate::nets::{Observer, Tagging};

/// A net of [`crate::nets::systems`].
pub struct Stack {
    plan: Plan,
    fewest_frames: usize,
    /// Mean and one over the deviation of each band in the training data.
    mean: Vec<f32>,
    scale: Vec<f32>,
    layers: Vec<Ready>,
    /// `[labels][width]`.
    output: Vec<f32>,
    bias: Vec<f32>,
    groups: Vec<Group>,
}

/// A layer with its weights.
pub(in crate::nets) enum Ready {
    Convolution { kernel: [usize; 2], edges: Edges, weight: Weight, outputs: usize, bias: Vec<f32> },
    Norm(Affine),
    Pool { frames: usize, bands: usize, curve: Curve },
    Nothing,
    BandsToChannels,
    PictureToChannels,
    MeanOverBands,
    Gru { width: usize, input: Vec<f32>, bias: Vec<f32>, recurrent: Vec<f32> },
    LastFrame,
    NonLocal { inner: usize, theta: Vec<f32>, phi: Vec<f32>, g: Vec<f32>, out: Vec<f32>, norm: Affine },
    Parallel(Vec<Vec<Ready>>),
    Residual(Vec<Ready>),
    Statistics(&'static [Statistic]),
    Tap,
}

/// What goes from layer to layer.
#[derive(Clone)]
pub(in crate::nets) struct Picture {
    pub(in crate::nets) size: Size,
    /// `[frames][bands][channels]`.
    pub(in crate::nets) values: Vec<f32>,
}

impl Stack {
    /// The layers that an observer sees, one row each; see [`Observer`].
    pub const LAYERS: [&'static str; 2] = ["embedding", "genres"];

    /// Builds the net of a plan for these labels; see [`super::super::Compact::new`] for their meaning.
    ///
    /// # Errors
    /// A missing tensor or one of another shape.
    pub fn new(plan: Plan, labels: &[String], vb: &VarBuilder<'_>) -> Result<Self> {
        let unfit = |what: String| candle_core::Error::Msg(what);
        let layers = plan.trained_layers().map_err(unfit)?;
        let width = plan.width().map_err(unfit)?;
        Ok(Self {
            fewest_frames: plan.fewest_frames(),
            mean: vb.get(plan.bands, "cmvn.mean")?.to_vec1()?,
            scale: vb.get(plan.bands, "cmvn.scale")?.to_vec1()?,
            layers: layers.iter().map(|layer| Ready::read(layer, vb)).collect::<Result<_>>()?,
            output: vb.get((labels.len(), width), "output.weight")?.flatten_all()?.to_vec1()?,
            bias: vb.get(labels.len(), "output.bias")?.to_vec1()?,
            groups: groups(labels),
            plan,
        })
    }

    /// Tags a window of `mels`, rows of 128 values in dB.
    ///
    /// # Errors
    /// Fewer frames than [`Self::fewest_frames`].
    pub fn forward(&self, mels: &[f32]) -> Result<Tagging> {
        self.tag(sequences(mels, STRIDE))
    }

    /// The same, while `observe` sees each of [`Self::LAYERS`].
    ///
    /// # Errors
    /// As [`Self::forward`], and what `observe` reports.
    pub fn forward_observed(&self, mels: &[f32], observe: &mut Observer<'_>) -> Result<Tagging> {
        let tagging = self.forward(mels)?;
        for (name, values) in Self::LAYERS.into_iter().zip([&tagging.embedding, &tagging.probability]) {
            observe(name, &candle_core::Tensor::from_slice(values, (1, values.len()), &candle_core::Device::Cpu)?)?;
        }
        Ok(tagging)
    }

    /// Fewest frames of a window.
    #[must_use]
    pub fn fewest_frames(&self) -> usize {
        self.fewest_frames * STRIDE
    }

    /// Tags a window given as [`sequences`].
    ///
    /// # Errors
    /// A sequence too short for the net, or none.
    pub(crate) fn tag(&self, sequences: Vec<Vec<f32>>) -> Result<Tagging> {
        let mut said: Option<Tagging> = None;
        let mut parts = 0.0;
        for sequence in &sequences {
            let heard = self.heard(sequence);
            if heard.size.frames < self.fewest_frames {
                candle_core::bail!("a window of fewer than {} frames", self.fewest_frames());
            }
            for slice in self.slices(heard) {
                let one = self.one(slice)?;
                parts += 1.0;
                said = Some(match said {
                    None => one,
                    Some(mut sum) => {
                        let add =
                            |to: &mut Vec<f32>, from: Vec<f32>| to.iter_mut().zip(from).for_each(|(a, b)| *a += b);
                        add(&mut sum.probability, one.probability);
                        add(&mut sum.embedding, one.embedding);
                        sum
                    }
                });
            }
        }
        let Some(mut tagging) = said else { candle_core::bail!("a window without frames") };
        let all = tagging.probability.iter_mut().chain(&mut tagging.embedding);
        all.for_each(|value| *value /= parts);
        Ok(tagging)
    }

    /// What the net makes of a sequence of 128 bands: neighbours averaged, each by the training data's mean and deviation.
    fn heard(&self, sequence: &[f32]) -> Picture {
        let mut values = fewer_bands(sequence, self.plan.bands);
        standardise(&mut values, &self.mean, &self.scale);
        let bands = self.plan.bands;
        Picture { size: Size { frames: values.len() / bands, bands, channels: 1 }, values }
    }

    /// The picture itself, or where the net is of a fixed length, slices of it that cover it; a picture shorter than that
    /// begins again.
    fn slices(&self, heard: Picture) -> Vec<Picture> {
        if !self.plan.slices {
            return vec![heard];
        }
        let Picture { size, values } = heard;
        let (frames, row) = (self.plan.frames, size.bands * size.channels);
        let count = size.frames.div_ceil(frames);
        let last = size.frames.saturating_sub(frames);
        let slice = |at: usize| {
            // The last one ends where the window ends.
            let first = (at * frames).min(last);
            let values = values.iter().cycle().skip(first * row).take(frames * row).copied().collect();
            Picture { size: Size { frames, ..size }, values }
        };
        (0..count).map(slice).collect()
    }

    fn one(&self, picture: Picture) -> Result<Tagging> {
        let mut tapped = Vec::new();
        let last = through(&self.layers, picture, &mut tapped)?;
        let width = last.size.channels;
        let mean: Vec<f32> = (0..width).map(|at| Statistic::Mean.of(&last.values[at..], width)).collect();
        // The output layer is linear: the mean of the frames' logits is the logit of their mean.
        let rows = self.output.chunks_exact(width).zip(&self.bias);
        let mut logits: Vec<f32> = rows.map(|(row, bias)| bias + dot(row, &mean)).collect();
        for group in &self.groups {
            compact::softmax(&mut logits[group.first..][..group.count]);
        }
        Ok(Tagging { probability: logits, embedding: if tapped.is_empty() { mean } else { tapped }, inner: Vec::new() })
    }
}

/// Frames of as many bands as `mean` and `scale` have, each band by the training data's mean and one over its deviation.
pub(in crate::nets) fn standardise(frames: &mut [f32], mean: &[f32], scale: &[f32]) {
    for frame in frames.chunks_exact_mut(mean.len()) {
        let bands = frame.iter_mut().zip(mean).zip(scale);
        bands.for_each(|((x, mean), scale)| *x = (*x - mean) * scale);
    }
}

/// Frames of 128 bands with neighbouring bands averaged, so that `bands` are left.
pub(crate) fn fewer_bands(frames: &[f32], bands: usize) -> Vec<f32> {
    let by = compact::BANDS / bands;
    frames.chunks_exact(by).map(|group| group.iter().sum::<f32>() / by as f32).collect()
}

impl Ready {
    /// The layer's weights.
    ///
    /// # Errors
    /// A missing tensor or one of another shape.
    pub(in crate::nets) fn read(layer: &Layer, vb: &VarBuilder<'_>) -> Result<Self> {
        let channels = layer.input.channels;
        let get = |shape: &[usize], part: &str| -> Result<Vec<f32>> {
            vb.get(shape, &format!("{}.{part}", layer.name))?.flatten_all()?.to_vec1()
        };
        let inside = |branch: &Vec<Layer>| branch.iter().map(|layer| Self::read(layer, vb)).collect::<Result<Vec<_>>>();
        Ok(match &layer.stage {
            Stage::Convolution { outputs, kernel, edges } => {
                let weight = get(&[*outputs, kernel[0], kernel[1], channels], "weight")?;
                Self::Convolution {
                    kernel: *kernel,
                    edges: *edges,
                    weight: Weight::new(&weight, *kernel, channels),
                    outputs: *outputs,
                    bias: if layer.biased { get(&[*outputs], "bias")? } else { Vec::new() },
                }
            }
            Stage::Norm => Self::Norm(Affine::batch_norm(channels, EPS, &vb.pp(&layer.name))?),
            Stage::Pool { frames, bands, curve } => Self::Pool { frames: *frames, bands: *bands, curve: *curve },
            Stage::Dropout(_) => Self::Nothing,
            Stage::BandsToChannels => Self::BandsToChannels,
            Stage::PictureToChannels => Self::PictureToChannels,
            Stage::MeanOverBands => Self::MeanOverBands,
            Stage::Gru(width) => Self::Gru {
                width: *width,
                input: get(&[3 * width, channels], "input.weight")?,
                bias: get(&[3 * width], "input.bias")?,
                recurrent: get(&[3 * width, *width], "recurrent.weight")?,
            },
            Stage::LastFrame => Self::LastFrame,
            Stage::NonLocal(inner) => Self::NonLocal {
                inner: *inner,
                theta: get(&[*inner, channels], "theta.weight")?,
                phi: get(&[*inner, channels], "phi.weight")?,
                g: get(&[*inner, channels], "g.weight")?,
                out: get(&[channels, *inner], "out.weight")?,
                norm: Affine::batch_norm(channels, EPS, &vb.pp(&layer.name).pp("norm"))?,
            },
            Stage::Parallel(_) => Self::Parallel(layer.branches.iter().map(inside).collect::<Result<_>>()?),
            Stage::Residual(_) => Self::Residual(layer.branches.first().map_or_else(|| Ok(Vec::new()), inside)?),
            Stage::Statistics(kinds) => Self::Statistics(kinds),
            Stage::Tap => Self::Tap,
        })
    }

    fn forward(&self, mut x: Picture, tapped: &mut Vec<f32>) -> Result<Picture> {
        let Size { frames, bands, channels } = x.size;
        Ok(match self {
            Self::Convolution { kernel, edges, weight, outputs, bias } => {
                let filter = Filter { input: [frames, bands, channels], kernel: *kernel, zeros: edges.zeros(*kernel) };
                let [frames, bands] = filter.output()?;
                let mut values = vec![0.0; frames * bands * outputs];
                filter.apply(&x.values, weight, &mut values)?;
                if !bias.is_empty() {
                    let rows = values.chunks_exact_mut(*outputs);
                    rows.for_each(|row| row.iter_mut().zip(bias).for_each(|(y, bias)| *y += bias));
                }
                Picture { size: Size { frames, bands, channels: *outputs }, values }
            }
            Self::Norm(norm) => {
                norm.apply(&mut x.values);
                x
            }
            Self::Pool { frames, bands, curve } => pooled(x, [*frames, *bands], *curve),
            Self::Nothing => x,
            Self::BandsToChannels => Picture { size: Size { frames, bands: 1, channels: bands * channels }, ..x },
            Self::PictureToChannels => {
                Picture { size: Size { frames: 1, bands: 1, channels: frames * bands * channels }, ..x }
            }
            Self::MeanOverBands => {
                let mean = |frame: &[f32], at: usize| Statistic::Mean.of(&frame[at..], channels);
                let rows = x.values.chunks_exact(bands * channels);
                let values = rows.flat_map(|frame| (0..channels).map(move |at| mean(frame, at))).collect();
                Picture { size: Size { bands: 1, ..x.size }, values }
            }
            Self::Gru { width, input, bias, recurrent } => {
                let values = gru(&x.values, channels, *width, input, bias, recurrent);
                Picture { size: Size { channels: *width, ..x.size }, values }
            }
            Self::LastFrame => {
                let values = x.values[x.values.len() - bands * channels..].to_vec();
                Picture { size: Size { frames: 1, ..x.size }, values }
            }
            Self::NonLocal { inner, theta, phi, g, out, norm } => {
                let mut said = by_likeness(&x, *inner, [theta, phi, g], out);
                norm.apply(&mut said);
                x.values.iter_mut().zip(said).for_each(|(x, said)| *x += said);
                x
            }
            Self::Parallel(branches) => {
                let ends: Vec<Picture> =
                    branches.iter().map(|branch| through(branch, x.clone(), tapped)).collect::<Result<_>>()?;
                side_by_side(&ends)
            }
            Self::Residual(branch) => {
                let said = through(branch, x.clone(), tapped)?;
                x.values.iter_mut().zip(said.values).for_each(|(x, said)| *x += said);
                x
            }
            Self::Statistics(kinds) => {
                let each = kinds.iter().flat_map(|kind| (0..channels).map(|at| kind.of(&x.values[at..], channels)));
                let values: Vec<f32> = each.collect();
                Picture { size: Size { frames: 1, bands: 1, channels: values.len() }, values }
            }
            Self::Tap => {
                tapped.extend((0..channels).map(|at| Statistic::Mean.of(&x.values[at..], channels)));
                x
            }
        })
    }
}

/// A picture through layers, one after the other; what is tapped on the way is added to `tapped`.
///
/// # Errors
/// A picture smaller than a kernel.
pub(in crate::nets) fn through(layers: &[Ready], picture: Picture, tapped: &mut Vec<f32>) -> Result<Picture> {
    layers.iter().try_fold(picture, |picture, layer| layer.forward(picture, tapped))
}

fn pooled(x: Picture, by: [usize; 2], curve: Curve) -> Picture {
    let Size { frames, bands, channels } = x.size;
    let [by_frames, by_bands] = [by[0].min(frames), by[1].min(bands)];
    let size = Size { frames: frames / by_frames, bands: bands / by_bands, channels };
    let mut values = vec![f32::NEG_INFINITY; size.frames * size.bands * channels];
    let groups = values.chunks_exact_mut(size.bands * channels);
    for (y, x) in groups.zip(x.values.chunks_exact(by_frames * bands * channels)) {
        for frame in x.chunks_exact(bands * channels) {
            for (y, x) in y.chunks_exact_mut(channels).zip(frame.chunks_exact(by_bands * channels)) {
                for x in x.chunks_exact(channels) {
                    y.iter_mut().zip(x).for_each(|(y, &x)| *y = y.max(x));
                }
            }
        }
    }
    curve.apply(&mut values);
    Picture { size, values }
}

/// Rows of `inputs` values through a gated recurrent unit that begins at rest.
fn gru(rows: &[f32], inputs: usize, width: usize, input: &[f32], bias: &[f32], recurrent: &[f32]) -> Vec<f32> {
    let sigmoid = |x: f32| 1.0 / (1.0 + (-x).exp());
    let mut h = vec![0.0_f32; width];
    let mut out = Vec::with_capacity(rows.len() / inputs * width);
    for row in rows.chunks_exact(inputs) {
        let from_input: Vec<f32> =
            input.chunks_exact(inputs).zip(bias).map(|(weights, bias)| bias + dot(weights, row)).collect();
        let from_past: Vec<f32> = recurrent.chunks_exact(width).map(|weights| dot(weights, &h)).collect();
        for at in 0..width {
            let reset = sigmoid(from_input[at] + from_past[at]);
            let keep = sigmoid(from_input[width + at] + from_past[width + at]);
            let candidate = (from_input[2 * width + at] + reset * from_past[2 * width + at]).tanh();
            h[at] = keep * h[at] + (1.0 - keep) * candidate;
        }
        out.extend_from_slice(&h);
    }
    out
}

/// Groups whose largest the keys and values of [`by_likeness`] are, where the picture is large enough.
pub(crate) fn key_groups(size: Size) -> [usize; 2] {
    [size.frames.min(2), size.bands.min(2)]
}

/// What each position hears of all others, `[frames][bands][channels]`: `softmax(theta phi' / sqrt(inner)) g`, then `out`.
fn by_likeness(x: &Picture, inner: usize, [theta, phi, g]: [&[f32]; 3], out: &[f32]) -> Vec<f32> {
    let channels = x.size.channels;
    let project = |weight: &[f32]| -> Picture {
        let rows = x.values.chunks_exact(channels);
        let values = rows.flat_map(|row| weight.chunks_exact(channels).map(move |weights| dot(weights, row))).collect();
        Picture { size: Size { channels: inner, ..x.size }, values }
    };
    let groups = key_groups(x.size);
    let queries = project(theta);
    let [keys, values] = [phi, g].map(|weight| pooled(project(weight), groups, Curve::Line).values);
    let mut said = Vec::with_capacity(x.values.len());
    for query in queries.values.chunks_exact(inner) {
        let likeness = keys.chunks_exact(inner).map(|key| dot(query, key) / (inner as f32).sqrt());
        let mut likeness: Vec<f32> = likeness.collect();
        compact::softmax(&mut likeness);
        let mut heard = vec![0.0_f32; inner];
        for (share, value) in likeness.iter().zip(values.chunks_exact(inner)) {
            heard.iter_mut().zip(value).for_each(|(heard, value)| *heard += share * value);
        }
        said.extend(out.chunks_exact(inner).map(|weights| dot(weights, &heard)));
    }
    said
}

/// Channels of pictures of the same frames and bands, one beside the other.
fn side_by_side(pictures: &[Picture]) -> Picture {
    let Some(first) = pictures.first() else {
        return Picture { size: Size { frames: 0, bands: 0, channels: 0 }, values: Vec::new() };
    };
    let channels = pictures.iter().map(|picture| picture.size.channels).sum();
    let mut values = Vec::with_capacity(first.size.frames * first.size.bands * channels);
    for position in 0..first.size.frames * first.size.bands {
        for Picture { size, values: from } in pictures {
            values.extend_from_slice(&from[position * size.channels..][..size.channels]);
        }
    }
    Picture { size: Size { channels, ..first.size }, values }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
