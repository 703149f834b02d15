//! Features of whole files for other people's classifiers: what each layer of the nets makes of the audio, pooled.
//!
//! Mel frames come from the plugin's listener, windows are the engine's: whole windows follow one another, the last one
//! ends with the audio (and overlaps the one before), and windows that end in silence are left out. The voice net hears every
//! frame.

mod layers;
mod mfcc;
mod pool;
mod row;
mod tensors;
mod voice;
mod window;

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, ensure};

use super::decode;
use super::hear::{Stopped, Watch};
use super::mix::Mix;
use crate::engine::{ModelSet, Models, keep_products_on_one_thread};
use crate::listen::{FrontEnd, Listener};
use crate::nets::{Net, Tagging};
use layers::Source;
pub use layers::{Layer, Layers, MFCC};
pub use mfcc::Mfcc;
use pool::Pool;
pub use row::FeaturesRow;
pub use tensors::tensors;
use voice::Voice;
use window::Windows;

/// How values over time become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pooling {
    /// The mean over a window's rows, then over windows.
    Mean,
    /// The largest value of all.
    Max,
}

/// The pooled layers of one file, in the order of [`Extractor::layers`].
#[derive(Clone, Debug, PartialEq)]
pub struct Features {
    /// Length of the audio, in seconds.
    pub duration_s: f64,
    /// Means; see [`Pooling::Mean`].
    pub mean: Vec<Vec<f32>>,
    /// Largest values; see [`Pooling::Max`]. The statistics of [`MFCC`] stand here as they are.
    pub max: Vec<Vec<f32>>,
}

/// Takes features from audio. Shared by threads; each file has its own listener.
pub struct Extractor {
    models: Arc<Models>,
    layers: Layers,
    /// Every front end that is needed, each once.
    front_ends: Vec<FrontEnd>,
    /// The taggers that are needed: number, and index of the front end.
    taggers: Vec<(usize, usize)>,
    /// Index of the front end of the voice net, if it is needed.
    voice: Option<usize>,
    /// Index of the front end of the MFCC, if they are wanted.
    mfcc: Option<usize>,
}

impl Extractor {
    /// Builds the nets that `layers` belong to.
    ///
    /// # Errors
    /// If a model is unfit.
    pub fn new(models: &ModelSet, layers: Layers) -> Result<Self> {
        keep_products_on_one_thread();
        let models = Arc::new(models.build()?);
        let mut front_ends: Vec<FrontEnd> = Vec::new();
        let mut index = |front_end: &FrontEnd| {
            front_ends.iter().position(|known| known == front_end).unwrap_or_else(|| {
                front_ends.push(front_end.clone());
                front_ends.len() - 1
            })
        };
        let wanted = models.taggers.iter().enumerate().filter(|(number, _)| layers.needs(Source::Tagger(*number)));
        let taggers = wanted.map(|(number, model)| (number, index(&model.card.front_end))).collect();
        let voice = layers.needs(Source::Voice).then(|| index(&models.vocal.card.front_end));
        let mfcc = layers.needs(Source::Mfcc).then(|| index(&mfcc::front_end()));
        Ok(Self { models, layers, front_ends, taggers, voice, mfcc })
    }

    /// The layers, in the order of all features.
    pub fn layers(&self) -> &[Layer] {
        self.layers.all()
    }

    /// The features of a file.
    ///
    /// # Errors
    /// Everything that [`decode::open`] and [`decode::AudioFile::next_block`] report, audio that is too short for a net or
    /// silent throughout, and [`Stopped`].
    pub fn file(&self, path: &Path, mix: Mix, watch: &dyn Watch) -> Result<Features> {
        let mut file = decode::open(path)?;
        let mut hearing = self.begin(file.sample_rate_hz)?;
        let mut block = Vec::new();
        while file.next_block(&mut block)? {
            ensure!(!watch.stopped(), Stopped);
            mix.apply(&mut block);
            let channels: Vec<&[f32]> = block.iter().map(Vec::as_slice).collect();
            hearing.push(&channels)?;
            watch.progress(file.frames() as f64 / file.sample_rate_hz, file.duration_s);
        }
        hearing.end()
    }

