//! The crossing between `process` and the exports: what is to leave during this host call, in order of time.
//!
//! nice-plug can set parameters only from an open window. Earmark's processing fills this queue instead, and the
//! exports drain it on the same thread right after the inner `process` has returned, while the host's event lists are
//! still valid. The parameter's own value is set at that moment, so that host reads and window agree.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicUsize, Ordering};

use crossbeam::queue::ArrayQueue;
use nice_plug::prelude::*;

use super::guard::guarded;
use super::params::EarmarkParams;
use super::scope::ScopeInput;
use super::seal::Fault;
use crate::editor::EngineSlot;
use crate::nets::genre::GENRES;
use crate::say::midi::MidiMessage;

/// Events that one host call can emit: 16384 samples at 8 kHz with all outputs moving.
const CAPACITY: usize = 4_096;

/// Emitted values that an echo may still refer to.
const REMEMBERED: usize = 64;

/// Number of output parameters.
pub(super) const OUTPUTS: usize = 4 + GENRES.len();

/// An output parameter: 0 vocal, 1 vocal_gate, 2 genre, 3 genre_confidence, then the genres.
pub(super) type Output = usize;

/// `vocal`.
pub(super) const VOCAL: Output = 0;
/// `vocal_gate`.
pub(super) const VOCAL_GATE: Output = 1;
/// `genre`.
pub(super) const GENRE: Output = 2;
/// `genre_confidence`.
pub(super) const GENRE_CONFIDENCE: Output = 3;
/// The first of the genres.
pub(super) const FIRST_GENRE: Output = 4;

/// One thing that leaves. Times are samples since the start of the host's block.
#[derive(Debug, Clone, Copy)]
pub(super) enum Out {
    Begin { output: Output, time: u32 },
    Set { output: Output, normalized: f32, time: u32 },
    End { output: Output, time: u32 },
    Midi { message: MidiMessage, time: u32 },
}

/// See the module's text.
pub(super) struct Emission {
    queue: ArrayQueue<Out>,
    /// Samples of this host call that earlier parts of a split block have taken.
    offset: AtomicU32,
    params: Arc<EarmarkParams>,
    ids: [u32; OUTPUTS],
    writing: AtomicBool,
    /// The host renders offline, whatever it has activated the plugin for: the worker may be waited for.
    offline: AtomicBool,
    remembered: [Remembered; OUTPUTS],
    align: u32,
    /// `align` as it was at the last activation.
    aligned: AtomicBool,
    /// Where the tone of a one-channel key bus goes: memory for this host call, and its length.
    tone: AtomicPtr<f32>,
    tone_frames: AtomicUsize,
    /// Where faults are shown: those of a state and of a function, and that the audio only passes through.
    window: EngineSlot,
    scope: ScopeInput,
}

/// The latest values emitted for one parameter, as bits.
struct Remembered {
    values: [AtomicU32; REMEMBERED],
    next: AtomicUsize,
}

thread_local! {
    /// From the plugin's constructor to the export that called it, on the same thread.
    static NEWEST: RefCell<Option<Arc<Emission>>> = const { RefCell::new(None) };
}

impl Emission {
    /// An emission for a plugin with `params`, `window` and `scope`; the export picks it up with [`Self::take_newest`].
    pub(super) fn new(params: Arc<EarmarkParams>, window: EngineSlot, scope: ScopeInput) -> Arc<Self> {
        let emission = Arc::new(Self {
            queue: ArrayQueue::new(CAPACITY),
            offset: AtomicU32::new(0),
            ids: output_ids(),
            params,
            writing: AtomicBool::new(false),
            offline: AtomicBool::new(false),
            remembered: std::array::from_fn(|_| Remembered {
                values: std::array::from_fn(|_| AtomicU32::new(f32::NAN.to_bits())),
                next: AtomicUsize::new(0),
            }),
            align: hash("align"),
            aligned: AtomicBool::new(false),
            tone: AtomicPtr::default(),
            tone_frames: AtomicUsize::new(0),
            window,
            scope,
        });
        NEWEST.set(Some(emission.clone()));
        emission
    }

