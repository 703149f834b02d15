//! Classes of one's own: learned from a library, loaded everywhere, written into files and taken back.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use earmark::engine::{DeviceChoice, Ear, Engine, ModelSet, Pace, Tags};
use earmark::study::decode;
use lofty::config::{ParseOptions, WriteOptions};
use lofty::file::TaggedFileExt;
use lofty::probe::Probe;
use lofty::tag::{Accessor, ItemKey, Tag, TagExt, TagType};

use super::support::{Run, chord, collection, demo, earmark, pieces, scratch, write_float_wav, write_integer_wav};

/// The genres that the songs of [`library`] are of.
const CLASSES: [&str; 2] = ["Buzz", "Lithium"];

fn samples(path: &Path) -> (f64, Vec<f32>) {
    let mut file = decode::open(path).expect("it opens");
    let (mut samples, mut block) = (Vec::new(), Vec::new());
    while file.next_block(&mut block).expect("it decodes") {
        samples.extend_from_slice(&block[0]);
    }
    (file.sample_rate_hz, samples)
}

/// Three artists with two songs each: pieces of the demo, once as they are and once crushed into a square wave.
fn library(directory: &Path) {
    pieces(directory, 6, 4.0);
    for number in 0..6 {
        let (class, artist) = (number % 2, number / 2);
        let from = directory.join(format!("piece-{number}.wav"));
        let path = directory.join(format!("{}-{number}.wav", CLASSES[class]));
        let (rate_hz, mut audio) = samples(&from);
        if class == 0 {
            audio.iter_mut().for_each(|x| *x = if *x > 0.02 { 0.4 } else { -0.4 });
        }
        write_integer_wav(&path, rate_hz as u32, 1, 16, &audio);
        fs::remove_file(from).unwrap();
        let mut tag = Tag::new(TagType::Id3v2);
        tag.set_artist(format!("Artist {artist}"));
        tag.set_title(format!("Song {number}"));
        tag.insert_text(ItemKey::Genre, CLASSES[class].into());
        tag.save_to_path(&path, WriteOptions::default()).unwrap();
    }
}

fn train(directory: &Path, out: &Path, further: &[&str]) -> Run {
    let arguments = [
        "train".as_ref(),
        "genre".as_ref(),
        "--library".as_ref(),
        directory.as_os_str(),
        "--out".as_ref(),
        out.as_os_str(),
    ];
    earmark(arguments.into_iter().chain(further.iter().map(AsRef::as_ref)))
}

fn tag(directory: &Path, further: &[&str]) -> Run {
    earmark(["tag".as_ref(), directory.as_os_str()].into_iter().chain(further.iter().map(AsRef::as_ref)))
}

/// A head that was trained once for all tests.
fn head() -> PathBuf {
    static TRAINED: Mutex<Option<PathBuf>> = Mutex::new(None);
    let mut trained = TRAINED.lock().unwrap_or_else(PoisonError::into_inner);
    let path = trained.get_or_insert_with(|| {
        let directory = scratch("own_head");
        library(&directory);
        let out = directory.join("models/mine.safetensors");
        let run = train(&directory, &out, &["--min-tracks", "2"]).quiet();
        println!("{}", run.stdout);
        for part in ["Buzz", "Lithium", "2 of 6 songs held out", "accuracy", "wrote"] {
            assert!(run.stdout.contains(part), "{:?} says {part:?}", run.stdout);
        }
        let rows = fs::read_to_string(out.with_file_name("mine-held-out.csv")).unwrap();
        assert_eq!(rows.lines().count(), 3, "{rows}");
        assert!(fs::read(out.with_file_name("mine-confusion.png")).unwrap().starts_with(b"\x89PNG"));
        out
    });
    path.clone()
}

fn genres(path: &Path) -> Vec<String> {
    let file = Probe::open(path).unwrap().options(ParseOptions::new().read_properties(false)).read().unwrap();
    file.primary_tag().map(|tag| tag.get_strings(ItemKey::Genre).map(str::to_owned).collect()).unwrap_or_default()
}

