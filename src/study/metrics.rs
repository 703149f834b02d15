//! Figures that say how good a detector is: ranks, rates and calibration.

/// Area under the ROC curve, by the rank-sum (Mann-Whitney) formula with average ranks for ties.
///
/// `scores[i]` belongs to `truth[i]`. `None` where one of the two classes does not occur, since the
/// area is then not defined. A score that is not finite ranks by `total_cmp`.
///
/// # Panics
/// If the two slices differ in length.
pub fn auc(scores: &[f32], truth: &[bool]) -> Option<f64> {
    assert_eq!(scores.len(), truth.len(), "one truth per score");
    let positives = truth.iter().filter(|&&sung| sung).count();
    let negatives = truth.len() - positives;
    if positives == 0 || negatives == 0 {
        return None;
    }
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_unstable_by(|&a, &b| scores[a].total_cmp(&scores[b]));
    let mut rank_sum = 0.0;
    let mut start = 0;
    while start < order.len() {
        let score = scores[order[start]];
        let tied = order[start..].iter().take_while(|&&i| scores[i] == score).count().max(1);
        // Ranks count from 1; a group of equal scores shares the mean of its ranks.
        let mean_rank = start as f64 + (tied as f64 + 1.0) / 2.0;
        let hits = order[start..start + tied].iter().filter(|&&i| truth[i]).count();
        rank_sum += mean_rank * hits as f64;
        start += tied;
    }
    let (positives, negatives) = (positives as f64, negatives as f64);
    Some((rank_sum - positives * (positives + 1.0) / 2.0) / (positives * negatives))
}

/// How often a yes/no decision was right, counted in frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Said yes, is yes.
    pub hits: u64,
    /// Said yes, is no.
    pub false_alarms: u64,
    /// Said no, is no.
    pub rejections: u64,
    /// Said no, is yes.
    pub misses: u64,
}

impl Counts {
    /// Counts the decisions `score > threshold` against the truth.
    pub fn at_threshold(scores: &[f32], truth: &[bool], threshold: f32) -> Self {
        let mut counts = Self::default();
        for (&score, &is) in scores.iter().zip(truth) {
            counts.add(score > threshold, is);
        }
        counts
    }

    /// Counts one decision.
    pub fn add(&mut self, says: bool, is: bool) {
        match (says, is) {
            (true, true) => self.hits += 1,
            (true, false) => self.false_alarms += 1,
            (false, false) => self.rejections += 1,
            (false, true) => self.misses += 1,
        }
    }

    /// Share of right decisions; `None` without any decision.
    pub fn accuracy(&self) -> Option<f64> {
        let all = self.hits + self.false_alarms + self.rejections + self.misses;
        ratio(self.hits + self.rejections, all)
    }

    /// Share of the "no" frames that were called "yes"; `None` where nothing is "no".
    pub fn false_alarm_rate(&self) -> Option<f64> {
        ratio(self.false_alarms, self.false_alarms + self.rejections)
    }

    /// Share of the frames called "yes" that are; `None` where nothing was called so.
    pub fn precision(&self) -> Option<f64> {
        ratio(self.hits, self.hits + self.false_alarms)
    }

    /// The F-measure: the harmonic mean of precision and recall, 2 hits / (2 hits + false alarms + misses).
    /// `None` where nothing is "yes" and nothing was called so.
    pub fn f1(&self) -> Option<f64> {
        ratio(2 * self.hits, 2 * self.hits + self.false_alarms + self.misses)
    }

    /// Share of the "yes" frames that were called "yes"; `None` where nothing is "yes".
    pub fn recall(&self) -> Option<f64> {
        ratio(self.hits, self.hits + self.misses)
    }
}

fn ratio(part: u64, all: u64) -> Option<f64> {
    (all > 0).then(|| part as f64 / all as f64)
}

/// Scores of about the same height, and how often they came true.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bin {
    /// Scores in it.
    pub count: u64,
    /// Sum of the scores: how many "yes" they promise.
    pub promised: f64,
    /// How many are "yes".
    pub came_true: f64,
}

impl Bin {
    /// (mean score, share of "yes"); `None` in an empty bin.
    pub fn point(&self) -> Option<(f64, f64)> {
        let count = self.count as f64;
        (self.count > 0).then(|| (self.promised / count, self.came_true / count))
    }
}

/// A reliability diagram's numbers: scores in 0..=1 sorted into `bins` equal bins, lowest first.
pub fn reliability(scores: &[f32], truth: &[bool], bins: usize) -> Vec<Bin> {
    let mut diagram = vec![Bin::default(); bins];
    let Some(last) = bins.checked_sub(1) else { return diagram };
    for (&score, &is) in scores.iter().zip(truth) {
        let bin = &mut diagram[((f64::from(score) * bins as f64) as usize).min(last)];
        bin.count += 1;
        bin.promised += f64::from(score);
        bin.came_true += f64::from(u8::from(is));
    }
    diagram
}

