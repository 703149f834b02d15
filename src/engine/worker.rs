//! The worker thread and the handle that keeps it alive.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::{self, JoinHandle, Thread};
use std::time::{Duration, Instant};

use atomic_float::AtomicF32;

use super::alone::spawn_alone;
use super::device::{self, AfterWork, BackendError, Cpu, DeviceChoice, Devices};
use super::link::{self, Attached, AudioEnd};
use super::models::{ModelSet, Models};
use super::session::{Desks, Session};
use super::tagging::{Pace, TaggerPlan};
use super::vocal::Said;
use crate::listen::FrontEnd;
use crate::nets::ModelError;

/// How long the worker sleeps when there is nothing to read: a hop. The audio threads never wake it (that would be a
/// system call), so this bounds what the sleep adds to the delay.
const NAP: Duration = Duration::from_millis(10);
/// The same after [`IDLE_AFTER`] without a frame, with hosts that stop calling while the transport stands.
const IDLE_NAP: Duration = Duration::from_millis(50);
const IDLE_AFTER: Duration = Duration::from_secs(2);
/// Rest after a panic before the worker starts again.
const RECOVERY: Duration = Duration::from_millis(50);

/// Threads for the taggers: files keep two busy, a plugin leaves the host's cores alone.
const TAGGER_THREADS: usize = 2;
const PLUGIN_TAGGER_THREADS: usize = 1;

/// The engine cannot start.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The operating system gave no thread.
    #[error("the engine's thread could not be started: {0}")]
    Thread(String),
    /// The models of this build or of the user are unusable.
    #[error("model: {0}")]
    Model(#[from] ModelError),
    /// The host's sample rate cannot be analysed.
    #[error(transparent)]
    FrontEnd(#[from] crate::listen::FrontEndError),
}

/// What the engine says about itself, for the window.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Status {
    /// Device in use; empty while the models load.
    pub device: String,
    /// A device is still being opened; the processor does its work until then.
    pub opening: bool,
    /// Something that the user should know, in words.
    pub note: Option<String>,
    /// Share of one core that worker and taggers are busy; 1 is one core.
    pub load: f32,
    /// The worker's part of it, which has no more than one core: near 1 voices are read late.
    pub worker_load: f32,
    /// Instances attached.
    pub instances: usize,
    /// Times the worker had to be restarted.
    pub restarts: u32,
}

/// A handle to the worker; the last one ends it.
pub struct Engine {
    shared: Arc<Shared>,
    thread: Thread,
    join: Mutex<Option<JoinHandle<()>>>,
    models: ModelSet,
    streams: Vec<FrontEnd>,
}

struct Shared {
    /// Instances that the worker has not yet taken in.
    arrivals: Mutex<Vec<Session>>,
    instances: AtomicUsize,
    stop: AtomicBool,
    status: Mutex<Status>,
    load: AtomicF32,
    worker_load: AtomicF32,
    restarts: AtomicU32,
    choice: DeviceChoice,
    /// In place of the one beside the program.
    library: Option<PathBuf>,
    /// Called after each piece of the processor's work.
    after: Option<AfterWork>,
    tagger_threads: usize,
    streams: Vec<FrontEnd>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How an engine is started.
struct Options {
    models: ModelSet,
    choice: DeviceChoice,
    library: Option<PathBuf>,
    after: Option<AfterWork>,
    tagger_threads: usize,
}

impl Options {
    fn new(models: ModelSet) -> Self {
        Self { models, choice: DeviceChoice::Auto, library: None, after: None, tagger_threads: TAGGER_THREADS }
    }
}

/// Makes every matrix product of this process run on the thread that asks for it: those of our nets are too small to be
/// worth splitting, and a plugin should not take the host's cores.
pub fn keep_products_on_one_thread() {
    gemm::set_threading_threshold(usize::MAX);
}

impl Engine {
    /// The engine that all plugin instances of this process share which hear with the models inside this build.
    ///
    /// # Errors
    /// If no thread can be started.
    pub fn shared() -> Result<Arc<Self>, EngineError> {
        Self::shared_with(ModelSet::embedded()?)
    }

