//! The crossing between `process` and the window: what is heard, frame by frame, and where things stand. Its constructor
//! returns both halves. While the window is closed it costs the audio thread a few atomic stores; while it is open, one
//! push of fixed size into a bounded queue per frame, the oldest giving way.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use atomic_float::AtomicF32;
use crossbeam::queue::ArrayQueue;
use nice_plug_egui::RepaintNotifier;

use crate::engine::{SILENCE_PEAK, VOICE_OUTPUTS};
use crate::listen::{MAX_MELS, MelFrame};
use crate::nets::genre::GENRES;
use crate::say::genre::GenreState;

/// Frames that wait for the window: 2.5 s, should it be busy for that long.
const FRAMES: usize = 256;
const GENRES_WAITING: usize = 64;
const MARKS: usize = 256;
/// Shortest time between two marks while nothing changes, seconds.
const MARK_EVERY_S: f64 = 0.05;

/// One frame of the voice.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Point {
    /// Counts the times that the instance began to hear anew.
    pub pass: u32,
    /// Frame number since then.
    pub frame: u64,
    /// Voice, 0..1.
    pub probability: f32,
    /// The net's first outputs, 0..1; see [`crate::engine::VocalReading::outputs`].
    pub outputs: [f32; VOICE_OUTPUTS],
    /// Gate.
    pub gate: bool,
    /// Envelope, 0..1.
    pub level: f32,
}

/// One frame of the sound, as the voice net hears it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Column {
    /// As in [`Point`].
    pub pass: u32,
    /// As in [`Point`].
    pub frame: u64,
    /// Peak over the frame's window, linear.
    pub peak: f32,
    /// Mel values in the front end's log domain; what lies beyond its bands is 0.
    pub mels: [f32; MAX_MELS],
}

/// One genre reading.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GenrePoint {
    /// As in [`Point`].
    pub pass: u32,
    /// The instant it speaks of, in seconds since the pass began.
    pub time_s: f64,
    /// What is believed now.
    pub state: GenreState,
    /// False on silence and pure speech: there is nothing to say.
    pub saying: bool,
}

/// Where the host's transport stands.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Place {
    /// It runs, or the host does not say.
    pub playing: bool,
    /// It records.
    pub recording: bool,
    /// Position in the song, seconds.
    pub song_s: Option<f64>,
    /// Position in the song, quarter notes.
    pub beats: Option<f64>,
    /// Quarter notes a minute.
    pub tempo: Option<f64>,
    /// Number of the current bar, from 0, and where it starts in quarter notes.
    pub bar: Option<(i32, f64)>,
    /// Length of a bar in quarter notes.
    pub bar_beats: Option<f64>,
}

/// The transport at an instant of the audio heard.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mark {
    /// As in [`Point`].
    pub pass: u32,
    /// The instant, in seconds since the pass began.
    pub time_s: f64,
    /// Where the transport stood.
    pub place: Place,
}

/// Where things stand.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Standing {
    /// The latest frame of the voice.
    pub point: Point,
    /// Genre belief.
    pub genre: GenreState,
    /// There is music to speak of.
    pub saying: bool,
    /// Nothing is to be heard.
    pub silent: bool,
    /// Frames that the engine did not get to.
    pub dropped: u64,
    /// Gain of `ride`, linear.
    pub gain: f32,
    /// Host's rate, Hz; 0 before the first activation.
    pub sample_rate_hz: f32,
    /// From the instant that a reading speaks of to its emission, seconds.
    pub delay_s: f32,
    /// Gestures are open: the host can record.
    pub writing: bool,
    /// The host's transport runs.
    pub playing: bool,
    /// The host says that it records.
    pub recording: bool,
    /// Processing has failed; the audio passes untouched until the next activation.
    pub failed: bool,
}

struct Shared {
    open: AtomicBool,
    repaint: RepaintNotifier,
    pass: AtomicU32,
    /// Made when the window opens for the first time: most never do, and it is a large part of an instance's memory.
    waiting: OnceLock<Waiting>,
    probability: AtomicF32,
    outputs: [AtomicF32; VOICE_OUTPUTS],
    gate: AtomicBool,
    level: AtomicF32,
    silent: AtomicBool,
    genres: [AtomicF32; GENRES.len()],
    top: AtomicU32,
    saying: AtomicBool,
    dropped: AtomicU64,
    gain: AtomicF32,
    sample_rate_hz: AtomicF32,
    delay_s: AtomicF32,
    writing: AtomicBool,
    playing: AtomicBool,
    recording: AtomicBool,
    failed: AtomicBool,
}

