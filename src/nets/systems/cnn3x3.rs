//! `cnn3x3` of the deep-learning tutorial by Choi et al. (arXiv 1709.04396, exercise 5-2): five square convolutions and the
//! mean over all.

use super::super::stack::Curve::Relu;
use super::super::stack::{Plan, Stage, Statistic, System, block};
use super::{FRAMES, TUTORIAL, TUTORIAL_SOURCE};

pub(super) const SYSTEM: System = System {
    name: "cnn3x3",
    description: "Five square convolutions and the mean over all: 10 k parameters",
    designer: TUTORIAL,
    source: TUTORIAL_SOURCE,
    differs: "frames of 234 ms in place of 16 ms",
    bands: 64,
    plan,
};

fn plan(bands: usize) -> Plan {
    let filters = [10, 15, 15, 20, 20];
    let mut stages: Vec<Stage> = filters.into_iter().flat_map(|filters| block(filters, 3, [2, 2], Relu)).collect();
    stages.push(Stage::Statistics(&[Statistic::Mean]));
    Plan { bands, frames: FRAMES, slices: false, stages, batch: 32, rate: 5e-3 }
}
