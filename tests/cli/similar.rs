//! `similar`: what sounds alike comes first, as a list, a playlist and a map.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::support::{chord, collection, demo, earmark, pieces, scratch, write_float_wav};

/// Pieces of one song, and chords.
fn library(test: &str) -> PathBuf {
    let directory = scratch(test);
    pieces(&directory, 3, 8.0);
    for (name, seconds) in [("chord a.wav", 8.0), ("chord b.wav", 9.0), ("chord c.wav", 10.0)] {
        write_float_wav(&directory.join(name), 22_050, 1, &chord(22_050, seconds));
    }
    directory
}

#[test]
fn what_sounds_alike_comes_first() {
    let directory = library("alike");
    let query = directory.join("piece-1.wav");
    let ask = |library: &Path, query: &Path, further: &[&str]| {
        let arguments = ["similar".as_ref(), library.as_os_str(), query.as_os_str(), "--json".as_ref()];
        earmark(arguments.into_iter().chain(further.iter().map(AsRef::as_ref))).quiet().json()
    };
    let answer = ask(&directory, &query, &[]);
    let results = answer["results"].as_array().unwrap();
    assert_eq!(results.len(), 5, "all but the query: {answer}");
    let similarity: Vec<f64> = results.iter().map(|result| result["similarity"].as_f64().unwrap()).collect();
    assert!(similarity.is_sorted_by(|a, b| a >= b) && similarity[0] <= 1.0, "{similarity:?}");
    for result in &results[..2] {
        assert!(result["path"].as_str().unwrap().contains("piece-"), "{answer}");
        assert!(Path::new(result["path"].as_str().unwrap()).is_file());
    }
    // The same through the index file, and for a copy outside.
    let index = directory.join(".earmark-index");
    assert_eq!(ask(&index, &query, &[])["results"], answer["results"]);
    let outside = scratch("alike_outside").join("copy.wav");
    fs::copy(&query, &outside).unwrap();
    let copy = ask(&directory, &outside, &["-k", "1"]);
    assert_eq!(copy["results"].as_array().unwrap().len(), 1);
    assert_eq!(copy["results"][0]["path"], query.to_str().unwrap());
    assert!(copy["results"][0]["similarity"].as_f64().unwrap() > 0.999, "{copy}");
    let text = earmark(["similar".as_ref(), directory.as_os_str(), query.as_os_str(), "-k2".as_ref()]).quiet().stdout;
    assert_eq!(text.lines().count(), 2);
    assert!(text.starts_with("1   0.") && text.contains("piece-"), "{text}");
}

#[test]
fn every_line_of_a_playlist_opens() {
    let directory = library("playlist");
    fs::rename(directory.join("chord a.wav"), directory.join("#1 é.wav")).unwrap();
    for to in [directory.join("list.m3u8"), scratch("playlist_elsewhere").join("list.m3u8")] {
        let query = directory.join("piece-0.wav");
        let arguments = ["similar".as_ref(), directory.as_os_str(), query.as_os_str()];
        earmark(arguments.into_iter().chain(["--playlist".as_ref(), to.as_os_str()])).quiet();
        let text = fs::read_to_string(&to).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!((lines[0], lines.len()), ("#EXTM3U", 1 + 2 * 5));
        for pair in lines[1..].chunks(2) {
            let length = pair[0].strip_prefix("#EXTINF:").and_then(|rest| rest.split_once(',')).unwrap().0;
            assert!((8..=10).contains(&length.parse::<u32>().unwrap()), "{pair:?}");
            let plain = pair[1].strip_prefix("file://").map(|uri| uri.replace("%23", "#").replace("%20", " "));
            let plain = plain.map_or(pair[1].to_owned(), |path| path.replace("%C3%A9", "é"));
            assert!(to.parent().unwrap().join(&plain).is_file(), "{pair:?}");
        }
    }
}

#[test]
fn a_map_can_be_decoded_and_shows_something() {
    let directory = library("map");
    let (first, second) = (directory.join("all.png"), directory.join("asked.png"));
    earmark(["index".as_ref(), directory.as_os_str(), "--map".as_ref(), first.as_os_str()]).quiet();
    let query = directory.join("piece-0.wav");
    let arguments = ["similar".as_ref(), directory.as_os_str(), query.as_os_str()];
    earmark(arguments.into_iter().chain(["--map".as_ref(), second.as_os_str()])).quiet();
    let [all, asked] = [first, second].map(|path| image::open(path).unwrap().into_rgb8());
    assert!(all.pixels().collect::<HashSet<_>>().len() > 20);
    assert_eq!(all.dimensions(), asked.dimensions());
    assert_ne!(all, asked, "the query is pointed out");
}

#[test]
fn what_cannot_be_compared_is_named() {
    let directory = scratch("not_comparable");
    pieces(&directory, 1, 2.0);
    let ask = |library: &Path, query: &Path| earmark(["similar".as_ref(), library.as_os_str(), query.as_os_str()]);
    let (missing, silent) = (directory.join("missing.wav"), scratch("silent_query").join("silent.wav"));
    ask(&directory, &missing).fails(&[(&missing, "does not exist")]);
    write_float_wav(&silent, 16_000, 1, &[0.0; 32_000]);
    ask(&directory, &silent).fails(&[(&silent, "is silent")]);
    let index = directory.join("missing.index");
    ask(&index, &demo()).fails(&[(&index, "does not exist")]);
    let quiet = silent.parent().unwrap();
    ask(quiet, &demo()).fails(&[(&demo(), "every track of the library is silent")]);
}

#[test]
fn the_nearest_tracks_are_of_the_same_genre_more_often_than_by_chance() {
    let Some(directory) = collection("genre/gtzan_audio") else { return };
    let arguments = ["evaluate".as_ref(), "similar".as_ref(), directory.as_os_str(), "--json".as_ref()];
    let report = earmark(arguments).quiet().json();
    let random = report["random"].as_f64().unwrap();
    let rows = report["rows"].as_array().unwrap();
    let default = rows.iter().find(|row| {
        row["embeddings"] == "all" && row["pooling"] == "mean" && row["standardised"].as_bool() == Some(true)
    });
    let precision = default.unwrap()["precision"].as_f64().unwrap();
    println!("precision at 10: {precision:.3}, by chance {random:.3}");
    assert!(precision > 2.0 * random, "{precision} against {random}");
}
