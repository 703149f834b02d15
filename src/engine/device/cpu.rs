//! The processor.

use std::sync::Arc;

use super::BackendError;
use crate::engine::models::Models;
use crate::nets::coarse::Taggers;
use crate::nets::{Model, Net, Tagging, VocalNet, VocalStream};

/// Runs the nets on the thread that asks.
#[derive(Clone)]
pub(super) struct Cpu(pub(super) Arc<Models>);

impl Cpu {
    /// The voice net.
    ///
    /// # Errors
    /// If the voice model is none; a model set holds no such.
    pub(super) fn voice_net(&self) -> Result<&VocalNet, BackendError> {
        match &self.0.vocal.net {
            Net::Vocal(net) => Ok(net),
            _ => Err(BackendError("the voice model is not frame-wise".to_owned())),
        }
    }

    /// Reads new voice frames of several streams in one batch; see [`VocalNet::step`].
    ///
    /// # Errors
    /// If a product fails.
    pub(super) fn vocal(
        &self,
        streams: &mut [&mut VocalStream],
        frames: &[&[f32]],
        end: bool,
    ) -> Result<Vec<Vec<f32>>, BackendError> {
        Ok(self.voice_net()?.step(streams, frames, end)?)
    }

    /// The model of tagger number `tagger`; the net for coarse spectra, if there is one, stands behind the taggers.
    ///
    /// # Errors
    /// If there is none.
    pub(super) fn tagger(&self, tagger: usize) -> Result<&Model, BackendError> {
        let model = self.0.taggers.iter().chain(&self.0.coarse).nth(tagger);
        model.ok_or_else(|| BackendError(format!("there is no tagger {tagger}")))
    }

    /// Tags a window, rows of mel values.
    ///
    /// # Errors
    /// If the net does not take the window.
    pub(super) fn tag(&self, tagger: usize, window: &[f32]) -> Result<Tagging, BackendError> {
        let model = self.tagger(tagger)?;
        match &model.net {
            Net::Ced(net) => Ok(net.forward(window)?),
            Net::Musicnn(net) => Ok(net.forward(window)?),
            Net::Compact(net) => Ok(net.forward(window)?),
            Net::Coarse(net) => Ok(net.forward(Taggers::named(&model.card.taggers, &self.0.taggers)?, window)?),
            Net::Stack(net) => Ok(net.forward(window)?),
            Net::Vocal(_) | Net::Head(_) => Err(BackendError(format!("{} is not a tagger", model.card.name))),
        }
    }
}