/// Every file that is no dot file, with its bytes.
fn contents(directory: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let files = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    let mut files: Vec<_> = files
        .filter(|path| !path.file_name().unwrap().to_string_lossy().starts_with('.'))
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect();
    files.sort();
    files
}

#[test]
fn a_head_is_loaded_by_analyze_and_zoo() {
    let head = head();
    let song = head.parent().unwrap().with_file_name("Lithium-1.wav");
    let arguments =
        ["analyze".as_ref(), "--json".as_ref(), song.as_os_str(), "--genre-model".as_ref(), head.as_os_str()];
    let heard = earmark(arguments).quiet().json();
    let genre = &heard["genre"];
    assert_eq!(genre["classes"], serde_json::json!(CLASSES));
    assert_eq!(genre["top"], "Lithium", "{genre}");
    let sum: f64 = genre["probability"].as_array().unwrap().iter().map(|p| p.as_f64().unwrap()).sum();
    assert!((sum - 1.0).abs() < 1e-4, "{genre}");
    assert_eq!(genre["timeline"]["probability"][0].as_array().unwrap().len(), CLASSES.len());
    assert!(genre["confidence"].as_f64().unwrap() > 0.5 && genre["votes"] == 1.0, "{genre}");
    let labels = heard["tags"]["labels"].as_array().unwrap();
    assert!(labels.iter().any(|label| label == "Buzz"), "the classes stand among the tags too");
    let zoo = earmark(["zoo".as_ref(), "--json".as_ref(), head.as_os_str()]).quiet().json();
    assert_eq!((&zoo[0]["task"], &zoo[0]["name"], &zoo[0]["labels"]), (&"genre".into(), &"mine".into(), &2.into()));
}

#[test]
fn the_plugins_engine_runs_a_head() {
    let engine = Engine::start(ModelSet::embedded().unwrap().with_genre_file(&head()).unwrap(), DeviceChoice::Cpu);
    let engine = engine.unwrap();
    let mut ear = Ear::new(&engine, 44_100.0, Pace::LIVE).unwrap();
    let (mut readings, mut tags) = (Vec::new(), Tags::default());
    let audio = chord(44_100, 4.0);
    for block in audio.chunks(11_025) {
        assert!(ear.hear_in_step_and_show(&[block, block], |_| (), |_| (), |reading| readings.push(reading)));
    }
    assert!(ear.take_tags(&mut tags));
    assert!(!readings.is_empty() && readings.iter().all(|r| !r.saying), "none of the 14 genres is called Buzz");
    let own: Vec<_> =
        tags.labels.iter().filter(|(model, _)| model == "mine").map(|(_, class)| class.as_str()).collect();
    assert_eq!(own, CLASSES);
    let probability = &tags.probability[tags.probability.len() - 2..];
    assert_eq!(tags.probability.len(), tags.labels.len());
    assert!((probability.iter().sum::<f32>() - 1.0).abs() < 1e-5, "{probability:?}");
}

