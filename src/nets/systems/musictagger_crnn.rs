//! MusicTaggerCRNN (Choi, Fazekas, Sandler and Cho, arXiv 1609.04243): four convolutions, then two gated recurrent layers.

use super::super::stack::Curve::Elu;
use super::super::stack::{Plan, Stage, System, block};
use super::FRAMES;

pub(super) const SYSTEM: System = System {
    name: "musictagger_crnn",
    description: "Four convolutions of 64 to 128 filters, then two gated recurrent layers of 32",
    designer: "Choi, Fazekas, Sandler and Cho",
    source: "arXiv 1609.04243; music-auto_tagging-keras",
    differs: "64 mel bands in place of 96, frames of 234 ms in place of 21 ms, so the recurrence runs over 8 steps in \
              place of 15; bands are normalised by the training data",
    bands: 64,
    plan,
};

fn plan(bands: usize) -> Plan {
    // 96 bands as published are 2 x 3 x 4 x 4.
    let second = if bands.is_multiple_of(3) { 3 } else { 2 };
    let pools = [[2, 2], [2, second], [2, 4], [1, 4]];
    let mut stages = Vec::new();
    for (filters, by) in [64, 128, 128, 128].into_iter().zip(pools) {
        stages.extend(block(filters, 3, by, Elu));
        stages.push(Stage::Dropout(0.1));
    }
    stages.extend([Stage::Gru(32), Stage::Gru(32), Stage::LastFrame, Stage::Dropout(0.3)]);
    Plan { bands, frames: FRAMES, slices: false, stages, batch: 32, rate: 1e-3 }
}