/// The audio thread's half.
#[derive(Clone)]
pub struct ScopeInput {
    shared: Arc<Shared>,
    /// When the last mark was pushed, in seconds of the pass, and whether the transport ran.
    marked: Option<(u32, f64, bool)>,
}

/// The window's half.
#[derive(Clone)]
pub struct ScopeOutput(Arc<Shared>);

/// What waits for the window.
struct Waiting {
    points: ArrayQueue<Point>,
    columns: ArrayQueue<Column>,
    beliefs: ArrayQueue<GenrePoint>,
    marks: ArrayQueue<Mark>,
}

impl Waiting {
    fn new() -> Self {
        Self {
            points: ArrayQueue::new(FRAMES),
            columns: ArrayQueue::new(FRAMES),
            beliefs: ArrayQueue::new(GENRES_WAITING),
            marks: ArrayQueue::new(MARKS),
        }
    }
}

/// Both halves.
#[must_use]
pub fn scope() -> (ScopeInput, ScopeOutput) {
    let zero = || AtomicF32::new(0.0);
    let shared = Arc::new(Shared {
        open: AtomicBool::new(false),
        repaint: RepaintNotifier::default(),
        pass: AtomicU32::new(0),
        waiting: OnceLock::new(),
        probability: zero(),
        outputs: std::array::from_fn(|_| zero()),
        gate: AtomicBool::new(false),
        level: zero(),
        silent: AtomicBool::new(true),
        genres: std::array::from_fn(|_| zero()),
        top: AtomicU32::new(u32::MAX),
        saying: AtomicBool::new(false),
        dropped: AtomicU64::new(0),
        gain: AtomicF32::new(1.0),
        sample_rate_hz: zero(),
        delay_s: zero(),
        writing: AtomicBool::new(false),
        playing: AtomicBool::new(false),
        recording: AtomicBool::new(false),
        failed: AtomicBool::new(false),
    });
    (ScopeInput { shared: shared.clone(), marked: None }, ScopeOutput(shared))
}

impl Shared {
    /// Somebody looks.
    fn open(&self) -> Option<&Waiting> {
        self.waiting.get().filter(|_| self.open.load(Ordering::Relaxed))
    }
}

impl ScopeInput {
    /// What is heard from here on is a new pass. Real-time safe.
    pub fn new_pass(&self) {
        self.shared.pass.fetch_add(1, Ordering::Relaxed);
        self.shared.silent.store(true, Ordering::Relaxed);
    }

    /// A new frame of the sound. Real-time safe.
    pub fn column(&self, frame: &MelFrame<'_>) {
        let shared = &*self.shared;
        shared.silent.store(frame.peak < SILENCE_PEAK, Ordering::Relaxed);
        let Some(waiting) = self.watched() else { return };
        let mut column = Column { pass: self.pass(), frame: frame.index, peak: frame.peak, mels: [0.0; MAX_MELS] };
        column.mels[..frame.mels.len()].copy_from_slice(frame.mels);
        waiting.columns.force_push(column);
        shared.repaint.request_repaint();
    }

    /// A new frame of the voice; its pass is filled in. Real-time safe.
    pub fn point(&self, point: Point) {
        let shared = &*self.shared;
        shared.probability.store(point.probability, Ordering::Relaxed);
        for (shared, output) in shared.outputs.iter().zip(point.outputs) {
            shared.store(output, Ordering::Relaxed);
        }
        shared.gate.store(point.gate, Ordering::Relaxed);
        shared.level.store(point.level, Ordering::Relaxed);
        if let Some(waiting) = self.watched() {
            waiting.points.force_push(Point { pass: self.pass(), ..point });
            shared.repaint.request_repaint();
        }
    }

    /// A new genre belief about the instant `time_s` of the pass. Real-time safe.
    pub fn genre(&self, time_s: f64, state: &GenreState, saying: bool) {
        let shared = &*self.shared;
        for (shared, belief) in shared.genres.iter().zip(state.probability) {
            shared.store(belief, Ordering::Relaxed);
        }
        shared.top.store(state.top.map_or(u32::MAX, |top| top as u32), Ordering::Relaxed);
        shared.saying.store(saying, Ordering::Relaxed);
        if let Some(waiting) = self.watched() {
            waiting.beliefs.force_push(GenrePoint { pass: self.pass(), time_s, state: *state, saying });
        }
    }

