//! Encoder delay of MP4/M4A files, from the track's edit list (ISO/IEC 14496-12, 8.6.6).
//!
//! AAC begins with a frame or two that belong to no audio; the edit list says where the audio begins in
//! the decoded stream and how long it lasts.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

/// A `moov` atom beyond this is not read; the file is then used untrimmed.
const LARGEST_MOOV: u64 = 64 << 20;

/// The part of the decoded stream that is the audio.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Edit {
    /// Where the audio begins, in seconds of the decoded stream.
    pub(super) start_s: f64,
    /// How long it lasts; `None` where the list does not say.
    pub(super) duration_s: Option<f64>,
}

/// The edit of the first audio track; `None` where the file has none, or more than one, or is odd in any
/// way: then the whole stream counts.
pub(super) fn read(path: &Path) -> Option<Edit> {
    let moov = read_moov(&mut File::open(path).ok()?)?;
    let movie_rate = timescale(find(&moov, b"mvhd")?)?;
    let track = atoms(&moov).filter(|(name, _)| name == b"trak").map(|(_, body)| body).find(|body| is_audio(body))?;
    let media_rate = timescale(find(find(track, b"mdia")?, b"mdhd")?)?;
    first_edit(find(find(track, b"edts")?, b"elst")?, movie_rate, media_rate)
}

/// The body of the top-level `moov` atom.
fn read_moov(file: &mut File) -> Option<Vec<u8>> {
    loop {
        let mut head = [0; 8];
        file.read_exact(&mut head).ok()?;
        let mut size = u64::from(u32_at(&head, 0)?);
        let mut read = 8;
        if size == 1 {
            let mut long = [0; 8];
            file.read_exact(&mut long).ok()?;
            size = u64::from_be_bytes(long);
            read = 16;
        }
        let body = size.checked_sub(read)?;
        if &head[4..] == b"moov" {
            let mut moov = Vec::new();
            file.take(body.min(LARGEST_MOOV)).read_to_end(&mut moov).ok()?;
            return (moov.len() as u64 == body).then_some(moov);
        }
        file.seek(SeekFrom::Current(i64::try_from(body).ok()?)).ok()?;
    }
}

/// The atoms (name, body) inside a body.
fn atoms(mut body: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    std::iter::from_fn(move || {
        let size = usize::try_from(u32_at(body, 0)?).ok()?;
        let (name, content) = (body.get(4..8)?, body.get(8..size)?);
        body = &body[size..];
        Some((name, content))
    })
}

fn find<'a>(body: &'a [u8], name: &[u8; 4]) -> Option<&'a [u8]> {
    atoms(body).find(|(found, _)| found == name).map(|(_, content)| content)
}

fn is_audio(track: &[u8]) -> bool {
    let handler = find(track, b"mdia").and_then(|media| find(media, b"hdlr"));
    handler.and_then(|body| body.get(8..12)) == Some(b"soun")
}

/// Ticks per second of an `mvhd` or `mdhd`: behind two times, which version 1 stores longer.
fn timescale(header: &[u8]) -> Option<f64> {
    let at = if *header.first()? == 0 { 12 } else { 20 };
    Some(f64::from(u32_at(header, at)?)).filter(|&rate| rate > 0.0)
}

/// The only edit of a list, leaving out empty ones (media time -1), which stand for silence before it.
fn first_edit(list: &[u8], movie_rate: f64, media_rate: f64) -> Option<Edit> {
    let long = *list.first()? != 0;
    let count = usize::try_from(u32_at(list, 4)?).ok()?;
    let size = if long { 20 } else { 12 };
    let mut edits = list.get(8..)?.chunks_exact(size).take(count).filter_map(|entry| {
        let (duration, start) = if long {
            (u64_at(entry, 0)? as f64, u64_at(entry, 8)?.cast_signed() as f64)
        } else {
            (f64::from(u32_at(entry, 0)?), f64::from(u32_at(entry, 4)?.cast_signed()))
        };
        (start >= 0.0).then_some((duration, start))
    });
    let (duration, start) = edits.next()?;
    if edits.next().is_some() {
        return None;
    }
    Some(Edit { start_s: start / media_rate, duration_s: Some(duration / movie_rate).filter(|&seconds| seconds > 0.0) })
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_be_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_only_edit_counts_and_odd_lists_do_not() {
        let list = |entries: &[(u32, i32)]| {
            let mut bytes = vec![0, 0, 0, 0];
            bytes.extend((entries.len() as u32).to_be_bytes());
            for (duration, start) in entries {
                bytes.extend(duration.to_be_bytes());
                bytes.extend(start.to_be_bytes());
                bytes.extend([0, 1, 0, 0]);
            }
            bytes
        };
        let edit = Edit { start_s: 0.128, duration_s: Some(2.5) };
        assert_eq!(first_edit(&list(&[(2500, 1024)]), 1000.0, 8000.0), Some(edit));
        assert_eq!(first_edit(&list(&[(100, -1), (2500, 1024)]), 1000.0, 8000.0), Some(edit));
        assert_eq!(first_edit(&list(&[(100, 0), (2500, 1024)]), 1000.0, 8000.0), None);
        assert_eq!(first_edit(&list(&[]), 1000.0, 8000.0), None);
        assert_eq!(first_edit(&list(&[(2500, 1024)])[..10], 1000.0, 8000.0), None);
        assert_eq!(find(&[0, 0, 0, 200, b'm', b'o', b'o', b'v'], b"moov"), None);
    }
}
