//! The table of nets: made by one command, gone on with by the same, and refused where it would mix two tables.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::Path;

use crate::spectra::write;
use crate::support::{Run, earmark, scratch};
use crate::training::songs;

/// The command that makes a table of two nets in `directory`.
fn table(directory: &Path, budget_s: &str) -> Run {
    let file = |name: &str| directory.join(name).into_os_string();
    let words: [OsString; 17] = [
        "zoo".into(),
        "--table".into(),
        "genre".into(),
        "--data".into(),
        file("halves_train.safetensors"),
        "--valid".into(),
        file("halves_valid.safetensors"),
        "--net".into(),
        "cnn3x3".into(),
        "--net".into(),
        "statistics".into(),
        "--seeds".into(),
        "2".into(),
        "--budget-s".into(),
        budget_s.into(),
        "--out".into(),
        file("tables"),
    ];
    earmark(words)
}

#[test]
fn a_table_is_made_once_and_holds_every_net() {
    let directory = scratch("zoo-table");
    write(&directory.join("halves_train.safetensors"), 16);
    write(&directory.join("halves_valid.safetensors"), 6);
    let first = table(&directory, "0.5").quiet().stdout;
    assert!(first.contains("cnn3x3, seed 2, ") && first.contains("statistics, seed 1: accuracy 1.000"), "{first}");

    let read = |name: &str| fs::read_to_string(directory.join("tables").join(name)).unwrap();
    let (markdown, csv) = (read("genre-halves.md"), read("genre-halves.csv"));
    assert!(
        markdown.contains("16 clips to learn from, 6 to measure on") && markdown.contains("| cnn3x3 | "),
        "{markdown}"
    );
    let rows: Vec<Vec<&str>> = csv.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(rows.len(), 3, "{csv}");
    assert!(rows.iter().all(|row| row.len() == rows[0].len()), "{csv}");
    let net = rows.iter().find(|row| row[0] == "cnn3x3").expect("a row");
    assert_eq!(net[4], "2", "two seeds: {csv}");
    assert!(directory.join("tables/genre-halves.png").metadata().unwrap().len() > 1000);

    // Once more: nothing is trained, the table is the same.
    let model = directory.join("tables/run-halves/cnn3x3-1.safetensors");
    let trained = model.metadata().unwrap().modified().unwrap();
    let second = table(&directory, "0.5").quiet().stdout;
    assert!(!second.contains("steps"), "{second}");
    assert_eq!(model.metadata().unwrap().modified().unwrap(), trained);
    let accuracy = |csv: &str| -> Vec<String> { csv.lines().map(|l| l.split(',').take(6).collect()).collect() };
    assert_eq!(accuracy(&read("genre-halves.csv")), accuracy(&csv));

    // One more cell than there is.
    fs::remove_file(directory.join("tables/run-halves/cnn3x3-2.json")).unwrap();
    assert!(table(&directory, "0.5").quiet().stdout.contains("cnn3x3, seed 2"));

    let plan = directory.join("tables/run-halves/cnn3x3.plan.json");
    let error = table(&directory, "0.6");
    assert!(error.stderr.contains("choose another --run"), "{} {}", plan.display(), error.stderr);
}

/// The command that makes a table of `net` from three songs in `directory`.
fn table_of_songs(directory: &Path, table: &str, net: &str) -> Run {
    let words: [OsString; 11] = [
        "zoo".into(),
        "--table".into(),
        table.into(),
        "--data".into(),
        songs(directory).into_os_string(),
        "--net".into(),
        net.into(),
        "--budget-s".into(),
        "0.1".into(),
        "--out".into(),
        directory.join("tables").into_os_string(),
    ];
    earmark(words)
}

/// The rows of a table's CSV, its head first, all of one length.
fn rows(csv: &Path) -> Vec<Vec<String>> {
    let text = fs::read_to_string(csv).unwrap();
    let rows: Vec<Vec<String>> = text.lines().map(|line| line.split(',').map(str::to_owned).collect()).collect();
    assert!(rows.iter().all(|row| row.len() == rows[0].len()), "{text}");
    rows
}

#[test]
fn singing_detectors_are_compared_on_the_same_songs() {
    let directory = scratch("zoo-singing");
    let first = table_of_songs(&directory, "singing", "lstm").quiet().stdout;
    assert!(first.contains("lstm, seed 1, ") && first.contains("AUC"), "{first}");
    let csv = rows(&directory.join("tables/singing.csv"));
    assert_eq!(csv.len(), 2);
    let area: f64 = csv[1][1].parse().unwrap();
    assert!((0.0..=1.0).contains(&area), "{csv:?}");
    assert!(directory.join("tables/singing.png").metadata().unwrap().len() > 1000);
    // Once more: nothing is trained, the figures are the same.
    let second = table_of_songs(&directory, "singing", "lstm").quiet().stdout;
    assert!(!second.contains("steps"), "{second}");
    assert_eq!(rows(&directory.join("tables/singing.csv"))[1][..8], csv[1][..8]);
    // A net of another table is refused in words.
    let error = table_of_songs(&directory, "singing", "cnn3x3");
    assert!(error.stderr.contains("not of this table"), "{}", error.stderr);
}

