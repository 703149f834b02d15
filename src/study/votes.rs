//! A song's class, by the votes of its windows.

/// What the windows of a song say together.
#[derive(Clone, Debug, PartialEq)]
pub struct Ballot {
    /// Mean probability of each class.
    pub probability: Vec<f32>,
    /// Position of the class with the highest mean.
    pub top: usize,
    /// Share of the windows whose likeliest class it is, 0..=1.
    pub votes: f32,
}

impl Ballot {
    /// Counts the windows that say something, one probability per class each; `None` where none does.
    pub fn count<'a>(windows: impl IntoIterator<Item = &'a [f32]>) -> Option<Self> {
        let (mut sums, mut chosen, mut count) = (Vec::<f64>::new(), Vec::<u32>::new(), 0_u32);
        for window in windows {
            sums.resize(window.len(), 0.0);
            chosen.resize(window.len(), 0);
            sums.iter_mut().zip(window).for_each(|(sum, &p)| *sum += f64::from(p));
            chosen[likeliest(window)?] += 1;
            count += 1;
        }
        let probability: Vec<f32> = sums.into_iter().map(|sum| (sum / f64::from(count)) as f32).collect();
        let top = likeliest(&probability)?;
        Some(Self { votes: chosen[top] as f32 / count as f32, probability, top })
    }

    /// How sure the class is, 0..=1: half of it the share of votes, half the mean probability. Either alone misleads:
    /// windows may all lean one way and hardly so, or a few loud ones outweigh the rest.
    pub fn confidence(&self) -> f32 {
        0.5 * (self.votes + self.probability[self.top])
    }
}

/// Position of the highest value; `None` of none.
fn likeliest(probability: &[f32]) -> Option<usize> {
    (0..probability.len()).max_by(|&a, &b| probability[a].total_cmp(&probability[b]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_decides_and_votes_say_how_sure() {
        let windows: [&[f32]; 3] = [&[0.9, 0.1], &[0.45, 0.55], &[0.3, 0.7]];
        let ballot = Ballot::count(windows).unwrap();
        assert_eq!(ballot.top, 0, "one loud window outweighs two");
        assert!((ballot.votes - 1.0 / 3.0).abs() < 1e-6 && (ballot.probability[0] - 0.55).abs() < 1e-6);
        assert!((ballot.confidence() - 0.5 * (1.0 / 3.0 + 0.55)).abs() < 1e-6);
        assert_eq!(Ballot::count(std::iter::empty()), None, "silence");
    }
}
