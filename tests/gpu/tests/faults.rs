//! Whatever a GPU does, readings keep coming: from the processor, at once, and with a word about why.

#![cfg(unix)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use earmark::engine::{DeviceChoice, Ear, Engine, ModelSet, Pace};

/// How long a fake may take to open on a busy machine.
const OPENING: Duration = Duration::from_secs(60);
/// What two devices may differ by.
const TOLERANCE: f32 = 1e-3;

/// A copy of the fake library that can show one fault.
struct Fake(PathBuf);

impl Fake {
    /// `of`: the test, so that no two share a copy.
    fn new(of: &str, fault: &str) -> Self {
        let tests = std::env::current_exe().expect("this program");
        let built = format!("{}earmark_fake_gpu{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
        let built = tests.ancestors().skip(1).take(2).map(|folder| folder.join(&built)).find(|path| path.exists());
        let copy = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fake-{of}-{fault}.so"));
        std::fs::copy(built.expect("the fake library is built with its tests"), &copy).expect("a copy");
        let fake = Self(copy);
        let _ = std::fs::remove_file(fake.switch());
        fake
    }

    fn switch(&self) -> PathBuf {
        self.0.with_extension("on")
    }

    fn fails_now(&self) {
        std::fs::write(self.switch(), "").expect("the switch");
    }

    fn engine(&self, choice: DeviceChoice) -> Arc<Engine> {
        Engine::start_with_library(models(), choice, &self.0).expect("engine")
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(self.switch());
        let _ = std::fs::remove_file(&self.0);
    }
}

/// The voice and one small tagger.
fn models() -> ModelSet {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/musicnn-mtt.safetensors");
    ModelSet::embedded().and_then(|models| models.with_genre_file(&file)).expect("models")
}

fn noise(samples: usize, mut seed: u64) -> Vec<f32> {
    let mut next = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as f32 / (1_u64 << 30) as f32 - 1.0
    };
    (0..samples).map(|_| next()).collect()
}

/// What an engine says of audio at 16 kHz: every voice probability, and every genre's.
#[derive(Default)]
struct Said {
    voice: Vec<f32>,
    genre: Vec<f32>,
}

impl Said {
    fn hear(&mut self, ear: &mut Ear, audio: &[f32]) {
        let Self { voice, genre } = self;
        let lasted = ear.hear_in_step(
            &[audio],
            |reading| {
                assert_eq!(reading.frame, voice.len() as u64, "no frame is left out");
                voice.push(reading.probability);
            },
            |reading| genre.extend(reading.probability),
        );
        assert!(lasted, "the engine answers");
    }

