//! `multi_kernel` of the deep-learning tutorial by Choi et al. (arXiv 1709.04396, exercise 5-2): filters that are tall, square
//! and long side by side, then three square convolutions and the mean over all.

use super::super::stack::Curve::Relu;
use super::super::stack::{Edges::Same, Plan, Stage, Statistic, System, block, filter};
use super::{FRAMES, TUTORIAL, TUTORIAL_SOURCE};

pub(super) const SYSTEM: System = System {
    name: "multi_kernel",
    description: "Tall, square and long filters side by side, then square ones: 13 k parameters",
    designer: TUTORIAL,
    source: TUTORIAL_SOURCE,
    differs: "frames of 234 ms in place of 16 ms",
    bands: 64,
    plan,
};

fn plan(bands: usize) -> Plan {
    let kernels = [[3, 20], [3, 3], [20, 3]];
    let mut stages = vec![
        Stage::Parallel(kernels.iter().map(|&kernel| vec![filter(7, kernel, Same)]).collect()),
        Stage::Norm,
        Stage::Pool { frames: 2, bands: 2, curve: Relu },
    ];
    stages.extend([2, 2, 4].into_iter().flat_map(|by| block(21, 3, [by, by], Relu)));
    stages.push(Stage::Statistics(&[Statistic::Mean]));
    Plan { bands, frames: FRAMES, slices: false, stages, batch: 32, rate: 5e-3 }
}
