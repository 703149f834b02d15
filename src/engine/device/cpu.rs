//! The processor.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::BackendError;
use crate::engine::models::Models;
use crate::nets::coarse::tagger_of;
use crate::nets::{Model, Net, Tagging, VocalNet, VocalStream};

/// Called after each piece of a net's work with the time that it took.
pub(in crate::engine) type AfterWork = Arc<dyn Fn(Duration) + Send + Sync>;

/// Runs the nets on the thread that asks.
#[derive(Clone)]
pub(in crate::engine) struct Cpu {
    pub(in crate::engine) models: Arc<Models>,
    /// A test's way to make the processor fail.
    pub(in crate::engine) after: Option<AfterWork>,
}

impl Cpu {
    /// The voice net.
    ///
    /// # Errors
    /// If the voice model is none; a model set holds no such.
    pub(super) fn voice_net(&self) -> Result<&VocalNet, BackendError> {
        match &self.models.vocal.net {
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
        self.timed(|| Ok(self.voice_net()?.step(streams, frames, end)?))
    }

    /// The model of tagger number `tagger`; the net for coarse spectra, if there is one, stands behind the taggers.
    ///
    /// # Errors
    /// If there is none.
    pub(super) fn tagger(&self, tagger: usize) -> Result<&Model, BackendError> {
        let model = self.models.taggers.iter().chain(&self.models.coarse).nth(tagger);
        model.ok_or_else(|| BackendError(format!("there is no tagger {tagger}")))
    }

    /// Tags a window, rows of mel values.
    ///
    /// # Errors
    /// If the net does not take the window.
    pub(super) fn tag(&self, tagger: usize, window: &[f32]) -> Result<Tagging, BackendError> {
        let model = self.tagger(tagger)?;
        self.timed(|| match &model.net {
            Net::Ced(net) => Ok(net.forward(window)?),
            Net::Musicnn(net) => Ok(net.forward(window)?),
            Net::PonsTags(net) => Ok(net.forward(window)?),
            Net::Compact(net) => Ok(net.forward(window)?),
            Net::Coarse(net) => Ok(net.forward(tagger_of(&model.card, &self.models.taggers)?, window)?),
            Net::Stack(net) => Ok(net.forward(window)?),
            Net::Vocal(_) | Net::Head(_) => Err(BackendError(format!("{} is not a tagger", model.card.name))),
        })
    }

    fn timed<T>(&self, work: impl FnOnce() -> T) -> T {
        let Some(after) = &self.after else { return work() };
        let begun = Instant::now();
        let done = work();
        after(begun.elapsed());
        done
    }
}
