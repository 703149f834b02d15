//! DFSMN, the feed-forward sequential memory network (arXiv 1803.05030) as FireRedVAD uses it for voice activity:
//! blocks of dense layers whose memory is a depth-wise filter over time, so a frame costs the same whether the net
//! runs frame by frame or over a whole file.

use candle_core::{Device, Module, Result, Tensor};
use candle_nn::VarBuilder;

use super::layers::{Activation::Relu, Dense};

const INPUTS: usize = 80;
const HIDDEN: usize = 256;
const PROJECTION: usize = 128;
const BLOCKS: usize = 8;
const TAPS: usize = 20;

/// Products run on at least this many rows: a single row takes another path through the matrix product, which rounds
/// differently, and a frame's probability must not depend on how many frames happened to arrive together.
const FEWEST_ROWS: usize = 2;

/// A DFSMN over 80 Kaldi filter-bank values, causal or with look-ahead taps.
pub struct Fsmn {
    mean: Vec<f32>,
    inverse_deviation: Vec<f32>,
    input: [Dense; 2],
    /// Dense layers before each memory but the first.
    hidden: Vec<[Dense; 2]>,
    memory: Vec<Taps>,
    output: Dense,
    /// The last layer, `[outputs][HIDDEN]` and `[outputs]`: so narrow that a plain loop serves, and the matrix product
    /// would change its order of summation with the number of rows.
    last_weight: Vec<f32>,
    last_bias: Vec<f32>,
}

/// Depth-wise filters over time, `[taps][PROJECTION]`.
struct Taps {
    back: Vec<f32>,
    ahead: Vec<f32>,
}

/// What one audio stream has left in the memories of an [`Fsmn`].
#[derive(Clone)]
pub struct FsmnStream {
    blocks: Vec<History>,
}

#[derive(Clone)]
struct History {
    /// Rows of [`PROJECTION`] values that the filter still reaches, oldest first.
    projected: Vec<f32>,
    /// Rows of the block's input that wait for the look-ahead, for the skip connection.
    skipped: Vec<f32>,
}

impl Fsmn {
    /// Builds the net from its tensors; `outputs` sigmoids. A net with `lookahead` tensors is not causal.
    ///
    /// # Errors
    /// A missing tensor or one of another shape.
    pub fn new(outputs: usize, vb: &VarBuilder<'_>) -> Result<Self> {
        let taps = |block: usize| -> Result<Taps> {
            let vb = vb.pp(format!("fsmn{block}"));
            let read = |name: &str| -> Result<Vec<f32>> {
                vb.get((PROJECTION, TAPS), &format!("{name}.weight"))?.t()?.flatten_all()?.to_vec1()
            };
            let ahead = if vb.contains_tensor("lookahead.weight") { read("lookahead")? } else { Vec::new() };
            Ok(Taps { back: read("lookback")?, ahead })
        };
        Ok(Self {
            mean: vb.get(INPUTS, "cmvn.mean")?.to_vec1()?,
            inverse_deviation: vb.get(INPUTS, "cmvn.istd")?.to_vec1()?,
            input: [
                Dense::new(INPUTS, HIDDEN, true, &vb.pp("in.fc1"))?.activated(Relu),
                Dense::new(HIDDEN, PROJECTION, true, &vb.pp("in.fc2"))?.activated(Relu),
            ],
            hidden: (1..BLOCKS)
                .map(|block| {
                    let vb = vb.pp(format!("fsmn{block}"));
                    Ok([
                        Dense::new(PROJECTION, HIDDEN, true, &vb.pp("fc1"))?.activated(Relu),
                        Dense::new(HIDDEN, PROJECTION, false, &vb.pp("fc2"))?,
                    ])
                })
                .collect::<Result<_>>()?,
            memory: (0..BLOCKS).map(taps).collect::<Result<_>>()?,
            output: Dense::new(PROJECTION, HIDDEN, true, &vb.pp("out.fc1"))?.activated(Relu),
            last_weight: vb.get((outputs, HIDDEN), "out.fc2.weight")?.flatten_all()?.to_vec1()?,
            last_bias: vb.get(outputs, "out.fc2.bias")?.to_vec1()?,
        })
    }

