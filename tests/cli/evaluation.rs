//! `evaluate`: figures from labelled audio.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::support::{chord, collection, demo, earmark, scratch, write_float_wav};

#[test]
fn the_demo_is_measured_against_its_labels() {
    let directory = scratch("index");
    let index = directory.join("index.csv");
    fs::copy(demo(), directory.join("lithium.flac")).unwrap();
    fs::copy(demo().with_extension("lab"), directory.join("lithium.lab")).unwrap();
    write_float_wav(&directory.join("chord.wav"), 16_000, 2, &chord(16_000, 4.0));
    fs::write(directory.join("chord.lab"), "0 4 nosing\n").unwrap();
    fs::write(
        &index,
        "file,labels,split,layout\nlithium.flac,lithium.lab,valid,mix\nchord.wav,chord.lab,valid,stems\nx.wav,x.lab,train,mix\n",
    )
    .unwrap();
    let report = earmark(["evaluate".as_ref(), "vocal".as_ref(), index.as_os_str(), "--json".as_ref()]).quiet().json();
    let files = report["files"].as_array().unwrap();
    assert_eq!(files.len(), 2);
    let auc = files[0]["auc"].as_f64().unwrap();
    assert!(auc > 0.7, "the demo's AUC is {auc}");
    assert!(files[1]["auc"].is_null() && files[1]["accuracy"].is_null(), "undefined where nobody sings");
    assert!(files[1]["false_alarm_rate"].is_number());
    assert!((files[1]["seconds"].as_f64().unwrap() - 4.0).abs() < 0.02);
    let text = earmark(["evaluate".as_ref(), "vocal".as_ref(), index.as_os_str()]).quiet().stdout;
    assert!(text.contains("lithium.flac") && text.contains("pooled"), "{text}");
}

/// An index over one file: the chord at this amplitude, with these labels.
fn chord_index(test: &str, amplitude: f32, labels: &str) -> PathBuf {
    let directory = scratch(test);
    let samples: Vec<f32> = chord(16_000, 4.0).iter().map(|sample| sample * amplitude).collect();
    write_float_wav(&directory.join("chord.wav"), 16_000, 1, &samples);
    fs::write(directory.join("chord.lab"), labels).unwrap();
    let index = directory.join("index.csv");
    fs::write(&index, "file,labels,split,layout\nchord.wav,chord.lab,valid,mix\n").unwrap();
    index
}

fn evaluated(index: &Path, further: &[&str]) -> Value {
    let arguments = ["evaluate".as_ref(), "vocal".as_ref(), index.as_os_str(), "--json".as_ref()];
    earmark(arguments.into_iter().chain(further.iter().map(|word| OsStr::new(*word)))).quiet().json()
}

#[test]
fn every_promised_figure_is_there() {
    let report = evaluated(&chord_index("figures", 1.0, "0 2 nosing\n2 3 sing\n3 4 speech\n"), &[]);
    let mut keys: Vec<&str> = report["pooled"].as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    let promised = [
        "accuracy",
        "auc",
        "calibration_error",
        "f1",
        "false_alarm_rate",
        "false_openings_per_minute",
        "files",
        "name",
        "precision",
        "recall",
        "seconds",
        "speech_false_alarm_rate",
        "sung",
        "toggles_per_minute",
    ];
    assert_eq!(keys, promised);
    assert!(report["pooled"]["speech_false_alarm_rate"].is_number());
    assert!(report["pooled"]["false_openings_per_minute"].is_null(), "somebody sings");
    assert_eq!(report["levels"].as_array().unwrap().len(), 0);
}

#[test]
fn unsure_frames_are_left_out_of_the_figures() {
    let whole = evaluated(&chord_index("sure", 1.0, "0 4 nosing\n"), &[]);
    let half = evaluated(&chord_index("unsure", 1.0, "0 2 nosing\n2 4 unsure\n"), &[]);
    let seconds = |report: &Value| report["pooled"]["seconds"].as_f64().unwrap();
    assert!((seconds(&whole) - 4.0).abs() < 0.02 && (seconds(&half) - 2.0).abs() < 0.02);
    assert_eq!(whole["pooled"]["sung"], 0.0);
}

