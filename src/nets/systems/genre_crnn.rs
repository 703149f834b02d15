//! `crnn` of the deep-learning tutorial by Choi et al. (arXiv 1709.04396, exercise 5-2): four convolutions, two gated
//! recurrent layers. Not the singing detector of exercise 5-1, which is [`super::super::Crnn`].

use super::super::stack::Curve::Relu;
use super::super::stack::{Plan, Stage, System, block};
use super::{FRAMES, TUTORIAL, TUTORIAL_SOURCE};

pub(super) const SYSTEM: System = System {
    name: "genre_crnn",
    description: "Four convolutions, then two gated recurrent layers: 31 k parameters",
    designer: TUTORIAL,
    source: TUTORIAL_SOURCE,
    differs: "frames of 234 ms in place of 16 ms, so the recurrence runs over 8 steps and pools in time are smaller",
    bands: 64,
    plan,
};

fn plan(bands: usize) -> Plan {
    let pools = [[2, 2], [2, 2], [2, 4], [1, 4]];
    let mut stages: Vec<Stage> = pools.into_iter().flat_map(|by| block(21, 3, by, Relu)).collect();
    stages.extend([Stage::Gru(41), Stage::Gru(41), Stage::LastFrame]);
    Plan { bands, frames: FRAMES, slices: false, stages, batch: 32, rate: 5e-3 }
}