    /// A block begins at the instant `time_s` of the pass, with the transport at `place`. Real-time safe.
    pub fn block(&mut self, time_s: f64, place: Place) {
        let shared = &*self.shared;
        shared.recording.store(place.recording, Ordering::Relaxed);
        if shared.playing.swap(place.playing, Ordering::Relaxed) != place.playing {
            shared.repaint.request_repaint();
        }
        let pass = self.pass();
        let known = self.marked.is_some_and(|(last, at_s, playing)| {
            last == pass && playing == place.playing && time_s - at_s < MARK_EVERY_S
        });
        if !known && let Some(waiting) = shared.open() {
            waiting.marks.force_push(Mark { pass, time_s, place });
            self.marked = Some((pass, time_s, place.playing));
        }
    }

    /// End of a block: frames given up so far, the gain reached, whether gestures are open. Real-time safe.
    pub fn block_done(&self, dropped: u64, gain: f32, writing: bool) {
        self.shared.dropped.store(dropped, Ordering::Relaxed);
        self.shared.gain.store(gain, Ordering::Relaxed);
        self.shared.writing.store(writing, Ordering::Relaxed);
    }

    /// The host has activated the plugin; readings are emitted `delay_s` after the instant they speak of.
    pub fn activated(&self, sample_rate_hz: f32, delay_s: f32) {
        self.shared.sample_rate_hz.store(sample_rate_hz, Ordering::Relaxed);
        self.delayed(delay_s);
        self.shared.failed.store(false, Ordering::Relaxed);
    }

    /// From now on readings are emitted `delay_s` after the instant they speak of. Real-time safe.
    pub fn delayed(&self, delay_s: f32) {
        self.shared.delay_s.store(delay_s, Ordering::Relaxed);
    }

    /// Processing has failed. Real-time safe.
    pub fn fail(&self) {
        self.shared.failed.store(true, Ordering::Relaxed);
        self.shared.repaint.request_repaint();
    }

    fn pass(&self) -> u32 {
        self.shared.pass.load(Ordering::Relaxed)
    }

    /// Somebody looks, and something moves: silence while the transport stands is not worth a picture.
    fn watched(&self) -> Option<&Waiting> {
        let shared = &*self.shared;
        let moves = shared.playing.load(Ordering::Relaxed) || !shared.silent.load(Ordering::Relaxed);
        shared.open().filter(|_| moves)
    }
}

impl ScopeOutput {
    /// Frames are kept only while the window is open. Allocates when it opens for the first time.
    pub fn set_open(&self, open: bool) {
        if open {
            self.0.waiting.get_or_init(Waiting::new);
        }
        self.0.open.store(open, Ordering::Relaxed);
        while self.next_column().is_some() {}
        while self.next_point().is_some() {}
        while self.next_genre().is_some() {}
        while self.next_mark().is_some() {}
    }

    /// Told when there is something new to draw.
    #[must_use]
    pub fn repaint_notifier(&self) -> RepaintNotifier {
        self.0.repaint.clone()
    }

    /// The next frame of the sound that the window has not seen; likewise below.
    #[must_use]
    pub fn next_column(&self) -> Option<Column> {
        self.0.waiting.get()?.columns.pop()
    }

    /// The next frame of the voice.
    #[must_use]
    pub fn next_point(&self) -> Option<Point> {
        self.0.waiting.get()?.points.pop()
    }

    /// The next genre reading.
    #[must_use]
    pub fn next_genre(&self) -> Option<GenrePoint> {
        self.0.waiting.get()?.beliefs.pop()
    }

    /// The next mark of the transport.
    #[must_use]
    pub fn next_mark(&self) -> Option<Mark> {
        self.0.waiting.get()?.marks.pop()
    }

    /// Where things stand.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let shared = &*self.0;
        let value = |value: &AtomicF32| value.load(Ordering::Relaxed);
        let flag = |flag: &AtomicBool| flag.load(Ordering::Relaxed);
        let probability = std::array::from_fn(|i| value(&shared.genres[i]));
        let top = usize::try_from(shared.top.load(Ordering::Relaxed)).ok().filter(|&top| top < GENRES.len());
        Standing {
            point: Point {
                pass: shared.pass.load(Ordering::Relaxed),
                frame: 0,
                probability: value(&shared.probability),
                outputs: std::array::from_fn(|i| value(&shared.outputs[i])),
                gate: flag(&shared.gate),
                level: value(&shared.level),
            },
            genre: GenreState { probability, top, confidence: top.map_or(0.0, |top| probability[top]) },
            saying: flag(&shared.saying),
            silent: flag(&shared.silent),
            dropped: shared.dropped.load(Ordering::Relaxed),
            gain: value(&shared.gain),
            sample_rate_hz: value(&shared.sample_rate_hz),
            delay_s: value(&shared.delay_s),
            writing: flag(&shared.writing),
            playing: flag(&shared.playing),
            recording: flag(&shared.recording),
            failed: flag(&shared.failed),
        }
    }
}