#[test]
fn a_gain_changes_nothing_but_the_level() {
    let labels = "0 2 nosing\n2 4 sing\n";
    let index = chord_index("loud", 1.0, labels);
    let plain = evaluated(&index, &[]);
    let mut report = evaluated(&index, &["--gain-db", "-12.0412,0"]);
    let levels = report["levels"].take();
    report["levels"] = Value::Array(Vec::new());
    assert_eq!(report, plain, "what is reported of the files as they are stays");
    assert_eq!(levels[1]["pooled"]["accuracy_change"], 0.0);
    let quiet = evaluated(&chord_index("quiet", 0.25, labels), &[]);
    for figure in ["auc", "accuracy", "false_alarm_rate"] {
        let (there, expected) = (&levels[0]["pooled"][figure], &quiet["pooled"][figure]);
        let difference = there.as_f64().unwrap() - expected.as_f64().unwrap();
        assert!(difference.abs() < 0.01, "{figure}: {there} at -12 dB, {expected} in a file so quiet");
    }
    assert_eq!(levels[0]["sets"].as_array().unwrap().len(), 1);
    let usage = earmark(["evaluate".as_ref(), "vocal".as_ref(), index.as_os_str(), "--gain-db=loud".as_ref()]);
    assert!(usage.code == 2 && usage.stderr.contains("not a gain"), "{}", usage.stderr);
}

#[test]
fn pictures_of_songs_and_charts_can_be_decoded() {
    let index = chord_index("pictures", 1.0, "0 1 nosing\n1 2 sing\n2 3 speech\n3 4 unsure\n");
    let directory = index.with_file_name("plots");
    evaluated(&index, &["--plot", directory.to_str().unwrap()]);
    for (name, width) in [("chord", 1600), ("reliability", 500), ("roc", 960)] {
        let picture = image::open(directory.join(format!("{name}.png"))).unwrap().into_rgb8();
        assert_eq!(picture.width(), width, "{name}");
        let colours: HashSet<_> = picture.pixels().collect();
        assert!(colours.len() > 20, "{name} shows something");
    }
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 3, "no half files are left");
}

#[test]
fn a_bad_index_or_split_is_named() {
    let directory = scratch("bad_index");
    let index = directory.join("index.csv");
    earmark(["evaluate".as_ref(), "vocal".as_ref(), index.as_os_str()]).fails(&[(&index, "cannot be read")]);
    fs::write(&index, "file,labels,split\na.wav,a.lab,train\n").unwrap();
    earmark(["evaluate".as_ref(), "vocal".as_ref(), index.as_os_str()]).fails(&[(&index, "choose one of: train, all")]);
    fs::write(&index, "file,split\na.wav,valid\n").unwrap();
    earmark(["evaluate".as_ref(), "vocal".as_ref(), index.as_os_str()]).fails(&[(&index, "row 1")]);
}

#[test]
fn genres_are_judged_by_the_file_names() {
    let directory = scratch("genres");
    for name in ["rock.1.wav", "jazz.2.wav"] {
        write_float_wav(&directory.join(name), 22_050, 1, &chord(22_050, 5.0));
    }
    fs::write(directory.join("README.md"), "beside the audio").unwrap();
    let report =
        earmark(["evaluate".as_ref(), "genre".as_ref(), directory.as_os_str(), "--json".as_ref()]).quiet().json();
    assert_eq!(report["classes"].as_array().unwrap().len(), 10);
    assert_eq!(report["files"].as_array().unwrap().len(), 2);
    let accuracy = report["accuracy"].as_f64().unwrap();
    assert!([0.0, 0.5, 1.0].contains(&accuracy), "{accuracy}");
    let empty = scratch("no_genres");
    earmark(["evaluate".as_ref(), "genre".as_ref(), empty.as_os_str()]).fails(&[(&empty, "holds no file named")]);
}

#[test]
fn the_built_in_net_keeps_its_figures_on_real_songs() {
    let Some(index) = collection("vocal/index.csv") else { return };
    // Three songs of the validation split: enough to see a broken front end, quick enough for every run.
    let directory = index.parent().unwrap();
    let full = fs::read_to_string(&index).unwrap();
    let small = scratch("real_songs").join("index.csv");
    let rows: Vec<String> = full
        .lines()
        .skip(1)
        .filter(|row| row.starts_with("ultrastar_cc/") && row.contains(",valid,"))
        .map(|row| {
            let fields: Vec<&str> = row.splitn(6, ',').collect();
            let path = |field: &str| directory.join(field).display().to_string();
            format!("{},{},{},{}", path(fields[0]), path(fields[1]), fields[3], fields[4])
        })
        .collect();
    assert!(!rows.is_empty());
    fs::write(&small, format!("file,labels,split,layout\n{}\n", rows.join("\n"))).unwrap();
    let report = earmark(["evaluate".as_ref(), "vocal".as_ref(), small.as_os_str(), "--json".as_ref()]).quiet().json();
    let auc = report["pooled"]["auc"].as_f64().unwrap();
    println!("AUC on {} songs: {auc:.3}", rows.len());
    assert!(auc > 0.93, "{auc}");
}