    /// Number of probabilities per frame.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.last_bias.len()
    }

    /// Frames that a probability waits for: 0 for a causal net.
    #[must_use]
    pub fn look_ahead_frames(&self) -> usize {
        self.memory.iter().map(|taps| taps.ahead.len() / PROJECTION).sum()
    }

    /// The memory of a stream that has heard nothing.
    #[must_use]
    pub fn stream(&self) -> FsmnStream {
        let empty = History { projected: vec![0.0; (TAPS - 1) * PROJECTION], skipped: Vec::new() };
        FsmnStream { blocks: vec![empty; BLOCKS] }
    }

    /// Reads new frames of several streams in one pass: `frames[s]` holds rows of 80 filter-bank values for
    /// `streams[s]`. With `end` the streams are over and the look-ahead reads zeros.
    ///
    /// Returns, per stream, rows of [`Self::outputs`] probabilities: as many as frames for a causal net, fewer while
    /// a look-ahead fills and the rest at the end. The values do not depend on how frames are grouped into calls.
    ///
    /// # Errors
    /// If a product fails (frames that are not whole rows).
    pub fn step(&self, streams: &mut [&mut FsmnStream], frames: &[&[f32]], end: bool) -> Result<Vec<Vec<f32>>> {
        let mut rows: Vec<usize> = frames.iter().map(|frames| frames.len() / INPUTS).collect();
        let mut projected = self.first_projection(&frames.concat())?;
        let mut skipped = Vec::new();
        for (block, taps) in self.memory.iter().enumerate() {
            if block > 0 {
                let [first, second] = &self.hidden[block - 1];
                projected = with_rows(&skipped, PROJECTION, PROJECTION, |x| {
                    let x = Tensor::from_vec(x, ((), PROJECTION), &Device::Cpu)?;
                    second.forward(&first.forward(&x)?)
                })?;
            }
            let mut at = 0;
            let mut out = Vec::with_capacity(projected.len());
            for (stream, rows) in streams.iter_mut().zip(&mut rows) {
                let history = &mut stream.blocks[block];
                let range = at * PROJECTION..(at + *rows) * PROJECTION;
                at += *rows;
                history.projected.extend_from_slice(&projected[range.clone()]);
                if block > 0 {
                    history.skipped.extend_from_slice(&skipped[range]);
                }
                let before = out.len();
                taps.filter(history, block > 0, end, &mut out);
                *rows = (out.len() - before) / PROJECTION;
            }
            skipped = out;
        }
        let hidden = with_rows(&skipped, PROJECTION, HIDDEN, |x| {
            self.output.forward(&Tensor::from_vec(x, ((), PROJECTION), &Device::Cpu)?)
        })?;
        let probability: Vec<f32> = hidden.chunks_exact(HIDDEN).flat_map(|row| self.last(row)).collect();
        let mut rest = probability.as_slice();
        Ok(rows
            .into_iter()
            .map(|rows| {
                let (mine, others) = rest.split_at(rows * self.outputs());
                rest = others;
                mine.to_vec()
            })
            .collect())
    }

    fn last<'a>(&'a self, row: &'a [f32]) -> impl Iterator<Item = f32> + 'a {
        self.last_weight.chunks_exact(HIDDEN).zip(&self.last_bias).map(move |(weights, bias)| {
            let logit = bias + weights.iter().zip(row).map(|(weight, x)| weight * x).sum::<f32>();
            1.0 / (1.0 + (-logit).exp())
        })
    }

    fn first_projection(&self, frames: &[f32]) -> Result<Vec<f32>> {
        with_rows(frames, INPUTS, PROJECTION, |mut x| {
            for row in x.chunks_exact_mut(INPUTS) {
                for ((x, mean), inverse_deviation) in row.iter_mut().zip(&self.mean).zip(&self.inverse_deviation) {
                    *x = (*x - mean) * inverse_deviation;
                }
            }
            let x = Tensor::from_vec(x, ((), INPUTS), &Device::Cpu)?;
            self.input[1].forward(&self.input[0].forward(&x)?)
        })
    }
}

/// Runs `f` on `rows` (rows of `inputs` values), padded to [`FEWEST_ROWS`], and returns its rows of `outputs`.
fn with_rows(
    rows: &[f32],
    inputs: usize,
    outputs: usize,
    f: impl FnOnce(Vec<f32>) -> Result<Tensor>,
) -> Result<Vec<f32>> {
    let count = rows.len() / inputs;
    if count == 0 {
        return Ok(Vec::new());
    }
    let mut padded = rows.to_vec();
    padded.resize(count.max(FEWEST_ROWS) * inputs, 0.0);
    let mut out: Vec<f32> = f(padded)?.flatten_all()?.to_vec1()?;
    out.truncate(count * outputs);
    Ok(out)
}

impl Taps {
    /// Filters all rows of `history` whose look-ahead is there (with `end`, all) and appends them to `out`.
    fn filter(&self, history: &mut History, skip: bool, end: bool, out: &mut Vec<f32>) {
        let ahead = self.ahead.len() / PROJECTION;
        if end {
            let padded = history.projected.len() + ahead * PROJECTION;
            history.projected.resize(padded, 0.0);
        }
        let held = history.projected.len() / PROJECTION;
        let ready = held.saturating_sub(TAPS - 1 + ahead);
        for row in 0..ready {
            let past = &history.projected[row * PROJECTION..];
            let start = out.len();
            out.extend_from_slice(&past[(TAPS - 1) * PROJECTION..TAPS * PROJECTION]);
            let y = &mut out[start..];
            accumulate(y, &self.back, past);
            if ahead > 0 {
                accumulate(y, &self.ahead, &past[TAPS * PROJECTION..]);
            }
            if skip {
                let skipped = &history.skipped[row * PROJECTION..][..PROJECTION];
                y.iter_mut().zip(skipped).for_each(|(y, x)| *y += x);
            }
        }
        history.projected.drain(..ready * PROJECTION);
        if skip {
            history.skipped.drain(..ready * PROJECTION);
        }
    }
}

fn accumulate(y: &mut [f32], taps: &[f32], rows: &[f32]) {
    for (weights, row) in taps.chunks_exact(PROJECTION).zip(rows.chunks_exact(PROJECTION)) {
        for ((y, weight), x) in y.iter_mut().zip(weights).zip(row) {
            *y += weight * x;
        }
    }
}
