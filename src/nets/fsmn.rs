//! DFSMN, the feed-forward sequential memory network (arXiv 1803.05030) as FireRedVAD uses it for voice activity:
//! blocks of dense layers whose memory is a depth-wise filter over time, so a frame costs the same whether the net
//! runs frame by frame or over a whole file.

use candle_core::Result;
use candle_nn::VarBuilder;
use pulp::{Arch, Simd, WithSimd};

use super::layers::{Activation::Relu, Dense, Sigmoids};

/// Filter-bank values of a frame.
pub(super) const INPUTS: usize = 80;
pub(super) const HIDDEN: usize = 256;
/// Width of a memory.
pub(super) const PROJECTION: usize = 128;
pub(super) const BLOCKS: usize = 8;
pub(super) const TAPS: usize = 20;
/// A history is moved to the front of its memory once a row in so many of it is not reached any more: seldom, and it takes little
/// room.
const MOST_DONE: usize = 8;
/// Vectors of sums that a filter gathers at a time; on every processor they divide [`PROJECTION`].
const SUMS: usize = 8;

/// A DFSMN over 80 Kaldi filter-bank values, causal or with look-ahead taps. A causal one may answer late, so that it has
/// heard a little of what follows the frame it speaks of.
pub struct Fsmn {
    trunk: Trunk,
    output: Outputs,
    delay: usize,
}

/// Everything of a DFSMN but its output: filter-bank frames in, rows of [`PROJECTION`] values out.
pub(super) struct Trunk {
    statistics: Statistics,
    input: [Dense; 2],
    /// Dense layers before each memory but the first.
    hidden: Vec<[Dense; 2]>,
    memory: Vec<Taps>,
}

/// Mean and inverse deviation of each band over the training data.
pub(super) struct Statistics {
    mean: Vec<f32>,
    inverse_deviation: Vec<f32>,
}

/// The last two layers: [`PROJECTION`] values to sigmoids.
pub(super) struct Outputs {
    hidden: Dense,
    last: Sigmoids,
}

/// Depth-wise filters over time, `[taps][PROJECTION]`.
pub(super) struct Taps {
    arch: Arch,
    back: Vec<f32>,
    ahead: Vec<f32>,
    /// Rows from one tap to the next.
    dilation: usize,
}

/// What one audio stream has left in the memories of an [`Fsmn`].
#[derive(Clone)]
pub struct FsmnStream {
    blocks: Vec<History>,
    /// Answers that are still to be left out, because they speak of frames before the first.
    early: usize,
}

/// What a filter still needs of the rows it has seen.
#[derive(Clone)]
pub(super) struct History {
    /// Rows of [`PROJECTION`] values, oldest first.
    projected: Vec<f32>,
    /// Rows at the front of `projected` that the filter does not reach any more.
    done: usize,
    /// Rows of the block's input that wait for the look-ahead, for the skip connection.
    skipped: Vec<f32>,
}

impl Fsmn {
    /// Builds the net from its tensors: `outputs` sigmoids, a probability waiting for `look_ahead_frames` frames. A net
    /// with `lookahead` tensors is not causal; it waits for as many frames as they reach.
    ///
    /// # Errors
    /// A missing tensor or one of another shape.
    pub fn new(outputs: usize, look_ahead_frames: usize, vb: &VarBuilder<'_>) -> Result<Self> {
        let trunk = Trunk::new(vb)?;
        let delay = if trunk.look_ahead_frames() > 0 { 0 } else { look_ahead_frames };
        Ok(Self { trunk, output: Outputs::new(outputs, &vb.pp("out"))?, delay })
    }

    /// Number of probabilities per frame.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.output.count()
    }

    /// Frames that a probability waits for.
    #[must_use]
    pub fn look_ahead_frames(&self) -> usize {
        self.trunk.look_ahead_frames() + self.delay
    }

    /// The memory of a stream that has heard nothing.
    #[must_use]
    pub fn stream(&self) -> FsmnStream {
        FsmnStream { early: self.delay, ..self.trunk.stream() }
    }

    /// Reads new frames of several streams in one pass: `frames[s]` holds rows of 80 filter-bank values for
    /// `streams[s]`. With `end` the streams are over: look-ahead taps read zeros, a net that answers late hears frames
    /// at the training data's mean.
    ///
    /// Returns, per stream, rows of [`Self::outputs`] probabilities: as many as frames for a net that answers at once, fewer
    /// while a look-ahead fills and the rest at the end. The values do not depend on how frames are grouped into calls.
    ///
    /// # Errors
    /// Frames that are not whole rows.
    pub fn step(&self, streams: &mut [&mut FsmnStream], frames: &[&[f32]], end: bool) -> Result<Vec<Vec<f32>>> {
        let silence = if end { self.trunk.statistics.mean_frames(self.delay) } else { Vec::new() };
        let frames: Vec<Vec<f32>> = frames.iter().map(|frames| [frames, silence.as_slice()].concat()).collect();
        let slices: Vec<&[f32]> = frames.iter().map(Vec::as_slice).collect();
        let (memory, rows) = self.trunk.step(streams, &slices, end)?;
        let early = streams.iter_mut().map(|stream| &mut stream.early);
        Ok(told(&self.output.forward(&memory), self.outputs(), &rows, early))
    }
}

