//! The audio thread allocates nothing: neither while the ear hears, nor while readings are taken and decisions made. What
//! is allocated beforehand is little.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use earmark::engine::{DeviceChoice, Ear, Engine, ModelSet, Pace};
use earmark::listen::{FrontEnd, Listener};
use earmark::say::envelope::{Envelope, EnvelopeSettings};
use earmark::say::genre::Belief;
use earmark::say::key::Key;
use earmark::say::midi::{MidiMode, MidiSettings, MidiVoice};
use earmark::say::ride::Ride;

use crate::fixtures::noise;

/// Counts this thread's calls to the allocator while it is watched, and the bytes that it keeps.
struct Watched;

thread_local! {
    static CALLS: Cell<Option<(u64, isize)>> = const { Cell::new(None) };
}

fn count(bytes: isize) {
    CALLS.with(|calls| calls.set(calls.get().map(|(calls, kept)| (calls + 1, kept + bytes))));
}

// SAFETY: every call is passed on to the system's allocator unchanged.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Watched {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size().cast_signed());
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        count(-layout.size().cast_signed());
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Watched = Watched;

/// Calls to the allocator that `f` makes on this thread.
fn allocator_calls(f: impl FnOnce()) -> u64 {
    watch(f).1.0
}

/// What `f` makes, and the bytes that this thread has allocated for it.
fn bytes_kept<T>(f: impl FnOnce() -> T) -> (T, isize) {
    let (made, (_, kept)) = watch(f);
    (made, kept)
}

fn watch<T>(f: impl FnOnce() -> T) -> (T, (u64, isize)) {
    CALLS.set(Some((0, 0)));
    let made = f();
    (made, CALLS.take().unwrap_or_default())
}

#[test]
fn the_counter_counts() {
    assert!(allocator_calls(|| drop(std::hint::black_box(vec![0_u8; 100]))) >= 2);
}

/// Filters, windows and transforms are the same for all instances.
#[test]
fn a_further_listener_shares_the_tables_of_the_first() {
    let front_ends =
        [FrontEnd::kaldi_fbank_80(), FrontEnd::ced_mel_64(), FrontEnd::musicnn_mel_96(), FrontEnd::wide_mel_128()];
    // A rate that no other test listens at.
    let listener = || Listener::new(44_101.0, &front_ends).expect("rate");
    let (_first, first) = bytes_kept(listener);
    let (_second, second) = bytes_kept(listener);
    println!("the first listener takes {first} bytes, the second {second}");
    assert!(second > 0 && 4 * second < first, "{first}, then {second}");
}

/// What crosses to a window is kept only once there is one.
#[cfg(feature = "plugin")]
#[test]
fn a_window_that_never_opens_takes_no_memory() {
    let (halves, closed) = bytes_kept(earmark::plugin::scope::scope);
    assert!((1..4_096).contains(&closed), "{closed} bytes");
    assert!(bytes_kept(|| halves.1.set_open(true)).1 > 100_000, "an open one has room for seconds");
}

#[test]
fn hearing_and_reading_allocate_nothing() {
    let engine = Engine::start(ModelSet::embedded().expect("models"), DeviceChoice::Cpu).expect("engine");
    for rate_hz in [8_000.0, 44_100.0, 48_000.0, 192_000.0] {
        let mut ear = Ear::new(&engine, rate_hz, Pace::LIVE).expect("ear");
        let (left, right) = (noise(4_096, 1), noise(4_096, 2));
        // Warm: readings are on their way when the watch begins.
        ear.hear_in_step(&[&left, &right], |_| {}, |_| {});
        ear.go_live();
        let mut readings = 0;
        let calls = allocator_calls(|| {
            for size in [1, 16, 64, 333, 512, 1_024, 4_096] {
                for _ in 0..20 {
                    ear.hear(&[&left[..size], &right[..size]]);
                    while ear.next_vocal().is_some() {
                        readings += 1;
                    }
                    while ear.next_genre().is_some() {}
                }
            }
            ear.reset();
        });
        assert_eq!(calls, 0, "at {rate_hz} Hz");
        println!("{rate_hz} Hz: 0 calls, {readings} readings taken");
    }
}

