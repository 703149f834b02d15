//! Areas under curves over songs that count more or less often, as the bootstrap draws them: ranked once, then each draw is
//! one pass.

/// Scores with their truth and the song that each belongs to, highest first.
pub(super) struct Ranked {
    /// (score, truth, song).
    all: Vec<(f32, bool, usize)>,
}

impl Ranked {
    /// Ranks them.
    pub(super) fn new(all: impl Iterator<Item = (f32, bool, usize)>) -> Self {
        let mut all: Vec<_> = all.collect();
        all.sort_by(|a, b| b.0.total_cmp(&a.0));
        Self { all }
    }

    /// Area under the ROC curve, where song `s` counts `times[s]` times; `None` where one of the classes does not occur.
    pub(super) fn roc_auc(&self, times: &[f64]) -> Option<f64> {
        let [mut yes, mut no, mut area] = [0.0; 3];
        for tied in self.all.chunk_by(|a, b| a.0 == b.0) {
            let [more_yes, more_no] = counts(tied, times);
            // Every "no" of this height lies below all "yes" so far, and level with half of those beside it.
            area += more_no * (yes + more_yes / 2.0);
            yes += more_yes;
            no += more_no;
        }
        (yes > 0.0 && no > 0.0).then(|| area / (yes * no))
    }

    /// Area under the curve of precision over recall, as a sum of steps (average precision); `None` without a "yes".
    pub(super) fn pr_auc(&self, times: &[f64]) -> Option<f64> {
        let [mut yes, mut all, mut area] = [0.0; 3];
        for tied in self.all.chunk_by(|a, b| a.0 == b.0) {
            let [more_yes, more_no] = counts(tied, times);
            yes += more_yes;
            all += more_yes + more_no;
            if more_yes > 0.0 {
                area += more_yes * yes / all;
            }
        }
        (yes > 0.0).then(|| area / yes)
    }
}

/// How many of them are "yes" and "no".
fn counts(tied: &[(f32, bool, usize)], times: &[f64]) -> [f64; 2] {
    let mut counts = [0.0; 2];
    tied.iter().for_each(|&(_, is, song)| counts[usize::from(!is)] += times[song]);
    counts
}

#[cfg(test)]
mod tests {
    use super::Ranked;
    use crate::study::metrics::auc;

    #[test]
    fn a_song_that_counts_twice_is_there_twice() {
        let scores = [0.9, 0.8, 0.8, 0.4, 0.4, 0.1, 0.3];
        let truth = [true, false, true, true, false, false, true];
        let song = [0, 0, 1, 1, 2, 2, 2];
        let ranked = Ranked::new(scores.iter().zip(truth).zip(song).map(|((&score, is), song)| (score, is, song)));
        assert_eq!(ranked.roc_auc(&[1.0; 3]), auc(&scores, &truth));
        let twice: Vec<usize> = (0..7).chain([2, 3]).collect();
        let scores: Vec<f32> = twice.iter().map(|&at| scores[at]).collect();
        let truth: Vec<bool> = twice.iter().map(|&at| truth[at]).collect();
        let area = ranked.roc_auc(&[1.0, 2.0, 1.0]).expect("both classes");
        assert!((area - auc(&scores, &truth).expect("both classes")).abs() < 1e-12);
        assert_eq!(ranked.roc_auc(&[0.0, 0.0, 0.0]), None);
    }

    #[test]
    fn average_precision_matches_one_counted_by_hand() {
        // Yes at ranks 1 and 3: (1 / 1 + 2 / 3) / 2.
        let ranked = Ranked::new([(0.9, true, 0), (0.8, false, 0), (0.7, true, 0), (0.1, false, 0)].into_iter());
        let area = ranked.pr_auc(&[1.0]).expect("a yes");
        assert!((area - 5.0 / 6.0).abs() < 1e-12, "{area}");
        // All alike: the share of "yes".
        let level = Ranked::new([(0.5, true, 0), (0.5, false, 0), (0.5, false, 0), (0.5, false, 0)].into_iter());
        assert_eq!(level.pr_auc(&[1.0]), Some(0.25));
    }
}
