//! Sums in independent parts, so that no addition waits for the one before; their order is fixed.

/// Independent parts.
const PARTS: usize = 4;

/// The scalar product of two runs of the same length.
#[inline]
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<PARTS>(), b.as_chunks::<PARTS>());
    let mut parts = [0.0; PARTS];
    for (a, b) in a.iter().zip(b) {
        for (part, (a, b)) in parts.iter_mut().zip(a.iter().zip(b)) {
            *part += a * b;
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    rest + ((parts[0] + parts[2]) + (parts[1] + parts[3]))
}

/// The mean of at least one sample.
#[inline]
pub(super) fn mean(samples: &[f32]) -> f64 {
    let (chunks, rest) = samples.as_chunks::<PARTS>();
    let mut parts = [0.0; PARTS];
    for chunk in chunks {
        parts.iter_mut().zip(chunk).for_each(|(part, &sample)| *part += f64::from(sample));
    }
    let rest: f64 = rest.iter().map(|&sample| f64::from(sample)).sum();
    (rest + ((parts[0] + parts[2]) + (parts[1] + parts[3]))) / samples.len() as f64
}
