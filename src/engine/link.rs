//! The crossing between an instance's audio thread and the worker: frames one way, readings the other.
//!
//! The audio side is wait-free in practice: bounded lock-free queues, no wake-up call. When the worker is late the oldest
//! frames give way to the newest and are counted. Only in lock step (offline rendering) does the audio side wait.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering, fence};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::Thread;
use std::time::{Duration, Instant};

use crossbeam::queue::ArrayQueue;

use super::readings::{GenreReading, Tags, VocalReading};
use crate::listen::MAX_MELS;

/// Frames that a stream holds before the oldest give way: 3 s at 10 ms.
const FRAME_CAPACITY: usize = 300;
/// Voice readings that wait for the audio thread: 5 s.
const VOCAL_CAPACITY: usize = 512;
const GENRE_CAPACITY: usize = 16;
/// Refreshes whose tags wait to be taken in lock step.
const TAGS_CAPACITY: usize = GENRE_CAPACITY;
/// Frames that may wait in each stream when a file is heard ahead of its readings; the rest of the capacity is room for
/// what comes before the next wait.
const AHEAD_FRAMES: usize = FRAME_CAPACITY / 2;
/// A worker that makes no progress for this long in lock step counts as gone.
const LOCK_STEP_PATIENCE: Duration = Duration::from_secs(60);

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
pub(super) struct Attached(Arc<Link>);

/// A link with `streams` frame queues to the worker running on `worker`.
pub(super) fn link(streams: usize, worker: Thread) -> (AudioEnd, WorkerEnd) {
    let stream = || Stream {
        frames: ArrayQueue::new(FRAME_CAPACITY),
        pushed: AtomicU64::new(0),
        settled: AtomicU64::new(0),
        taken: AtomicU64::new(0),
    };
    let link = Arc::new(Link {
        streams: (0..streams).map(|_| stream()).collect(),
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

    /// Waits until the worker has room for more. `false`: it is gone.
    pub(super) fn make_room(&self) -> bool {
        self.wait_until(|link| link.streams.iter().all(|stream| stream.frames.len() <= AHEAD_FRAMES))
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
        let settled = loop {
            if reached(link) {
                break true;
            }
            if link.broken.load(Ordering::Acquire) || patience.elapsed() > LOCK_STEP_PATIENCE {
                break false;
            }
            self.worker.unpark();
            let wait = link.progress.1.wait_timeout(guard, Duration::from_millis(20));
            guard = wait.unwrap_or_else(PoisonError::into_inner).0;
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
        self.0.upgrade().map(Attached)
    }
}

impl Attached {
    pub(super) fn pop(&self, stream: usize) -> Option<Frame> {
        let stream = self.0.streams.get(stream)?;
        let frame = stream.frames.pop()?;
        stream.taken.fetch_add(1, Ordering::Relaxed);
        Some(frame)
    }

    /// Frames waiting in a stream.
    pub(super) fn backlog(&self, stream: usize) -> usize {
        self.0.streams.get(stream).map_or(0, |stream| stream.frames.len())
    }

    /// The worker is done with `count` popped frames, their readings published.
    pub(super) fn settle(&self, stream: usize, count: u64) {
        if let Some(stream) = self.0.streams.get(stream) {
            stream.taken.fetch_sub(count, Ordering::Relaxed);
            stream.settled.fetch_add(count, Ordering::Release);
        }
    }

    /// The worker has failed: what it had taken is lost and counted, and nobody waits for it.
    pub(super) fn abandon(&self) {
        for stream in &self.0.streams {
            let lost = stream.taken.swap(0, Ordering::Relaxed);
            self.0.dropped.fetch_add(lost, Ordering::Relaxed);
            stream.settled.fetch_add(lost, Ordering::Release);
        }
        self.0.end_done.store(self.0.end_wanted.load(Ordering::Acquire), Ordering::Release);
        self.notify();
    }

    pub(super) fn publish_vocal(&self, reading: VocalReading) {
        self.0.vocal.force_push(reading);
    }

    pub(super) fn publish_genre(&self, reading: GenreReading) {
        self.0.genre.force_push(reading);
    }

    pub(super) fn publish_tags(&self, change: impl FnOnce(&mut Tags)) {
        let mut tags = lock(&self.0.tags);
        change(&mut tags);
        if self.is_offline() {
            let mut every = lock(&self.0.every_tags);
            every.push_back(tags.clone());
            // Nobody takes them where a host renders.
            if every.len() > TAGS_CAPACITY {
                every.pop_front();
            }
        }
    }

    pub(super) fn is_offline(&self) -> bool {
        self.0.offline.load(Ordering::Acquire)
    }

    pub(super) fn is_eco(&self) -> bool {
        self.0.eco.load(Ordering::Relaxed)
    }

    pub(super) fn is_active(&self) -> bool {
        self.0.active.load(Ordering::Acquire)
    }

    /// Whether the audio of `epoch` is over and not yet dealt with.
    pub(super) fn has_ended(&self, epoch: u32) -> bool {
        let wanted = self.0.end_wanted.load(Ordering::Acquire);
        wanted == epoch.wrapping_add(1) && wanted != self.0.end_done.load(Ordering::Acquire)
    }

    pub(super) fn end_is_done(&self, epoch: u32) {
        self.0.end_done.store(epoch.wrapping_add(1), Ordering::Release);
    }

    pub(super) fn mark_broken(&self) {
        self.0.broken.store(true, Ordering::Release);
        self.notify();
    }

    /// Wakes an audio side that waits in lock step.
    pub(super) fn notify(&self) {
        fence(Ordering::SeqCst);
        if self.0.waiting.load(Ordering::Relaxed) {
            let _guard = lock(&self.0.progress.0);
            self.0.progress.1.notify_all();
        }
    }
}
