//! The voice net on its way over a file: as a stream, as in the plugin, but for its rests in silence.

use anyhow::{Result, bail, ensure};

use super::layers::{Layers, Source};
use super::pool::Pool;
use crate::nets::{Model, Net, VocalStream};

/// Frames read in one pass.
const FRAMES: usize = 100;

/// A stream through the voice net.
pub(super) struct Voice<'a> {
    model: &'a Model,
    layers: &'a Layers,
    stream: VocalStream,
    waiting: Vec<f32>,
    heard: bool,
}

impl<'a> Voice<'a> {
    pub(super) fn new(model: &'a Model, layers: &'a Layers) -> Result<Self> {
        let Net::Vocal(net) = &model.net else { bail!("{} is no voice net; please report this", model.card.name) };
        Ok(Self { model, layers, stream: net.stream(), waiting: Vec::new(), heard: false })
    }

    /// Takes a frame.
    pub(super) fn push(&mut self, mels: &[f32], pool: &mut Pool) -> Result<()> {
        self.waiting.extend_from_slice(mels);
        if self.waiting.len() >= FRAMES * mels.len() { self.read(pool) } else { Ok(()) }
    }

    /// The audio is over.
    pub(super) fn end(&mut self, pool: &mut Pool) -> Result<()> {
        self.read(pool)?;
        ensure!(self.heard, "is too short for {}; give at least 0.1 s", self.model.card.name);
        Ok(())
    }

    fn read(&mut self, pool: &mut Pool) -> Result<()> {
        let Net::Vocal(net) = &self.model.net else { return Ok(()) };
        if self.waiting.is_empty() {
            return Ok(());
        }
        let mut observe = |name: &'static str, width: usize, rows: &[f32]| {
            if let Some(index) = self.layers.place(Source::Voice, name) {
                pool.add_rows(index, width, rows);
            }
        };
        net.step_observed(&mut [&mut self.stream], &[self.waiting.as_slice()], false, &mut observe)?;
        self.waiting.clear();
        self.heard = true;
        Ok(())
    }
}
