//! The index file on its own, with made-up tracks.

use std::fs;
use std::path::{Path, PathBuf};

use super::pooling::Pooling;
use super::{HeardTrack, Library, Track, Unfit, Update};
use crate::engine::TaggerShape;
use crate::study::analysis::CLASSES;
use crate::study::hear::Window;

const MODELS: [&str; 2] = ["one#1", "two#2"];

fn models() -> Vec<String> {
    MODELS.map(str::to_owned).to_vec()
}

fn taggers() -> [TaggerShape; 2] {
    let shape = |name: &str, labels, embedding| TaggerShape { name: name.into(), labels, embedding };
    [shape("one", 5, 40), shape("two", 3, 24)]
}

fn heard(number: usize) -> HeardTrack {
    let value = |at: usize| ((number * 31 + at * 17) % 97) as f32 / 8.0;
    let window = |w: usize| Window {
        end_s: 10.0 * w as f64,
        probability: (0..8).map(|at| value(at + w) / 16.0).collect(),
        embedding: (0..64).map(|at| value(at + 3 * w)).collect(),
    };
    let track = Track {
        path: format!("album {}/song {number}.flac", number / 10).into(),
        size: 1000 + number as u64,
        modified_ns: number as i64,
        print: number as u32,
        duration_s: 200.0,
        metadata: super::metadata::Metadata::default(),
        genre: [1.0 / CLASSES as f32; CLASSES],
        tags: vec![("guitar".into(), 0.5)],
    };
    HeardTrack { track, windows: (1..=20).map(window).collect() }
}

fn scratch(test: &str) -> PathBuf {
    let directory = std::env::temp_dir().join(format!("earmark-library-{test}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(&directory).unwrap();
    directory
}

fn begin(directory: &Path) -> Update {
    Update::begin(directory, &directory.join("index"), &models()).unwrap()
}

/// All that can be read of an index.
#[derive(PartialEq)]
struct Contents {
    tracks: Vec<Track>,
    windows: Vec<(PathBuf, Vec<Window>)>,
}

fn contents(index: &Path) -> Result<Contents, Unfit> {
    let library = Library::open(index)?;
    library.check()?;
    let mut windows = Vec::new();
    library.each_windows(|path, of| windows.push((path, of)))?;
    Ok(Contents { tracks: library.tracks()?, windows })
}

impl Contents {
    /// Whether this is what `later` was at an earlier saving: nothing else, only less.
    fn is_earlier(&self, later: &Self) -> bool {
        let tracks = self.tracks.iter().all(|track| later.tracks.contains(track));
        tracks && self.windows.iter().all(|windows| later.windows.contains(windows))
    }
}

#[test]
fn what_was_put_in_is_there_until_it_is_forgotten() {
    let directory = scratch("put");
    let mut update = begin(&directory);
    for number in 0..50 {
        update.put(heard(number), &taggers()).unwrap();
    }
    update.forget(&heard(7).track.path);
    // Half a run: nothing but what was saved counts.
    drop(update);
    let index = directory.join("index");
    let saved = Library::open(&index).unwrap().tracks().unwrap().len();
    assert!((30..50).contains(&saved), "{saved}");
    let mut update = begin(&directory);
    (0..50).for_each(|number| update.put(heard(number), &taggers()).unwrap());
    update.forget(&heard(7).track.path);
    assert_eq!(update.finish().unwrap(), None);
    let library = Library::open(&index).unwrap();
    let tracks = library.tracks().unwrap();
    assert_eq!(tracks.len(), 49);
    assert!(tracks.is_sorted_by(|a, b| a.path < b.path));
    let (eight, original) = (library.windows(&heard(8).track.path).unwrap().unwrap(), heard(8).windows);
    assert_eq!((eight.len(), eight[3].end_s, &eight[3].embedding), (20, 40.0, &original[3].embedding));
    assert_eq!(library.taggers(), taggers());
    assert_eq!(library.vectors(Pooling::Max).unwrap().values.len(), 49 * 64);
    assert!(library.track(Path::new("none")).unwrap().is_none());
    fs::remove_dir_all(directory).unwrap();
}

#[test]
fn others_read_together_and_write_alone() {
    let directory = scratch("busy");
    let mut update = begin(&directory);
    update.put(heard(1), &taggers()).unwrap();
    let index = directory.join("index");
    assert!(matches!(Library::open(&index), Err(Unfit::Busy)));
    assert!(matches!(Update::begin(&directory, &index, &models()), Err(Unfit::Busy)));
    update.finish().unwrap();
    let first = Library::open(&index).unwrap();
    assert_eq!(Library::open(&index).unwrap().tracks().unwrap(), first.tracks().unwrap());
    drop(first);
    fs::remove_dir_all(directory).unwrap();
}

#[test]
fn damage_anywhere_is_found_or_harmless_and_never_a_panic() {
    let directory = scratch("damage");
    let index = directory.join("index");
    let mut update = begin(&directory);
    (0..60).for_each(|number| update.put(heard(number), &taggers()).unwrap());
    update.finish().unwrap();
    let whole = fs::read(&index).unwrap();
    let good = contents(&index).unwrap();
    let mut found = 0;
    let mut seed = 9_u64;
    let mut below = |most: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % most
    };
    for round in 0..240 {
        let mut bytes = whole.clone();
        match round % 4 {
            0 => bytes.truncate(below(whole.len())),
            1 => bytes[below(whole.len())] ^= 1 << below(8),
            2 => {
                let from = below(whole.len() - 600);
                bytes[from..from + 600].fill(0);
            }
            // The pages that everything hangs on.
            _ => bytes[below(16_384)] ^= 0xFF,
        }
        fs::write(&index, &bytes).unwrap();
        let mut read_otherwise = false;
        match contents(&index) {
            Ok(read) => read_otherwise = !read.is_earlier(&good),
            Err(Unfit::Damaged(_) | Unfit::Foreign | Unfit::Version(_)) => found += 1,
            Err(other) => panic!("round {round}: {other}"),
        }
        // Whatever it is, it can be made anew.
        fs::write(&index, &bytes).unwrap();
        let update = Update::begin(&directory, &index, &models()).unwrap();
        // A changed name is seen by the look at all pages before anything is written.
        assert!(!read_otherwise || update.note().is_some(), "round {round}: wrong data, not noticed");
        update.finish().unwrap();
        contents(&index).unwrap();
        let _ = fs::remove_file(directory.join("index.old"));
    }
    println!("damage found in {found} of 240 rounds");
    assert!(found > 80, "{found}");
    fs::remove_dir_all(directory).unwrap();
}
