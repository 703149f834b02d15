//! `evaluate`: figures from labelled audio.

use std::fs;

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
