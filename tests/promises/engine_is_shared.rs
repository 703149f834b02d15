//! One worker for all instances: it reads each as if it were alone, loses nothing unseen, and ends with the last handle.

use std::sync::Arc;
use std::time::{Duration, Instant};

use earmark::engine::{DeviceChoice, Ear, Engine, GenreReading, ModelSet, Pace, VocalReading};

use crate::fixtures::noise;

fn engine() -> Arc<Engine> {
    Engine::start(ModelSet::embedded().expect("models"), DeviceChoice::Cpu).expect("engine")
}

/// Frames at the end that the voice net does not speak of yet.
fn look_ahead(engine: &Engine) -> usize {
    engine.models().vocal_card().look_ahead_frames
}

/// Everything read from `audio` in lock step, in blocks of `block`.
fn read(engine: &Arc<Engine>, audio: &[f32], block: usize) -> (Vec<VocalReading>, Vec<GenreReading>) {
    let mut ear = Ear::new(engine, 16_000.0, Pace::LIVE).expect("ear");
    let (mut vocal, mut genre) = (Vec::new(), Vec::new());
    for block in audio.chunks(block) {
        assert!(ear.hear_in_step(&[block], |reading| vocal.push(reading), |reading| genre.push(reading)));
    }
    (vocal, genre)
}

/// Names of this process's threads that belong to an engine.
#[cfg(target_os = "linux")]
fn engine_threads() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").expect("tasks");
    let names = tasks.flatten().filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok());
    names.filter(|name| name.trim() == "earmark engine").count()
}

#[test]
fn lock_step_gives_the_same_readings_for_any_block_size() {
    let engine = engine();
    let audio = noise(16_000 * 4, 3);
    let whole = read(&engine, &audio, audio.len());
    assert_eq!(whole.0.len(), 398 - look_ahead(&engine), "a reading for each frame");
    assert_eq!(whole.1.len(), 3, "a refresh a second");
    for block in [160, 777, 16_384] {
        assert!(whole == read(&engine, &audio, block), "blocks of {block}");
    }
}

#[test]
fn instances_side_by_side_read_as_if_alone() {
    let engine = engine();
    let voices: Vec<Vec<f32>> = (0..4).map(|seed| noise(16_000 * 2, seed)).collect();
    let alone: Vec<_> = voices.iter().map(|audio| read(&engine, audio, 4_000)).collect();
    let together: Vec<_> = std::thread::scope(|scope| {
        let engine = &engine;
        let handles: Vec<_> = voices.iter().map(|audio| scope.spawn(move || read(engine, audio, 4_000))).collect();
        handles.into_iter().map(|handle| handle.join().expect("reads")).collect()
    });
    assert!(alone == together);
}

#[test]
fn a_late_worker_drops_the_oldest_frames_and_counts_them() {
    let engine = engine();
    let mut ear = Ear::new(&engine, 16_000.0, Pace::LIVE).expect("ear");
    // Twenty seconds at once, unlike any host: far more than the queues hold.
    ear.hear(&[&noise(16_000 * 20, 5)]);
    let last = 1_997 - look_ahead(&engine) as u64;
    let mut newest = 0;
    let patience = Instant::now();
    while newest < last && patience.elapsed() < Duration::from_secs(20) {
        while let Some(reading) = ear.next_vocal() {
            newest = reading.frame;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(newest, last, "the newest frame is read");
    assert!(ear.dropped() > 1_000, "{} frames were dropped", ear.dropped());
}

#[test]
fn eco_hears_the_music_at_every_fourth_refresh_and_soon_after_the_start() {
    let engine = engine();
    let audio = noise(16_000 * 10, 7);
    let mut ear = Ear::new(&engine, 16_000.0, Pace::LIVE).expect("ear");
    let hear = |ear: &mut Ear| {
        let mut read = Vec::new();
        assert!(ear.hear_in_step(&[&audio], |_| {}, |reading| read.push((reading.time_s.round(), reading.step_s))));
        ear.reset();
        read
    };
    let usual = hear(&mut ear);
    assert!(usual.len() == 9 && usual.iter().all(|&(_, step_s)| step_s == 1.0), "{usual:?}");
    ear.set_eco(true);
    assert_eq!(hear(&mut ear), [(1.0, 1.0), (5.0, 4.0), (9.0, 4.0)]);
}

#[test]
fn silence_says_nothing_and_runs_no_net() {
    let engine = engine();
    let (vocal, genre) = read(&engine, &vec![0.0; 16_000 * 5], 8_000);
    assert!(genre.iter().all(|reading| !reading.saying));
    assert!(vocal.len() > 400 && vocal[250..].iter().all(|reading| reading.probability == 0.0), "at rest after 2 s");
}

#[test]
fn after_a_reset_nothing_of_before_is_heard() {
    let engine = engine();
    let audio = noise(16_000, 11);
    let mut ear = Ear::new(&engine, 16_000.0, Pace::LIVE).expect("ear");
    let run = |ear: &mut Ear| {
        let mut read = Vec::new();
        assert!(ear.hear_in_step(&[&audio], |reading| read.push((reading.frame, reading.probability)), |_| {}));
        read
    };
    let first = run(&mut ear);
    ear.reset();
    assert!(first == run(&mut ear));
}

#[test]
#[cfg(target_os = "linux")]
fn the_thread_ends_with_the_last_handle() {
    // Other tests of this process have engines of their own; this one watches for its own coming and going.
    for _ in 0..3 {
        let engine = engine();
        read(&engine, &noise(16_000, 1), 4_000);
        let before = engine_threads();
        assert!(before >= 1);
        let ear = Ear::new(&engine, 48_000.0, Pace::LIVE).expect("ear");
        drop(engine);
        assert!(engine_threads() >= 1, "an instance keeps the engine");
        drop(ear);
    }
    let patience = Instant::now();
    while engine_threads() > 0 && patience.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(engine_threads(), 0, "every engine of this process has ended");
}
