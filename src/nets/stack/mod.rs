//! Nets for whole clips, described stage by stage: a published system is a short description ([`super::systems`]), and
//! one interpreter runs them all ([`run`]), another with gradients trains them.
//!
//! They hear what [`super::Compact`] hears, every third frame of [`crate::listen::FrontEnd::wide_mel_128`], with
//! neighbouring bands averaged where a system has fewer. Between the stages goes a picture `[frames][bands][channels]`.

mod layer;
pub(crate) mod run;

pub use layer::{Fill, Holding, Layer, Size, layers};
pub use run::Stack;

/// Added to a variance before its root.
pub const EPS: f64 = 1e-3;

/// A non-linearity; all of them rise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Curve {
    /// None.
    Line,
    /// `max(0, x)`.
    Relu,
    /// `x`, or `exp(x) - 1` below 0 (arXiv 1511.07289).
    Elu,
}

impl Curve {
    /// In place.
    pub fn apply(self, values: &mut [f32]) {
        match self {
            Self::Line => {}
            Self::Relu => values.iter_mut().for_each(|x| *x = x.max(0.0)),
            Self::Elu => values.iter_mut().for_each(|x| *x = if *x > 0.0 { *x } else { x.exp_m1() }),
        }
    }

    /// The slope where the curve has the value `y`.
    pub fn slope(self, y: f32) -> f32 {
        match self {
            Self::Line => 1.0,
            Self::Relu => f32::from(u8::from(y > 0.0)),
            Self::Elu => (y + 1.0).min(1.0),
        }
    }
}

/// What stands around a picture that is filtered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edges {
    /// Zeros, so that the size is kept.
    Same,
    /// Nothing: the kernel stays inside.
    Valid,
    /// Zeros before and after in time, nothing below and above.
    SameTime,
}

/// What is said of a channel over all frames and bands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Statistic {
    /// The mean.
    Mean,
    /// The largest value.
    Max,
    /// The root of the mean square.
    L2,
}

/// As many frames or bands as there are.
pub const ALL: usize = usize::MAX;

/// One step of a net.
#[derive(Debug, Clone, PartialEq)]
pub enum Stage {
    /// A convolution, with a bias unless a normalisation follows.
    Convolution {
        /// Filters.
        outputs: usize,
        /// Frames and bands of one.
        kernel: [usize; 2],
        /// What stands around the picture.
        edges: Edges,
    },
    /// Batch normalisation of each channel (arXiv 1502.03167).
    Norm,
    /// The largest of each group, then the curve; what fills no group is left out.
    Pool {
        /// Frames of a group, or [`ALL`].
        frames: usize,
        /// Bands of a group, or [`ALL`].
        bands: usize,
        /// What is done to the largest.
        curve: Curve,
    },
    /// Leaves this share of the values out, in training.
    Dropout(f32),
    /// All bands' channels become channels of one band.
    BandsToChannels,
    /// The same with frames, too; for nets of a fixed length.
    PictureToChannels,
    /// Each frame's mean over bands.
    MeanOverBands,
    /// A gated recurrent unit over time (arXiv 1406.1078, with the reset gate behind the product), on one band.
    Gru(usize),
    /// The last frame alone.
    LastFrame,
    /// Each position hears all others by likeness (arXiv 1711.07971), in as many channels as named, and what it hears is
    /// added; its normalisation's factor begins at 0, so that it begins as nothing.
    NonLocal(usize),
    /// Branches on the same picture, their channels side by side.
    Parallel(Vec<Vec<Self>>),
    /// Added to what it is applied to.
    Residual(Vec<Self>),
    /// One frame and band of statistics.
    Statistics(&'static [Statistic]),
    /// What is here, averaged over frames and bands, is a part of the embedding.
    Tap,
}

/// A net.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Bands that it hears; 128 is a multiple of it.
    pub bands: usize,
    /// Frames of an example in training.
    pub frames: usize,
    /// Whether it hears nothing but pictures of `frames`: a longer window is then cut into slices, which vote.
    pub slices: bool,
    /// From the picture `[frames][bands][1]` to one band whose channels the output layer reads, frame by frame; its logits
    /// are averaged over frames.
    pub stages: Vec<Stage>,
    /// Examples of a batch.
    pub batch: usize,
    /// Peak learning rate.
    pub rate: f64,
}

/// A published system: its description and where it comes from.
#[derive(Debug, Clone, Copy)]
pub struct System {
    /// Name on the command line and in cards.
    pub name: &'static str,
    /// One sentence.
    pub description: &'static str,
    /// Who designed it.
    pub designer: &'static str,
    /// Publication.
    pub source: &'static str,
    /// What is not as published.
    pub differs: &'static str,
    /// The net over this many bands.
    pub plan: fn(usize) -> Plan,
    /// Bands that it hears here.
    pub bands: usize,
}

impl System {
    /// The net as it is trained here.
    pub fn plan(&self) -> Plan {
        (self.plan)(self.bands)
    }
}

/// Square convolution that keeps the size, normalised, the largest of each group, curve: the usual block.
pub fn block(outputs: usize, kernel: usize, [frames, bands]: [usize; 2], curve: Curve) -> [Stage; 3] {
    [filter(outputs, [kernel, kernel], Edges::Same), Stage::Norm, Stage::Pool { frames, bands, curve }]
}

/// A convolution.
pub fn filter(outputs: usize, kernel: [usize; 2], edges: Edges) -> Stage {
    Stage::Convolution { outputs, kernel, edges }
}

/// A fully connected layer, on a picture of one band: frame by frame.
pub fn dense(outputs: usize) -> Stage {
    filter(outputs, [1, 1], Edges::Valid)
}

/// A non-linearity alone.
pub fn curved(curve: Curve) -> Stage {
    Stage::Pool { frames: 1, bands: 1, curve }
}

impl Plan {
    /// The layers on a picture of `frames`.
    ///
    /// # Errors
    /// If a stage does not fit its picture.
    pub fn layers(&self, frames: usize) -> Result<Vec<Layer>, String> {
        layers(&self.stages, Size { frames, bands: self.bands, channels: 1 })
    }

    /// The layers in training.
    ///
    /// # Errors
    /// If a stage does not fit its picture; never for a plan of [`super::systems`].
    pub fn trained_layers(&self) -> Result<Vec<Layer>, String> {
        self.layers(self.frames)
    }

    /// Channels that the output layer reads.
    ///
    /// # Errors
    /// If a stage does not fit, or the last picture has more than one band.
    pub fn width(&self) -> Result<usize, String> {
        match self.trained_layers()?.last().map(|layer| layer.output) {
            Some(Size { bands: 1, channels, .. }) => Ok(channels),
            other => Err(format!("ends in {other:?}, not in one band")),
        }
    }

    /// Width of the embedding: of what was tapped, or of what the output layer reads.
    ///
    /// # Errors
    /// As [`Self::width`].
    pub fn embedding(&self) -> Result<usize, String> {
        let tapped: usize = self.trained_layers()?.iter().map(Layer::tapped).sum();
        if tapped > 0 { Ok(tapped) } else { self.width() }
    }

    /// Fewest frames of a sequence.
    pub fn fewest_frames(&self) -> usize {
        if self.slices {
            return 1;
        }
        (1..self.frames).find(|&frames| self.layers(frames).is_ok()).unwrap_or(self.frames)
    }
}
