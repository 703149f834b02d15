//! A stage in its place: with a name, the size of its picture, and the tensors that it holds.

use super::{ALL, Edges, Stage, Statistic};
use crate::nets::filter::{Filter, Zeros};

/// Size of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Along time.
    pub frames: usize,
    /// Along frequency.
    pub bands: usize,
    /// Values of a band.
    pub channels: usize,
}

/// See the module's text.
#[derive(Debug, Clone)]
pub struct Layer {
    /// Prefix of its tensors.
    pub name: String,
    /// What it does.
    pub stage: Stage,
    /// Size of the picture that it takes.
    pub input: Size,
    /// Size of the picture that it gives.
    pub output: Size,
    /// Of a convolution: whether it has a bias.
    pub biased: bool,
    /// Layers of its branches.
    pub branches: Vec<Vec<Self>>,
}

/// How a tensor begins.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fill {
    /// Drawn, for a layer that sums this many inputs.
    Drawn(usize),
    /// The same number throughout.
    Value(f32),
}

/// A tensor of a layer.
#[derive(Debug, Clone, PartialEq)]
pub struct Holding {
    /// Its name in the model file.
    pub name: String,
    /// Its shape there.
    pub shape: Vec<usize>,
    /// How it begins.
    pub fill: Fill,
}

/// The layers of `stages` on a picture of `size`.
///
/// # Errors
/// What does not fit, in words.
pub fn layers(stages: &[Stage], size: Size) -> Result<Vec<Layer>, String> {
    place(stages, size, &mut Numbers::default())
}