    /// The emission of the plugin that was constructed last on this thread.
    pub(super) fn take_newest() -> Option<Arc<Self>> {
        NEWEST.take()
    }

    /// A host call begins.
    pub(super) fn start(&self) {
        while self.queue.pop().is_some() {}
        self.offset.store(0, Ordering::Relaxed);
    }

    /// Where this part of a split block starts within the host's block.
    pub(super) fn offset(&self) -> u32 {
        self.offset.load(Ordering::Relaxed)
    }

    /// A part of a split block is done.
    pub(super) fn advance(&self, samples: usize) {
        self.offset.fetch_add(samples as u32, Ordering::Relaxed);
    }

    /// Queues one event; beyond the capacity it is lost rather than waited for.
    pub(super) fn push(&self, out: Out) {
        let _ = self.queue.push(out);
    }

    /// The next event, in the order in which they were pushed. A value is written to its parameter here.
    pub(super) fn pop(&self) -> Option<Out> {
        let out = self.queue.pop()?;
        if let Out::Set { output, normalized, .. } = out {
            let ptr = self.param(output);
            // SAFETY: the pointer leads into `self.params`, which lives as long as `self`; nice-plug reads and writes
            // parameter values atomically, from any thread.
            #[allow(unsafe_code)]
            unsafe {
                ptr._internal_set_normalized_value(normalized);
            }
            self.remembered[output].remember(normalized);
        }
        Some(out)
    }

    /// The host's id of an output.
    pub(super) fn id(&self, output: Output) -> u32 {
        self.ids[output]
    }

    /// The output with a host's id.
    pub(super) fn output(&self, id: u32) -> Option<Output> {
        self.ids.iter().position(|&known| known == id)
    }

    /// Number of steps of a discrete output; CLAP hosts see its value scaled by it.
    pub(super) fn steps(&self, output: Output) -> f64 {
        let ptr = self.param(output);
        // SAFETY: as in `pop`.
        #[allow(unsafe_code)]
        let steps = unsafe { ptr.step_count() };
        steps.unwrap_or(1) as f64
    }

    /// Whether gestures are open.
    pub(super) fn set_writing(&self, writing: bool) {
        self.writing.store(writing, Ordering::Release);
    }

    /// Whether gestures are open.
    pub(super) fn is_writing(&self) -> bool {
        self.writing.load(Ordering::Acquire)
    }

    /// How the host renders from now on. Real-time safe.
    pub(super) fn set_offline(&self, offline: bool) {
        self.offline.store(offline, Ordering::Release);
    }

    /// Whether the host renders offline.
    pub(super) fn is_offline(&self) -> bool {
        self.offline.load(Ordering::Acquire)
    }

    /// Whether `normalized` is a value that was emitted for `output` a short while ago.
    pub(super) fn was_just_emitted(&self, output: Output, normalized: f64) -> bool {
        self.remembered[output].holds(normalized as f32)
    }

    /// The present value of an output, normalised.
    pub(super) fn value(&self, output: Output) -> f32 {
        let ptr = self.param(output);
        // SAFETY: as in `pop`.
        #[allow(unsafe_code)]
        unsafe {
            ptr.unmodulated_normalized_value()
        }
    }

    /// The plugin is activated with `align`.
    pub(super) fn activated(&self, align: bool) {
        self.aligned.store(align, Ordering::Release);
    }

    /// Whether `align` is another one than at activation.
    pub(super) fn is_realigned(&self) -> bool {
        self.params.emit.align.value() != self.aligned.load(Ordering::Acquire)
    }

    /// Takes a value for `align` at once, if `id` is its id: the host is to activate anew with it, and would otherwise
    /// learn the latency that has been. Whether there is a need to.
    pub(super) fn realigns(&self, id: u32, normalized: f64) -> bool {
        if id != self.align || !normalized.is_finite() {
            return false;
        }
        let ptr = self.params.emit.align.as_ptr();
        // SAFETY: as in `pop`.
        #[allow(unsafe_code)]
        unsafe {
            ptr._internal_set_normalized_value(normalized as f32);
        }
        self.is_realigned()
    }