/// Each stream's own of all streams' rows of `width` values, of which `rows` says how many are whose, without those that
/// are `early`: they speak of frames before the first.
pub(super) fn told<'a>(
    values: &[f32],
    width: usize,
    rows: &[usize],
    early: impl Iterator<Item = &'a mut usize>,
) -> Vec<Vec<f32>> {
    let mut rest = values;
    let each = rows.iter().zip(early).map(|(&rows, early)| {
        let (mine, others) = rest.split_at(rows * width);
        rest = others;
        let left_out = rows.min(*early);
        *early -= left_out;
        mine[left_out * width..].to_vec()
    });
    each.collect()
}

impl Statistics {
    /// Reads `mean` and `istd`.
    pub(super) fn new(vb: &VarBuilder<'_>) -> Result<Self> {
        Ok(Self { mean: vb.get(INPUTS, "mean")?.to_vec1()?, inverse_deviation: vb.get(INPUTS, "istd")?.to_vec1()? })
    }

    /// `count` frames at the mean.
    pub(super) fn mean_frames(&self, count: usize) -> Vec<f32> {
        self.mean.repeat(count)
    }

    /// Brings rows of bands to mean 0 and deviation 1, in place.
    pub(super) fn apply(&self, rows: &mut [f32]) {
        for row in rows.chunks_exact_mut(INPUTS) {
            for ((x, mean), inverse_deviation) in row.iter_mut().zip(&self.mean).zip(&self.inverse_deviation) {
                *x = (*x - mean) * inverse_deviation;
            }
        }
    }
}

impl Trunk {
    /// Reads the layers `cmvn`, `in` and `fsmn0` to `fsmn7`.
    pub(super) fn new(vb: &VarBuilder<'_>) -> Result<Self> {
        Ok(Self {
            statistics: Statistics::new(&vb.pp("cmvn"))?,
            input: [
                Dense::new(INPUTS, HIDDEN, true, &vb.pp("in.fc1"))?.activated(Relu),
                Dense::new(HIDDEN, PROJECTION, true, &vb.pp("in.fc2"))?.activated(Relu),
            ],
            hidden: (1..BLOCKS).map(|block| bottleneck(&vb.pp(format!("fsmn{block}")))).collect::<Result<_>>()?,
            memory: (0..BLOCKS).map(|block| Taps::new(1, &vb.pp(format!("fsmn{block}")))).collect::<Result<_>>()?,
        })
    }

    pub(super) fn stream(&self) -> FsmnStream {
        FsmnStream { blocks: self.memory.iter().map(Taps::history).collect(), early: 0 }
    }

    /// Frames that look-ahead taps reach.
    fn look_ahead_frames(&self) -> usize {
        self.memory.iter().map(|taps| taps.ahead.len() / PROJECTION).sum()
    }

    /// Returns all streams' rows of [`PROJECTION`] values, and how many of them are each stream's. See [`Fsmn::step`].
    pub(super) fn step(
        &self,
        streams: &mut [&mut FsmnStream],
        frames: &[&[f32]],
        end: bool,
    ) -> Result<(Vec<f32>, Vec<usize>)> {
        let mut rows = frames.iter().map(|frames| whole_rows(frames, INPUTS)).collect::<Result<Vec<_>>>()?;
        let mut x = frames.concat();
        self.statistics.apply(&mut x);
        let mut projected = self.input[1].apply(&self.input[0].apply(&x));
        let mut skipped = Vec::new();
        for (block, taps) in self.memory.iter().enumerate() {
            if block > 0 {
                projected = bottleneck_rows(&self.hidden[block - 1], &skipped);
            }
            let histories = streams.iter_mut().map(|stream| &mut stream.blocks[block]);
            let skip = (block > 0).then_some(skipped.as_slice());
            skipped = taps.filter_all(histories, &projected, skip, &mut rows, end);
        }
        Ok((skipped, rows))
    }
}