/// How many layers of each kind there have been.
#[derive(Default)]
struct Numbers(std::collections::HashMap<&'static str, usize>);

impl Numbers {
    fn name(&mut self, kind: &'static str) -> String {
        let number = self.0.entry(kind).or_default();
        *number += 1;
        format!("{kind}{}", *number - 1)
    }
}

fn place(stages: &[Stage], mut size: Size, numbers: &mut Numbers) -> Result<Vec<Layer>, String> {
    let mut placed = Vec::with_capacity(stages.len());
    for (at, stage) in stages.iter().enumerate() {
        let name = match stage {
            Stage::Convolution { .. } => numbers.name("conv"),
            Stage::Norm => numbers.name("norm"),
            Stage::Gru(_) => numbers.name("gru"),
            Stage::NonLocal(_) => numbers.name("nonlocal"),
            _ => String::new(),
        };
        let branches: Vec<Vec<Layer>> = match stage {
            Stage::Parallel(branches) => {
                branches.iter().map(|branch| place(branch, size, numbers)).collect::<Result<_, _>>()?
            }
            Stage::Residual(branch) => vec![place(branch, size, numbers)?],
            _ => Vec::new(),
        };
        let output = output(stage, size, &branches)?;
        let biased = !matches!(stages.get(at + 1), Some(Stage::Norm));
        placed.push(Layer { name, stage: stage.clone(), input: size, output, biased, branches });
        size = output;
    }
    Ok(placed)
}

fn output(stage: &Stage, input: Size, branches: &[Vec<Layer>]) -> Result<Size, String> {
    let end = |branch: &Vec<Layer>| branch.last().map_or(input, |layer| layer.output);
    let Size { frames, bands, channels } = input;
    match stage {
        Stage::Convolution { outputs, kernel, edges } => {
            let filter = Filter { input: [frames, bands, channels], kernel: *kernel, zeros: edges.zeros(*kernel) };
            let [frames, bands] = filter.output().map_err(|e| e.to_string())?;
            Ok(Size { frames, bands, channels: *outputs })
        }
        Stage::Pool { frames: by_frames, bands: by_bands, .. } => {
            let groups = |all: usize, by: usize| if by == ALL { 1 } else { all / by };
            let size = Size { frames: groups(frames, *by_frames), bands: groups(bands, *by_bands), channels };
            if size.frames == 0 || size.bands == 0 {
                return Err(format!(
                    "{frames} frames of {bands} bands do not fill a group of {by_frames} by {by_bands}"
                ));
            }
            Ok(size)
        }
        Stage::BandsToChannels => Ok(Size { frames, bands: 1, channels: bands * channels }),
        Stage::PictureToChannels => Ok(Size { frames: 1, bands: 1, channels: frames * bands * channels }),
        Stage::MeanOverBands => Ok(Size { bands: 1, ..input }),
        Stage::Gru(width) if bands == 1 => Ok(Size { channels: *width, ..input }),
        Stage::Gru(_) => Err(format!("a recurrence goes over one band, not {bands}")),
        Stage::LastFrame => Ok(Size { frames: 1, ..input }),
        Stage::Statistics(kinds) => Ok(Size { frames: 1, bands: 1, channels: kinds.len() * channels }),
        Stage::Parallel(_) => {
            let ends: Vec<Size> = branches.iter().map(end).collect();
            let channels = ends.iter().map(|size| size.channels).sum();
            match ends.first() {
                Some(first) if ends.iter().all(|s| (s.frames, s.bands) == (first.frames, first.bands)) => {
                    Ok(Size { channels, ..*first })
                }
                _ => Err(format!("branches end in pictures that do not lie side by side: {ends:?}")),
            }
        }
        Stage::Residual(_) => match branches.first().map(end) {
            Some(size) if size == input => Ok(input),
            other => Err(format!("{other:?} cannot be added to {input:?}")),
        },
        Stage::Norm | Stage::Dropout(_) | Stage::NonLocal(_) | Stage::Tap => Ok(input),
    }
}

impl Edges {
    /// The zeros around a picture for this kernel.
    pub fn zeros(self, kernel: [usize; 2]) -> Zeros {
        match self {
            Self::Same => Zeros::same(kernel),
            Self::Valid => Zeros::default(),
            Self::SameTime => Zeros { bands: [0, 0], ..Zeros::same(kernel) },
        }
    }
}

impl Layer {
    /// Values that it adds to the embedding.
    pub fn tapped(&self) -> usize {
        match self.stage {
            Stage::Tap => self.input.channels,
            _ => self.branches.iter().flatten().map(Self::tapped).sum(),
        }
    }

    /// The tensors of this layer and of its branches.
    pub fn holdings(&self) -> Vec<Holding> {
        let Self { name, input: Size { channels, .. }, .. } = self;
        let holding =
            |part: &str, shape: &[usize], fill| Holding { name: format!("{name}.{part}"), shape: shape.to_vec(), fill };
        let norm = |prefix: &str, channels: usize, factor: f32| {
            let parts = [("weight", factor), ("bias", 0.0), ("running_mean", 0.0), ("running_var", 1.0)];
            parts.map(|(part, value)| holding(&format!("{prefix}{part}"), &[channels], Fill::Value(value)))
        };
        match &self.stage {
            Stage::Convolution { outputs, kernel: [frames, bands], .. } => {
                let inputs = frames * bands * channels;
                let mut all = vec![holding("weight", &[*outputs, *frames, *bands, *channels], Fill::Drawn(inputs))];
                if self.biased {
                    all.push(holding("bias", &[*outputs], Fill::Value(0.0)));
                }
                all
            }
            Stage::Norm => norm("", *channels, 1.0).to_vec(),
            // Gates are no ramps: their weights are drawn with a deviation of `sqrt(1 / inputs)`.
            Stage::Gru(width) => vec![
                holding("input.weight", &[3 * width, *channels], Fill::Drawn(2 * channels)),
                holding("input.bias", &[3 * width], Fill::Value(0.0)),
                holding("recurrent.weight", &[3 * width, *width], Fill::Drawn(2 * width)),
            ],
            Stage::NonLocal(inner) => {
                let into = |part: &str| holding(part, &[*inner, *channels], Fill::Drawn(2 * channels));
                let mut all = vec![into("theta.weight"), into("phi.weight"), into("g.weight")];
                all.push(holding("out.weight", &[*channels, *inner], Fill::Drawn(2 * inner)));
                all.extend(norm("norm.", *channels, 0.0));
                all
            }
            _ => self.branches.iter().flatten().flat_map(Self::holdings).collect(),
        }
    }

    /// Biases of convolutions that the publication has and a normalisation right behind them cancels.
    #[cfg(test)]
    pub fn cancelled_biases(&self) -> usize {
        match self.stage {
            Stage::Convolution { outputs, .. } if !self.biased => outputs,
            _ => self.branches.iter().flatten().map(Self::cancelled_biases).sum(),
        }
    }
}

impl Statistic {
    /// Of `values` that lie `step` apart.
    pub fn of(self, values: &[f32], step: usize) -> f32 {
        let each = values.iter().step_by(step);
        let count = each.len().max(1) as f32;
        match self {
            Self::Mean => each.sum::<f32>() / count,
            Self::Max => each.copied().fold(f32::NEG_INFINITY, f32::max),
            Self::L2 => (each.map(|x| x * x).sum::<f32>() / count + Self::SMALLEST_SQUARE).sqrt(),
        }
    }

    /// Added to a mean square, so that its root has a slope everywhere.
    pub const SMALLEST_SQUARE: f32 = 1e-6;
}
