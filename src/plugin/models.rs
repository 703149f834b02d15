//! Which models an instance hears with, and how it comes by them: files are read and nets are built on a thread of their
//! own, and the audio thread changes ears between two blocks. Instances with the same models share one engine.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nice_plug::params::persist::PersistentField;
use serde::{Deserialize, Serialize};

use super::guard::guarded;
use super::handover::{Giver, Taker, handover};
use crate::editor::EngineSlot;
use crate::engine::{Ear, Engine, EngineError, ModelSet, Pace};
use crate::nets::Task;

/// A new engine that has not built its nets after this time is taken all the same; it says itself what is wrong.
const BUILDS: Duration = Duration::from_secs(20);
/// Time between two looks whether it has.
const LOOK: Duration = Duration::from_millis(5);

/// Model files in place of those of the build. Kept in the session.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Choice {
    /// Instead of the voice net.
    pub voice: Option<PathBuf>,
    /// A tagger instead of all, or what hears genres through them.
    pub genre: Option<PathBuf>,
}

/// What the window shows of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shown {
    /// What is heard with.
    pub in_use: Choice,
    /// A file is being read.
    pub loading: bool,
    /// Why the last file is not in use, with a remedy.
    pub refusal: Option<String>,
}

/// An instance's models. Not for the audio thread, which has a [`Taker`].
pub struct Models {
    shared: Arc<Shared>,
    taker: Taker,
}

struct Shared {
    state: Mutex<State>,
    giver: Giver,
    window: EngineSlot,
}

#[derive(Default)]
struct State {
    /// What the session keeps. A file that is missing here and now stays in it.
    kept: Choice,
    in_use: Option<(Choice, Arc<Engine>)>,
    /// Host's rate while activated.
    rate_hz: Option<f64>,
    /// What the loader is to do next, in this order.
    requests: VecDeque<Request>,
    /// Counts the states that a host has loaded: what was asked for before one is not wanted any more.
    session: u64,
    loading: bool,
    refusal: Option<String>,
    loader: Option<JoinHandle<()>>,
}

enum Request {
    /// What a session says.
    Kept,
    /// A file that the user names, whatever it is for.
    File(PathBuf),
    /// The build's own again.
    BuiltIn(Task),
}

impl Default for Models {
    fn default() -> Self {
        let (giver, taker) = handover();
        let shared = Shared { state: Mutex::default(), giver, window: EngineSlot::default() };
        Self { shared: Arc::new(shared), taker }
    }
}

impl Models {
    /// Where the window finds the engine.
    #[must_use]
    pub fn window(&self) -> EngineSlot {
        self.shared.window.clone()
    }

    /// The audio thread's half of the handover.
    #[must_use]
    pub fn taker(&self) -> Taker {
        self.taker.clone()
    }

    /// An ear for an activation. Files that the session names are waited for only where a bounce must be exact; else the
    /// models that are there begin, and the others take over as soon as they are ready.
    ///
    /// # Errors
    /// If there is no thread for an engine, or the rate cannot be analysed.
    pub fn activate(&self, rate_hz: f64, offline: bool) -> Result<Ear, EngineError> {
        self.shared.giver.clear();
        let mut state = self.shared.lock();
        state.rate_hz = Some(rate_hz);
        let wanted = state.kept.clone();
        let behind = state.in_use.as_ref().is_none_or(|(choice, _)| *choice != wanted) && state.refusal.is_none();
        if behind && (offline || wanted == Choice::default()) {
            match build(&wanted) {
                Ok(engine) => state.in_use = Some((wanted.clone(), engine)),
                Err(why) => state.refusal = Some(why),
            }
        }
        let engine = match &state.in_use {
            Some((_, engine)) => engine.clone(),
            None => {
                let engine = Engine::shared()?;
                state.in_use = Some((Choice::default(), engine.clone()));
                engine
            }
        };
        if behind && state.in_use.as_ref().is_some_and(|(choice, _)| *choice != wanted) {
            self.ask(&mut state, Request::Kept);
        }
        let ear = Ear::new(&engine, rate_hz, Pace::LIVE)?;
        self.shared.window.set(engine);
        self.shared.window.set_tags(ear.tags_end());
        Ok(ear)
    }

    /// The activation is over.
    pub fn deactivate(&self) {
        self.shared.lock().rate_hz = None;
        self.shared.giver.clear();
    }

    /// Hears with a file from now on, if it is one; else everything stays as it is and [`Self::shown`] says why.
    pub fn load(&self, file: &Path) {
        self.ask(&mut self.shared.lock(), Request::File(file.to_owned()));
    }

    /// Hears with the build's own model again.
    pub fn built_in(&self, task: Task) {
        self.ask(&mut self.shared.lock(), Request::BuiltIn(task));
    }

    /// What the window shows. Also clears away what the audio thread has laid down.
    #[must_use]
    pub fn shown(&self) -> Shown {
        self.shared.giver.free();
        let state = self.shared.lock();
        Shown {
            in_use: state.in_use.as_ref().map(|(choice, _)| choice.clone()).unwrap_or_default(),
            loading: state.loading,
            refusal: state.refusal.clone(),
        }
    }