impl Outputs {
    /// Reads `fc1` and `fc2`.
    pub(super) fn new(outputs: usize, vb: &VarBuilder<'_>) -> Result<Self> {
        Ok(Self {
            hidden: Dense::new(PROJECTION, HIDDEN, true, &vb.pp("fc1"))?.activated(Relu),
            last: Sigmoids::new(HIDDEN, outputs, &vb.pp("fc2"))?,
        })
    }

    /// Number of probabilities per row.
    pub(super) fn count(&self) -> usize {
        self.last.count()
    }

    /// Rows of probabilities from rows of [`PROJECTION`] values.
    pub(super) fn forward(&self, rows: &[f32]) -> Vec<f32> {
        self.last.forward(&self.hidden.apply(rows))
    }
}

/// The two layers before a memory, `fc1` and `fc2`.
pub(super) fn bottleneck(vb: &VarBuilder<'_>) -> Result<[Dense; 2]> {
    Ok([
        Dense::new(PROJECTION, HIDDEN, true, &vb.pp("fc1"))?.activated(Relu),
        Dense::new(HIDDEN, PROJECTION, false, &vb.pp("fc2"))?,
    ])
}

/// Runs a [`bottleneck`] on rows of [`PROJECTION`] values.
pub(super) fn bottleneck_rows([first, second]: &[Dense; 2], rows: &[f32]) -> Vec<f32> {
    second.apply(&first.apply(rows))
}

/// How many rows of `width` values these are.
pub(super) fn whole_rows(values: &[f32], width: usize) -> Result<usize> {
    if !values.len().is_multiple_of(width) {
        candle_core::bail!("{} values are not rows of {width}", values.len());
    }
    Ok(values.len() / width)
}

impl Taps {
    /// Reads `lookback.weight` and, if it is there, `lookahead.weight`, `[PROJECTION, TAPS]` each, whose taps lie
    /// `dilation` rows apart.
    pub(super) fn new(dilation: usize, vb: &VarBuilder<'_>) -> Result<Self> {
        let read = |name: &str| -> Result<Vec<f32>> {
            vb.get((PROJECTION, TAPS), &format!("{name}.weight"))?.t()?.flatten_all()?.to_vec1()
        };
        let ahead = if vb.contains_tensor("lookahead.weight") { read("lookahead")? } else { Vec::new() };
        Ok(Self { arch: Arch::new(), back: read("lookback")?, ahead, dilation })
    }

    /// Rows that the filter reaches back.
    pub(super) fn reach(&self) -> usize {
        (TAPS - 1) * self.dilation
    }

    /// The history of a stream that has heard nothing.
    pub(super) fn history(&self) -> History {
        History { projected: vec![0.0; self.reach() * PROJECTION], done: 0, skipped: Vec::new() }
    }

    /// Filters the new rows of all streams, of which `rows` says how many each has (and afterwards, how many rows each
    /// has got out of the filter), and adds the skip connection.
    pub(super) fn filter_all<'a>(
        &self,
        histories: impl Iterator<Item = &'a mut History>,
        projected: &[f32],
        skipped: Option<&[f32]>,
        rows: &mut [usize],
        end: bool,
    ) -> Vec<f32> {
        let mut at = 0;
        let mut out = Vec::with_capacity(projected.len());
        for (history, rows) in histories.zip(rows) {
            let range = at * PROJECTION..(at + *rows) * PROJECTION;
            at += *rows;
            // Each stream has its own, for good: no room to spare.
            history.projected.reserve_exact(range.len());
            history.projected.extend_from_slice(&projected[range.clone()]);
            if let Some(skipped) = skipped {
                history.skipped.reserve_exact(range.len());
                history.skipped.extend_from_slice(&skipped[range]);
            }
            let before = out.len();
            self.filter(history, skipped.is_some(), end, &mut out);
            *rows = (out.len() - before) / PROJECTION;
        }
        out
    }

    /// Filters all rows of `history` whose look-ahead is there (with `end`, all) and appends them to `out`.
    fn filter(&self, history: &mut History, skip: bool, end: bool, out: &mut Vec<f32>) {
        let ahead = self.ahead.len() / PROJECTION * self.dilation;
        if end {
            let padded = history.projected.len() + ahead * PROJECTION;
            history.projected.resize(padded, 0.0);
        }
        let held = history.projected.len() / PROJECTION - history.done;
        let ready = held.saturating_sub(self.reach() + ahead);
        for row in 0..ready {
            let past = &history.projected[(history.done + row) * PROJECTION..];
            let now = &past[self.reach() * PROJECTION..];
            let start = out.len();
            out.extend_from_slice(&now[..PROJECTION]);
            let y = &mut out[start..];
            let dilation = self.dilation;
            self.arch.dispatch(Accumulate { y: &mut *y, taps: &self.back, rows: past, dilation });
            if ahead > 0 {
                let rows = &now[dilation * PROJECTION..];
                self.arch.dispatch(Accumulate { y: &mut *y, taps: &self.ahead, rows, dilation });
            }
            if skip {
                let skipped = &history.skipped[row * PROJECTION..][..PROJECTION];
                y.iter_mut().zip(skipped).for_each(|(y, x)| *y += x);
            }
        }
        history.done += ready;
        if history.done * MOST_DONE > held - ready {
            history.projected.drain(..history.done * PROJECTION);
            history.done = 0;
        }
        if skip {
            history.skipped.drain(..ready * PROJECTION);
        }
    }
}

