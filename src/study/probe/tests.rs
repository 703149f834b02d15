//! The probe on data whose answer is known.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::*;

/// Rows of three classes: class `c` lies `distance` along axis `c`; further axes are noise on very different scales.
fn cloud(rows: usize, distance: f32, seed: u64) -> (Vec<Vec<f32>>, Vec<usize>) {
    let mut random = StdRng::seed_from_u64(seed);
    let mut normal = move || (0..12).map(|_| random.random::<f32>()).sum::<f32>() - 6.0;
    let labels: Vec<usize> = (0..rows).map(|row| row % 3).collect();
    let row = |&label: &usize| {
        (0..8)
            .map(|axis| {
                let x = normal() + if axis == label { distance } else { 0.0 };
                x * 10.0_f32.powi(axis as i32 - 3) + 5.0
            })
            .collect()
    };
    let values = labels.iter().map(row).collect();
    (values, labels)
}

fn slices(rows: &[Vec<f32>]) -> Vec<&[f32]> {
    rows.iter().map(Vec::as_slice).collect()
}

fn accuracy(probe: &Probe, rows: &[Vec<f32>], labels: &[usize]) -> f64 {
    let right = rows.iter().zip(labels).filter(|(row, label)| {
        let p = probe.probability(row).expect("a row of the right width");
        assert!((p.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        (0..p.len()).all(|class| p[class] <= p[**label])
    });
    right.count() as f64 / rows.len() as f64
}

#[test]
fn classes_apart_are_told_apart_whatever_the_features_scale() {
    let (rows, labels) = cloud(300, 4.0, 1);
    let probe = Probe::fit(&slices(&rows), &labels, 3, &Settings::default()).expect("fits");
    assert_eq!((probe.width(), probe.classes()), (8, 3));
    let (unseen, truth) = cloud(300, 4.0, 2);
    // Bayes' rule is right about 99 times of 100 here.
    assert!(accuracy(&probe, &unseen, &truth) > 0.96);
}

#[test]
fn the_fit_is_the_minimum() {
    let (rows, labels) = cloud(90, 1.0, 3);
    let rows = slices(&rows);
    let settings = Settings { l2: 0.05, ..Settings::default() };
    // Each row belongs by a tenth to the next class.
    let shares = |&label: &usize| (0..3).map(|class| [0.9, 0.1, 0.0][(class + 3 - label) % 3]).collect();
    let targets: Vec<Vec<f32>> = labels.iter().map(shares).collect();
    let problem = Problem::new(&rows, &targets, 3, &settings).expect("a sound problem");
    let found = minimise(|p| problem.loss(p), vec![0.0; 27], &Descent::default());
    let (least, gradient) = problem.loss(&found);
    assert!(gradient.iter().all(|g| g.abs() <= 1e-5), "{gradient:?}");
    for parameter in [0, 9, 26] {
        for change in [-1e-2, 1e-2] {
            let mut beside = found.clone();
            beside[parameter] += change;
            let (value, _) = problem.loss(&beside);
            assert!(value > least);
            // The gradient is the slope: central differences agree.
            let mut nearby = beside.clone();
            nearby[parameter] += 1e-5;
            let (above, slope) = problem.loss(&nearby);
            assert!((slope[parameter] - (above - value) / 1e-5).abs() < 1e-4);
        }
    }
}

#[test]
fn a_class_in_shares_counts_as_so_many_rows_of_each() {
    let (rows, labels) = cloud(60, 1.0, 5);
    let next = |&label: &usize| (label + 1) % 3;
    let settings = Settings { l2: 0.1, balanced: true, ..Settings::default() };
    let four_rows: Vec<&[f32]> = rows.iter().flat_map(|row| [row.as_slice(); 4]).collect();
    let four_labels: Vec<usize> = labels.iter().flat_map(|label| [*label, *label, *label, next(label)]).collect();
    let by_rows = Probe::fit(&four_rows, &four_labels, 3, &settings).expect("fits");
    let share =
        |label: &usize, class| if class == *label { 0.75 } else { f32::from(u8::from(class == next(label))) / 4.0 };
    let targets: Vec<Vec<f32>> = labels.iter().map(|label| (0..3).map(|class| share(label, class)).collect()).collect();
    let by_shares = Probe::fit_to(&slices(&rows), &targets, 3, &settings).expect("fits");
    for row in &rows {
        let (a, b) = (by_rows.probability(row).expect("three"), by_shares.probability(row).expect("three"));
        assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-3), "{a:?} {b:?}");
    }
}