/// Expected calibration error: the mean gap between what was promised and what came true.
///
/// The gaps of the bins of [`reliability`] are averaged by the bins' sizes (Naeini et al. 2015). `None` without scores.
pub fn calibration_error(scores: &[f32], truth: &[bool], bins: usize) -> Option<f64> {
    let diagram = reliability(scores, truth, bins);
    let count: u64 = diagram.iter().map(|bin| bin.count).sum();
    let gap: f64 = diagram.iter().map(|bin| (bin.promised - bin.came_true).abs()).sum();
    (count > 0).then(|| gap / count as f64)
}

/// The ROC curve: (false-alarm rate, recall) at every threshold from the highest score down, (0, 0) and (1, 1)
/// included. Empty where one of the two classes does not occur.
pub fn roc(scores: &[f32], truth: &[bool]) -> Vec<(f64, f64)> {
    let positives = truth.iter().filter(|&&is| is).count() as f64;
    let negatives = truth.len() as f64 - positives;
    if positives == 0.0 || negatives == 0.0 {
        return Vec::new();
    }
    let mut ranked: Vec<(f32, bool)> = scores.iter().copied().zip(truth.iter().copied()).collect();
    ranked.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    let mut curve = vec![(0.0, 0.0)];
    let (mut hits, mut alarms) = (0_u64, 0_u64);
    // Equal scores fall together, whatever the threshold.
    for tied in ranked.chunk_by(|a, b| a.0 == b.0) {
        let yes = tied.iter().filter(|(_, is)| *is).count() as u64;
        hits += yes;
        alarms += tied.len() as u64 - yes;
        curve.push((alarms as f64 / negatives, hits as f64 / positives));
    }
    curve
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auc_matches_hand_counted_pairs() {
        // Pairs (positive, negative): .9>.8 .9>.1 | .4<.8 .4>.1 -> 3 of 4.
        let scores = [0.9, 0.8, 0.4, 0.1];
        let truth = [true, false, true, false];
        assert_eq!(auc(&scores, &truth), Some(0.75));
    }

    #[test]
    fn auc_gives_half_a_point_per_tie() {
        // Pairs: .5=.5 (half), .5>.2, .7>.5, .7>.2 -> 3.5 of 4.
        let scores = [0.5, 0.5, 0.7, 0.2];
        let truth = [true, false, true, false];
        assert_eq!(auc(&scores, &truth), Some(0.875));
        assert_eq!(auc(&[0.3; 5], &[true, false, true, false, false]), Some(0.5));
    }

    #[test]
    fn auc_is_undefined_for_one_class_and_terminates_on_nan() {
        assert_eq!(auc(&[0.1, 0.2], &[false, false]), None);
        assert_eq!(auc(&[], &[]), None);
        assert!(auc(&[f32::NAN, 0.2], &[false, true]).is_some());
    }

    #[test]
    fn rates_match_a_hand_counted_table() {
        let scores = [0.9, 0.6, 0.5, 0.2, 0.7];
        let truth = [true, false, true, false, true];
        let counts = Counts::at_threshold(&scores, &truth, 0.5);
        assert_eq!(counts, Counts { hits: 2, false_alarms: 1, rejections: 1, misses: 1 });
        assert_eq!(counts.accuracy(), Some(0.6));
        assert_eq!(counts.false_alarm_rate(), Some(0.5));
        assert_eq!(counts.recall(), Some(2.0 / 3.0));
        assert_eq!(counts.precision(), Some(2.0 / 3.0));
        assert_eq!(counts.f1(), Some(4.0 / 6.0));
        assert_eq!((Counts::default().precision(), Counts::default().f1()), (None, None));
        assert_eq!(Counts::default().accuracy(), None);
        assert_eq!(Counts::default().false_alarm_rate(), None);
    }

    #[test]
    fn roc_climbs_by_hits_and_walks_by_false_alarms() {
        let scores = [0.9, 0.8, 0.4, 0.4, 0.1];
        let truth = [true, false, true, false, false];
        let third = 1.0 / 3.0;
        let expected = [(0.0, 0.0), (0.0, 0.5), (third, 0.5), (2.0 * third, 1.0), (1.0, 1.0)];
        assert_eq!(roc(&scores, &truth), expected);
        // The trapezia under it are the rank-sum's area.
        let area: f64 = expected.windows(2).map(|p| (p[1].0 - p[0].0) * (p[1].1 + p[0].1) / 2.0).sum();
        assert!((area - auc(&scores, &truth).expect("both classes occur")).abs() < 1e-12);
        assert_eq!(roc(&[0.5], &[true]), []);
    }

    #[test]
    fn calibration_error_is_the_mean_gap_per_bin() {
        // Bin 0: scores .1 .3, none true: gap .4; bin 1: .75 .75, one true: gap .5; over 4 frames.
        let scores = [0.1, 0.3, 0.75, 0.75];
        let truth = [false, false, true, false];
        let error = calibration_error(&scores, &truth, 2).expect("scores are given");
        assert!((error - 0.225).abs() < 1e-6, "{error}");
        assert_eq!(calibration_error(&[1.0], &[true], 10), Some(0.0));
        assert_eq!(calibration_error(&[], &[], 10), None);
        assert_eq!(reliability(&scores, &truth, 2)[1].point(), Some((0.75, 0.5)));
        assert_eq!(reliability(&[], &[], 1)[0].point(), None);
    }
}
