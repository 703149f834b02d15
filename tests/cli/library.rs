//! `index`: a directory is heard once, and what was heard is never lost.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use arrow_array::cast::AsArray;
use earmark::study::library::Library;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;

use super::support::{Run, binary, chord, earmark, pieces, scratch, write_float_wav};

fn index(directory: &Path, further: &[&str]) -> Run {
    let arguments = ["index".as_ref(), directory.as_os_str(), "--json".as_ref()];
    earmark(arguments.into_iter().chain(further.iter().map(AsRef::as_ref)))
}

/// Heard, renamed, gone and tracks of a run that went well.
fn counts(run: &Run) -> [u64; 4] {
    let report = run.json();
    ["heard", "renamed", "gone", "tracks"].map(|key| report[key].as_u64().unwrap())
}

fn tracks(index: &Path) -> Vec<PathBuf> {
    let library = Library::open(index).unwrap_or_else(|unfit| panic!("{} {unfit}", index.display()));
    library.tracks().unwrap().into_iter().map(|track| track.path).collect()
}

#[test]
fn only_what_changed_is_heard_again() {
    let directory = scratch("incremental");
    pieces(&directory, 3, 3.0);
    assert_eq!(counts(&index(&directory, &[]).quiet()), [3, 0, 0, 3]);
    let before = fs::read(directory.join(".earmark-index")).unwrap();
    assert_eq!(counts(&index(&directory, &[]).quiet()), [0, 0, 0, 3]);
    assert_eq!(fs::read(directory.join(".earmark-index")).unwrap(), before, "nothing new, nothing written");

    fs::create_dir(directory.join("moved")).unwrap();
    fs::rename(directory.join("piece-0.wav"), directory.join("moved/here.wav")).unwrap();
    assert_eq!(counts(&index(&directory, &[]).quiet()), [0, 1, 0, 3]);

    write_float_wav(&directory.join("piece-1.wav"), 16_000, 1, &chord(16_000, 2.0));
    fs::remove_file(directory.join("piece-2.wav")).unwrap();
    assert_eq!(counts(&index(&directory, &[]).quiet()), [1, 0, 1, 2]);
    let index = directory.join(".earmark-index");
    assert_eq!(tracks(&index), ["moved/here.wav", "piece-1.wav"].map(PathBuf::from));
    let library = Library::open(&index).unwrap();
    assert!((library.track(Path::new("piece-1.wav")).unwrap().unwrap().duration_s - 2.0).abs() < 0.01);
    assert!(library.windows(Path::new("moved/here.wav")).unwrap().is_some_and(|windows| !windows.is_empty()));
}

#[test]
fn what_machines_heard_in_parts_is_taken_together_and_is_one_table() {
    let directory = scratch("parts");
    pieces(&directory, 4, 3.0);
    let out = scratch("parts_out").join("tracks");
    let out = out.to_str().unwrap();
    let part = |shard: &str| index(&directory, &["--shard", shard, "--parquet", out]).quiet().json();
    let heard: Vec<u64> = ["0/2", "1/2"].map(|shard| part(shard)["heard"].as_u64().unwrap()).to_vec();
    assert_eq!(heard.iter().sum::<u64>(), 4, "{heard:?}");
    assert_eq!(part("0/2")["heard"], 0, "a part that is up to date is not heard again");
    let whole = index(&directory, &[]).quiet().json();
    assert_eq!((&whole["heard"], &whole["taken"], &whole["tracks"]), (&0.into(), &4.into(), &4.into()));
    let library = Library::open(&directory.join(".earmark-index")).unwrap();
    assert_eq!(library.vectors(earmark::study::library::pooling::Pooling::Mean).unwrap().paths.len(), 4);
    let mut files = Vec::new();
    for part in fs::read_dir(out).unwrap().map(|entry| entry.unwrap().path()) {
        if part.extension().is_some_and(|extension| extension == "parquet") {
            let table = ParquetRecordBatchReaderBuilder::try_new(fs::File::open(part).unwrap()).unwrap();
            for batch in table.build().unwrap() {
                let batch = batch.unwrap();
                files.extend(batch["file"].as_string::<i32>().iter().map(|file| file.unwrap().to_owned()));
                assert!(batch["embedding"].as_list::<i32>().iter().all(|row| row.unwrap().len() > 500));
            }
        }
    }
    files.sort();
    let expected: Vec<String> =
        (0..4).map(|i| directory.join(format!("piece-{i}.wav")).display().to_string()).collect();
    assert_eq!(files, expected, "each track once");
}