    /// The features of mono audio.
    ///
    /// # Errors
    /// As [`Self::file`], as far as it is not about files.
    pub fn samples(&self, samples: &[f32], sample_rate_hz: f64) -> Result<Features> {
        let mut hearing = self.begin(sample_rate_hz)?;
        hearing.push(&[samples])?;
        hearing.end()
    }

    fn begin(&self, sample_rate_hz: f64) -> Result<Hearing<'_>> {
        let listener = Listener::new(sample_rate_hz, &self.front_ends)
            .with_context(|| format!("has a sample rate of {sample_rate_hz} Hz; convert it to 44100 Hz"))?;
        let windows = |&(number, front_end): &(usize, usize)| {
            Windows::new(&self.models.taggers[number].net, &self.front_ends[front_end])
        };
        let voice = self.voice.map(|_| Voice::new(&self.models.vocal, &self.layers)).transpose()?;
        Ok(Hearing {
            extractor: self,
            listener,
            voice,
            windows: self.taggers.iter().map(windows).collect(),
            mfcc: Mfcc::default(),
            pool: Pool::new(self.layers.all().len()),
            samples: 0,
            sample_rate_hz,
        })
    }
}

/// Audio on its way to features.
struct Hearing<'a> {
    extractor: &'a Extractor,
    listener: Listener,
    voice: Option<Voice<'a>>,
    /// For each tagger that is needed.
    windows: Vec<Windows>,
    mfcc: Mfcc,
    pool: Pool,
    samples: u64,
    sample_rate_hz: f64,
}

impl Hearing<'_> {
    fn push(&mut self, channels: &[&[f32]]) -> Result<()> {
        let Self { extractor, listener, voice, windows, mfcc, pool, .. } = self;
        let mut result = Ok(());
        let mut note = |done: Result<()>| {
            if result.is_ok() {
                result = done;
            }
        };
        listener.push(channels, |frame| {
            if extractor.mfcc == Some(frame.front_end) {
                mfcc.push(frame.mels);
            }
            if let (Some(voice), true) = (voice.as_mut(), extractor.voice == Some(frame.front_end)) {
                note(voice.push(frame.mels, pool));
            }
            for (&(number, front_end), windows) in extractor.taggers.iter().zip(windows.iter_mut()) {
                if front_end == frame.front_end
                    && let Some(window) = windows.push(frame.mels, frame.peak)
                {
                    note(extractor.observe(number, window, pool).map(|_| ()));
                }
            }
        });
        self.samples += channels.first().map_or(0, |channel| channel.len()) as u64;
        result
    }

    fn end(mut self) -> Result<Features> {
        for (&(number, _), windows) in self.extractor.taggers.iter().zip(&self.windows) {
            if let Some(window) = windows.last() {
                self.extractor.observe(number, window, &mut self.pool)?;
            }
            windows.check(&self.extractor.models.taggers[number].card.name)?;
        }
        if let Some(voice) = &mut self.voice {
            voice.end(&mut self.pool)?;
        }
        if let Some(index) = self.extractor.layers.place(Source::Mfcc, MFCC) {
            let statistics = self.mfcc.statistics().context("is too short for MFCC; give at least 0.2 s")?;
            self.pool.set(index, statistics);
        }
        let duration_s = self.samples as f64 / self.sample_rate_hz;
        let (mean, max) = self.pool.end();
        Ok(Features { duration_s, mean, max })
    }
}

impl Extractor {
    /// Runs a tagger over a window and pools the layers that are wanted.
    fn observe(&self, number: usize, window: &[f32], pool: &mut Pool) -> Result<Tagging> {
        let mut observe = |name: &'static str, values: &candle_core::Tensor| {
            self.layers.place(Source::Tagger(number), name).map_or(Ok(()), |index| pool.add(index, values))
        };
        match &self.models.taggers[number].net {
            Net::Ced(net) => Ok(net.forward_observed(window, &mut observe)?),
            Net::Musicnn(net) => Ok(net.forward_observed(window, &mut observe)?),
            Net::PonsTags(net) => Ok(net.forward_observed(window, &mut observe)?),
            Net::Compact(net) => Ok(net.forward_observed(window, &mut observe)?),
            Net::Stack(net) => Ok(net.forward_observed(window, &mut observe)?),
            Net::Vocal(_) | Net::Coarse(_) | Net::Head(_) => {
                Err(anyhow!("no tagger stands where one should; please report this"))
            }
        }
    }
}
