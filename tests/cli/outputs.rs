//! The files that `analyze` writes beside its answer.

use std::fs;
use std::path::Path;

use midly::{MetaMessage, MidiMessage, Smf, Timing, TrackEventKind};
use serde_json::Value;

use super::support::{chord, demo, earmark, scratch, write_float_wav};

/// Phrases of an answer, in seconds.
fn phrases(answer: &Value) -> Vec<(f64, f64)> {
    let time = |value: &Value| value.as_f64().unwrap();
    let segments = answer["vocal"]["segments"].as_array().unwrap();
    segments.iter().map(|s| (time(&s["start_s"]), time(&s["end_s"]))).collect()
}

#[test]
fn table_labels_midi_and_picture_say_the_same_as_the_json() {
    let directory = scratch("outputs");
    let out = directory.join("made/on/the/way");
    let run = earmark([
        "analyze".as_ref(),
        "--json".as_ref(),
        "--csv".as_ref(),
        out.as_os_str(),
        "--labels".as_ref(),
        out.as_os_str(),
        "--midi".as_ref(),
        out.as_os_str(),
        "--plot".as_ref(),
        out.as_os_str(),
        demo().as_os_str(),
    ])
    .quiet();
    let answer = run.json();
    let phrases = phrases(&answer);
    check_table(&out.join("lithium.csv"), &answer);
    check_labels(&out.join("lithium.txt"), &phrases);
    check_midi(&out.join("lithium.mid"), &phrases);
    let picture = fs::read(out.join("lithium.png")).unwrap();
    assert!(picture.starts_with(b"\x89PNG") && picture.len() > 10_000, "{} bytes", picture.len());
    assert_eq!(fs::read_dir(&out).unwrap().count(), 4, "no half files are left");
}

fn check_table(path: &Path, answer: &Value) {
    let mut table = csv::Reader::from_path(path).unwrap();
    let header: Vec<String> = table.headers().unwrap().iter().map(str::to_owned).collect();
    assert_eq!(header[..4], ["time_s", "vocal", "gate", "genre_blues"]);
    assert_eq!(header.len(), 3 + 14);
    let probability = answer["vocal"]["probability"].as_array().unwrap();
    let mut rows = 0;
    let mut open = 0;
    for (row, expected) in table.records().zip(probability) {
        let row = row.unwrap();
        let vocal: f64 = row[1].parse().unwrap();
        assert!((vocal - expected.as_f64().unwrap()).abs() < 1e-6, "row {rows}");
        open += usize::from(&row[2] == "1");
        rows += 1;
    }
    assert_eq!(rows, probability.len());
    assert!(open > 0 && open < rows);
}

fn check_labels(path: &Path, phrases: &[(f64, f64)]) {
    let text = fs::read_to_string(path).unwrap();
    let labels: Vec<(f64, f64)> = text
        .lines()
        .map(|line| {
            let fields: Vec<&str> = line.split('\t').collect();
            assert_eq!((fields.len(), fields[2]), (3, "sing"));
            (fields[0].parse().unwrap(), fields[1].parse().unwrap())
        })
        .collect();
    assert_eq!(labels, phrases);
}

/// Ticks are milliseconds: 500 a quarter at 120 bpm.
fn check_midi(path: &Path, phrases: &[(f64, f64)]) {
    let bytes = fs::read(path).unwrap();
    let midi = Smf::parse(&bytes).unwrap();
    assert_eq!(midi.header.timing, Timing::Metrical(500.into()));
    assert!(matches!(midi.tracks[0][0].kind, TrackEventKind::Meta(MetaMessage::Tempo(tempo)) if tempo == 500_000));
    let (mut now_ms, mut on_ms, mut notes, mut controls) = (0_u32, None, Vec::new(), 0);
    for event in &midi.tracks[1] {
        now_ms += event.delta.as_int();
        match event.kind {
            TrackEventKind::Midi { message: MidiMessage::NoteOn { .. }, .. } => {
                assert!(on_ms.replace(now_ms).is_none(), "one note at a time");
            }
            TrackEventKind::Midi { message: MidiMessage::NoteOff { .. }, .. } => {
                notes.push((on_ms.take().expect("an open note"), now_ms));
            }
            TrackEventKind::Midi { message: MidiMessage::Controller { .. }, .. } => controls += 1,
            _ => {}
        }
    }
    assert_eq!(on_ms, None, "no note hangs");
    assert!(controls > notes.len());
    assert_eq!(notes.len(), phrases.len());
    let near = |ms: u32, time_s: f64| (f64::from(ms) - time_s * 1000.0).abs() <= 1.0;
    for (note, phrase) in notes.iter().zip(phrases) {
        assert!(near(note.0, phrase.0) && near(note.1, phrase.1), "{note:?} ms, {phrase:?} s");
    }
}

#[test]
fn equal_names_never_overwrite_each_other() {
    let directory = scratch("equal_names");
    let (a, b) = (directory.join("a/song.wav"), directory.join("b/song.wav"));
    for (path, seconds) in [(&a, 1.0), (&b, 2.0)] {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        write_float_wav(path, 16_000, 1, &chord(16_000, seconds));
    }
    let out = directory.join("out");
    let run = earmark(["analyze".as_ref(), a.as_os_str(), b.as_os_str(), "--csv".as_ref(), out.as_os_str()]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stderr.starts_with(&format!("note: {}: ", b.display())) && run.stderr.contains("song-2"));
    let rows = |name: &str| fs::read_to_string(out.join(name)).unwrap().lines().count();
    assert!(rows("song-2.csv") > rows("song.csv"));
}

#[test]
fn the_summary_names_what_counts() {
    let text = earmark(["analyze".as_ref(), demo().as_os_str()]).quiet().stdout;
    assert!(text.starts_with(&demo().display().to_string()), "{text}");
    for word in ["length", "sung", "phrase", "genre", "tags", " %"] {
        assert!(text.contains(word), "{word:?} in {text}");
    }
}
