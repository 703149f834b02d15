//! Taggers on threads beside the worker: a window takes tens of milliseconds, and voices do not wait that long.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread::{JoinHandle, Thread};
use std::time::{Duration, Instant};

use crossbeam::channel::{Receiver, Sender, TryRecvError, unbounded};

use super::BackendError;
use super::cpu::Cpu;
use crate::engine::alone::spawn_alone;
use crate::nets::Tagging;

/// A window for a tagger: its number, and rows of mel values.
pub(in crate::engine) type Window = (usize, Vec<f32>);
/// What a tagger of some number said.
pub(in crate::engine) type Tagged = (usize, Tagging);

type Answer = Result<Vec<Tagged>, BackendError>;

/// Share of one core that the taggers take while audio plays, however many instances there are: their refreshes become
/// rarer then. Voices and the host's own work have the rest.
const LIVE_SHARE: f64 = 0.5;

/// A window that took far longer than others do says more of the machine at that moment than of the next window.
const LONGEST_REST: Duration = Duration::from_secs(1);

/// The threads. They end, and are waited for, when this is dropped.
pub(super) struct Beside {
    asks: Option<Sender<(Vec<Window>, Sender<Answer>)>>,
    threads: Vec<JoinHandle<()>>,
    effort: Arc<Effort>,
}

/// How busy the threads are.
struct Effort {
    since: Instant,
    /// Asked and not yet answered.
    asked: AtomicUsize,
    /// When they will have rested from the last answer, in nanoseconds since then.
    rested_ns: AtomicU64,
    /// Time taken since it was last asked for, in nanoseconds.
    taken_ns: AtomicU64,
}

impl Effort {
    fn answered(&self, took: Duration) {
        let rested = self.since.elapsed() + took.mul_f64(1.0 / LIVE_SHARE - 1.0).min(LONGEST_REST);
        self.rested_ns.store(rested.as_nanos() as u64, Ordering::Relaxed);
        self.taken_ns.fetch_add(took.as_nanos() as u64, Ordering::Relaxed);
        self.asked.fetch_sub(1, Ordering::Release);
    }
}

/// Windows on their way.
pub(in crate::engine) struct Errand {
    pub(super) done: Vec<Tagged>,
    pub(super) waits: Option<Receiver<Answer>>,
}

impl Beside {
    /// Starts up to `count` threads, which wake `worker` whenever they have an answer. `None` if the operating system gives
    /// none.
    pub(super) fn start(cpu: &Cpu, worker: &Thread, count: usize) -> Option<Self> {
        let (asks, questions) = unbounded::<(Vec<Window>, Sender<Answer>)>();
        let effort = Arc::new(Effort {
            since: Instant::now(),
            asked: AtomicUsize::new(0),
            rested_ns: AtomicU64::new(0),
            taken_ns: AtomicU64::new(0),
        });
        let serve = |_| {
            let (cpu, worker, questions) = (cpu.clone(), worker.clone(), questions.clone());
            let effort = effort.clone();
            spawn_alone("earmark taggers", move || {
                for (windows, answer) in questions {
                    let begun = Instant::now();
                    let tag = |(tagger, window): Window| Ok((tagger, cpu.tag(tagger, &window)?));
                    let said = windows.into_iter().map(tag).collect();
                    effort.answered(begun.elapsed());
                    // Who has gone meanwhile does not hear the answer.
                    let _ = answer.send(said);
                    worker.unpark();
                }
            })
            .ok()
        };
        let threads: Vec<_> = (0..count).map_while(serve).collect();
        (!threads.is_empty()).then_some(Self { asks: Some(asks), threads, effort })
    }

    /// Hands windows over.
    pub(super) fn ask(&self, windows: Vec<Window>) -> Receiver<Answer> {
        let (answer, answers) = unbounded();
        if let Some(asks) = &self.asks {
            self.effort.asked.fetch_add(1, Ordering::Relaxed);
            // Threads that are gone say so through the receiver.
            let _ = asks.send((windows, answer));
        }
        answers
    }

    /// What the threads have worked since this was last asked.
    pub(super) fn take_effort(&self) -> Duration {
        Duration::from_nanos(self.effort.taken_ns.swap(0, Ordering::Relaxed))
    }

    /// Whether a thread is free, and rested. What is asked for regardless is served, too.
    pub(super) fn has_room(&self) -> bool {
        let rested = Duration::from_nanos(self.effort.rested_ns.load(Ordering::Relaxed));
        self.effort.asked.load(Ordering::Acquire) < self.threads.len() && self.effort.since.elapsed() >= rested
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        self.asks = None;
        for thread in self.threads.drain(..) {
            // If it panicked, whoever waited for it has seen that.
            let _ = thread.join();
        }
    }
}

impl Errand {
    /// What was said, once all of it is there. A panic on their thread goes on here.
    ///
    /// # Errors
    /// If the processor failed.
    pub(in crate::engine) fn answered(&mut self) -> Result<Option<Vec<Tagged>>, BackendError> {
        let answer = match self.waits.as_ref().map(Receiver::try_recv) {
            None => None,
            Some(Ok(answer)) => Some(answer?),
            Some(Err(TryRecvError::Empty)) => return Ok(None),
            Some(Err(TryRecvError::Disconnected)) => gone(),
        };
        Ok(Some(self.with(answer)))
    }

    /// The same, waiting for it.
    ///
    /// # Errors
    /// If the processor failed.
    pub(in crate::engine) fn finished(mut self) -> Result<Vec<Tagged>, BackendError> {
        let answer = match self.waits.as_ref().map(Receiver::recv) {
            None => None,
            Some(Ok(answer)) => Some(answer?),
            Some(Err(_)) => gone(),
        };
        Ok(self.with(answer))
    }

    fn with(&mut self, answer: Option<Vec<Tagged>>) -> Vec<Tagged> {
        self.waits = None;
        let mut all = std::mem::take(&mut self.done);
        all.extend(answer.unwrap_or_default());
        all
    }
}

/// The worker begins anew then, and with it the threads.
fn gone() -> ! {
    resume_unwind(Box::new("a tagger's thread failed"))
}
