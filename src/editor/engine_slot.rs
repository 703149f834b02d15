//! Where the plugin leaves its engine for the window to look at.

use std::sync::{Arc, Mutex, PoisonError};

use crate::engine::{Engine, Status};

/// Shared by a plugin instance and its window.
#[derive(Clone, Default)]
pub struct EngineSlot(Arc<Mutex<Slot>>);

#[derive(Default)]
struct Slot {
    engine: Option<Arc<Engine>>,
    problem: Option<String>,
    /// Outlives an activation.
    warning: Option<String>,
}

impl EngineSlot {
    /// The engine in use. Not for the audio thread.
    pub fn set(&self, engine: Arc<Engine>) {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        slot.engine = Some(engine);
        slot.problem = None;
    }

    /// Why there is none.
    pub fn fail(&self, problem: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).problem = Some(problem);
    }

    /// What went wrong apart from the engine, or that all is well again. Not for the audio thread.
    pub fn warn(&self, warning: Option<String>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).warning = warning;
    }

    /// What the engine says about itself, and what went wrong beside it.
    #[must_use]
    pub fn status(&self) -> Status {
        let slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut status = slot.engine.as_ref().map(|engine| engine.status()).unwrap_or_default();
        if let Some(note) = slot.problem.as_ref().or(slot.warning.as_ref()) {
            status.note = Some(note.clone());
        }
        status
    }
}
