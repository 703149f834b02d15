//! Which file it was: what its bytes are, and the cheap signs by which a change is noticed without reading them.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::time::UNIX_EPOCH;

use anyhow::{Context, Result};
use twox_hash::XxHash3_128;

/// Bytes read at a time.
const STRIDE: usize = 1 << 18;

/// A file's size and time of change: while both stay, the file is taken to be the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// In bytes.
    pub size: u64,
    /// Microseconds since 1970 (UTC).
    pub modified_us: i64,
}

impl Stamp {
    /// Asks the file system.
    ///
    /// # Errors
    /// If there is no such file or it may not be looked at.
    pub fn of(path: &Path) -> Result<Self> {
        let metadata = fs::metadata(path).context("cannot be looked at; check the path and its permissions")?;
        // Some file systems know no time of change; the size alone must do there.
        let since = metadata.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        let modified_us = since.and_then(|since| i64::try_from(since.as_micros()).ok()).unwrap_or_default();
        Ok(Self { size: metadata.len(), modified_us })
    }
}

/// A file's bytes as 128 bits (XXH3), in 32 hexadecimal digits: the same for copies under any name. Not for proof
/// against forgery.
///
/// # Errors
/// If the file cannot be read.
pub fn content(path: &Path) -> Result<String> {
    let context = "cannot be read; check the path and its permissions";
    let mut file = File::open(path).context(context)?;
    let mut hasher = XxHash3_128::new();
    let mut bytes = vec![0; STRIDE];
    loop {
        match file.read(&mut bytes).context(context)? {
            0 => return Ok(format!("{:032x}", hasher.finish_128())),
            read => hasher.write(&bytes[..read]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_make_the_identity_and_names_do_not() {
        let directory = std::env::temp_dir().join(format!("earmark-identity-{}", std::process::id()));
        fs::create_dir_all(&directory).expect("a directory");
        let (a, b) = (directory.join("a"), directory.join("b"));
        let bytes: Vec<u8> = (0..3 * STRIDE + 5).map(|i| (i * 31 % 251) as u8).collect();
        fs::write(&a, &bytes).expect("written");
        fs::write(&b, &bytes).expect("written");
        let identity = content(&a).expect("an identity");
        assert_eq!(identity, format!("{:032x}", XxHash3_128::oneshot(&bytes)));
        assert_eq!(identity, content(&b).expect("an identity"));
        assert_eq!(Stamp::of(&a).expect("a stamp").size, bytes.len() as u64);
        fs::write(&b, &bytes[1..]).expect("written");
        assert_ne!(identity, content(&b).expect("an identity"));
        fs::remove_dir_all(&directory).expect("removed");
        assert!(content(&a).is_err() && Stamp::of(&a).is_err());
    }
}
