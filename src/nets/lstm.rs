//! The singing detectors `lstm` and `lstm_bi` of the deep-learning tutorial by Choi et al. (arXiv 1709.04396, exercise
//! 5-1): 40 mel bands every 16 ms, normalised, three LSTM layers, one sigmoid. References, to be measured against.

use candle_core::Result;
use candle_nn::VarBuilder;

use super::layers::{Affine, Sigmoids};
use super::recurrence::{Cells, Recurrence};

/// Mel bands of a frame.
pub(crate) const MELS: usize = 40;
/// Cells of each layer of `lstm`.
pub(crate) const WIDTHS: [usize; 3] = [60, 40, 80];
/// Cells of each layer and direction of `lstm_bi`.
pub(crate) const BI_WIDTHS: [usize; 3] = [30, 20, 40];
/// Of the normalisations, as Keras has it.
pub(crate) const EPS: f64 = 1e-3;

/// Frames that `lstm_bi` answers at a time, and those after them that its backward direction hears first. The net was
/// made for whole files; blocks with context make a stream of it (latency-controlled BLSTM, arXiv 1510.08985).
const BLOCK: usize = 50;
const CONTEXT: usize = 150;

/// `lstm`.
pub struct Lstm {
    norm: Affine,
    layers: Vec<Recurrence>,
    output: Sigmoids,
}

/// What one audio stream has left in an [`Lstm`].
#[derive(Clone)]
pub struct LstmStream {
    cells: Vec<Cells>,
}

/// `lstm_bi`.
pub struct LstmBi {
    norm: Affine,
    /// Forwards and backwards.
    layers: Vec<[Recurrence; 2]>,
    output: Sigmoids,
}

/// What one audio stream has left in an [`LstmBi`].
#[derive(Clone)]
pub struct LstmBiStream {
    /// Of the forward directions.
    cells: Vec<Cells>,
    /// Normalised frames that are still to be answered.
    waiting: Vec<f32>,
}

impl Lstm {
    /// Builds the net from its tensors: `outputs` sigmoids per frame.
    ///
    /// # Errors
    /// A missing tensor or one of another shape.
    pub fn new(outputs: usize, vb: &VarBuilder<'_>) -> Result<Self> {
        let mut inputs = MELS;
        let mut layers = Vec::new();
        for (layer, width) in WIDTHS.into_iter().enumerate() {
            layers.push(Recurrence::new(inputs, width, &vb.pp(format!("lstm{layer}")))?);
            inputs = width;
        }
        let norm = Affine::batch_norm(MELS, EPS, &vb.pp("norm"))?;
        Ok(Self { norm, layers, output: Sigmoids::new(inputs, outputs, &vb.pp("out.fc2"))? })
    }

    /// Number of probabilities per frame.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.output.count()
    }

    /// The memory of a stream that has heard nothing.
    #[must_use]
    pub fn stream(&self) -> LstmStream {
        LstmStream { cells: self.layers.iter().map(Recurrence::start).collect() }
    }

    /// Reads new frames of several streams; see [`super::VocalNet::step`].
    ///
    /// # Errors
    /// If a product fails (frames that are not whole rows).
    pub fn step(&self, streams: &mut [&mut LstmStream], frames: &[&[f32]], _end: bool) -> Result<Vec<Vec<f32>>> {
        let each = streams.iter_mut().zip(frames).map(|(stream, frames)| {
            let mut x = frames.to_vec();
            self.norm.apply(&mut x);
            for (layer, cells) in self.layers.iter().zip(&mut stream.cells) {
                x = layer.forward(&x, cells);
            }
            Ok(self.output.forward(&x))
        });
        each.collect()
    }
}

impl LstmBi {
    /// Frames that a probability waits for.
    pub const LOOK_AHEAD_FRAMES: usize = BLOCK + CONTEXT - 1;

    /// Builds the net from its tensors: `outputs` sigmoids per frame.
    ///
    /// # Errors
    /// A missing tensor or one of another shape.
    pub fn new(outputs: usize, vb: &VarBuilder<'_>) -> Result<Self> {
        let mut inputs = MELS;
        let mut layers = Vec::new();
        for (layer, width) in BI_WIDTHS.into_iter().enumerate() {
            let vb = vb.pp(format!("lstm{layer}"));
            let direction = |name: &str| Recurrence::new(inputs, width, &vb.pp(name));
            layers.push([direction("forward")?, direction("backward")?]);
            inputs = 2 * width;
        }
        let norm = Affine::batch_norm(MELS, EPS, &vb.pp("norm"))?;
        Ok(Self { norm, layers, output: Sigmoids::new(inputs, outputs, &vb.pp("out.fc2"))? })
    }

    /// Number of probabilities per frame.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.output.count()
    }

    /// The memory of a stream that has heard nothing.
    #[must_use]
    pub fn stream(&self) -> LstmBiStream {
        let cells = self.layers.iter().map(|[forward, _]| forward.start()).collect();
        LstmBiStream { cells, waiting: Vec::new() }
    }

    /// Reads new frames of several streams; see [`super::VocalNet::step`]. Answers come in blocks.
    ///
    /// # Errors
    /// If a product fails (frames that are not whole rows).
    pub fn step(&self, streams: &mut [&mut LstmBiStream], frames: &[&[f32]], end: bool) -> Result<Vec<Vec<f32>>> {
        let each = streams.iter_mut().zip(frames).map(|(stream, frames)| {
            let mut x = frames.to_vec();
            self.norm.apply(&mut x);
            stream.waiting.extend_from_slice(&x);
            let mut out = Vec::new();
            let least = if end { MELS } else { (BLOCK + CONTEXT) * MELS };
            while stream.waiting.len() >= least {
                out.extend(self.block(stream)?);
            }
            Ok(out)
        });
        each.collect()
    }

    /// The answers to the first block of frames that wait, or to as many as there are.
    fn block(&self, stream: &mut LstmBiStream) -> Result<Vec<f32>> {
        let heard = stream.waiting.len().min((BLOCK + CONTEXT) * MELS);
        let mut x = stream.waiting[..heard].to_vec();
        let rows = heard / MELS;
        let block = rows.min(BLOCK);
        for ([forward, backward], cells) in self.layers.iter().zip(&mut stream.cells) {
            let inputs = x.len() / rows;
            let mut ahead = forward.forward(&x[..block * inputs], cells);
            ahead.extend(forward.forward(&x[block * inputs..], &mut cells.clone()));
            let back = backward.backward(&x);
            let width = ahead.len() / rows;
            let both = ahead.chunks_exact(width).zip(back.chunks_exact(width));
            x = both.flat_map(|(ahead, back)| ahead.iter().chain(back)).copied().collect();
        }
        stream.waiting.drain(..block * MELS);
        Ok(self.output.forward(&x[..x.len() / rows * block]))
    }
}
