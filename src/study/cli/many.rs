//! Many files, a few at a time, answers in the order of the questions.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, PoisonError};

use anyhow::Result;

use crate::study::guard::guard;

/// Files worked on at once: decoding and mel frames of one overlap with the nets of the other.
pub(super) const WORKERS: usize = 2;
/// Finished answers that may wait for a slow one before them; bounds memory.
const WAITING: usize = 8;

struct State<T> {
    next: usize,
    delivered: usize,
    finished: BTreeMap<usize, Result<T>>,
    stopped: bool,
}

/// Calls `work(i)` for `0..count` on up to [`WORKERS`] threads and `deliver(i, result)` on this thread,
/// in order. A panic in `work` is that one's error. `deliver` returns `false` to end early: what has
/// begun is finished and dropped.
pub(super) fn in_order<T: Send>(
    count: usize,
    work: impl Fn(usize) -> Result<T> + Sync,
    mut deliver: impl FnMut(usize, Result<T>) -> bool,
) {
    let state = Mutex::new(State { next: 0, delivered: 0, finished: BTreeMap::new(), stopped: false });
    let changed = Condvar::new();
    let lock = || state.lock().unwrap_or_else(PoisonError::into_inner);
    let worker = || {
        loop {
            let mut shared = lock();
            while !shared.stopped && shared.next < count && shared.next >= shared.delivered + WAITING {
                shared = changed.wait(shared).unwrap_or_else(PoisonError::into_inner);
            }
            if shared.stopped || shared.next >= count {
                return;
            }
            let index = shared.next;
            shared.next += 1;
            drop(shared);
            let result = guard(|| work(index));
            lock().finished.insert(index, result);
            changed.notify_all();
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..WORKERS.min(count) {
            scope.spawn(worker);
        }
        for index in 0..count {
            let mut shared = lock();
            let result = loop {
                match shared.finished.remove(&index) {
                    Some(result) => break result,
                    None => shared = changed.wait(shared).unwrap_or_else(PoisonError::into_inner),
                }
            };
            shared.delivered = index + 1;
            drop(shared);
            changed.notify_all();
            if !deliver(index, result) {
                lock().stopped = true;
                changed.notify_all();
                return;
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    #[test]
    fn answers_come_in_order_whatever_takes_long() {
        let mut seen = Vec::new();
        let work = |i: usize| {
            std::thread::sleep(Duration::from_millis(if i.is_multiple_of(7) { 12 } else { 1 }));
            anyhow::ensure!(i != 5, "five fails");
            assert!(i != 6, "six panics");
            Ok(i * i)
        };
        in_order(30, work, |i, result| {
            seen.push((i, result.ok()));
            true
        });
        let expected: Vec<_> = (0..30).map(|i| (i, (i != 5 && i != 6).then_some(i * i))).collect();
        assert_eq!(seen, expected);
    }

    #[test]
    fn ending_early_begins_nothing_new() {
        let begun = AtomicUsize::new(0);
        let work = |_| {
            begun.fetch_add(1, Ordering::Relaxed);
            Ok(())
        };
        in_order(1000, work, |i, _| i < 3);
        assert!(begun.load(Ordering::Relaxed) <= 3 + WAITING + WORKERS + 1);
        in_order(0, work, |_, _| panic!("nothing to deliver"));
    }
}
