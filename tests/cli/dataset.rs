//! Data sets in Parquet: many shards make one table, nothing is lost and nothing is in it twice.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Float64Type};
use arrow_array::{Array, RecordBatch};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::support::{Run, binary, chord, earmark, scratch, write_float_wav};

/// All rows of a file or of the parts in a directory, by audio file; panics where a file is in it twice.
pub fn rows(out: &Path) -> BTreeMap<String, RecordBatch> {
    let mut files: Vec<PathBuf> = vec![out.to_owned()];
    if out.is_dir() {
        files = fs::read_dir(out).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.retain(|path| path.extension().is_some_and(|extension| extension == "parquet"));
    }
    let mut rows = BTreeMap::new();
    for path in files {
        let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(&path).unwrap()).unwrap().build().unwrap();
        for batch in reader.map(Result::unwrap) {
            for row in 0..batch.num_rows() {
                let one = batch.slice(row, 1);
                let file = one.column_by_name("file").unwrap().as_string::<i32>().value(0).to_owned();
                assert!(rows.insert(file.clone(), one).is_none(), "{file} is in it twice");
            }
        }
    }
    rows
}

/// Files of `seconds` to analyse, the first with the shortest.
fn songs(directory: &Path, count: usize, seconds: f64) -> Vec<PathBuf> {
    let song = |i: usize| {
        let path = directory.join(format!("song {i}.wav"));
        write_float_wav(&path, 16_000, 1, &chord(16_000, seconds + 0.1 * i as f64));
        path
    };
    (0..count).map(song).collect()
}

/// Runs `analyze --parquet` on a list of files.
fn analyze(list: &Path, out: &Path, further: &[&str]) -> Run {
    let mut command = vec!["analyze", "--files-from", list.to_str().unwrap(), "--parquet", out.to_str().unwrap()];
    command.extend(further);
    earmark(command)
}

fn list_of(directory: &Path, files: &[PathBuf]) -> PathBuf {
    let list = directory.join("list.txt");
    let lines: Vec<&str> = files.iter().map(|file| file.to_str().unwrap()).collect();
    fs::write(&list, lines.join("\n")).unwrap();
    list
}

fn names(files: &[PathBuf]) -> Vec<String> {
    let mut names: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    names.sort();
    names
}

#[test]
fn shards_share_the_files_and_make_one_table() {
    let directory = scratch("shards");
    let mut files = songs(&directory, 7, 1.0);
    let good = names(&files);
    let bad = directory.join("bad.wav");
    fs::write(&bad, "no audio").unwrap();
    files.push(bad.clone());
    let (list, out) = (list_of(&directory, &files), directory.join("out"));
    let runs: Vec<Run> = ["0/3", "1/3", "2/3"]
        .iter()
        .map(|shard| analyze(&list, &out, &["--shard", shard, "--part-files", "2"]))
        .collect();
    // The bad file is one shard's, which says so and goes on.
    let (failed, fine): (Vec<Run>, Vec<Run>) = runs.into_iter().partition(|run| run.code == 1);
    assert_eq!((failed.len(), fine.len()), (1, 2));
    failed[0].fails(&[(&bad, "is not audio")]);
    assert!(fine.iter().all(|run| run.code == 0 && run.stderr.is_empty()));
    let rows = rows(&out);
    assert_eq!(rows.keys().cloned().collect::<Vec<_>>(), good);
    for part in fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()) {
        let is_part = part.starts_with("part-0000") && part.contains("-of-00003-0000") && part.ends_with(".parquet");
        assert!(is_part || part.ends_with(".lock"), "{part}");
    }
}

#[test]
fn a_row_says_what_the_json_says() {
    let directory = scratch("row");
    let song = super::support::demo();
    let out = directory.join("one.parquet");
    let run = earmark(["analyze".as_ref(), "--json".as_ref(), song.as_os_str(), "--parquet".as_ref(), out.as_os_str()]);
    let json = run.quiet().json();
    let rows = rows(&out);
    let row = &rows[&song.display().to_string()];
    let number = |name: &str| row.column_by_name(name).unwrap().as_primitive::<Float64Type>().value(0);
    assert_eq!(number("duration_s"), json["duration_s"].as_f64().unwrap());
    for name in ["period_s", "first_frame_s", "delay_s"] {
        assert_eq!(number(name), json["vocal"][name].as_f64().unwrap());
    }
    let text = |name: &str| row.column_by_name(name).unwrap().as_string::<i32>().value(0).to_owned();
    assert_eq!(text("genre"), json["genre"]["top"].as_str().unwrap());
    assert_eq!(text("vocal_model"), json["vocal"]["model"].as_str().unwrap());
    assert_eq!(text("content").len(), 32);
    let list = |name: &str| row.column_by_name(name).unwrap().as_list::<i32>().value(0);
    let probability = list("vocal_probability");
    let expected: Vec<f32> =
        json["vocal"]["probability"].as_array().unwrap().iter().map(|p| p.as_f64().unwrap() as f32).collect();
    assert_eq!(probability.as_primitive::<Float32Type>().values().to_vec(), expected);
    let segments = list("segments");
    assert_eq!(segments.len(), json["vocal"]["segments"].as_array().unwrap().len());
    let ends = segments.as_struct().column_by_name("end_s").unwrap();
    assert_eq!(ends.as_primitive::<Float64Type>().value(0), json["vocal"]["segments"][0]["end_s"].as_f64().unwrap());
    let tags = list("tags");
    let labels = tags.as_struct().column_by_name("label").unwrap();
    assert_eq!(labels.as_string::<i32>().value(5), json["tags"]["labels"][5].as_str().unwrap());
    let share = number("sung_share");
    assert!(share > 0.0 && share < 1.0);
}