#[test]
fn students_learn_from_a_tagger_in_six_ways() {
    let directory = scratch("zoo-tagging");
    let first = table_of_songs(&directory, "tagging", "spectrogram").quiet().stdout;
    assert!(first.contains("6 of 6: spectrogram, combined, hard"), "{first}");
    let csv = rows(&directory.join("tables/tagging.csv"));
    assert_eq!(csv.len(), 7, "three losses on two kinds of targets");
    assert_eq!(rows(&directory.join("tables/tagging-tags.csv")).len(), 1 + 6 * 50, "of each tag");
    let second = table_of_songs(&directory, "tagging", "spectrogram").quiet().stdout;
    assert!(!second.contains("steps"), "{second}");
    assert_eq!(rows(&directory.join("tables/tagging.csv")), csv);
}

#[test]
fn a_student_is_trained_by_name_and_heard_in_place_of_the_taggers() {
    let directory = scratch("zoo-student");
    let model = directory.join("tags.safetensors");
    let mut words: Vec<OsString> =
        ["train", "pons_tags", "--steps", "2", "--batch", "4", "--data"].map(Into::into).to_vec();
    words.extend([songs(&directory).into(), "--out".into(), model.clone().into()]);
    let said = earmark(words).quiet().stdout;
    assert!(said.contains("beside musicnn-mtt on the split valid: PR-AUC "), "{said}");

    let listed = earmark([OsStr::new("zoo"), OsStr::new("--json"), model.as_os_str()]).quiet().json();
    assert_eq!((listed[0]["name"].as_str(), listed[0]["architecture"].as_str()), (Some("tags"), Some("pons_tags")));
    let metrics: Vec<&str> =
        listed[0]["scores"].as_array().unwrap().iter().filter_map(|s| s["metric"].as_str()).collect();
    assert_eq!(metrics, ["PR-AUC", "ROC-AUC"]);

    let song = directory.join("0.wav");
    let words = [OsStr::new("analyze"), OsStr::new("--json"), song.as_os_str()];
    let heard = earmark(words.into_iter().chain([OsStr::new("--genre-model"), model.as_os_str()])).quiet().json();
    let tags = &heard["tags"];
    assert_eq!(tags["labels"].as_array().map(Vec::len), Some(50), "{heard}");
    let probability: Vec<f64> = tags["probability"].as_array().unwrap().iter().filter_map(|p| p.as_f64()).collect();
    assert!(probability.len() == 50 && probability.iter().all(|p| (0.0..=1.0).contains(p)), "{probability:?}");
}

#[test]
fn systems_without_weights_are_listed_with_what_they_cost_and_scored() {
    let zoo = earmark(["zoo", "--json"]).quiet().json();
    let rows = zoo.as_array().expect("an array");
    let row = |name: &str| rows.iter().find(|row| row["name"] == name).unwrap_or_else(|| panic!("no row {name}"));
    let scored = [
        ("multi_kernel", "accuracy"),
        ("deepsound", "accuracy"),
        ("compact_cnn_nonlocal", "accuracy"),
        ("pons", "accuracy"),
        ("pons_tags", "PR-AUC"),
        ("compact", "accuracy"),
        ("dieleman", "precision of genre at 10"),
        ("crnn", "AUC"),
        ("lstm", "AUC"),
        ("lstm_bi", "AUC"),
        ("feed_forward_nonlocal", "AUC"),
    ];
    for (name, metric) in scored {
        let row = row(name);
        assert!(row["training_data"].as_str().is_some_and(|text| text.starts_with("not trained")), "{row}");
        assert!(row["cost_ms_per_s"].as_f64().is_some_and(|ms| ms > 0.0 && ms < 1000.0), "{row}");
        let scores = row["scores"].as_array().expect("scores");
        let figure = scores.iter().find(|score| score["metric"] == metric).and_then(|score| score["value"].as_f64());
        assert!(figure.is_some_and(|figure| figure > 0.1 && figure < 1.0), "{metric}: {row}");
    }
    assert!(row("ced-tiny")["cost_ms_per_s"].as_f64().is_some_and(|ms| ms > 0.0));
    let help = earmark([OsStr::new("train"), OsStr::new("--help")]).quiet().stdout;
    assert!(help.contains("musictagger_crnn") && help.contains("lstm_bi"), "{help}");
}
