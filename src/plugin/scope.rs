//! The crossing between `process` and the window: the curve to draw and where things stand. Costs the audio thread a
//! few atomic stores while the window is closed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use atomic_float::AtomicF32;
use crossbeam::queue::ArrayQueue;

use crate::nets::genre::GENRES;
use crate::say::genre::GenreState;

/// 20 s of readings.
const CAPACITY: usize = 2_048;

/// One point of the curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Seconds since the last reset.
    pub time_s: f64,
    /// Voice, 0..1.
    pub probability: f32,
    /// Gate.
    pub gate: bool,
}

/// Where things stand.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Standing {
    /// Voice, 0..1.
    pub probability: f32,
    /// Gate.
    pub gate: bool,
    /// Genre belief.
    pub genre: GenreState,
    /// Frames that the engine did not get to.
    pub dropped: u64,
    /// Gain of `ride`, linear.
    pub gain: f32,
    /// Host's rate, Hz; 0 before the first activation.
    pub sample_rate_hz: f32,
    /// Processing has failed; the audio passes untouched until the next activation.
    pub failed: bool,
}

struct Shared {
    open: AtomicBool,
    points: ArrayQueue<Point>,
    probability: AtomicF32,
    gate: AtomicBool,
    genres: [AtomicF32; GENRES.len()],
    top: AtomicU32,
    dropped: AtomicU64,
    gain: AtomicF32,
    sample_rate_hz: AtomicF32,
    failed: AtomicBool,
}

/// The audio thread's half.
#[derive(Clone)]
pub struct ScopeInput(Arc<Shared>);

/// The window's half.
#[derive(Clone)]
pub struct ScopeOutput(Arc<Shared>);

/// Both halves.
#[must_use]
pub fn scope() -> (ScopeInput, ScopeOutput) {
    let shared = Arc::new(Shared {
        open: AtomicBool::new(false),
        points: ArrayQueue::new(CAPACITY),
        probability: AtomicF32::new(0.0),
        gate: AtomicBool::new(false),
        genres: std::array::from_fn(|_| AtomicF32::new(0.0)),
        top: AtomicU32::new(u32::MAX),
        dropped: AtomicU64::new(0),
        gain: AtomicF32::new(1.0),
        sample_rate_hz: AtomicF32::new(0.0),
        failed: AtomicBool::new(false),
    });
    (ScopeInput(shared.clone()), ScopeOutput(shared))
}

impl ScopeInput {
    /// A new reading. Real-time safe.
    pub fn point(&self, point: Point) {
        self.0.probability.store(point.probability, Ordering::Relaxed);
        self.0.gate.store(point.gate, Ordering::Relaxed);
        if self.0.open.load(Ordering::Relaxed) {
            self.0.points.force_push(point);
        }
    }

    /// A new genre belief. Real-time safe.
    pub fn genre(&self, state: &GenreState) {
        for (shared, belief) in self.0.genres.iter().zip(state.probability) {
            shared.store(belief, Ordering::Relaxed);
        }
        self.0.top.store(state.top.map_or(u32::MAX, |top| top as u32), Ordering::Relaxed);
    }

    /// End of a block. Real-time safe.
    pub fn block(&self, dropped: u64, gain: f32) {
        self.0.dropped.store(dropped, Ordering::Relaxed);
        self.0.gain.store(gain, Ordering::Relaxed);
    }

    /// The host has activated the plugin.
    pub fn activated(&self, sample_rate_hz: f32) {
        self.0.sample_rate_hz.store(sample_rate_hz, Ordering::Relaxed);
        self.0.failed.store(false, Ordering::Relaxed);
    }

    /// Processing has failed. Real-time safe.
    pub fn fail(&self) {
        self.0.failed.store(true, Ordering::Relaxed);
    }
}

impl ScopeOutput {
    /// Points are kept only while the window is open.
    pub fn set_open(&self, open: bool) {
        self.0.open.store(open, Ordering::Relaxed);
        while self.0.points.pop().is_some() {}
    }

    /// The next point that the window has not seen.
    #[must_use]
    pub fn next_point(&self) -> Option<Point> {
        self.0.points.pop()
    }

    /// Where things stand.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let probability = std::array::from_fn(|i| self.0.genres[i].load(Ordering::Relaxed));
        let top = usize::try_from(self.0.top.load(Ordering::Relaxed)).ok().filter(|&top| top < GENRES.len());
        Standing {
            probability: self.0.probability.load(Ordering::Relaxed),
            gate: self.0.gate.load(Ordering::Relaxed),
            genre: GenreState { probability, top, confidence: top.map_or(0.0, |top| probability[top]) },
            dropped: self.0.dropped.load(Ordering::Relaxed),
            gain: self.0.gain.load(Ordering::Relaxed),
            sample_rate_hz: self.0.sample_rate_hz.load(Ordering::Relaxed),
            failed: self.0.failed.load(Ordering::Relaxed),
        }
    }
}