#[test]
fn a_second_run_hears_only_what_is_missing_or_has_changed() {
    let directory = scratch("resume");
    let files = songs(&directory, 5, 1.0);
    let (list, out) = (list_of(&directory, &files), directory.join("out"));
    assert_eq!(analyze(&list, &out, &["--part-files", "1"]).quiet().stdout.matches("length").count(), 5);
    let again = analyze(&list, &out, &[]);
    assert!(again.code == 0 && again.stdout.is_empty(), "{}", again.stdout);
    assert_eq!(again.stderr, format!("note: {}: 5 of 5 files are there already\n", out.display()));
    // One part is lost, one cut short, one file changed; a run that died has left a draft.
    fs::remove_file(out.join("part-00000-of-00001-000000.parquet")).unwrap();
    let cut = out.join("part-00000-of-00001-000001.parquet");
    let bytes = fs::read(&cut).unwrap();
    fs::write(&cut, &bytes[..bytes.len() / 2]).unwrap();
    fs::write(out.join(".part-00000-of-00001-000009.parquet.1.tmp"), "half").unwrap();
    write_float_wav(&files[2], 16_000, 1, &chord(16_000, 3.0));
    let run = analyze(&list, &out, &[]);
    assert_eq!((run.code, run.stdout.matches("length").count()), (0, 3), "{}", run.stderr);
    assert!(run.stderr.contains("000001.parquet is damaged") && run.stderr.contains("2 of 5"), "{}", run.stderr);
    let rows = rows(&out);
    assert_eq!(rows.keys().cloned().collect::<Vec<_>>(), names(&files));
    let changed = rows[&files[2].display().to_string()].column_by_name("duration_s").unwrap();
    assert_eq!(changed.as_primitive::<Float64Type>().value(0), 3.0);
}

#[test]
fn a_killed_run_loses_at_most_the_part_it_was_at() {
    let directory = scratch("killed");
    let files = songs(&directory, 6, 40.0);
    let (list, out) = (list_of(&directory, &files), directory.join("out"));
    let mut command = binary();
    command.args(["analyze", "--part-files", "1", "--parquet"]).arg(&out).arg("--files-from").arg(&list);
    let mut child = command.stdout(std::process::Stdio::null()).spawn().unwrap();
    let started = Instant::now();
    let parts = || {
        fs::read_dir(&out).map_or(0, |all| {
            all.filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|e| e == "parquet")).count()
        })
    };
    while parts() == 0 && started.elapsed() < Duration::from_secs(120) {
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let kept = rows(&out).len();
    assert!((1..6).contains(&kept), "{kept} rows after the kill");
    let run = analyze(&list, &out, &[]);
    assert!(run.stderr.contains(&format!("{kept} of 6 files are there already")), "{}", run.stderr);
    assert_eq!(rows(&out).keys().cloned().collect::<Vec<_>>(), names(&files));
}

#[test]
fn what_does_not_belong_together_is_refused() {
    let directory = scratch("refused");
    let files = songs(&directory, 2, 1.0);
    let (list, out) = (list_of(&directory, &files), directory.join("out"));
    analyze(&list, &out, &[]).quiet();
    analyze(&list, &out, &["--shard", "0/2"]).fails(&[(&out, "holds parts of 1 shards")]);
    analyze(&list, &directory.join("a.parquet"), &["--shard", "0/2"])
        .fails(&[(&directory.join("a.parquet"), "is a single file")]);
    let inside = list.join("under a file");
    analyze(&list, &inside, &[]).fails(&[(&inside, "cannot be made a directory")]);
    for shard in ["2/2", "1", "-1/2"] {
        assert_eq!(analyze(&list, &out, &["--shard", shard]).code, 2, "{shard}");
    }
    assert_eq!(earmark(["analyze", "--shard", "0/2"]).code, 2);
    let nothing = directory.join("empty.txt");
    fs::write(&nothing, "\n \n").unwrap();
    analyze(&nothing, &out, &[]).fails(&[(&nothing, "names no file")]);
    analyze(&directory.join("gone.txt"), &out, &[]).fails(&[(&directory.join("gone.txt"), "cannot be read")]);
}

#[test]
fn plain_outputs_are_shared_out_too() {
    let directory = scratch("plain_shards");
    let files = songs(&directory, 5, 1.0);
    let list = list_of(&directory, &files);
    let run = |shard| {
        let answer = earmark(["analyze", "--json", "--files-from", list.to_str().unwrap(), "--shard", shard]).quiet();
        answer.json().as_array().unwrap().iter().map(|one| one["file"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let mut all = [run("0/2"), run("1/2")].concat();
    all.sort();
    assert_eq!(all, names(&files));
}