#[test]
fn everything_that_was_heard_can_be_read() {
    let directory = scratch("everything");
    pieces(&directory, 1, 12.0);
    write_float_wav(&directory.join("silence.wav"), 16_000, 1, &[0.0; 48_000]);
    let elsewhere = scratch("everything_index").join("my.index");
    index(&directory, &["--index", elsewhere.to_str().unwrap()]).quiet();
    assert!(!directory.join(".earmark-index").exists());
    let library = Library::open(&elsewhere).unwrap();
    assert_eq!(library.root(), directory.canonicalize().unwrap());
    let taggers = library.taggers();
    let (labels, embedding): (usize, usize) =
        taggers.iter().fold((0, 0), |sums, tagger| (sums.0 + tagger.labels, sums.1 + tagger.embedding));
    assert!(taggers.len() == 3 && labels > 600 && embedding > 500, "{taggers:?}");
    let tracks = library.tracks().unwrap();
    let (piece, silence) = (&tracks[0], &tracks[1]);
    assert!((piece.genre.iter().sum::<f32>() - 1.0).abs() < 1e-3 && piece.top_genre().is_some());
    assert!(piece.tags.len() > 10 && piece.tags.is_sorted_by(|a, b| a.1 >= b.1), "{:?}", piece.tags);
    assert!((piece.duration_s - 12.0).abs() < 0.01);
    let windows = library.windows(&piece.path).unwrap().unwrap();
    assert_eq!(windows.len(), 2, "one reading in ten seconds, and one at the end");
    assert!(windows.iter().all(|w| w.probability.len() == labels && w.embedding.len() == embedding));
    assert!(silence.top_genre().is_none() && library.windows(&silence.path).unwrap().unwrap().is_empty());
    for pooling in earmark::study::library::pooling::Pooling::ALL {
        let vectors = library.vectors(pooling).unwrap();
        assert_eq!((vectors.paths.as_slice(), vectors.values.len()), ([piece.path.clone()].as_slice(), embedding));
    }
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_keeps_what_it_heard_and_is_taken_up() {
    let directory = scratch("interrupted");
    pieces(&directory, 48, 3.0);
    let at = directory.join(".earmark-index");
    for signal in ["-INT", "-KILL"] {
        let mut child = binary().arg("index").arg(&directory).stderr(std::process::Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(2500));
        let _ = std::process::Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
        let code = child.wait().unwrap().code();
        assert!(signal == "-KILL" || code == Some(130) || code == Some(0), "{code:?}");
        if signal == "-INT" {
            println!("kept after Ctrl-C: {} of 48", tracks(&at).len());
        }
    }
    let kept = tracks(&at).len() as u64;
    let [heard, _, _, all] = counts(&index(&directory, &[]).quiet());
    println!("kept in the end: {kept}, heard again: {heard}");
    assert_eq!((heard, all), (48 - kept, 48));
}

#[test]
fn a_damaged_index_is_made_anew_and_stays_until_then() {
    let directory = scratch("damaged");
    pieces(&directory, 2, 3.0);
    let at = directory.join(".earmark-index");
    index(&directory, &[]).quiet();
    let whole = fs::read(&at).unwrap();
    let half = whole[..whole.len() / 2].to_vec();
    let mut hole = whole.clone();
    hole[4096..12_288].fill(0xA5);
    for (name, bytes) in [("half", half), ("hole", hole), ("empty", Vec::new()), ("text", b"not an index".to_vec())] {
        fs::write(&at, &bytes).unwrap();
        // A bad file in between: what was damaged is replaced all the same.
        let run = index(&directory, &[]);
        assert_eq!(run.code, 0, "{name}: {}", run.stderr);
        assert!(run.stderr.starts_with(&format!("note: {}: ", at.display())), "{name}: {}", run.stderr);
        assert_eq!(counts(&run), [2, 0, 0, 2], "{name}");
        assert_eq!(tracks(&at).len(), 2, "{name}");
        assert!(!directory.join(".earmark-index.part").exists(), "{name}");
    }
    assert_eq!(fs::read(directory.join(".earmark-index.old")).unwrap(), b"not an index", "no index at all: kept");
    fs::write(&at, "not an index").unwrap();
    let index_alone = earmark(["similar".as_ref(), at.as_os_str(), directory.join("piece-0.wav").as_os_str()]);
    index_alone.fails(&[(&at, "is no index of Earmark")]);
}

#[test]
fn an_index_of_other_networks_is_made_anew() {
    let directory = scratch("other_networks");
    pieces(&directory, 1, 3.0);
    index(&directory, &[]).quiet();
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/ced-tiny.safetensors");
    let run = index(&directory, &["--genre-model", model.to_str().unwrap()]);
    assert_eq!(counts(&run), [1, 0, 0, 1]);
    assert!(
        run.stderr.contains("other networks (ced-tiny, musicnn-msd, musicnn-mtt, earmark-genre)"),
        "{}",
        run.stderr
    );
    assert_eq!(run.stderr.lines().count(), 1);
}

#[test]
fn an_index_is_never_written_over_a_song_or_for_another_directory() {
    let directory = scratch("wrong_place");
    pieces(&directory, 2, 2.0);
    let (song, own) = (directory.join("piece-0.wav"), directory.join("own.index"));
    let before = fs::read(&song).unwrap();
    index(&directory, &["--index", song.to_str().unwrap()]).fails(&[(&song, "is no index of Earmark")]);
    assert_eq!(fs::read(&song).unwrap(), before);
    index(&directory, &["--index", own.to_str().unwrap()]).quiet();
    let other = scratch("wrong_place_other");
    pieces(&other, 1, 2.0);
    index(&other, &["--index", own.to_str().unwrap()]).fails(&[(&own, "belongs to another directory")]);
    assert_eq!(tracks(&own).len(), 2);
}

#[test]
fn a_bad_file_is_named_and_the_others_are_indexed() {
    let directory = scratch("bad_file");
    pieces(&directory, 2, 2.0);
    let bad = directory.join("bad.mp3");
    fs::write(&bad, "no music").unwrap();
    let run = index(&directory, &[]);
    run.fails(&[(&bad, "is not audio")]);
    let report = run.json();
    assert_eq!((report["tracks"].as_u64(), report["failed"].as_u64()), (Some(2), Some(1)));
}

#[cfg(unix)]
#[test]
fn odd_names_links_and_hidden_files_are_handled() {
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;
    let directory = scratch("odd_names");
    let raw = std::ffi::OsStr::from_bytes(b"not \xff unicode.wav");
    let names = ["-k 3.wav", "#1 ü 日本 'quoted\".wav", "two\nlines.WAV"].map(std::ffi::OsStr::new);
    for name in names.into_iter().chain([raw, ".hidden.wav".as_ref()]) {
        write_float_wav(&directory.join(name), 16_000, 1, &chord(16_000, 1.0));
    }
    fs::create_dir_all(directory.join("album/.cache")).unwrap();
    write_float_wav(&directory.join("album/.cache/x.wav"), 16_000, 1, &chord(16_000, 1.0));
    symlink(&directory, directory.join("album/loop")).unwrap();
    symlink("nowhere.wav", directory.join("album/broken.wav")).unwrap();
    symlink(directory.join("-k 3.wav"), directory.join("album/link.wav")).unwrap();
    assert_eq!(counts(&index(&directory, &[]).quiet()), [5, 0, 0, 5]);
    assert_eq!(counts(&index(&directory, &[]).quiet()), [0, 0, 0, 5]);
    let known = tracks(&directory.join(".earmark-index"));
    assert!(known.contains(&raw.into()) && known.contains(&"album/link.wav".into()), "{known:?}");
}

#[test]
fn nothing_to_hear_is_said() {
    let empty = scratch("empty_library");
    index(&empty, &[]).fails(&[(&empty, "holds no audio file")]);
    assert_eq!(fs::read_dir(&empty).unwrap().count(), 0, "no index of nothing");
    let missing = empty.join("missing");
    index(&missing, &[]).fails(&[(&missing, "does not exist")]);
    let away = scratch("drive_away");
    pieces(&away, 1, 2.0);
    index(&away, &[]).quiet();
    fs::remove_file(away.join("piece-0.wav")).unwrap();
    index(&away, &[]).fails(&[(&away, "its index knows 1")]);
    assert_eq!(tracks(&away.join(".earmark-index")).len(), 1, "a drive that is away costs nothing");
}

#[cfg(unix)]
#[test]
fn what_may_not_be_read_is_named_and_not_forgotten() {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let directory = scratch("closed");
    let inner = directory.join("inner");
    fs::create_dir(&inner).unwrap();
    pieces(&directory, 1, 2.0);
    pieces(&inner, 1, 2.0);
    index(&directory, &[]).quiet();
    mode(&inner, 0o000);
    if fs::read_dir(&inner).is_ok() {
        println!("skipped: this user may read everything");
        mode(&inner, 0o755);
        return;
    }
    let run = index(&directory, &[]);
    mode(&inner, 0o755);
    run.fails(&[(&inner, "cannot be looked at")]);
    assert_eq!(tracks(&directory.join(".earmark-index")).len(), 2);
    mode(&directory, 0o555);
    write_float_wav(&inner.join("new.wav"), 16_000, 1, &chord(16_000, 1.0));
    fs::remove_file(directory.join(".earmark-index")).unwrap_err();
    mode(&directory, 0o755);
}

#[test]
fn tags_in_files_are_read() {
    use lofty::config::WriteOptions;
    use lofty::tag::{Accessor, ItemKey, Tag, TagExt, TagType};
    let directory = scratch("metadata");
    pieces(&directory, 2, 2.0);
    let mut tag = Tag::new(TagType::Id3v2);
    tag.set_artist("Software-Entwicklungskit".into());
    tag.set_title("Lithium".into());
    tag.set_album("Everything Is Free".into());
    tag.insert_text(ItemKey::Genre, "Electronic".into());
    tag.save_to_path(directory.join("piece-0.wav"), WriteOptions::default()).unwrap();
    index(&directory, &[]).quiet();
    let tracks = Library::open(&directory.join(".earmark-index")).unwrap().tracks().unwrap();
    let about = &tracks[0].metadata;
    assert_eq!(about.name().as_deref(), Some("Software-Entwicklungskit - Lithium"));
    assert_eq!(
        (about.album.as_deref(), about.genres.as_slice()),
        (Some("Everything Is Free"), ["Electronic".into()].as_slice())
    );
    assert_eq!(tracks[1].metadata.name(), None);
    let of = |path: &str| -> Value {
        let query = directory.join("piece-1.wav");
        let answer = earmark(["similar".as_ref(), directory.as_os_str(), query.as_os_str(), "--json".as_ref()]);
        answer.quiet().json()["results"][0][path].clone()
    };
    assert_eq!((of("artist"), of("title")), ("Software-Entwicklungskit".into(), "Lithium".into()));
}