#[test]
fn what_never_changes_says_nothing_and_breaks_nothing() {
    let rows: Vec<Vec<f32>> = (0..40).map(|i| vec![0.1, if i % 2 == 0 { 1.0 } else { -1.0 }, 1e30]).collect();
    let labels: Vec<usize> = (0..40).map(|i| i % 2).collect();
    let probe = Probe::fit(&slices(&rows), &labels, 2, &Settings::default()).expect("fits");
    assert_eq!(accuracy(&probe, &rows, &labels), 1.0);
    assert!(probe.weight().iter().chain(probe.bias()).all(|w| w.is_finite()));
    assert_eq!((probe.weight()[0], probe.weight()[2]), (0.0, 0.0));
}

#[test]
fn balance_lifts_the_rare_class() {
    let (rows, labels) = cloud(300, 1.0, 4);
    let rare: Vec<usize> = (0..300).filter(|&i| labels[i] != 2 || i % 10 == 2).collect();
    let rows: Vec<&[f32]> = rare.iter().map(|&i| rows[i].as_slice()).collect();
    let labels: Vec<usize> = rare.iter().map(|&i| labels[i]).collect();
    let mean_of_rare = |balanced| {
        let settings = Settings { balanced, ..Settings::default() };
        let probe = Probe::fit(&rows, &labels, 3, &settings).expect("fits");
        rows.iter().map(|row| probe.probability(row).expect("a row")[2]).sum::<f32>() / rows.len() as f32
    };
    assert!(mean_of_rare(true) > 2.0 * mean_of_rare(false));
}

#[test]
fn folds_keep_groups_together_and_choose_the_penalty_that_noise_needs() {
    let groups: Vec<String> = (0..120).map(|i| format!("singer {}", i / 6)).collect();
    let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
    let fold_of = folds(&groups, 5);
    for fold in 0..5 {
        assert_eq!(fold_of.iter().filter(|&&f| f == fold).count(), 24);
    }
    assert!(groups.iter().zip(&fold_of).all(|(g, f)| groups.iter().zip(&fold_of).all(|(h, e)| g != h || f == e)));
    let (rows, labels) = cloud(120, 1.0, 5);
    let settings = Settings::default();
    let (best, tried) =
        choose_l2(&slices(&rows), &labels, &groups, 3, &[1e-6, 0.1, 100.0], 5, &settings).expect("chooses");
    assert_eq!((best, tried.len()), (0.1, 3));
    assert!(tried[1].loss < tried[0].loss && tried[1].loss < tried[2].loss);
    assert!(choose_l2(&slices(&rows), &labels, &["one"; 120], 3, &[0.1], 5, &settings).is_err());
}

#[test]
fn unsound_input_is_refused() {
    let fit = |rows: &[&[f32]], labels: &[usize], classes| Probe::fit(rows, labels, classes, &Settings::default());
    assert!(fit(&[], &[], 2).is_err());
    assert!(fit(&[&[1.0], &[1.0, 2.0]], &[0, 1], 2).is_err());
    assert!(fit(&[&[1.0], &[f32::NAN]], &[0, 1], 2).is_err());
    assert!(fit(&[&[1.0], &[2.0]], &[0, 2], 2).is_err());
    assert!(fit(&[&[1.0], &[2.0]], &[0, 0], 1).is_err());
    let probe = fit(&[&[1.0], &[2.0]], &[0, 1], 2).expect("fits");
    assert!(probe.probability(&[1.0, 2.0]).is_err());
}