#[test]
fn a_bad_head_is_one_line() {
    let whole = fs::read(head()).unwrap();
    let directory = scratch("own_bad_head");
    let song = demo();
    let try_with = |name: &str, bytes: &[u8], fault: &str| {
        let path = directory.join(name);
        fs::write(&path, bytes).unwrap();
        earmark(["analyze".as_ref(), song.as_os_str(), "--genre-model".as_ref(), path.as_os_str()])
            .fails(&[(&path, fault)]);
    };
    try_with("half.safetensors", &whole[..whole.len() / 2], "not a whole safetensors file");
    let mut nan = whole.clone();
    let end = nan.len();
    nan[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
    try_with("nan.safetensors", &nan, "weight that is not a number");
    let name = b"ced-tiny";
    let at = whole.windows(name.len()).rposition(|bytes| bytes == name).unwrap();
    let mut other = whole.clone();
    other[at..at + name.len()].copy_from_slice(b"ced-huge");
    try_with("other.safetensors", &other, "a head on the tagger \"ced-huge\"");
    let vocal = directory.join("x.wav");
    write_float_wav(&vocal, 16_000, 1, &chord(16_000, 1.0));
    earmark(["analyze".as_ref(), vocal.as_os_str(), "--vocal-model".as_ref(), head().as_os_str()])
        .fails(&[(&head(), "is a genre model, but a vocal model")]);
}

#[test]
fn what_cannot_be_learned_is_said() {
    let directory = scratch("own_unlearnable");
    pieces(&directory, 2, 3.0);
    let out = directory.join("x.safetensors");
    train(&directory, &out, &[]).fails(&[(&directory, "names its genre")]);
    train(&directory, &out, &["--by", "folder"]).fails(&[(&directory, "holds no directory with audio")]);
    fs::create_dir(directory.join("only")).unwrap();
    for piece in ["piece-0.wav", "piece-1.wav"] {
        fs::rename(directory.join(piece), directory.join("only").join(piece)).unwrap();
    }
    let run = train(&directory, &out, &["--by", "folder", "--min-tracks", "2"]);
    run.fails(&[(&directory, "a single class (only)")]);
    train(&directory, &out, &["--by", "folder"]).fails(&[(&directory, "only has 2 songs, fewer than 4")]);
    let text = directory.join("x.txt");
    train(&directory, &text, &[]).fails(&[(&text, "no name for a model file")]);
    assert!(!out.exists());
}

#[test]
fn train_keeps_its_usages_apart() {
    for arguments in [
        vec!["train"],
        vec!["train", "genre"],
        vec!["train", "genre", "--library", "x"],
        vec!["train", "genre", "--library", "x", "--out", "y.safetensors", "--data", "z"],
        vec!["train", "genre", "--library", "x", "--out", "y.safetensors", "--l2", "-1"],
        vec!["train", "fsmn", "--library", "x", "--out", "y.safetensors"],
        vec!["train", "fsmn", "--out", "y.safetensors"],
        vec!["tag"],
        vec!["tag", "x", "--undo", "--write"],
    ] {
        let run = earmark(&arguments);
        assert_eq!(run.code, 2, "{arguments:?}: {}", run.stderr);
        assert!(run.stdout.is_empty() && !run.stderr.is_empty(), "{arguments:?}");
    }
    let help = earmark(["train", "--help"]).quiet().stdout;
    assert!(help.contains("--data") && help.contains("genre"), "{help}");
}

#[test]
fn a_dry_run_changes_no_byte() {
    let directory = scratch("own_dry");
    library(&directory);
    write_float_wav(&directory.join("silence.wav"), 16_000, 1, &[0.0; 48_000]);
    let before = contents(&directory);
    let run = tag(&directory, &["--genre-model", head().to_str().unwrap(), "--confidence", "0"]).quiet();
    println!("{}", run.stdout);
    assert!(run.stdout.contains("silence.wav: no genre; no music heard, left alone"), "{}", run.stdout);
    assert!(run.stdout.contains("has it already"), "{}", run.stdout);
    let built_in = tag(&directory, &["--confidence", "0"]).quiet();
    assert!(built_in.stdout.contains("would be written"), "{}", built_in.stdout);
    let unsure = tag(&directory, &["--confidence", "1.01"]).quiet();
    assert!(unsure.stdout.contains("unsure, left alone") && unsure.stdout.contains("0 would be written"));
    assert!(before == contents(&directory), "a dry run writes nothing into the files");
    assert!(!directory.join(".earmark-undo.jsonl").exists());
}

#[test]
fn what_is_written_is_undone_and_sounds_the_same() {
    let directory = scratch("own_write");
    library(&directory);
    let songs: Vec<PathBuf> = contents(&directory).into_iter().map(|(path, _)| path).collect();
    let before: Vec<_> = songs.iter().map(|song| (genres(song), samples(song))).collect();
    let run = tag(&directory, &["--write", "--confidence", "0"]).quiet();
    println!("{}", run.stdout);
    assert!(run.stdout.contains("6 written"), "{}", run.stdout);
    for (song, (genre, audio)) in songs.iter().zip(&before) {
        assert_ne!(&genres(song), genre, "{}", song.display());
        assert!(samples(song) == *audio, "{} sounds the same", song.display());
        let file = Probe::open(song).unwrap().read().unwrap();
        let tag = file.primary_tag().unwrap();
        assert!(tag.artist().is_some() && tag.title().is_some(), "other tags stay");
    }
    let again = earmark(["index".as_ref(), directory.as_os_str(), "--json".as_ref()]).quiet().json();
    assert_eq!(again["heard"], 0, "the sound is what it was");
    assert_eq!(tag(&directory, &["--undo"]).quiet().stdout.lines().count(), 6);
    for (song, (genre, audio)) in songs.iter().zip(&before) {
        assert_eq!(&genres(song), genre);
        assert!(samples(song) == *audio);
    }
    let names: Vec<_> = fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 7, "songs and index: {names:?}");
    let nothing = tag(&directory, &["--undo"]);
    assert!(nothing.code == 0 && nothing.stderr.contains("nothing to undo"), "{}", nothing.stderr);
}

