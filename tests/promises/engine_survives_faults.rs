//! An engine whose processor panics, stands still or crawls: the audio side never waits, what happened is counted or
//! said, and when the fault is over the readings are those of an engine that never had one.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use earmark::engine::{Ear, Engine, ModelSet, Pace};

use crate::fixtures::noise;

const RATE_HZ: f64 = 16_000.0;
/// For everything that must happen at some time.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the processor does instead of its work.
const HEALTHY: u8 = 0;
const PANICS: u8 = 1;
const STANDS: u8 = 2;
const CRAWLS: u8 = 3;

/// The test's hand on it.
#[derive(Default)]
struct Fault {
    kind: AtomicU8,
    /// Times that a fault struck.
    struck: AtomicU64,
    gate: (Mutex<()>, Condvar),
}

impl Fault {
    fn set(&self, kind: u8) {
        let _guard = self.gate.0.lock().expect("not poisoned");
        self.kind.store(kind, Ordering::SeqCst);
        self.gate.1.notify_all();
    }

    /// Called after the processor's work, which took `work`.
    fn strike(&self, work: Duration) {
        match self.kind.load(Ordering::SeqCst) {
            PANICS => {
                self.struck.fetch_add(1, Ordering::SeqCst);
                // Quiet, as a real one would be after the first: the default hook would fill the test's output.
                std::panic::resume_unwind(Box::new("a net gives way"))
            }
            STANDS => {
                self.struck.fetch_add(1, Ordering::SeqCst);
                let guard = self.gate.0.lock().expect("not poisoned");
                drop(self.gate.1.wait_while(guard, |()| self.kind.load(Ordering::SeqCst) == STANDS));
            }
            CRAWLS => {
                self.struck.fetch_add(1, Ordering::SeqCst);
                std::thread::sleep((work * 99).min(Duration::from_secs(2)));
            }
            _ => (),
        }
    }
}

fn engine() -> (Arc<Engine>, Arc<Fault>) {
    let fault = Arc::new(Fault::default());
    let hand = fault.clone();
    let engine = Engine::start_with_faults(ModelSet::embedded().expect("models"), move |work| hand.strike(work));
    (engine.expect("engine"), fault)
}

fn wait_for(what: &str, mut happened: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !happened() {
        assert!(begun.elapsed() < PATIENCE, "{what} did not happen");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Hands 10 ms over as an audio thread does; what came back.
fn hear(ear: &mut Ear, audio: &[f32]) -> usize {
    ear.hear(&[audio]);
    while ear.next_genre().is_some() {}
    std::iter::from_fn(|| ear.next_vocal()).count()
}

/// A second of noise in lock step from a fresh beginning.
fn reads(ear: &mut Ear) -> Vec<(u64, f32)> {
    ear.reset();
    let mut read = Vec::new();
    assert!(ear.hear_in_step(&[&noise(16_000, 9)], |reading| read.push((reading.frame, reading.probability)), |_| {}));
    ear.go_live();
    read
}

/// What the audio side paid, as a line for `cargo xtask proof`.
fn print(fault: &str, blocks: usize, longest: Duration, flagged: &str) {
    println!(
        "{}",
        serde_json::json!({
            "promise": format!("the engine's processor {fault}: the audio side goes on"),
            "figure": format!(
                "{blocks} blocks of 10 ms handed over, the longest in {:.3} ms; {flagged}; the same readings afterwards",
                longest.as_secs_f64() * 1e3
            ),
            "bar": "never waits, flagged, the same readings afterwards",
            "kept": true,
        })
    );
}

/// Hands audio over until `enough`; the blocks and the longest of them.
fn play_on(ear: &mut Ear, mut enough: impl FnMut(&Ear) -> bool) -> (usize, Duration) {
    let audio = noise(160, 4);
    let (mut blocks, mut longest, begun) = (0, Duration::ZERO, Instant::now());
    while !enough(ear) {
        assert!(begun.elapsed() < PATIENCE, "the fault was not noticed");
        let start = Instant::now();
        hear(ear, &audio);
        longest = longest.max(start.elapsed());
        blocks += 1;
        std::thread::sleep(Duration::from_millis(1));
    }
    (blocks, longest)
}

#[test]
fn a_worker_that_panics_is_restarted_and_counted() {
    let (engine, fault) = engine();
    let mut ear = Ear::new(&engine, RATE_HZ, Pace::LIVE).expect("ear");
    let healthy = reads(&mut ear);
    assert!(!healthy.is_empty());
    fault.set(PANICS);
    let (blocks, longest) = play_on(&mut ear, |_| fault.struck.load(Ordering::SeqCst) >= 3);
    fault.set(HEALTHY);
    wait_for("the last restart", || engine.status().restarts >= 3);
    assert!(engine.status().note.is_some_and(|note| note.contains("restarted")));
    assert!(reads(&mut ear) == healthy);
    print("panics three times", blocks, longest, &format!("{} restarts counted and said", engine.status().restarts));
}

#[test]
fn a_worker_that_stands_still_costs_old_frames_which_are_counted() {
    let (engine, fault) = engine();
    let mut ear = Ear::new(&engine, RATE_HZ, Pace::LIVE).expect("ear");
    let healthy = reads(&mut ear);
    fault.set(STANDS);
    // Ten seconds of audio while nothing is read.
    let mut heard = 0;
    let (blocks, longest) = play_on(&mut ear, |_| {
        heard += 1;
        heard > 1_000
    });
    assert!(ear.dropped() > 500, "{} frames", ear.dropped());
    let flagged = format!("{} frames given up and counted", ear.dropped());
    fault.set(HEALTHY);
    assert!(reads(&mut ear) == healthy);
    print("stands still for 10 s of audio", blocks, longest, &flagged);
}

#[test]
fn a_worker_a_hundred_times_too_slow_keeps_to_the_newest() {
    let (engine, fault) = engine();
    let mut ear = Ear::new(&engine, RATE_HZ, Pace::LIVE).expect("ear");
    let healthy = reads(&mut ear);
    fault.set(CRAWLS);
    let (blocks, longest) = play_on(&mut ear, |ear| ear.dropped() > 100);
    let flagged = format!("{} frames given up and counted", ear.dropped());
    fault.set(HEALTHY);
    assert!(reads(&mut ear) == healthy);
    print("is a hundred times too slow", blocks, longest, &flagged);
}