    /// Lends the memory of the key bus's second channel, which nice-plug does not know of, for one host call; null takes
    /// it back. It must hold `frames` samples.
    pub(super) fn lend_tone(&self, place: *mut f32, frames: usize) {
        self.tone.store(place, Ordering::Relaxed);
        self.tone_frames.store(frames, Ordering::Relaxed);
    }

    /// Writes a sample of the key's tone, if memory for it is lent; `at` counts from the start of this part of the
    /// host's block.
    pub(super) fn write_tone(&self, at: usize, sample: f32) {
        let place = self.tone.load(Ordering::Relaxed);
        let at = self.offset() as usize + at;
        if !place.is_null() && at < self.tone_frames.load(Ordering::Relaxed) {
            // SAFETY: the export lends memory of that many samples for the host call that runs on this very thread.
            #[allow(unsafe_code)]
            unsafe {
                *place.add(at) = sample;
            }
        }
    }

    /// A saved state was loaded, or not. Not for the audio thread.
    pub(super) fn state_loaded(&self, loaded: Result<(), Fault>) {
        self.window.warn(loaded.err().map(|fault| fault.to_string()));
    }

    /// What `work` gives, or `fallback` if it panics: then the window says so. Not for the audio thread.
    pub(super) fn guarded<R>(&self, entry: &'static str, fallback: R, work: impl FnOnce() -> R) -> R {
        guarded(entry, None, || Some(work())).unwrap_or_else(|| {
            let warning = format!("Earmark failed in {entry}: that was not done. All else goes on; please report it.");
            self.window.warn(Some(warning));
            fallback
        })
    }

    /// What `work` gives, or nothing if it panics: then the window says that the audio only passes through.
    pub(super) fn guarded_audio<R>(&self, entry: &'static str, work: impl FnOnce() -> R) -> Option<R> {
        let done = guarded(entry, None, || Some(work()));
        if done.is_none() {
            self.scope.fail();
        }
        done
    }

    fn param(&self, output: Output) -> ParamPtr {
        match output {
            VOCAL => self.params.vocal.as_ptr(),
            VOCAL_GATE => self.params.vocal_gate.as_ptr(),
            GENRE => self.params.genre.as_ptr(),
            GENRE_CONFIDENCE => self.params.genre_confidence.as_ptr(),
            genre => self.params.genres.all()[genre - FIRST_GENRE].as_ptr(),
        }
    }
}

impl Remembered {
    fn remember(&self, value: f32) {
        let next = self.next.fetch_add(1, Ordering::Relaxed) % REMEMBERED;
        self.values[next].store(value.to_bits(), Ordering::Relaxed);
    }

    fn holds(&self, value: f32) -> bool {
        self.values.iter().any(|bits| (f32::from_bits(bits.load(Ordering::Relaxed)) - value).abs() < 1e-6)
    }
}

/// nice-plug's hash of a parameter's string id: the id that hosts see.
fn hash(id: &str) -> u32 {
    id.bytes().fold(0_u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(u32::from(byte))) & !(1 << 31)
}

fn output_ids() -> [u32; OUTPUTS] {
    std::array::from_fn(|output| match output {
        VOCAL => hash("vocal"),
        VOCAL_GATE => hash("vocal_gate"),
        GENRE => hash("genre"),
        GENRE_CONFIDENCE => hash("genre_confidence"),
        genre => hash(&format!("genre_{}", GENRES[genre - FIRST_GENRE])),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin::scope::scope;

    #[test]
    fn a_panic_is_caught_and_the_window_says_so() {
        let (input, output) = scope();
        let params = Arc::new(EarmarkParams::default());
        let window = params.models.window();
        let emission = Emission::new(params, window.clone(), input);
        assert_eq!(emission.guarded("a call", 1, || 2), 2);
        assert_eq!(emission.guarded_audio("a block", || 2), Some(2));
        assert!(window.status().note.is_none() && !output.standing().failed);
        assert_eq!(emission.guarded("a call", 1, || panic!("on purpose")), 1);
        assert!(window.status().note.is_some_and(|note| note.contains("a call")));
        assert_eq!(emission.guarded_audio("a block", || -> u8 { panic!("on purpose") }), None);
        assert!(output.standing().failed);
    }
}
