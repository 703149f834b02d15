//! The link between audio thread and worker (`src/engine/link.rs`), its counters and flags, in every order of events and
//! every value that a weakly ordered processor may see.
//!
//! These are models: the same operations with the same orderings, in a queue of one slot. A change of an ordering there is
//! to be made here first.

use loom::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering, fence};
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;

/// What both sides share.
struct Link {
    /// `ArrayQueue` with room for one: 0 is empty. It gives what the queue gives, release on push and acquire on pop.
    slot: AtomicU64,
    pushed: AtomicU64,
    settled: AtomicU64,
    dropped: AtomicU64,
    /// What the worker publishes. Relaxed on purpose: it must be visible through the counters alone.
    reading: AtomicU64,
    end_wanted: AtomicU32,
    end_done: AtomicU32,
    waiting: AtomicBool,
    progress: (Mutex<()>, Condvar),
}

impl Link {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            slot: AtomicU64::new(0),
            pushed: AtomicU64::new(0),
            settled: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            reading: AtomicU64::new(0),
            end_wanted: AtomicU32::new(0),
            end_done: AtomicU32::new(0),
            waiting: AtomicBool::new(false),
            progress: (Mutex::new(()), Condvar::new()),
        })
    }

    /// `AudioEnd::push`.
    fn push(&self, frame: u64) {
        self.pushed.fetch_add(1, Ordering::Release);
        if self.slot.swap(frame, Ordering::AcqRel) != 0 {
            self.settled.fetch_add(1, Ordering::Release);
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// `Attached::pop`.
    fn pop(&self) -> Option<u64> {
        Some(self.slot.swap(0, Ordering::AcqRel)).filter(|frame| *frame != 0)
    }

    /// `Link::is_settled`.
    fn is_settled(&self) -> bool {
        self.settled.load(Ordering::Acquire) >= self.pushed.load(Ordering::Acquire)
            && self.end_done.load(Ordering::Acquire) == self.end_wanted.load(Ordering::Acquire)
    }

    /// The worker reads one frame, if there is one.
    fn serve(&self) {
        if let Some(frame) = self.pop() {
            self.reading.fetch_max(frame, Ordering::Relaxed);
            self.settled.fetch_add(1, Ordering::Release);
        }
    }

    /// `AudioEnd::settle`, without its patience: a wake-up that is lost is a deadlock here.
    fn settle(&self, fenced: bool) {
        if self.is_settled() {
            return;
        }
        self.waiting.store(true, Ordering::Relaxed);
        if fenced {
            fence(Ordering::SeqCst);
        }
        let mut guard = self.progress.0.lock().unwrap();
        while !self.is_settled() {
            guard = self.progress.1.wait(guard).unwrap();
        }
        drop(guard);
        self.waiting.store(false, Ordering::Relaxed);
    }

    /// `Attached::notify`.
    fn notify(&self, fenced: bool) {
        if fenced {
            fence(Ordering::SeqCst);
        }
        if self.waiting.load(Ordering::Relaxed) {
            let _guard = self.progress.0.lock().unwrap();
            self.progress.1.notify_all();
        }
    }
}

#[test]
fn what_is_settled_has_been_published() {
    loom::model(|| {
        let link = Link::new();
        let worker = thread::spawn({
            let link = link.clone();
            move || (0..2).for_each(|_| link.serve())
        });
        link.push(1);
        if link.is_settled() {
            assert_eq!(link.reading.load(Ordering::Relaxed), 1);
        }
        worker.join().unwrap();
    });
}

#[test]
fn no_frame_is_lost_uncounted() {
    loom::model(|| {
        let link = Link::new();
        let worker = thread::spawn({
            let link = link.clone();
            move || {
                let mut read = 0;
                for _ in 0..2 {
                    if link.pop().is_some() {
                        link.settled.fetch_add(1, Ordering::Release);
                        read += 1;
                    }
                }
                read
            }
        });
        link.push(1);
        link.push(2);
        let mut read = worker.join().unwrap();
        if link.pop().is_some() {
            link.settled.fetch_add(1, Ordering::Release);
            read += 1;
        }
        assert_eq!(read + link.dropped.load(Ordering::Relaxed), 2);
        assert!(link.is_settled());
    });
}

#[test]
fn the_newest_frame_is_never_the_one_that_gives_way() {
    loom::model(|| {
        let link = Link::new();
        let worker = thread::spawn({
            let link = link.clone();
            move || link.serve()
        });
        link.push(1);
        link.push(2);
        worker.join().unwrap();
        link.serve();
        assert_eq!(link.reading.load(Ordering::Relaxed), 2);
    });
}

/// Waiting in lock step; the worker serves until it has read the frame.
fn lock_step(fenced: bool) {
    loom::model(move || {
        let link = Link::new();
        link.push(1);
        let worker = thread::spawn({
            let link = link.clone();
            move || {
                link.serve();
                link.notify(fenced);
            }
        });
        link.settle(fenced);
        assert_eq!(link.reading.load(Ordering::Relaxed), 1);
        worker.join().unwrap();
    });
}

#[test]
fn a_side_that_waits_is_woken() {
    lock_step(true);
}

#[test]
#[should_panic(expected = "deadlock")]
fn without_the_fences_a_wake_up_could_be_lost() {
    lock_step(false);
}

#[test]
fn an_end_comes_after_everything_before_it() {
    loom::model(|| {
        let link = Link::new();
        let worker = thread::spawn({
            let link = link.clone();
            move || {
                // `Attached::has_ended`, then the backlog, as `serve` asks.
                if link.end_wanted.load(Ordering::Acquire) == 1 && link.slot.load(Ordering::Acquire) == 0 {
                    panic!("an end was seen without the frame before it");
                }
                link.serve();
                if link.end_wanted.load(Ordering::Acquire) == 1 && link.slot.load(Ordering::Acquire) == 0 {
                    // What the look-ahead held back.
                    link.reading.fetch_add(10, Ordering::Relaxed);
                    link.end_done.store(1, Ordering::Release);
                }
            }
        });
        link.push(1);
        link.end_wanted.store(1, Ordering::Release);
        if link.is_settled() {
            assert_eq!(link.reading.load(Ordering::Relaxed), 11);
        }
        worker.join().unwrap();
    });
}
