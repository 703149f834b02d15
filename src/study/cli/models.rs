//! The flags that choose networks and device, and the engine started from them.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use clap::Args;

use super::console::Console;
use crate::engine::{DeviceChoice, Engine, ModelSet};
use crate::nets::ModelError;

/// How long a GPU may take to open; the first time, drivers translate every kernel.
const OPENING: Duration = Duration::from_secs(60);

/// Which networks, on what.
#[derive(Debug, Args)]
pub(super) struct EngineFlags {
    /// Where the networks run: auto, cpu, cuda, metal.
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    pub(super) device: DeviceChoice,
    /// A vocal network to use in place of the built-in one.
    #[arg(long, value_name = "FILE")]
    pub(super) vocal_model: Option<PathBuf>,
    /// A genre network to use in place of the built-in one.
    #[arg(long, value_name = "FILE")]
    pub(super) genre_model: Option<PathBuf>,
}

impl EngineFlags {
    /// The engine; `None` where a model is unfit, which has then been said.
    pub(super) fn start(&self, console: &Console) -> Option<Arc<Engine>> {
        start(self.device, self.vocal_model.as_ref(), self.genre_model.as_ref(), console)
    }
}

/// Starts an engine with the embedded networks, or with files in place of them.
pub(super) fn start(
    device: DeviceChoice,
    vocal_model: Option<&PathBuf>,
    genre_model: Option<&PathBuf>,
    console: &Console,
) -> Option<Arc<Engine>> {
    let engine = Engine::start(choose(vocal_model, genre_model, console)?, device);
    let engine = engine.map_err(|error| console.error(None, &error.into())).ok()?;
    // So that all of a file is heard on the same device.
    engine.wait_for_device(OPENING);
    Some(engine)
}

/// The embedded networks, or files in place of them; `None` where one is unfit, which has then been said.
pub(super) fn choose(
    vocal_model: Option<&PathBuf>,
    genre_model: Option<&PathBuf>,
    console: &Console,
) -> Option<ModelSet> {
    let said = |file: Option<&PathBuf>, error: anyhow::Error| console.error(file.map(PathBuf::as_path), &error);
    let models = ModelSet::embedded().map_err(|error| said(None, error.into()));
    let models = models.and_then(|models| match vocal_model {
        Some(file) => models.with_vocal_file(file).map_err(|error| said(Some(file), unfit(error))),
        None => Ok(models),
    });
    let models = models.and_then(|models| match genre_model {
        Some(file) => models.with_genre_file(file).map_err(|error| said(Some(file), unfit(error))),
        None => Ok(models),
    });
    models.ok()
}

/// Says what the engine has to say of its device. It knows once it has run.
pub(super) fn note_device(engine: &Engine, console: &Console) {
    if let Some(note) = engine.status().note {
        console.note(None, &note);
    }
}

/// The fault of a model file, with a remedy for those that state none.
pub(super) fn unfit(error: ModelError) -> anyhow::Error {
    let text = error.to_string();
    if text.contains("; ") {
        error.into()
    } else {
        anyhow!("{text}; choose another file, `earmark zoo` lists what is built in")
    }
}
