//! `cnn1d` of the deep-learning tutorial by Choi et al. (arXiv 1709.04396, exercise 5-2): filters half as tall as the picture,
//! then filters over time alone.

use super::super::stack::Curve::Relu;
use super::super::stack::{Edges, Plan, Stage, Statistic, System, filter};
use super::{FRAMES, TUTORIAL, TUTORIAL_SOURCE};

pub(super) const SYSTEM: System = System {
    name: "cnn1d",
    description: "Tall filters, then filters over time alone: 12 k parameters",
    designer: TUTORIAL,
    source: TUTORIAL_SOURCE,
    differs: "frames of 234 ms in place of 16 ms",
    bands: 64,
    plan,
};

fn plan(bands: usize) -> Plan {
    let layer = |tall: usize, by: usize| {
        let pool = Stage::Pool { frames: by, bands: 1, curve: Relu };
        [filter(30, [4, tall], Edges::SameTime), Stage::Norm, pool]
    };
    let mut stages: Vec<Stage> = [layer(bands / 2, 4), layer(1, 4), layer(1, 4)].concat();
    stages.push(Stage::Statistics(&[Statistic::Mean]));
    Plan { bands, frames: FRAMES, slices: false, stages, batch: 32, rate: 5e-3 }
}
