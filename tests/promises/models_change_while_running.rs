//! Another model while audio runs: a good file takes over, a bad one leaves the readings coming and says why, and the
//! session remembers the file.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use earmark::engine::{Ear, Engine, ModelSet};
use earmark::nets::Task;
use earmark::plugin::handover::Taker;
use earmark::plugin::models::{Choice, Models};
use nice_plug::params::persist::PersistentField;

use crate::fixtures::{model, noise};

const RATE_HZ: f64 = 48_000.0;
/// Longest that a test waits for another thread; nothing is said about speed.
const PATIENCE: Duration = Duration::from_secs(120);

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("models").join(format!("{name}.safetensors"))
}

/// An audio thread with blocks of 10 ms.
struct Audio {
    ear: Ear,
    taker: Taker,
    block: Vec<f32>,
    exchanged: u32,
}

impl Audio {
    fn new(models: &Models) -> Self {
        let ear = models.activate(RATE_HZ, false).expect("an ear");
        Self { ear, taker: models.taker(), block: noise(480, 1), exchanged: 0 }
    }

    /// Runs until `done`. Returns how many voice readings came.
    fn run_until(&mut self, mut done: impl FnMut(&Self, usize) -> bool) -> usize {
        let (since, mut readings) = (Instant::now(), 0);
        while !done(self, readings) {
            assert!(since.elapsed() < PATIENCE, "{readings} readings, {} exchanges", self.exchanged);
            self.exchanged += u32::from(self.taker.exchange(&mut self.ear));
            self.ear.hear(&[&self.block]);
            while self.ear.next_vocal().is_some() {
                readings += 1;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        readings
    }

    fn hears(&mut self) {
        self.run_until(|_, readings| readings >= 20);
    }

    fn voice(&self) -> String {
        self.ear.engine().models().vocal_card().name.clone()
    }
}

fn in_use(models: &Models) -> Choice {
    models.shown().in_use
}

#[test]
fn every_kind_of_broken_file_leaves_the_model_before_and_the_readings_coming() {
    let folder = tempfile("broken");
    let good = model("stream-vad");
    let poisoned = {
        let mut bytes = good.clone();
        // The last weight.
        let at = bytes.len() - 4;
        bytes[at..].copy_from_slice(&f32::NAN.to_le_bytes());
        bytes
    };
    let wrong_rate = replaced(&good, "\\\"sample_rate_hz\\\":16000", "\\\"sample_rate_hz\\\":44100");
    let future = replaced(&good, "\\\"format\\\":1", "\\\"format\\\":9");
    let broken: [(&str, Vec<u8>, &str); 6] = [
        ("empty", Vec::new(), "safetensors"),
        ("not a model", b"RIFF....WAVEfmt ".to_vec(), "safetensors"),
        ("cut", good[..good.len() / 2].to_vec(), "safetensors"),
        ("not finite", poisoned, "not a number"),
        ("wrong rate", wrong_rate, "44100"),
        ("of the future", future, "format 9"),
    ];
    let models = Models::default();
    let mut audio = Audio::new(&models);
    audio.hears();
    let before = audio.voice();
    let paths = broken.iter().map(|(name, bytes, why)| {
        let path = folder.join(format!("{name}.safetensors"));
        std::fs::write(&path, bytes).expect("written");
        (path, *why)
    });
    let missing = (folder.join("not there.safetensors"), "cannot be read");
    for (path, why) in paths.chain([missing]).collect::<Vec<_>>() {
        models.load(&path);
        audio.run_until(|_, readings| readings >= 20 && !models.shown().loading);
        let shown = models.shown();
        let refusal = shown.refusal.expect("it is refused");
        assert!(refusal.contains(why) && refusal.contains(&*path.display().to_string()), "{refusal}");
        assert_eq!((shown.in_use, audio.exchanged), (Choice::default(), 0), "{refusal}");
        assert_eq!(audio.voice(), before);
        audio.hears();
    }
    let kept = models.map(|kept: &Choice| kept.clone());
    assert_eq!(kept, Choice::default(), "what was refused is not kept in the session");
    std::fs::remove_dir_all(folder).expect("removed");
}

#[test]
fn a_good_file_takes_over_while_audio_runs_and_the_built_in_model_comes_back() {
    let models = Models::default();
    let mut audio = Audio::new(&models);
    audio.hears();
    let before = audio.voice();
    models.load(&file("stream-vad"));
    audio.run_until(|audio, _| audio.exchanged == 1);
    audio.hears();
    assert_ne!(audio.voice(), before);
    assert_eq!(in_use(&models).voice, Some(file("stream-vad")));
    let kept = models.map(|kept: &Choice| kept.clone());
    assert_eq!(kept, in_use(&models), "the session keeps it");
    let shown = models.window().models().expect("the window sees it");
    assert_eq!(shown.vocal_card().name, audio.voice());

    models.load(&file("musicnn-mtt"));
    audio.run_until(|audio, _| audio.exchanged == 2);
    audio.hears();
    let taggers: Vec<_> = audio.ear.engine().models().tagger_cards().map(|card| card.name.clone()).collect();
    assert_eq!(taggers.len(), 1, "the file's kind is read from its card: {taggers:?}");
    assert_eq!(in_use(&models).voice, Some(file("stream-vad")), "the voice net stays");

    models.built_in(Task::Vocal);
    models.built_in(Task::Tags);
    audio.run_until(|audio, _| in_use(&models) == Choice::default() && audio.voice() == before);
    audio.hears();
}

#[test]
fn a_session_brings_its_models_with_it_and_a_bounce_begins_with_them() {
    let choice = Choice { voice: Some(file("stream-vad")), genre: None };
    let name = |ear: &Ear| ear.engine().models().vocal_card().name.clone();
    let wanted = ModelSet::embedded().expect("models").with_vocal_file(&file("stream-vad")).expect("a model");

    let bounced = Models::default();
    bounced.set(choice.clone());
    let ear = bounced.activate(RATE_HZ, true).expect("an ear");
    assert_eq!(name(&ear), wanted.vocal_card().name, "offline from the first sample on");

    let live = Models::default();
    live.set(choice);
    let mut audio = Audio::new(&live);
    audio.run_until(|audio, _| audio.voice() == wanted.vocal_card().name);
    assert!(
        std::sync::Arc::ptr_eq(ear.engine(), audio.ear.engine()),
        "instances with the same models share one engine"
    );

    // A state that is loaded while audio runs.
    live.set(Choice::default());
    audio.run_until(|audio, _| audio.voice() != wanted.vocal_card().name);
}

#[test]
fn a_file_that_a_session_names_and_that_is_missing_is_said_and_stays_in_the_session() {
    let models = Models::default();
    let choice = Choice { voice: Some(PathBuf::from("/not/there.safetensors")), genre: None };
    models.set(choice.clone());
    let mut audio = Audio::new(&models);
    audio.hears();
    audio.run_until(|_, _| !models.shown().loading);
    let shown = models.shown();
    assert!(shown.refusal.expect("said").contains("/not/there.safetensors"));
    assert_eq!(shown.in_use, Choice::default());
    assert_eq!(models.map(|kept: &Choice| kept.clone()), choice, "saved again, it is still named");
}

#[test]
fn another_rate_and_the_end_of_an_activation_take_an_offer_back() {
    let models = Models::default();
    let mut audio = Audio::new(&models);
    models.load(&file("stream-vad"));
    // Nobody takes it.
    let since = Instant::now();
    while models.shown().loading && since.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(5));
    }
    models.deactivate();
    assert!(!audio.taker.exchange(&mut audio.ear), "an ear for another activation is not to be had");
    let ear = models.activate(44_100.0, false).expect("an ear");
    assert_eq!(ear.engine().models().vocal_card().name, "stream-vad", "what was chosen is there at once");
}

#[test]
fn engines_are_shared_by_what_they_hear_with() {
    let embedded = Engine::shared().expect("an engine");
    assert!(std::sync::Arc::ptr_eq(&embedded, &Engine::shared().expect("an engine")));
    let other = ModelSet::embedded().expect("models").with_vocal_file(&file("stream-vad")).expect("a model");
    let other = Engine::shared_with(other).expect("an engine");
    assert!(!std::sync::Arc::ptr_eq(&embedded, &other));
}

/// A folder of this test's own.
fn tempfile(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("earmark-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("made");
    folder
}

/// The file with a text in its header replaced by one as long.
fn replaced(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let at = bytes.windows(from.len()).position(|window| window == from.as_bytes()).expect("it is there");
    let mut bytes = bytes.to_vec();
    bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
    bytes
}