    /// The engine that all plugin instances of this process share which hear with `models`.
    ///
    /// # Errors
    /// If no thread can be started.
    pub fn shared_with(models: ModelSet) -> Result<Arc<Self>, EngineError> {
        static SHARED: Mutex<Vec<Weak<Engine>>> = Mutex::new(Vec::new());
        let mut shared = lock(&SHARED);
        shared.retain(|engine| engine.strong_count() > 0);
        let same = shared.iter().filter_map(Weak::upgrade).find(|engine| engine.models.same_as(&models));
        if let Some(engine) = same {
            return Ok(engine);
        }
        let options = Options { tagger_threads: PLUGIN_TAGGER_THREADS, ..Options::new(models) };
        let engine = Self::begin(options)?;
        shared.push(Arc::downgrade(&engine));
        Ok(engine)
    }

    /// An engine of its own. The models are built on its thread; until then instances wait (in lock step) or stay silent.
    ///
    /// # Errors
    /// If no thread can be started.
    pub fn start(models: ModelSet, choice: DeviceChoice) -> Result<Arc<Self>, EngineError> {
        Self::begin(Options { choice, ..Options::new(models) })
    }

    /// The same, with the CUDA library at `library` in place of one beside the program.
    ///
    /// # Errors
    /// If no thread can be started.
    pub fn start_with_library(
        models: ModelSet,
        choice: DeviceChoice,
        library: &Path,
    ) -> Result<Arc<Self>, EngineError> {
        Self::begin(Options { choice, library: Some(library.to_path_buf()), ..Options::new(models) })
    }

    /// The same on the processor, where `after` is called after each piece of a net's work with the time that it took. It
    /// may wait or panic as a faulty net would.
    ///
    /// # Errors
    /// If no thread can be started.
    pub fn start_with_faults(
        models: ModelSet,
        after: impl Fn(Duration) + Send + Sync + 'static,
    ) -> Result<Arc<Self>, EngineError> {
        Self::begin(Options { choice: DeviceChoice::Cpu, after: Some(Arc::new(after)), ..Options::new(models) })
    }

    fn begin(options: Options) -> Result<Arc<Self>, EngineError> {
        let Options { models, choice, library, after, tagger_threads } = options;
        keep_products_on_one_thread();
        let streams = models.streams();
        let shared = Arc::new(Shared {
            arrivals: Mutex::new(Vec::new()),
            instances: AtomicUsize::new(0),
            stop: AtomicBool::new(false),
            status: Mutex::new(Status { opening: device::is_wanted(choice, library.as_deref()), ..Status::default() }),
            load: AtomicF32::new(0.0),
            worker_load: AtomicF32::new(0.0),
            restarts: AtomicU32::new(0),
            choice,
            library,
            after,
            tagger_threads,
            streams: streams.clone(),
        });
        let join = spawn_alone("earmark engine", {
            let (shared, models) = (shared.clone(), models.clone());
            move || work(&shared, &models)
        })
        .map_err(EngineError::Thread)?;
        let thread = join.thread().clone();
        Ok(Arc::new(Self { shared, thread, join: Mutex::new(Some(join)), models, streams }))
    }

    /// The models in use.
    #[must_use]
    pub fn models(&self) -> &ModelSet {
        &self.models
    }

    /// A snapshot for the window.
    #[must_use]
    pub fn status(&self) -> Status {
        let mut status = lock(&self.shared.status).clone();
        status.load = self.shared.load.load(Ordering::Relaxed);
        status.worker_load = self.shared.worker_load.load(Ordering::Relaxed);
        status.restarts = self.shared.restarts.load(Ordering::Relaxed);
        status.instances = self.shared.instances.load(Ordering::Relaxed);
        status
    }

    /// Waits until the device that was asked for is open, or known not to be had; at most for `patience`. What is heard
    /// before runs on the processor.
    pub fn wait_for_device(&self, patience: Duration) {
        let since = Instant::now();
        while since.elapsed() < patience && lock(&self.shared.status).opening {
            thread::sleep(NAP);
        }
    }

    /// What each stream of a link carries.
    pub(super) fn streams(&self) -> &[FrontEnd] {
        &self.streams
    }