#[test]
fn what_cannot_be_written_is_said_and_the_rest_goes_on() {
    let directory = scratch("own_read_only");
    library(&directory);
    let closed = directory.join("Buzz-0.wav");
    let mut permissions = fs::metadata(&closed).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&closed, permissions).unwrap();
    let bytes = fs::read(&closed).unwrap();
    let run = tag(&directory, &["--write", "--confidence", "0"]);
    run.fails(&[(&closed, "is read-only")]);
    assert!(run.stdout.contains("5 written"), "{}", run.stdout);
    assert!(fs::read(&closed).unwrap() == bytes);
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_leaves_whole_files() {
    let directory = scratch("own_interrupted");
    library(&directory);
    tag(&directory, &[]).quiet();
    let songs: Vec<_> = contents(&directory);
    let audio: Vec<_> = songs.iter().map(|(song, _)| samples(song)).collect();
    let old: Vec<_> = songs.iter().map(|(song, _)| genres(song)).collect();
    for wait_ms in [40, 80, 120, 160, 200, 240] {
        let mut child = super::support::binary()
            .args(["tag".as_ref(), directory.as_os_str(), "--write".as_ref(), "--confidence".as_ref(), "0".as_ref()])
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(std::time::Duration::from_millis(wait_ms));
        // It may be done already.
        let _ = child.kill();
        child.wait().unwrap();
        for ((song, _), audio) in songs.iter().zip(&audio) {
            assert!(samples(song) == *audio, "{} is whole", song.display());
        }
        let undone = tag(&directory, &["--undo"]);
        assert_eq!(undone.code, 0, "{}", undone.stderr);
        println!("killed after {wait_ms} ms: {} written", undone.stdout.lines().count());
        assert!(songs.iter().zip(&old).all(|((song, _), old)| genres(song) == *old), "all is taken back");
    }
}

#[test]
fn genres_of_labelled_clips_are_learned() {
    let Some(clips) = collection("genre/gtzan_audio") else { return };
    let directory = scratch("own_gtzan");
    for entry in fs::read_dir(clips).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let Some((class, _)) = name.split_once('.').filter(|_| name.ends_with(".flac")) else { continue };
        fs::create_dir_all(directory.join(class)).unwrap();
        fs::copy(&path, directory.join(class).join(&name)).unwrap();
    }
    let run = train(&directory, &directory.join("gtzan.safetensors"), &["--by", "folder", "--min-tracks", "4"]);
    println!("{}{}", run.stdout, run.stderr);
    assert_eq!(run.code, 0);
    let accuracy = run.stdout.split("accuracy ").nth(1).and_then(|text| text.split(' ').next()).unwrap();
    assert!(accuracy.parse::<f64>().unwrap() >= 0.6, "{accuracy}");
}
