//! Values of the index as bytes, each behind a checksum, so that a damaged one is found before it is used.

use anyhow::{Context, Result, ensure};
use half::f16;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::study::hear::Window;

const CHECKSUM_BYTES: usize = size_of::<u32>();
const NOT_AS_WRITTEN: &str = "a record is not as it was written";

/// A checksum, then the content.
fn seal(content: &[u8]) -> Vec<u8> {
    [&crc32fast::hash(content).to_le_bytes(), content].concat()
}

fn unseal(bytes: &[u8]) -> Result<&[u8]> {
    let (checksum, content) = bytes.split_first_chunk::<CHECKSUM_BYTES>().context(NOT_AS_WRITTEN)?;
    ensure!(crc32fast::hash(content) == u32::from_le_bytes(*checksum), NOT_AS_WRITTEN);
    Ok(content)
}

/// A thing of few bytes.
///
/// # Errors
/// It cannot be written as JSON (a number that is none).
pub(super) fn write<T: Serialize>(thing: &T) -> Result<Vec<u8>> {
    Ok(seal(&serde_json::to_vec(thing)?))
}

/// What [`write`] wrote.
///
/// # Errors
/// The bytes are not those that were written, or hold something else.
pub(super) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    serde_json::from_slice(unseal(bytes)?).context(NOT_AS_WRITTEN)
}

/// A vector, at half precision.
pub(super) fn write_vector(vector: &[f32]) -> Vec<u8> {
    seal(&halves(vector).collect::<Vec<u8>>())
}

/// What [`write_vector`] wrote.
///
/// # Errors
/// As [`read`].
pub(super) fn read_vector(bytes: &[u8]) -> Result<Vec<f32>> {
    Ok(from_halves(unseal(bytes)?))
}

/// Windows: their times, then probabilities and embedding of each, at half precision. All windows are of one shape.
pub(super) fn write_windows(windows: &[Window]) -> Vec<u8> {
    let (labels, embedding) = windows.first().map_or((0, 0), |w| (w.probability.len(), w.embedding.len()));
    let mut content = Vec::new();
    for count in [windows.len(), labels, embedding] {
        content.extend_from_slice(&(count as u32).to_le_bytes());
    }
    for window in windows {
        content.extend_from_slice(&window.end_s.to_le_bytes());
        content.extend(halves(&window.probability));
        content.extend(halves(&window.embedding));
    }
    seal(&content)
}

/// What [`write_windows`] wrote.
///
/// # Errors
/// As [`read`].
pub(super) fn read_windows(bytes: &[u8]) -> Result<Vec<Window>> {
    let mut content = unseal(bytes)?;
    let mut counts = [0; 3];
    for count in &mut counts {
        let (four, rest) = content.split_first_chunk::<4>().context(NOT_AS_WRITTEN)?;
        *count = u32::from_le_bytes(*four) as usize;
        content = rest;
    }
    let [windows, labels, embedding] = counts;
    let stride = size_of::<f64>() + size_of::<f16>() * (labels + embedding);
    ensure!(content.len() == windows * stride, NOT_AS_WRITTEN);
    let window = |bytes: &[u8]| {
        let (end_s, values) = bytes.split_first_chunk::<8>().context(NOT_AS_WRITTEN)?;
        let (probability, embedding) = values.split_at(size_of::<f16>() * labels);
        let end_s = f64::from_le_bytes(*end_s);
        Ok(Window { end_s, probability: from_halves(probability), embedding: from_halves(embedding) })
    };
    content.chunks_exact(stride).map(window).collect()
}

fn halves(values: &[f32]) -> impl Iterator<Item = u8> {
    let bounded = |value: f32| value.clamp(f16::MIN.to_f32(), f16::MAX.to_f32());
    values.iter().flat_map(move |&value| f16::from_f32(bounded(value)).to_le_bytes())
}

fn from_halves(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks_exact(size_of::<f16>()).map(|pair| f16::from_le_bytes([pair[0], pair[1]]).to_f32()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_one_changed_bit_is_found() {
        let window = |end_s| Window { end_s, probability: vec![0.25, 1.0], embedding: vec![-3.5, 1e9, 0.0] };
        let windows = [window(10.0), window(12.5)];
        let mut bytes = write_windows(&windows);
        let back = read_windows(&bytes).unwrap();
        assert_eq!((back.len(), back[1].end_s, &back[0].probability), (2, 12.5, &windows[0].probability));
        assert_eq!(back[0].embedding, [-3.5, 65504.0, 0.0], "what is too large is the largest");
        assert!(read_windows(&write_windows(&[])).unwrap().is_empty());
        for at in 0..bytes.len() {
            bytes[at] ^= 4;
            assert!(read_windows(&bytes).is_err(), "byte {at}");
            bytes[at] ^= 4;
        }
        assert!(read_vector(&[]).is_err() && read::<u32>(&write(&"text").unwrap()).is_err());
        assert_eq!(read_vector(&write_vector(&[1.5, -2.0])).unwrap(), [1.5, -2.0]);
    }
}
