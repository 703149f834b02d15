//! The transfer-learning recipe from labelled audio to figures, on a few singers.

use std::fmt::Write as _;
use std::fs;

use super::support::{collection, earmark, scratch};

/// An index of `train` files of each training singer and `valid` of each other one.
fn small_index(index: &std::path::Path, train: usize, valid: usize) -> String {
    let base = index.parent().unwrap();
    let mut table = csv::Reader::from_path(index).unwrap();
    let mut text = "file,labels,split,layout,group\n".to_owned();
    let mut taken: std::collections::BTreeMap<(String, String), usize> = std::collections::BTreeMap::new();
    let headers = table.headers().unwrap().clone();
    for row in table.records().map(Result::unwrap) {
        let field = |name: &str| row[headers.iter().position(|header| header == name).unwrap()].to_owned();
        let seconds: f64 = field("seconds").parse().unwrap();
        if !field("file").starts_with("mir1k/") || !(5.0..9.0).contains(&seconds) {
            continue;
        }
        let count = taken.entry((field("split"), field("group"))).or_default();
        *count += 1;
        if *count <= if field("split") == "train" { train } else { valid } {
            let (audio, labels) = (base.join(field("file")), base.join(field("labels")));
            let (split, group) = (field("split"), field("group"));
            writeln!(text, "{},{},{split},stems,{group}", audio.display(), labels.display()).unwrap();
        }
    }
    text
}

#[test]
fn frozen_layers_tell_singing_from_its_accompaniment() {
    let Some(index) = collection("vocal/index.csv") else { return };
    let small = scratch("transfer").join("index.csv");
    fs::write(&small, small_index(&index, 3, 6)).unwrap();
    let layers = "block12,norm,mfcc";
    let command = ["evaluate", "transfer", small.to_str().unwrap(), "--layers", layers];
    let report = earmark(command.into_iter().chain(["--json"])).quiet().json();
    let probe = |name: &str| {
        let probes = report["probes"].as_array().unwrap();
        let probe = probes.iter().find(|probe| probe["features"] == name).unwrap_or_else(|| panic!("{name}: {report}"));
        (probe["accuracy"].as_f64().unwrap(), probe["auc"].as_f64().unwrap())
    };
    let (net, baseline) = (probe("ced-tiny, all layers"), probe("mfcc"));
    println!("ced-tiny {net:?}, MFCC {baseline:?}");
    assert!(net.0 > 0.85 && net.1 > 0.95, "{net:?}");
    assert!(net.1 > baseline.1, "{net:?} against {baseline:?}");
    assert!(report["train_clips"].as_u64().unwrap() >= 40 && report["valid_clips"].as_u64().unwrap() >= 20);
}

#[test]
fn an_index_without_stems_is_refused() {
    let directory = scratch("transfer_refused");
    let index = directory.join("index.csv");
    fs::write(&index, "file,labels,split,layout\na.wav,a.lab,train,mix\nb.wav,b.lab,valid,mix\n").unwrap();
    let run = earmark(["evaluate".as_ref(), "transfer".as_ref(), index.as_os_str()]);
    run.fails(&[(&index, "has no pairs of clips")]);
}
