//! What the controller shows of a parameter.
//!
//! While audio runs, nice-plug takes values from `process` alone, so that a late `setParamNormalized` cannot undo a newer
//! point. A controller must still show what it was told, until the processor has moved on.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

/// What was told, by parameter number.
pub(super) struct Shown(HashMap<u32, Told>);

/// Bits of two values, normalised.
struct Told {
    value: AtomicU64,
    /// The processor's value at that moment.
    beside: AtomicU64,
}

impl Shown {
    pub(super) fn new(numbers: impl IntoIterator<Item = u32>) -> Self {
        let nothing = || AtomicU64::new(f64::NAN.to_bits());
        Self(numbers.into_iter().map(|number| (number, Told { value: nothing(), beside: nothing() })).collect())
    }

    /// The host has told the controller a value, while the processor's was `processor`.
    pub(super) fn tell(&self, number: u32, value: f64, processor: f64) {
        if let Some(told) = self.0.get(&number).filter(|_| value.is_finite()) {
            told.value.store(value.clamp(0.0, 1.0).to_bits(), Ordering::Relaxed);
            told.beside.store(processor.to_bits(), Ordering::Relaxed);
        }
    }

    /// What to show while the processor's value is `processor`.
    pub(super) fn value(&self, number: u32, processor: f64) -> f64 {
        match self.0.get(&number) {
            Some(told) if told.beside.load(Ordering::Relaxed) == processor.to_bits() => {
                f64::from_bits(told.value.load(Ordering::Relaxed))
            }
            _ => processor,
        }
    }

    /// The processor has been given a value: it is the truth again. Real-time safe.
    pub(super) fn forget(&self, number: u32) {
        if let Some(told) = self.0.get(&number) {
            told.beside.store(f64::NAN.to_bits(), Ordering::Relaxed);
        }
    }

    /// All of the processor's values are the truth again: a state was loaded.
    pub(super) fn forget_all(&self) {
        self.0.keys().for_each(|number| self.forget(*number));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_told_is_shown_until_the_processor_moves() {
        let shown = Shown::new([1]);
        assert_eq!(shown.value(1, 0.25), 0.25);
        shown.tell(1, 1.0, 0.25);
        assert_eq!(shown.value(1, 0.25), 1.0);
        assert_eq!(shown.value(1, 0.5), 0.5);
        shown.tell(1, 0.75, 0.5);
        shown.forget_all();
        assert_eq!(shown.value(1, 0.5), 0.5);
        shown.tell(1, 0.75, 0.5);
        shown.forget(1);
        assert_eq!(shown.value(1, 0.5), 0.5);
        shown.tell(2, 1.0, 0.0);
        assert_eq!(shown.value(2, 0.0), 0.0);
    }
}
