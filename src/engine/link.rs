//! The crossing between an instance's audio thread and the worker: frames one way, readings the other.
//!
//! The audio side is wait-free in practice: bounded lock-free queues, no wake-up call. When the worker is late the oldest
//! frames give way to the newest and are counted. Only in lock step (offline rendering) does the audio side wait.

use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering, fence};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::Thread;
use std::time::{Duration, Instant};

use crossbeam::queue::ArrayQueue;

use super::readings::{GenreReading, Tags, VocalReading};
use crate::listen::{FrontEnd, MAX_MELS};

/// Audio whose frames a stream holds before the oldest give way.
pub(super) const HELD_S: f64 = 2.0;
/// Voice readings that wait for the audio thread: 5 s.
const VOCAL_CAPACITY: usize = 512;
const GENRE_CAPACITY: usize = 16;
/// Refreshes whose tags wait to be taken in lock step.
const TAGS_CAPACITY: usize = GENRE_CAPACITY;
/// A worker that makes no progress for this long in lock step counts as gone.
const LOCK_STEP_PATIENCE: Duration = Duration::from_secs(60);

/// Who waits in lock step asks for the worker again after this long.
const ASK_AGAIN: Duration = Duration::from_millis(20);

/// One mel frame between threads.
#[derive(Clone, Copy)]
pub(super) struct Frame {
    pub epoch: u32,
    pub index: u64,
    pub known_at: u64,
    pub peak: f32,
    pub mels: [f32; MAX_MELS],
}

/// What both ends share.
struct Link {
    streams: Vec<Stream>,
    vocal: ArrayQueue<VocalReading>,
    genre: ArrayQueue<GenreReading>,
    tags: Mutex<Tags>,
    /// In lock step, the tags of every refresh, until the audio side takes them.
    every_tags: Mutex<VecDeque<Tags>>,
    dropped: AtomicU64,
    offline: AtomicBool,
    eco: AtomicBool,
    active: AtomicBool,
    /// Epoch whose audio has ended, plus one; and the last one that the worker has finished with.
    end_wanted: AtomicU32,
    end_done: AtomicU32,
    /// The worker cannot run; nobody should wait for it.
    broken: AtomicBool,
    waiting: AtomicBool,
    progress: (Mutex<()>, Condvar),
}

struct Stream {
    frames: ArrayQueue<Frame>,
    pushed: AtomicU64,
    /// Frames that the worker is done with, or that gave way.
    settled: AtomicU64,
    /// Frames that the worker has taken and is not done with; only it writes here.
    taken: AtomicU64,
}

/// The audio thread's end.
pub(super) struct AudioEnd {
    link: Arc<Link>,
    worker: Thread,
    epoch: u32,
}

/// The worker's end; does not keep the instance alive.
pub(super) struct WorkerEnd(Weak<Link>);

/// Reads an instance's latest tags from any thread but the audio thread; does not keep the instance alive.
#[derive(Clone, Default)]
pub struct TagsEnd(Weak<Link>);

/// The worker's end while it is in use.
pub(super) struct Attached {
    link: Arc<Link>,
    /// Something happened that the audio side may be waiting for.
    progress: Cell<bool>,
}

/// A link to the worker running on `worker`, with a queue for the frames of each of `streams`.
pub(super) fn link(streams: &[FrontEnd], worker: Thread) -> (AudioEnd, WorkerEnd) {
    let stream = |front_end: &FrontEnd| Stream {
        frames: ArrayQueue::new((HELD_S / front_end.hop_s()).ceil() as usize),
        pushed: AtomicU64::new(0),
        settled: AtomicU64::new(0),
        taken: AtomicU64::new(0),
    };
    let link = Arc::new(Link {
        streams: streams.iter().map(stream).collect(),
        vocal: ArrayQueue::new(VOCAL_CAPACITY),
        genre: ArrayQueue::new(GENRE_CAPACITY),
        tags: Mutex::new(Tags::default()),
        every_tags: Mutex::new(VecDeque::new()),
        dropped: AtomicU64::new(0),
        offline: AtomicBool::new(false),
        eco: AtomicBool::new(false),
        active: AtomicBool::new(false),
        end_wanted: AtomicU32::new(0),
        end_done: AtomicU32::new(0),
        broken: AtomicBool::new(false),
        waiting: AtomicBool::new(false),
        progress: (Mutex::new(()), Condvar::new()),
    });
    let end = WorkerEnd(Arc::downgrade(&link));
    (AudioEnd { link, worker, epoch: 0 }, end)
}

