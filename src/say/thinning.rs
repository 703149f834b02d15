//! What is worth sending: a parameter's value goes out only when it has moved noticeably, and not too often.

/// Smallest change that is sent, of a range of 1.
pub const SMALLEST_CHANGE: f32 = 1.0 / 512.0;
/// Shortest time between two values of one parameter, seconds.
pub const SHORTEST_GAP_S: f64 = 0.005;

/// One parameter's memory of what was sent.
#[derive(Debug, Clone, Copy, Default)]
pub struct Thinned {
    sent: Option<f32>,
    next_at: u64,
}

impl Thinned {
    /// For a parameter that stands at `value`.
    #[must_use]
    pub fn since(value: f32) -> Self {
        Self { sent: Some(value), next_at: 0 }
    }

    /// Whether `value` (normalised, 0..1) at sample `at` is to be sent; if so it counts as sent. `gap` is
    /// [`SHORTEST_GAP_S`] in samples.
    pub fn pass(&mut self, value: f32, at: u64, gap: u64) -> bool {
        let news = match self.sent {
            None => true,
            // The ends of the range are always reached exactly.
            Some(sent) => {
                let change = (value - sent).abs();
                change >= SMALLEST_CHANGE || (change > 0.0 && (value == 0.0 || value == 1.0))
            }
        };
        let pass = news && at >= self.next_at;
        if pass {
            self.sent = Some(value);
            self.next_at = at + gap;
        }
        pass
    }

    /// The host has set the value by itself, or everything starts anew: the next value is news.
    pub fn forget(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_and_hasty_changes_are_held_back() {
        let mut thinned = Thinned::default();
        assert!(thinned.pass(0.5, 0, 240));
        assert!(!thinned.pass(0.501, 480, 240), "smaller than 1/512");
        assert!(!thinned.pass(0.9, 100, 240), "sooner than 5 ms");
        assert!(thinned.pass(0.9, 240, 240));
        assert!(thinned.pass(1.0, 480, 240));
        assert!(!thinned.pass(0.999, 960, 240));
    }
}
