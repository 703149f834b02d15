//! Where the nets run. Everything above this seam is the same for every device.

use std::str::FromStr;
use std::sync::Arc;

use super::models::Models;
use crate::nets::coarse::Taggers;
use crate::nets::{Net, Tagging, VocalStream};

/// The user's wish.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DeviceChoice {
    /// Whatever is there and pays.
    #[default]
    Auto,
    /// The processor.
    Cpu,
    /// An NVIDIA GPU, through a second shared library.
    Cuda,
    /// Apple's GPU.
    Metal,
}

impl FromStr for DeviceChoice {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "cuda" => Ok(Self::Cuda),
            "metal" => Ok(Self::Metal),
            other => Err(format!("\"{other}\" is no device; choose auto, cpu, cuda or metal")),
        }
    }
}

/// A device failed to run a net.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct BackendError(String);

impl BackendError {
    /// Says in words what failed.
    #[must_use]
    pub fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }
}

impl From<candle_core::Error> for BackendError {
    fn from(error: candle_core::Error) -> Self {
        Self(error.to_string())
    }
}

/// Runs the engine's nets on one device.
pub trait Backend: Send {
    /// For people.
    fn name(&self) -> String;

    /// Reads new voice frames of several streams in one batch; see [`crate::nets::VocalNet::step`].
    ///
    /// # Errors
    /// If the device failed.
    fn vocal(
        &mut self,
        streams: &mut [&mut VocalStream],
        frames: &[&[f32]],
        end: bool,
    ) -> Result<Vec<Vec<f32>>, BackendError>;

    /// Tags windows (rows of mel values each) with tagger number `tagger`; the net for coarse spectra, if there is one,
    /// stands behind the taggers.
    ///
    /// # Errors
    /// If the device failed or there is no such tagger.
    fn tag(&mut self, tagger: usize, windows: &[&[f32]]) -> Result<Vec<Tagging>, BackendError>;
}

/// Opens what `choice` asks for; where that cannot be had, the processor and a sentence that says why.
pub(super) fn open(choice: DeviceChoice, models: &Arc<Models>) -> (Box<dyn Backend>, Option<String>) {
    let note = match choice {
        DeviceChoice::Auto | DeviceChoice::Cpu => None,
        DeviceChoice::Cuda => Some("this build has no CUDA library beside it; running on the CPU".to_owned()),
        DeviceChoice::Metal => Some("this build has no Metal support; running on the CPU".to_owned()),
    };
    (cpu(models), note)
}

/// The processor.
#[must_use]
pub fn cpu(models: &Arc<Models>) -> Box<dyn Backend> {
    Box::new(Cpu(models.clone()))
}

struct Cpu(Arc<Models>);

impl Backend for Cpu {
    fn name(&self) -> String {
        "CPU".to_owned()
    }

    fn vocal(
        &mut self,
        streams: &mut [&mut VocalStream],
        frames: &[&[f32]],
        end: bool,
    ) -> Result<Vec<Vec<f32>>, BackendError> {
        match &self.0.vocal.net {
            Net::Vocal(net) => Ok(net.step(streams, frames, end)?),
            Net::Ced(_) | Net::Musicnn(_) | Net::Compact(_) | Net::Stack(_) | Net::Coarse(_) | Net::Head(_) => {
                Err(BackendError("the voice model is not frame-wise".to_owned()))
            }
        }
    }

    fn tag(&mut self, tagger: usize, windows: &[&[f32]]) -> Result<Vec<Tagging>, BackendError> {
        let models = &self.0;
        let model = models.taggers.iter().chain(&models.coarse).nth(tagger);
        let model = model.ok_or_else(|| BackendError(format!("there is no tagger {tagger}")))?;
        windows
            .iter()
            .map(|window| match &model.net {
                Net::Ced(net) => Ok(net.forward(window)?),
                Net::Musicnn(net) => Ok(net.forward(window)?),
                Net::Compact(net) => Ok(net.forward(window)?),
                Net::Coarse(net) => Ok(net.forward(Taggers::named(&model.card.taggers, &models.taggers)?, window)?),
                Net::Stack(net) => Ok(net.forward(window)?),
                Net::Vocal(_) | Net::Head(_) => Err(BackendError(format!("{} is not a tagger", model.card.name))),
            })
            .collect()
    }
}