/// `y += taps[tap] * rows[tap * dilation]`, tap by tap, rows of [`PROJECTION`] values.
struct Accumulate<'a> {
    y: &'a mut [f32],
    taps: &'a [f32],
    rows: &'a [f32],
    dilation: usize,
}

impl WithSimd for Accumulate<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let width = SUMS * S::F32_LANES;
        for (at, y) in self.y.chunks_exact_mut(width).enumerate() {
            let (y, _) = S::as_mut_simd_f32s(y);
            let mut sums: [S::f32s; SUMS] = std::array::from_fn(|sum| y[sum]);
            let rows = self.rows.chunks(PROJECTION * self.dilation);
            for (weights, row) in self.taps.chunks_exact(PROJECTION).zip(rows) {
                let (weights, _) = S::as_simd_f32s(&weights[at * width..][..width]);
                let (row, _) = S::as_simd_f32s(&row[at * width..][..width]);
                for ((sum, weight), x) in sums.iter_mut().zip(weights).zip(row) {
                    *sum = simd.mul_add_e_f32s(*weight, *x, *sum);
                }
            }
            y.copy_from_slice(&sums);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filters_rows_do_not_depend_on_when_its_history_is_moved_or_on_the_processors_vectors() {
        let number = |i: usize| (i as f32 * 0.37).sin();
        let back: Vec<f32> = (0..TAPS * PROJECTION).map(number).collect();
        for (dilation, ahead) in [(1, back.clone()), (4, Vec::new())] {
            let taps = Taps { arch: Arch::new(), back: back.clone(), ahead, dilation };
            let rows: Vec<f32> = (0..200 * PROJECTION).map(|i| number(3 * i)).collect();
            let filtered = |pieces: &[usize]| {
                let (mut history, mut at) = (taps.history(), 0);
                let each = pieces.iter().enumerate().flat_map(|(number, &piece)| {
                    let new = &rows[at * PROJECTION..(at + piece) * PROJECTION];
                    at += piece;
                    let end = number + 1 == pieces.len();
                    taps.filter_all(std::iter::once(&mut history), new, Some(new), &mut [piece], end)
                });
                each.collect::<Vec<f32>>()
            };
            let whole = filtered(&[200]);
            assert_eq!(whole.len(), rows.len());
            assert_eq!(filtered(&[1; 200]), whole);
            assert_eq!(filtered(&[7, 90, 3, 60, 40]), whole);

            let by = |simd: &dyn Fn(Accumulate<'_>)| {
                let mut y = vec![1.0; PROJECTION];
                simd(Accumulate { y: &mut y, taps: &back, rows: &rows, dilation });
                y
            };
            let four = by(&|job| job.with_simd(pulp::Scalar128b));
            assert_eq!(by(&|job| job.with_simd(pulp::Scalar256b)), four);
            assert_eq!(by(&|job| job.with_simd(pulp::Scalar512b)), four);
            let ours = by(&|job| taps.arch.dispatch(job));
            for (column, (ours, four)) in ours.iter().zip(&four).enumerate() {
                let at = |tap: usize| f64::from(rows[tap * dilation * PROJECTION + column]);
                let exact: f64 = (0..TAPS).map(|tap| at(tap) * f64::from(back[tap * PROJECTION + column])).sum();
                assert!((f64::from(*ours) - 1.0 - exact).abs() < 1e-4 && (ours - four).abs() < 1e-4);
            }
        }
    }
}