    /// Attaches a new instance.
    pub(super) fn attach(&self, pace: Pace) -> AudioEnd {
        let (audio, worker) = link::link(&self.streams, self.thread.clone());
        lock(&self.shared.arrivals).push(Session::new(worker, pace));
        self.thread.unpark();
        audio
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Release);
        self.thread.unpark();
        if let Some(join) = lock(&self.join).take() {
            // The thread must be gone before a host may unload the library that holds its code.
            let _ = join.join();
        }
    }
}

fn work(shared: &Shared, models: &ModelSet) {
    let mut sessions = Vec::new();
    while !shared.stop.load(Ordering::Acquire) {
        if catch_unwind(AssertUnwindSafe(|| run(shared, models, &mut sessions))).is_err() {
            // Whatever state the panic left behind, the instances begin anew.
            sessions.iter_mut().for_each(Session::begin_anew);
            shared.restarts.fetch_add(1, Ordering::Relaxed);
            lock(&shared.status).note = Some("the engine failed and was restarted".to_owned());
            thread::sleep(RECOVERY);
        }
    }
}

/// Builds the models and serves until told to stop.
fn run(shared: &Shared, set: &ModelSet, sessions: &mut Vec<Session>) {
    let models = match set.build() {
        Ok(models) => Arc::new(models),
        Err(error) => return refuse(shared, sessions, &format!("a model {error}")),
    };
    let plan = TaggerPlan::new(&models, &shared.streams);
    let cpu = Cpu { models: models.clone(), after: shared.after.clone() };
    let mut devices = Devices::start(shared.choice, shared.library.as_deref(), set, cpu, shared.tagger_threads);
    let mut told = None;
    let mut last_work = Instant::now();
    let mut clock = LoadClock::new();
    while !shared.stop.load(Ordering::Acquire) {
        let busy = Instant::now();
        sessions.append(&mut lock(&shared.arrivals));
        sessions.retain(|session| session.attach().is_some());
        shared.instances.store(sessions.len(), Ordering::Relaxed);
        for session in sessions.iter_mut().filter(|session| session.desks.is_none()) {
            session.desks = Desks::new(&models, &plan, &shared.streams, session.pace);
        }
        let links = || sessions.iter().filter_map(Session::attach);
        let (active, offline) = (links().any(|link| link.is_active()), links().any(|link| link.is_offline()));
        devices.tend(sessions.len(), offline);
        let worked = match serve(sessions, &models, &plan, &mut devices) {
            Ok(worked) => worked,
            Err(error) => return refuse(shared, sessions, &format!("the CPU failed: {error}")),
        };
        if devices.take_news() {
            let mut status = lock(&shared.status);
            (status.device, status.opening) = (devices.name(), devices.is_opening());
            // What others have said stays until a device has something to say.
            let note = devices.note().map(str::to_owned);
            if note.is_some() || status.note == told {
                status.note.clone_from(&note);
            }
            told = note;
        }
        clock.add(busy.elapsed(), devices.take_effort(), shared);
        if worked {
            last_work = Instant::now();
        } else if !active && !devices.is_opening() {
            thread::park();
        } else {
            thread::park_timeout(if last_work.elapsed() > IDLE_AFTER { IDLE_NAP } else { NAP });
        }
    }
}

/// Says why nothing is read any more, lets nobody wait, and sleeps until the end.
fn refuse(shared: &Shared, sessions: &mut Vec<Session>, why: &str) {
    {
        let mut status = lock(&shared.status);
        (status.note, status.opening) = (Some(why.to_owned()), false);
    }
    while !shared.stop.load(Ordering::Acquire) {
        sessions.append(&mut lock(&shared.arrivals));
        sessions.iter().filter_map(Session::attach).for_each(|link| link.mark_broken());
        thread::park_timeout(IDLE_NAP);
    }
}