    fn equals(&self, other: &Self) {
        for (ours, theirs) in [(&self.voice, &other.voice), (&self.genre, &other.genre)] {
            assert_eq!(ours.len(), theirs.len());
            let worst = ours.iter().zip(theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(worst <= TOLERANCE, "differs by {worst}");
        }
    }
}

fn ear(engine: &Arc<Engine>) -> Ear {
    Ear::new(engine, 16_000.0, Pace::LIVE).expect("ear")
}

/// What the processor says of `audio`.
fn processor(models: ModelSet, audio: &[f32]) -> Said {
    let engine = Engine::start(models, DeviceChoice::Cpu).expect("engine");
    let mut said = Said::default();
    said.hear(&mut ear(&engine), audio);
    said
}

/// Waits for words in the engine's note.
fn wait_for(engine: &Engine, words: &str) {
    let since = Instant::now();
    loop {
        let status = engine.status();
        if status.note.as_deref().is_some_and(|note| note.contains(words)) {
            assert_eq!(status.device, "CPU");
            return;
        }
        assert!(since.elapsed() < OPENING, "{words:?} is not in {status:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_gpu_that_works_says_what_the_processor_says() {
    let fake = Fake::new("works", "none");
    let audio = noise(4 * 16_000, 1);
    // All the nets that are built in, the one for coarse spectra among them.
    let embedded = || ModelSet::embedded().expect("models");
    let engine = Engine::start_with_library(embedded(), DeviceChoice::Cuda, &fake.0).expect("engine");
    engine.wait_for_device(OPENING);
    let status = engine.status();
    assert_eq!((status.device.as_str(), status.note), ("fake GPU", None));
    let mut said = Said::default();
    said.hear(&mut ear(&engine), &audio);
    said.equals(&processor(embedded(), &audio));
}

#[test]
fn a_gpu_that_fails_in_the_middle_is_followed_by_the_processor_without_a_gap() {
    let audio = noise(4 * 16_000, 2);
    let reference = processor(models(), &audio);
    for (fault, words) in [
        ("lost", "the device was lost: CUDA_ERROR_LAUNCH_FAILED"),
        ("memory", "out of memory"),
        ("panic", "a driver's assertion"),
        ("nan", "NaN for a probability"),
        ("hang", "gave no answer"),
        ("slow", "slower than the CPU"),
    ] {
        let fake = Fake::new("middle", fault);
        let engine = fake.engine(DeviceChoice::Cuda);
        engine.wait_for_device(OPENING);
        assert_eq!(engine.status().device, "fake GPU", "{fault}");
        let (mut ear, mut said) = (ear(&engine), Said::default());
        let (before, after) = audio.split_at(24_000);
        said.hear(&mut ear, before);
        fake.fails_now();
        let since = Instant::now();
        said.hear(&mut ear, &after[..4_000]);
        println!("{fault}: the next quarter of a second was read after {:.2} s", since.elapsed().as_secs_f32());
        said.hear(&mut ear, &after[4_000..]);
        said.equals(&reference);
        wait_for(&engine, words);
        let note = engine.status().note.unwrap_or_default();
        assert!(note.starts_with("fake GPU: ") && note.ends_with("; running on the CPU"), "{note}");
    }
}

#[test]
fn a_gpu_that_cannot_be_had_leaves_everything_to_the_processor() {
    let audio = noise(32_000, 3);
    let reference = processor(models(), &audio);
    let hears = |engine: Arc<Engine>, words: &str| {
        let mut said = Said::default();
        said.hear(&mut ear(&engine), &audio);
        said.equals(&reference);
        wait_for(&engine, words);
    };
    for (fault, words) in [
        ("open", "CUDA_ERROR_NO_DEVICE"),
        ("version", "speaks version 2 of the interface"),
        ("panic", "a driver's assertion"),
        ("wrong", "says something else than the processor"),
        ("nan", "NaN for a probability"),
        ("lost", "the device was lost"),
        ("stuck", "still being opened"),
    ] {
        let fake = Fake::new("begin", fault);
        fake.fails_now();
        hears(fake.engine(DeviceChoice::Cuda), words);
    }
    let start = |path: &Path| Engine::start_with_library(models(), DeviceChoice::Cuda, path).expect("engine");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    hears(start(&folder.join("nowhere.so")), "cannot be loaded");
    let junk = folder.join("junk.so");
    std::fs::write(&junk, "no library").expect("a file");
    hears(start(&junk), "cannot be loaded");
}

#[test]
fn a_gpu_that_hangs_while_music_plays_costs_no_frame() {
    let fake = Fake::new("plays", "hang");
    let engine = fake.engine(DeviceChoice::Cuda);
    engine.wait_for_device(OPENING);
    let mut ear = ear(&engine);
    let audio = noise(16_000, 4);
    let mut frames = 0;
    for (number, block) in audio.chunks(160).enumerate() {
        if number == 50 {
            fake.fails_now();
        }
        // Nobody is waited for here.
        ear.hear(&[block]);
        std::thread::sleep(Duration::from_millis(10));
        while let Some(reading) = ear.next_vocal() {
            assert_eq!(reading.frame, frames, "no frame is left out");
            frames += 1;
        }
    }
    wait_for(&engine, "gave no answer");
    let wanted = 98 - engine.models().vocal_card().look_ahead_frames as u64;
    let since = Instant::now();
    while frames < wanted && since.elapsed() < OPENING {
        std::thread::sleep(Duration::from_millis(5));
        while let Some(reading) = ear.next_vocal() {
            assert_eq!(reading.frame, frames, "no frame is left out");
            frames += 1;
        }
    }
    assert_eq!((frames, ear.dropped()), (wanted, 0));
}

#[test]
fn a_gpu_is_chosen_by_itself_only_where_it_is_faster() {
    for (pace, tags_there) in [("slow", false), ("fast", true)] {
        let fake = Fake::new("auto", pace);
        fake.fails_now();
        let engine = fake.engine(DeviceChoice::Auto);
        engine.wait_for_device(OPENING);
        let status = engine.status();
        assert_eq!(status.note, None);
        // Whether the voice is faster there, too, is a matter of microseconds.
        let there = ["fake GPU", "CPU, fake GPU for genre"].contains(&status.device.as_str());
        assert_eq!(there, tags_there, "{pace}: {}", status.device);
    }
}

#[test]
fn readings_begin_before_a_gpu_is_ready_and_go_on_when_it_is() {
    let fake = Fake::new("later", "none");
    let audio = noise(8 * 16_000, 5);
    let engine = fake.engine(DeviceChoice::Cuda);
    let (mut ear, mut said) = (ear(&engine), Said::default());
    // A second on the processor, then the rest wherever the net has moved by then.
    said.hear(&mut ear, &audio[..16_000]);
    engine.wait_for_device(OPENING);
    said.hear(&mut ear, &audio[16_000..]);
    assert_eq!(engine.status().device, "fake GPU");
    said.equals(&processor(models(), &audio));
}
