//! A belief about the genre over time: readings come once a second and differ; what is said settles and does not
//! flicker.

pub use crate::nets::genre::GENRES;
use crate::nets::genre::GenreProbability;

/// A different genre becomes the top one only when it leads by this much.
const LEAD: f32 = 0.08;

/// Below this the belief is too even to say a genre; one that has been said is kept down to [`LEAST_KEPT`].
const LEAST_TOP: f32 = 0.3;
const LEAST_KEPT: f32 = 0.24;

/// What is believed.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct GenreState {
    /// Belief in each of [`GENRES`], summing to 1, or all 0 while there is nothing to say.
    pub probability: GenreProbability,
    /// The genre said; `None` while there is nothing to say, and while the belief is unsure.
    pub top: Option<usize>,
    /// How sure: the top genre's belief, 0..1.
    pub confidence: f32,
}

/// Averages readings over a window that the user sets.
#[derive(Debug, Clone, Default)]
pub struct Belief {
    state: GenreState,
    /// Readings taken in since there was something to say.
    readings: f32,
}

impl Belief {
    /// Nothing heard yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// One reading, `step_s` after the one before; `None` on silence and pure speech. `window_s` is the time over which
    /// readings are averaged.
    pub fn advance(&mut self, reading: Option<&GenreProbability>, window_s: f32, step_s: f32) -> GenreState {
        let Some(reading) = reading else {
            *self = Self::default();
            return self.state;
        };
        // At first each reading has heard more than the one before, and more taggers have: the second counts twice, the third
        // three times as much as the first. Later ones count as much as the window has room for.
        self.readings += 1.0;
        let share = (2.0 / (self.readings + 1.0)).max(step_s / window_s.max(1e-3)).min(1.0);
        for (belief, reading) in self.state.probability.iter_mut().zip(reading) {
            *belief += share * (reading - *belief);
        }
        let (best, highest) = self
            .state
            .probability
            .iter()
            .copied()
            .enumerate()
            .fold((0, f32::NEG_INFINITY), |best, (i, p)| if p > best.1 { (i, p) } else { best });
        self.state.top = match self.state.top {
            Some(top) if highest < self.state.probability[top] + LEAD && self.state.probability[top] >= LEAST_KEPT => {
                Some(top)
            }
            _ if highest >= LEAST_TOP => Some(best),
            _ => None,
        };
        self.state.confidence = self.state.top.map_or(0.0, |top| self.state.probability[top]);
        self.state
    }

    /// What is believed now.
    #[must_use]
    pub fn state(&self) -> &GenreState {
        &self.state
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sure_of(genre: usize) -> GenreProbability {
        let mut probability = [0.02; GENRES.len()];
        probability[genre] = 1.0 - 0.02 * 13.0;
        probability
    }

    #[test]
    fn the_first_reading_counts_at_once_and_silence_forgets() {
        let mut belief = Belief::new();
        assert_eq!(belief.advance(Some(&sure_of(7)), 8.0, 1.0).top, Some(7));
        let state = belief.advance(None, 8.0, 1.0);
        assert_eq!((state.top, state.confidence), (None, 0.0));
    }

    #[test]
    fn an_even_belief_is_unsure_and_says_no_genre() {
        let mut belief = Belief::new();
        let mut even = [0.05; GENRES.len()];
        (even[2], even[5]) = (0.2, 0.2);
        let state = belief.advance(Some(&even), 8.0, 1.0);
        assert_eq!((state.top, state.confidence), (None, 0.0));
        assert!(state.probability[2] > 0.0, "what is believed is still shown");
        assert_eq!(belief.advance(Some(&sure_of(5)), 8.0, 1.0).top, Some(5));
    }

    #[test]
    fn one_odd_reading_does_not_change_the_top() {
        let mut belief = Belief::new();
        for _ in 0..8 {
            belief.advance(Some(&sure_of(3)), 8.0, 1.0);
        }
        assert_eq!(belief.advance(Some(&sure_of(9)), 8.0, 1.0).top, Some(3));
    }

    #[test]
    fn a_new_genre_is_said_within_the_window() {
        let mut belief = Belief::new();
        for _ in 0..20 {
            belief.advance(Some(&sure_of(3)), 8.0, 1.0);
        }
        let seconds = (1..20).find(|_| belief.advance(Some(&sure_of(9)), 8.0, 1.0).top == Some(9));
        assert!(seconds.is_some_and(|s| s <= 8), "{seconds:?}");
    }
}
