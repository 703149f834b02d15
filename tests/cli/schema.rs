//! The JSON of `analyze`: its fields are a promise to scripts.

use serde_json::Value;

use super::support::{chord, demo, earmark, scratch, write_float_wav};

const GENRES: [&str; 14] = [
    "blues",
    "classical",
    "country",
    "disco",
    "electronic",
    "folk",
    "hiphop",
    "jazz",
    "metal",
    "pop",
    "reggae",
    "rnb",
    "rock",
    "world",
];

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("an array").iter().map(|n| n.as_f64().expect("a number")).collect()
}

#[test]
fn one_file_is_an_object_with_exactly_the_promised_fields() {
    let run = earmark(["analyze".as_ref(), "--json".as_ref(), demo().as_os_str()]).quiet();
    let answer = run.json();
    assert_eq!(run.stdout.lines().count(), 1, "one line, for line-wise tools");
    for (part, expected) in [
        (&answer, vec!["duration_s", "file", "genre", "sample_rate", "tags", "vocal"]),
        (&answer["vocal"], vec!["delay_s", "first_frame_s", "model", "period_s", "probability", "segments"]),
        (&answer["genre"], vec!["classes", "probability", "timeline", "top"]),
        (&answer["genre"]["timeline"], vec!["period_s", "probability"]),
        (&answer["tags"], vec!["labels", "probability"]),
    ] {
        let mut found = keys(part);
        found.sort_unstable();
        assert_eq!(found, expected);
    }
    assert_eq!(answer["file"], demo().display().to_string());
    assert!(answer["sample_rate"].is_u64());
}

#[test]
fn the_numbers_fit_together() {
    let answer = earmark(["analyze".as_ref(), "--json".as_ref(), demo().as_os_str()]).quiet().json();
    let duration_s = answer["duration_s"].as_f64().unwrap();
    let vocal = &answer["vocal"];
    let time = |field: &str| vocal[field].as_f64().unwrap();
    let probability = numbers(&vocal["probability"]);
    assert!(probability.iter().all(|p| (0.0..=1.0).contains(p)));
    let last_s = time("first_frame_s") + (probability.len() - 1) as f64 * time("period_s");
    assert!(last_s <= duration_s && last_s > duration_s - 0.1, "frames to {last_s} of {duration_s}");
    let mut end_s = 0.0;
    let segments = vocal["segments"].as_array().unwrap();
    assert!(!segments.is_empty(), "someone sings in the demo");
    for segment in segments {
        let (start, end) = (segment["start_s"].as_f64().unwrap(), segment["end_s"].as_f64().unwrap());
        assert!(start >= end_s && end > start && end <= duration_s, "{segment}");
        end_s = end;
    }
    let genre = &answer["genre"];
    let classes: Vec<&str> = genre["classes"].as_array().unwrap().iter().map(|c| c.as_str().unwrap()).collect();
    assert_eq!(classes, GENRES);
    let probability = numbers(&genre["probability"]);
    let best = (0..14).max_by(|&a, &b| probability[a].total_cmp(&probability[b])).unwrap();
    assert_eq!(genre["top"], GENRES[best]);
    let timeline = genre["timeline"]["probability"].as_array().unwrap();
    let covered_s = timeline.len() as f64 * genre["timeline"]["period_s"].as_f64().unwrap();
    assert!(timeline.iter().all(|reading| numbers(reading).len() == 14));
    assert!((covered_s - duration_s).abs() < 3.0, "readings for {covered_s} of {duration_s}");
    let tags = &answer["tags"];
    assert_eq!(tags["labels"].as_array().unwrap().len(), numbers(&tags["probability"]).len());
}

#[test]
fn several_files_are_an_array_also_when_only_one_is_left() {
    let directory = scratch("array");
    let (a, b) = (directory.join("a.wav"), directory.join("b.wav"));
    write_float_wav(&a, 16_000, 1, &chord(16_000, 1.0));
    write_float_wav(&b, 16_000, 1, &chord(16_000, 2.0));
    let both = earmark(["analyze".as_ref(), "--json".as_ref(), a.as_os_str(), b.as_os_str()]).quiet().json();
    assert_eq!(both.as_array().unwrap().len(), 2);
    let missing = directory.join("missing.wav");
    let one = earmark(["analyze".as_ref(), "--json".as_ref(), a.as_os_str(), missing.as_os_str()]);
    assert_eq!((one.code, one.json().as_array().unwrap().len()), (1, 1));
}

#[test]
fn the_same_file_gives_the_same_answer() {
    let run = || earmark(["analyze".as_ref(), "--json".as_ref(), demo().as_os_str()]).quiet().stdout;
    assert_eq!(run(), run());
}

#[test]
fn silence_has_nothing_to_say() {
    let silent = scratch("silence").join("silent.wav");
    write_float_wav(&silent, 44_100, 2, &[0.0; 44_100 * 5]);
    let answer = earmark(["analyze".as_ref(), "--json".as_ref(), silent.as_os_str()]).quiet().json();
    assert_eq!(answer["genre"]["top"], "none");
    assert!(numbers(&answer["genre"]["probability"]).iter().all(|&p| p == 0.0));
    assert_eq!(answer["vocal"]["segments"].as_array().unwrap().len(), 0);
    let text = earmark(["analyze".as_ref(), silent.as_os_str()]).quiet().stdout;
    assert!(text.contains("nothing") && text.contains("none heard"), "{text}");
}
