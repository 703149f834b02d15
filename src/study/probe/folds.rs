//! How much penalty a probe needs, found by cross-validation over groups (singers, artists, albums), so that no group
//! is on both sides.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};

use super::{Probe, Settings};

/// One penalty tried.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Choice {
    /// The penalty; see [`Settings::l2`].
    pub l2: f64,
    /// Mean negative logarithm of the right class's probability on rows left out of the fit.
    pub loss: f64,
    /// Share of those rows whose likeliest class is the right one.
    pub accuracy: f64,
}

/// Which of `count` folds each row belongs to. A group's rows stay together; the largest groups are dealt first, each to
/// the fold with the fewest rows, so that folds are of about the same size and always the same.
pub fn folds(groups: &[&str], count: usize) -> Vec<usize> {
    let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
    for group in groups {
        *sizes.entry(group).or_default() += 1;
    }
    let mut dealt: Vec<(&str, usize)> = sizes.into_iter().collect();
    // Stable: groups of one size stay in the order of their names.
    dealt.sort_by_key(|&(_, size)| std::cmp::Reverse(size));
    let mut rows = vec![0; count.max(1)];
    let mut fold_of = BTreeMap::new();
    for (group, size) in dealt {
        let smallest = (0..rows.len()).min_by_key(|&fold| rows[fold]).unwrap_or_default();
        rows[smallest] += size;
        fold_of.insert(group, smallest);
    }
    groups.iter().map(|group| fold_of[group]).collect()
}

/// Tries each penalty of `candidates` on `count` folds over `groups` and returns the one with the least loss, followed by
/// all that were tried. `groups[i]` names the group of `rows[i]`.
///
/// # Errors
/// As [`Probe::fit`]; no candidates; fewer than two folds with rows in them.
pub fn choose_l2(
    rows: &[&[f32]],
    labels: &[usize],
    groups: &[&str],
    classes: usize,
    candidates: &[f64],
    count: usize,
    settings: &Settings,
) -> Result<(f64, Vec<Choice>)> {
    ensure!(rows.len() == labels.len() && rows.len() == groups.len(), "rows, labels and groups differ in number");
    let fold_of = &folds(groups, count);
    let used = (0..count).filter(|fold| fold_of.contains(fold)).count();
    ensure!(used >= 2, "cross-validation needs two groups or more; there are not enough");
    let mut tried = Vec::with_capacity(candidates.len());
    for &l2 in candidates {
        let settings = Settings { l2, ..*settings };
        let (mut loss, mut right) = (0.0, 0_u32);
        for fold in 0..count {
            let part = |inside: bool| (0..rows.len()).filter(move |&row| (fold_of[row] == fold) == inside);
            let fit_rows: Vec<&[f32]> = part(false).map(|row| rows[row]).collect();
            let fit_labels: Vec<usize> = part(false).map(|row| labels[row]).collect();
            if fit_rows.len() == rows.len() {
                continue;
            }
            let probe = Probe::fit(&fit_rows, &fit_labels, classes, &settings)?;
            for row in part(true) {
                let probability = probe.probability(rows[row])?;
                loss -= f64::from(probability[labels[row]].max(f32::MIN_POSITIVE)).ln();
                right += u32::from(likeliest(&probability) == labels[row]);
            }
        }
        let count = rows.len() as f64;
        tried.push(Choice { l2, loss: loss / count, accuracy: f64::from(right) / count });
    }
    let best = tried.iter().min_by(|a, b| a.loss.total_cmp(&b.loss)).map(|choice| choice.l2);
    match best {
        Some(best) => Ok((best, tried)),
        None => anyhow::bail!("no penalty was given to try; name one or more"),
    }
}

fn likeliest(probability: &[f32]) -> usize {
    (0..probability.len()).max_by(|&a, &b| probability[a].total_cmp(&probability[b])).unwrap_or_default()
}
