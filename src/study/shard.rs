//! One machine's part of the work: which files a shard takes, the same on every machine and in every run.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use anyhow::{Context, Result, ensure};
use twox_hash::XxHash64;

/// Most shards that a work can be split into.
const MOST: u32 = 100_000;

/// Shard `index` of `count`, counted from 0. Written `index/count`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    index: u32,
    count: u32,
}

impl Default for Shard {
    /// All of the work.
    fn default() -> Self {
        Self { index: 0, count: 1 }
    }
}

impl Shard {
    /// Counted from 0.
    pub fn index(self) -> u32 {
        self.index
    }

    /// Number of shards.
    pub fn count(self) -> u32 {
        self.count
    }

    /// Whether this is all of the work.
    pub fn is_whole(self) -> bool {
        self.count == 1
    }

    /// Whether `file` is this shard's. Each file is exactly one shard's, by its path **as it is given**: whatever else is
    /// on the list, in whatever order, and on every system. `a.wav` and `./a.wav` are two files here.
    pub fn takes(self, file: &Path) -> bool {
        let hash = XxHash64::oneshot(0, file.as_os_str().as_encoded_bytes());
        hash % u64::from(self.count) == u64::from(self.index)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

impl FromStr for Shard {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let numbers = || {
            let (index, count) = text.split_once('/')?;
            Some((index.trim().parse::<u32>().ok()?, count.trim().parse::<u32>().ok()?))
        };
        let (index, count) = numbers().context("write i/n, such as 0/4 for the first of four")?;
        ensure!((1..=MOST).contains(&count), "the number of shards must lie in 1..{MOST}");
        ensure!(index < count, "shards count from 0, so that the last of {count} is {}/{count}", count - 1);
        Ok(Self { index, count })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_exactly_one_shards() {
        let files: Vec<String> = (0..2000).map(|i| format!("music/artist {}/{i}.flac", i / 12)).collect();
        let shards: Vec<Shard> = (0..7).map(|i| format!("{i}/7").parse().expect("a shard")).collect();
        let mut taken = [0; 7];
        for file in &files {
            let takers: Vec<usize> = (0..7).filter(|&i| shards[i].takes(Path::new(file))).collect();
            assert_eq!(takers.len(), 1, "{file}");
            taken[takers[0]] += 1;
        }
        assert!(taken.iter().all(|&n| (200..=380).contains(&n)), "{taken:?}");
        assert!(files.iter().all(|file| Shard::default().takes(Path::new(file))));
    }

    #[test]
    fn the_assignment_never_changes() {
        // Data sets outlive versions: these must hold for ever.
        let fourth =
            |file: &str| (0..4).find(|i| format!("{i}/4").parse::<Shard>().expect("a shard").takes(Path::new(file)));
        let known = ["a.wav", "b.wav", "music/Größe.flac", "c d.ogg"].map(fourth);
        assert_eq!(known, [Some(1), Some(3), Some(3), Some(2)]);
    }

    #[test]
    fn only_shards_are_read_as_shards() {
        let shard: Shard = "3/4".parse().expect("a shard");
        assert_eq!((shard.index(), shard.count(), shard.to_string().as_str()), (3, 4, "3/4"));
        assert!(!shard.is_whole() && Shard::default().is_whole());
        for bad in ["4/4", "0/0", "1", "/", "-1/4", "1/x", "0/100001", ""] {
            assert!(bad.parse::<Shard>().is_err(), "{bad}");
        }
    }
}