impl AudioEnd {
    /// Hands a frame over. Real-time safe.
    pub(super) fn push(&self, stream: usize, index: u64, known_at: u64, peak: f32, mels: &[f32]) {
        let Some(stream) = self.link.streams.get(stream) else { return };
        let mut frame = Frame { epoch: self.epoch, index, known_at, peak, mels: [0.0; MAX_MELS] };
        frame.mels[..mels.len()].copy_from_slice(mels);
        stream.pushed.fetch_add(1, Ordering::Release);
        if stream.frames.force_push(frame).is_some() {
            stream.settled.fetch_add(1, Ordering::Release);
            self.link.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The next voice reading of this epoch. Real-time safe.
    pub(super) fn next_vocal(&self) -> Option<VocalReading> {
        std::iter::from_fn(|| self.link.vocal.pop()).find(|reading| reading.epoch == self.epoch)
    }

    /// The next genre reading of this epoch. Real-time safe.
    pub(super) fn next_genre(&self) -> Option<GenreReading> {
        std::iter::from_fn(|| self.link.genre.pop()).find(|reading| reading.epoch == self.epoch)
    }

    /// Copies the latest tags if there is news; in lock step those of each refresh, one after the other. Not for the
    /// audio thread.
    pub(super) fn take_tags(&self, tags: &mut Tags) -> bool {
        let next = lock(&self.link.every_tags).pop_front();
        match next {
            Some(next) => {
                *tags = next;
                true
            }
            None => self.link.take_tags(tags),
        }
    }

    /// An end for who only looks at the tags.
    pub(super) fn tags_end(&self) -> TagsEnd {
        TagsEnd(Arc::downgrade(&self.link))
    }

    /// Everything read from here on belongs to a new beginning. Real-time safe.
    pub(super) fn reset(&mut self) {
        self.epoch = self.epoch.wrapping_add(1);
        while self.link.vocal.pop().is_some() {}
        while self.link.genre.pop().is_some() {}
    }

    /// Frames that gave way to newer ones so far.
    pub(super) fn dropped(&self) -> u64 {
        self.link.dropped.load(Ordering::Relaxed)
    }

    /// Whether frames will come; wakes the worker for an instance that starts. Not for the audio thread.
    pub(super) fn set_active(&self, active: bool) {
        self.link.active.store(active, Ordering::Release);
        if active {
            self.worker.unpark();
        }
    }

    /// Lock step on or off: in lock step the worker never skips a genre refresh.
    pub(super) fn set_offline(&self, offline: bool) {
        self.link.offline.store(offline, Ordering::Release);
    }

    /// Whether the taggers should run at fewer refreshes. Real-time safe.
    pub(super) fn set_eco(&self, eco: bool) {
        self.link.eco.store(eco, Ordering::Relaxed);
    }

    /// Tells the worker that this epoch's audio is over.
    pub(super) fn end(&self) {
        self.link.end_wanted.store(self.epoch.wrapping_add(1), Ordering::Release);
    }

    /// Waits until the worker is done with everything handed over. `false`: it is gone.
    pub(super) fn settle(&self) -> bool {
        self.wait_until(Link::is_settled)
    }

    /// Waits until every stream has half of its room left, for what comes before the next wait. `false`: the worker is gone.
    pub(super) fn make_room(&self) -> bool {
        self.wait_until(|link| link.streams.iter().all(|stream| 2 * stream.frames.len() <= stream.frames.capacity()))
    }

    fn wait_until(&self, reached: impl Fn(&Link) -> bool) -> bool {
        let link = &*self.link;
        if reached(link) {
            return true;
        }
        let patience = Instant::now();
        link.waiting.store(true, Ordering::Relaxed);
        // Either this side sees what it waits for, or the worker sees that it waits: see `notify`.
        fence(Ordering::SeqCst);
        let mut guard = lock(&link.progress.0);
        let mut ask = true;
        let settled = loop {
            if reached(link) {
                break true;
            }
            if link.broken.load(Ordering::Acquire) || patience.elapsed() > LOCK_STEP_PATIENCE {
                break false;
            }
            if ask {
                self.worker.unpark();
            }
            let wait = link.progress.1.wait_timeout(guard, ASK_AGAIN);
            let (held, waited) = wait.unwrap_or_else(PoisonError::into_inner);
            // A worker that answers is awake.
            (guard, ask) = (held, waited.timed_out());
        };
        link.waiting.store(false, Ordering::Relaxed);
        settled
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Link {
    fn take_tags(&self, tags: &mut Tags) -> bool {
        let latest = lock(&self.tags);
        let news = latest.refresh != tags.refresh;
        if news {
            tags.clone_from(&latest);
        }
        news
    }

    fn is_settled(&self) -> bool {
        let read = |stream: &Stream| stream.settled.load(Ordering::Acquire) >= stream.pushed.load(Ordering::Acquire);
        self.streams.iter().all(read)
            && self.end_done.load(Ordering::Acquire) == self.end_wanted.load(Ordering::Acquire)
    }
}

impl TagsEnd {
    /// Copies the latest tags; `true` if they are news.
    pub fn take(&self, tags: &mut Tags) -> bool {
        self.0.upgrade().is_some_and(|link| link.take_tags(tags))
    }
}

impl WorkerEnd {
    /// `None` once the instance is gone.
    pub(super) fn attach(&self) -> Option<Attached> {
        self.0.upgrade().map(|link| Attached { link, progress: Cell::new(false) })
    }
}

impl Attached {
    pub(super) fn pop(&self, stream: usize) -> Option<Frame> {
        let stream = self.link.streams.get(stream)?;
        let frame = stream.frames.pop()?;
        self.progress.set(true);
        stream.taken.fetch_add(1, Ordering::Relaxed);
        Some(frame)
    }

    /// Frames waiting in a stream.
    pub(super) fn backlog(&self, stream: usize) -> usize {
        self.link.streams.get(stream).map_or(0, |stream| stream.frames.len())
    }

    /// The worker is done with `count` popped frames, their readings published.
    pub(super) fn settle(&self, stream: usize, count: u64) {
        if let Some(stream) = self.link.streams.get(stream) {
            self.progress.set(true);
            stream.taken.fetch_sub(count, Ordering::Relaxed);
            stream.settled.fetch_add(count, Ordering::Release);
        }
    }

    /// The worker has failed: what it had taken is lost and counted, and nobody waits for it.
    pub(super) fn abandon(&self) {
        for stream in &self.link.streams {
            let lost = stream.taken.swap(0, Ordering::Relaxed);
            self.link.dropped.fetch_add(lost, Ordering::Relaxed);
            stream.settled.fetch_add(lost, Ordering::Release);
        }
        self.link.end_done.store(self.link.end_wanted.load(Ordering::Acquire), Ordering::Release);
        self.progress.set(true);
        self.notify();
    }

    pub(super) fn publish_vocal(&self, reading: VocalReading) {
        self.link.vocal.force_push(reading);
    }

    pub(super) fn publish_genre(&self, reading: GenreReading) {
        self.link.genre.force_push(reading);
    }

    pub(super) fn publish_tags(&self, change: impl FnOnce(&mut Tags)) {
        let mut tags = lock(&self.link.tags);
        change(&mut tags);
        if self.is_offline() {
            let mut every = lock(&self.link.every_tags);
            every.push_back(tags.clone());
            // Nobody takes them where a host renders.
            if every.len() > TAGS_CAPACITY {
                every.pop_front();
            }
        }
    }

    pub(super) fn is_offline(&self) -> bool {
        self.link.offline.load(Ordering::Acquire)
    }

    pub(super) fn is_eco(&self) -> bool {
        self.link.eco.load(Ordering::Relaxed)
    }

    pub(super) fn is_active(&self) -> bool {
        self.link.active.load(Ordering::Acquire)
    }

    /// Whether the audio of `epoch` is over and not yet dealt with.
    pub(super) fn has_ended(&self, epoch: u32) -> bool {
        let wanted = self.link.end_wanted.load(Ordering::Acquire);
        wanted == epoch.wrapping_add(1) && wanted != self.link.end_done.load(Ordering::Acquire)
    }

    pub(super) fn end_is_done(&self, epoch: u32) {
        self.link.end_done.store(epoch.wrapping_add(1), Ordering::Release);
        self.progress.set(true);
    }

    pub(super) fn mark_broken(&self) {
        self.link.broken.store(true, Ordering::Release);
        self.progress.set(true);
        self.notify();
    }

    /// Wakes an audio side that waits in lock step, if there is anything new for it: one that is woken for nothing asks the
    /// worker again, and the two keep each other busy.
    pub(super) fn notify(&self) {
        if !self.progress.take() {
            return;
        }
        fence(Ordering::SeqCst);
        if self.link.waiting.load(Ordering::Relaxed) {
            let _guard = lock(&self.link.progress.0);
            self.link.progress.1.notify_all();
        }
    }
}
