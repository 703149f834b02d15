//! Long series of numbers as text that a script unpacks at once: one byte a value, in base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

/// Values from 0 to 1 in steps of 1/255.
pub(super) fn shares(values: impl IntoIterator<Item = f32>) -> String {
    let bytes: Vec<u8> = values.into_iter().map(|value| (value.clamp(0.0, 1.0) * 255.0).round() as u8).collect();
    BASE64.encode(bytes)
}

/// The highest of each `size` values, so that no onset is lost.
pub(super) fn highest(values: &[f32], size: usize) -> impl Iterator<Item = f32> {
    values.chunks(size.max(1)).map(|part| part.iter().copied().fold(0.0, f32::max))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_bytes() {
        assert_eq!(shares([0.0, 1.0, 2.0, f32::NAN]), BASE64.encode([0, 255, 255, 0]));
        assert_eq!(highest(&[0.1, 0.5, 0.2], 2).collect::<Vec<_>>(), [0.5, 0.2]);
    }
}