/// One pass over all instances: every voice frame in one batch, and whatever the taggers have to be asked or have said.
fn serve(
    sessions: &mut [Session],
    models: &Models,
    plan: &TaggerPlan,
    devices: &mut Devices,
) -> Result<bool, BackendError> {
    let mut desks: Vec<(Attached, &mut Desks)> =
        sessions.iter_mut().filter_map(|session| Some((session.attach()?, session.desks.as_mut()?))).collect();
    let mut worked = vocal_pass(&mut desks, models, devices)?;
    let others_wait = desks.iter().any(|(link, desk)| desk.tags.overdue(link).is_some());
    for (link, desk) in &mut desks {
        worked |= desk.tags.pass(link, plan, devices, others_wait)?;
        let is_read = link.backlog(0) == 0 && link.backlog(1) == 0 && !desk.tags.is_waiting();
        if link.has_ended(desk.epoch) && is_read {
            end(link, desk, plan, models, devices)?;
            worked = true;
        }
    }
    while devices.have_room() {
        let waits = |(link, desk): &&mut (Attached, &mut Desks)| desk.tags.overdue(link);
        let longest = desks.iter_mut().filter(|desk| waits(desk).is_some()).min_by_key(waits);
        let Some((link, desk)) = longest else { break };
        desk.tags.catch_up(link, plan, devices)?;
        worked = true;
    }
    desks.iter().for_each(|(link, _)| link.notify());
    Ok(worked)
}

fn vocal_pass(
    desks: &mut [(Attached, &mut Desks)],
    models: &Models,
    devices: &mut Devices,
) -> Result<bool, BackendError> {
    for (link, desk) in desks.iter_mut() {
        let Desks { vocal, epoch, .. } = &mut **desk;
        vocal.gather(link, epoch);
    }
    let (mut streams, frames): (Vec<_>, Vec<_>) = desks.iter_mut().map(|(_, desk)| desk.vocal.job()).unzip();
    if frames.iter().any(|frames| !frames.is_empty()) {
        let probability = devices.vocal(&mut streams, &frames, false)?;
        for ((link, desk), rows) in desks.iter_mut().zip(probability) {
            desk.vocal.publish(link, desk.epoch, voice(models, &rows));
        }
    }
    let mut worked = false;
    for (link, desk) in desks.iter_mut() {
        worked |= desk.vocal.settle(link);
    }
    Ok(worked)
}

/// The instance's audio is over: what the look-ahead still holds back, and a last genre reading.
fn end(
    link: &Attached,
    desk: &mut Desks,
    plan: &TaggerPlan,
    models: &Models,
    devices: &mut Devices,
) -> Result<(), BackendError> {
    if desk.vocal.has_more(link) {
        return Ok(());
    }
    let (stream, _) = desk.vocal.job();
    let rows = devices.vocal(&mut [stream], &[&[]], true)?.concat();
    desk.vocal.publish(link, desk.epoch, voice(models, &rows));
    desk.tags.end(link, plan, devices)?;
    link.end_is_done(desk.epoch);
    Ok(())
}

/// What each row of the net's outputs says; the voice's probability is that of the likeliest label that counts as one.
fn voice<'a>(models: &Models, rows: &'a [f32]) -> impl Iterator<Item = Said> + 'a {
    let card = &models.vocal.card;
    let mut columns: Vec<usize> =
        (0..card.labels.len()).filter(|&column| card.voice.contains(&card.labels[column])).collect();
    if columns.is_empty() {
        columns.push(0);
    }
    rows.chunks_exact(card.labels.len()).map(move |row| Said {
        probability: columns.iter().map(|&column| row[column]).fold(0.0, f32::max),
        outputs: std::array::from_fn(|output| row.get(output).copied().unwrap_or(0.0)),
    })
}

/// Share of the last second that worker and taggers were busy.
struct LoadClock {
    since: Instant,
    worker: Duration,
    taggers: Duration,
}

impl LoadClock {
    fn new() -> Self {
        Self { since: Instant::now(), worker: Duration::ZERO, taggers: Duration::ZERO }
    }

    fn add(&mut self, worker: Duration, taggers: Duration, shared: &Shared) {
        self.worker += worker;
        self.taggers += taggers;
        let elapsed = self.since.elapsed();
        if elapsed >= Duration::from_secs(1) {
            let share = |busy: Duration| busy.as_secs_f32() / elapsed.as_secs_f32();
            shared.load.store(share(self.worker + self.taggers), Ordering::Relaxed);
            shared.worker_load.store(share(self.worker), Ordering::Relaxed);
            *self = Self::new();
        }
    }
}
