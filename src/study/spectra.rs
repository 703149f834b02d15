//! Labelled clips as spectra: log-mel frames on the front end of [`FrontEnd::wide_mel_128`], in safetensors files, plain
//! or compressed with Zstandard (`.zst`).
//!
//! | tensor | type | what |
//! |---|---|---|
//! | `level` | u8 `[clips, frames, bands]` | dB in 256 steps |
//! | `label` | u8 `[clips]` | index into the metadata's `classes` |
//! | `offset_db`, `range_db` | f32 `[clips]` | optional: dB = offset + range (level + 1/2) / 256; without them the steps span 80 dB below the clip's maximum |
//! | `vggish` | f16 `[clips, 128]` | optional: mean embeddings of another net, to learn from |
//!
//! Metadata: `classes` and `ids`, separated by blanks. A clip is 30 s long, however many frames it has.

use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use safetensors::{Dtype, SafeTensors};

/// Bands of a frame.
pub const BANDS: usize = 128;
/// Frames of a clip of 30 s at the pace at which [`crate::nets::Compact`] hears.
const FRAMES: usize = 128;
/// Length of a clip, seconds.
const CLIP_S: f64 = 30.0;
/// Span of the levels where the file does not state it, dB.
const SPAN_DB: f32 = 80.0;

/// Level of the maximum where the file does not state it, dB: the median of GTZAN's clips.
const USUAL_PEAK_DB: f32 = 31.0;

/// Clips of one file.
pub struct Spectra {
    /// Names of the classes.
    pub classes: Vec<String>,
    /// Each clip's name.
    pub ids: Vec<String>,
    /// Each clip's class.
    pub labels: Vec<usize>,
    /// Each clip's frames, `[frames][bands]`, dB relative to the clip's maximum: -80..=0 or so.
    pub clips: Vec<Vec<f32>>,
    /// The level of each clip's maximum, dB re power 1; a usual one where the file does not say.
    pub peak_db: Vec<f32>,
    /// Frames from one that a net of [`crate::nets::Compact`]'s kind hears to the next.
    pub stride: usize,
    /// Seconds from frame to frame.
    pub hop_s: f64,
    /// Each clip's embedding by another net, where the file has one; empty otherwise.
    pub embeddings: Vec<Vec<f32>>,
}

impl Spectra {
    /// Reads a whole file.
    ///
    /// # Errors
    /// One line: unreadable, no such tensors, lengths that do not fit.
    pub fn read(path: &Path) -> Result<Self> {
        let mut bytes = std::fs::read(path).context("cannot be read")?;
        if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("zst")) {
            let damaged = "is no whole Zstandard file; copy it again";
            let mut plain = Vec::new();
            ruzstd::decoding::StreamingDecoder::new(bytes.as_slice())
                .context(damaged)?
                .read_to_end(&mut plain)
                .context(damaged)?;
            bytes = plain;
        }
        Self::from_bytes(&bytes)
    }

    /// Drops the clips of these names.
    pub fn leave_out(&mut self, names: &[String]) {
        let keep: Vec<bool> = self.ids.iter().map(|id| !names.contains(id)).collect();
        fn kept<T>(from: &mut Vec<T>, keep: &[bool]) {
            let mut keep = keep.iter();
            from.retain(|_| keep.next().copied().unwrap_or(true));
        }
        kept(&mut self.ids, &keep);
        kept(&mut self.labels, &keep);
        kept(&mut self.clips, &keep);
        kept(&mut self.peak_db, &keep);
        kept(&mut self.embeddings, &keep);
    }

    /// A clip's frames in dB re power 1.
    pub fn levels(&self, clip: usize) -> Vec<f32> {
        self.clips[clip].iter().map(|level| level + self.peak_db[clip]).collect()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let damaged = "is no whole safetensors file; copy it again";
        let (_, header) = SafeTensors::read_metadata(bytes).context(damaged)?;
        let file = SafeTensors::deserialize(bytes).context(damaged)?;
        let words = |key: &str| -> Result<Vec<String>> {
            let text = header.metadata().as_ref().and_then(|metadata| metadata.get(key));
            let text = text.with_context(|| format!("has no \"{key}\" in its metadata"))?;
            Ok(text.split_whitespace().map(str::to_owned).collect())
        };
        let (classes, ids) = (words("classes")?, words("ids")?);
        let level = file.tensor("level").context("has no tensor \"level\"; is it a file of labelled spectra?")?;
        let (clips, frames) = match level.shape() {
            &[clips, frames, BANDS] if level.dtype() == Dtype::U8 && frames > 0 => (clips, frames),
            shape => bail!("has levels {shape:?} of {:?}; wanted u8 [clips, frames, {BANDS}]", level.dtype()),
        };
        let label = file.tensor("label").context("has no tensor \"label\"")?;
        ensure!(
            label.dtype() == Dtype::U8 && label.data().len() == clips && ids.len() == clips,
            "has {clips} clips, but not as many labels and ids"
        );
        let labels: Vec<usize> = label.data().iter().map(|&label| usize::from(label)).collect();
        ensure!(labels.iter().all(|&label| label < classes.len()), "has a label beyond its {} classes", classes.len());
        let range_db = floats(&file, "range_db", clips)?.unwrap_or_else(|| vec![SPAN_DB; clips]);
        let peak_db = match floats(&file, "offset_db", clips)? {
            Some(offset_db) => offset_db.iter().zip(&range_db).map(|(offset, range)| offset + range).collect(),
            None => vec![USUAL_PEAK_DB; clips],
        };
        let embeddings = match floats(&file, "vggish", clips)? {
            Some(all) => all.chunks_exact(all.len() / clips.max(1)).map(<[f32]>::to_vec).collect(),
            None => Vec::new(),
        };
        let order = Order::of(level.data(), frames);
        let read = |(levels, range_db): (&[u8], f32)| order.clip(levels, frames, range_db);
        let clips = level.data().chunks_exact(frames * BANDS).zip(range_db).map(read).collect();
        let stride = (frames as f64 / FRAMES as f64).round().max(1.0) as usize;
        let hop_s = CLIP_S / frames as f64;
        Ok(Self { classes, ids, labels, clips, peak_db, stride, hop_s, embeddings })
    }
}