    fn ask(&self, state: &mut State, request: Request) {
        state.requests.push_back(request);
        state.refusal = None;
        if std::mem::replace(&mut state.loading, true) {
            return;
        }
        // The one before has nothing left to do but to end.
        let before = state.loader.take();
        let shared = self.shared.clone();
        let started = std::thread::Builder::new().name("earmark models".to_owned()).spawn(move || {
            if let Some(before) = before {
                let _ = before.join();
            }
            while shared.load_next() {}
        });
        match started {
            Ok(loader) => state.loader = Some(loader),
            Err(error) => {
                state.loading = false;
                state.requests.clear();
                state.refusal = Some(format!("The model cannot be loaded, the system gives no thread: {error}."));
            }
        }
    }
}

impl Drop for Models {
    fn drop(&mut self) {
        let loader = {
            let mut state = self.shared.lock();
            state.requests.clear();
            state.loader.take()
        };
        if let Some(loader) = loader {
            // It must be gone before a host may unload the library that holds its code.
            let _ = loader.join();
        }
        self.shared.giver.clear();
    }
}

impl PersistentField<'_, Choice> for Models {
    fn set(&self, kept: Choice) {
        guarded("Models::set", (), || self.keep(kept));
    }

    fn map<F, R>(&self, f: F) -> R
    where
        F: Fn(&Choice) -> R,
    {
        let kept = guarded("Models::map", Choice::default(), || self.shared.lock().kept.clone());
        f(&kept)
    }
}

impl Models {
    /// A session says which models it is heard with.
    fn keep(&self, kept: Choice) {
        let mut state = self.shared.lock();
        let in_use = state.in_use.as_ref().map(|(choice, _)| choice);
        // Before the first activation nothing is in use, and a host that only looks needs no models.
        let changes = in_use.is_some_and(|choice| *choice != kept);
        state.refusal = None;
        state.kept = kept;
        state.session += 1;
        state.requests.clear();
        if changes {
            self.ask(&mut state, Request::Kept);
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does what is asked for. `false` if nothing is.
    fn load_next(&self) -> bool {
        let (request, in_use, kept, session) = {
            let mut state = self.lock();
            let Some(request) = state.requests.pop_front() else {
                state.loading = false;
                return false;
            };
            let in_use = state.in_use.as_ref().map(|(choice, _)| choice.clone());
            (request, in_use.unwrap_or_default(), state.kept.clone(), state.session)
        };
        let from_session = matches!(request, Request::Kept);
        let base = if from_session { kept } else { in_use.clone() };
        let built = base.with(request).and_then(|choice| Ok((build(&choice)?, choice)));
        let built = built.inspect(|(engine, _)| wait_until_built(engine));
        let mut state = self.lock();
        if state.session != session {
            return true;
        }
        match built.and_then(|(engine, choice)| Ok((self.hand_over(&state, &engine)?, engine, choice))) {
            Ok((ear, engine, choice)) => {
                self.window.set(engine.clone());
                state.in_use = Some((choice.clone(), engine));
                state.kept = choice;
                if let Some(ear) = ear {
                    self.window.set_tags(ear.tags_end());
                    self.giver.offer(ear);
                }
            }
            Err(why) => {
                if !from_session {
                    state.kept = in_use;
                }
                state.refusal = Some(why);
            }
        }
        true
    }

    /// An ear at `engine`, where audio runs.
    fn hand_over(&self, state: &State, engine: &Arc<Engine>) -> Result<Option<Ear>, String> {
        let ear = state.rate_hz.map(|rate_hz| Ear::new(engine, rate_hz, Pace::LIVE));
        ear.transpose().map_err(|error| format!("The model cannot hear at this sample rate: {error}."))
    }
}

impl Choice {
    fn with(mut self, request: Request) -> Result<Self, String> {
        match request {
            Request::Kept => {}
            Request::BuiltIn(Task::Vocal) => self.voice = None,
            Request::BuiltIn(Task::Tags | Task::Genre) => self.genre = None,
            Request::File(file) => match ModelSet::task_of(&file) {
                Ok(Task::Vocal) => self.voice = Some(file),
                Ok(Task::Tags | Task::Genre) => self.genre = Some(file),
                Err(error) => return Err(refused(&file, &error)),
            },
        }
        Ok(self)
    }
}

fn refused(file: &Path, error: &dyn std::fmt::Display) -> String {
    format!("{} {error}. The model before is still in use.", file.display())
}

/// An engine with the models of `choice`, started or shared.
fn build(choice: &Choice) -> Result<Arc<Engine>, String> {
    let own = |error: &dyn std::fmt::Display| format!("The models of this build cannot be used: {error}.");
    let mut models = ModelSet::embedded().map_err(|error| own(&error))?;
    if let Some(file) = &choice.voice {
        models = models.with_vocal_file(file).map_err(|error| refused(file, &error))?;
    }
    if let Some(file) = &choice.genre {
        models = models.with_genre_file(file).map_err(|error| refused(file, &error))?;
    }
    Engine::shared_with(models).map_err(|error| own(&error))
}

/// Until then the ear before reads on, so that no reading is missed.
fn wait_until_built(engine: &Engine) {
    let since = Instant::now();
    while since.elapsed() < BUILDS {
        let status = engine.status();
        if !status.device.is_empty() || status.note.is_some() {
            return;
        }
        std::thread::sleep(LOOK);
    }
}