/// What crosses to the window, with it closed and with it open and never looking, so that every queue runs over.
#[cfg(feature = "plugin")]
#[test]
fn showing_allocates_nothing_whether_the_window_is_open_or_not() {
    use earmark::listen::MelFrame;
    use earmark::plugin::scope::{Place, Point, scope};
    use earmark::say::genre::GenreState;

    let (mut input, output) = scope();
    let mels = [1.0_f32; 80];
    for open in [false, true] {
        output.set_open(open);
        let calls = allocator_calls(|| {
            for index in 0..4_000_u64 {
                let time_s = index as f64 * 0.01;
                let place = Place { playing: true, song_s: Some(time_s), ..Place::default() };
                input.block(time_s, place);
                input.column(&MelFrame { front_end: 0, index, known_at: index * 480, peak: 0.5, mels: &mels });
                input.point(Point { frame: index, probability: 0.7, ..Point::default() });
                input.genre(time_s, &GenreState::default(), true);
                input.block_done(0, 1.0, false);
                if index % 1_000 == 999 {
                    input.new_pass();
                }
            }
        });
        assert_eq!(calls, 0, "open: {open}");
        assert_eq!(output.next_column().is_some(), open, "frames are kept only while somebody looks");
        assert_eq!(output.next_point().is_some(), open);
    }
    output.set_open(true);
    assert!(output.next_column().is_none(), "a window that opens begins with what comes");
    let place = Place { playing: false, ..Place::default() };
    input.block(0.0, place);
    input.column(&MelFrame { front_end: 0, index: 0, known_at: 0, peak: 0.0, mels: &mels });
    assert!(output.next_column().is_none(), "silence while the transport stands is not worth a picture");
}

/// A model is changed by exchanging ears; also when nobody clears away those that were laid down.
#[cfg(feature = "plugin")]
#[test]
fn taking_another_ear_allocates_and_frees_nothing() {
    use earmark::plugin::handover::handover;

    let engine = Engine::start(ModelSet::embedded().expect("models"), DeviceChoice::Cpu).expect("engine");
    let ear = || Ear::new(&engine, 48_000.0, Pace::LIVE).expect("ear");
    let (giver, taker) = handover();
    let mut hearing = ear();
    assert_eq!(allocator_calls(|| assert!(!taker.exchange(&mut hearing))), 0, "there is none");
    giver.offer(ear());
    assert_eq!(allocator_calls(|| assert!(taker.exchange(&mut hearing))), 0);
    giver.offer(ear());
    giver.offer(ear());
    assert_eq!(allocator_calls(|| assert!(taker.exchange(&mut hearing))), 0, "the newest, once");
    assert!(!taker.exchange(&mut hearing));
}

#[test]
fn deciding_allocates_nothing() {
    let settings = EnvelopeSettings::default();
    let midi_settings = MidiSettings { mode: MidiMode::Both, channel: 0, note: 60, controller: 20 };
    let (mut envelope, mut belief, mut midi) = (Envelope::new(), Belief::new(), MidiVoice::new());
    let (mut ride, mut key) = (Ride::new(480), Key::new(48_000.0));
    let genre = [1.0 / 14.0; 14];
    let calls = allocator_calls(|| {
        for step in 0..1_000 {
            let probability = (step % 97) as f32 / 97.0;
            let decision = envelope.advance(&settings, probability, 0.01);
            belief.advance(Some(&genre), 8.0, 1.0);
            midi.advance(&midi_settings, decision.gate, probability, |message| {
                std::hint::black_box(message);
            });
            ride.aim(-12.0, decision.level);
            std::hint::black_box((ride.next_gain(), key.next(probability, decision.gate)));
        }
    });
    assert_eq!(calls, 0);
}