/// The name of a file's collection: the file's name up to `_train`, `_valid`, `_test` or its end.
pub fn collection_of(file: &Path) -> String {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let name = name.split('.').next().unwrap_or_default();
    name.trim_end_matches("_train").trim_end_matches("_valid").trim_end_matches("_test").to_owned()
}

/// Mean and deviation over time of each band of a clip, 256 values: what a linear classifier gets to see.
pub fn statistics(clip: &[f32]) -> Vec<f32> {
    let count = (clip.len() / BANDS).max(1) as f32;
    let (mut mean, mut square) = (vec![0.0_f32; BANDS], vec![0.0_f32; BANDS]);
    for frame in clip.chunks_exact(BANDS) {
        for ((mean, square), &x) in mean.iter_mut().zip(&mut square).zip(frame) {
            *mean += x / count;
            *square += x * x / count;
        }
    }
    let deviation: Vec<f32> =
        square.iter().zip(&mean).map(|(square, mean)| (square - mean * mean).max(0.0).sqrt()).collect();
    [mean, deviation].concat()
}

/// In which order the levels of a clip lie in the file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Order {
    /// As the shape says.
    FramesThenBands,
    /// The other way round: a transposed array whose memory was written as it lay, a common accident.
    BandsThenFrames,
}

impl Order {
    /// Music is louder in some bands than in others, but on average over clips as loud at any time; so the order is
    /// right in which the means over time differ more from band to band.
    fn of(levels: &[u8], frames: usize) -> Self {
        let spread = |band_of: &dyn Fn(usize) -> usize| {
            let mut sums = [0.0_f64; BANDS];
            for clip in levels.chunks_exact(frames * BANDS) {
                clip.iter().enumerate().for_each(|(at, &level)| sums[band_of(at)] += f64::from(level));
            }
            let mean = sums.iter().sum::<f64>() / BANDS as f64;
            sums.iter().map(|sum| (sum - mean).powi(2)).sum::<f64>()
        };
        let as_stated = spread(&|at| at % BANDS);
        let transposed = spread(&|at| at / frames);
        if as_stated >= transposed { Self::FramesThenBands } else { Self::BandsThenFrames }
    }

    /// One clip as rows of frames in dB below its maximum.
    fn clip(self, levels: &[u8], frames: usize, range_db: f32) -> Vec<f32> {
        let decibel = |level: u8| range_db * ((f32::from(level) + 0.5) / 256.0 - 1.0);
        match self {
            Self::FramesThenBands => levels.iter().map(|&level| decibel(level)).collect(),
            Self::BandsThenFrames => {
                (0..frames * BANDS).map(|at| decibel(levels[(at % BANDS) * frames + at / BANDS])).collect()
            }
        }
    }
}

/// The tensor `name` as `f32`, a whole number of values for each clip; `None` if there is none.
fn floats(file: &SafeTensors<'_>, name: &str, clips: usize) -> Result<Option<Vec<f32>>> {
    let Ok(tensor) = file.tensor(name) else { return Ok(None) };
    let tensor = candle_core::safetensors::Load::load(&tensor, &candle_core::Device::Cpu)?;
    let values: Vec<f32> = tensor.to_dtype(candle_core::DType::F32)?.flatten_all()?.to_vec1()?;
    ensure!(
        clips > 0 && !values.is_empty() && values.len().is_multiple_of(clips) && values.iter().all(|x| x.is_finite()),
        "has a tensor \"{name}\" that does not fit its {clips} clips"
    );
    Ok(Some(values))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two clips of 30 frames whose bands fall off and whose frames do not.
    fn levels(order: Order) -> Vec<u8> {
        let frames = 30;
        let level = |frame: usize, band: usize| (200 - band + (frame * 7) % 13) as u8;
        let one: Vec<u8> = (0..frames * BANDS)
            .map(|at| match order {
                Order::FramesThenBands => level(at / BANDS, at % BANDS),
                Order::BandsThenFrames => level(at % frames, at / frames),
            })
            .collect();
        one.repeat(2)
    }

    #[test]
    fn both_orders_in_memory_give_the_same_frames() {
        let read = |order: Order| {
            let levels = levels(order);
            assert_eq!(Order::of(&levels, 30), order);
            order.clip(&levels[..30 * BANDS], 30, 80.0)
        };
        assert_eq!(read(Order::FramesThenBands), read(Order::BandsThenFrames));
    }

    #[test]
    fn what_is_no_such_file_is_refused_in_words() {
        let error = Spectra::from_bytes(b"no safetensors").err().map(|error| error.to_string());
        assert!(error.is_some_and(|error| error.contains("copy it again")));
    }
}
