//! Where the plugin leaves its engine for the window to look at.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::engine::{Engine, ModelSet, Status, Tags, TagsEnd};

/// Shared by a plugin instance and its window.
#[derive(Clone, Default)]
pub struct EngineSlot(Arc<Mutex<Slot>>);

#[derive(Default)]
struct Slot {
    engine: Option<Arc<Engine>>,
    tags: TagsEnd,
    problem: Option<String>,
    /// Outlives an activation.
    warning: Option<String>,
}

impl EngineSlot {
    /// The engine in use. Not for the audio thread.
    pub fn set(&self, engine: Arc<Engine>) {
        let mut slot = self.lock();
        slot.engine = Some(engine);
        slot.tags = TagsEnd::default();
        slot.problem = None;
    }

    /// Where the instance's tags are found.
    pub fn set_tags(&self, tags: TagsEnd) {
        self.lock().tags = tags;
    }

    /// Why there is none.
    pub fn fail(&self, problem: String) {
        self.lock().problem = Some(problem);
    }

    /// What went wrong apart from the engine, or that all is well again. Not for the audio thread.
    pub fn warn(&self, warning: Option<String>) {
        self.lock().warning = warning;
    }

    /// What the engine says about itself, and what went wrong beside it.
    #[must_use]
    pub fn status(&self) -> Status {
        let slot = self.lock();
        let mut status = slot.engine.as_ref().map(|engine| engine.status()).unwrap_or_default();
        if let Some(note) = slot.problem.as_ref().or(slot.warning.as_ref()) {
            status.note = Some(note.clone());
        }
        status
    }

    /// The models in use.
    #[must_use]
    pub fn models(&self) -> Option<ModelSet> {
        self.lock().engine.as_ref().map(|engine| engine.models().clone())
    }

    /// Copies the latest tags; `true` if they are news.
    #[must_use]
    pub fn take_tags(&self, tags: &mut Tags) -> bool {
        self.lock().tags.take(tags)
    }

    fn lock(&self) -> MutexGuard<'_, Slot> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
