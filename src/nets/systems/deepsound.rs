//! DeepSound's live genre recogniser: three convolutions over time with the mel bands as channels, an output per step, and
//! their mean over the clip.

use super::super::stack::Curve::Relu;
use super::super::stack::{Edges::Valid, Plan, Stage, System, filter};
use super::FRAMES;

pub(super) const SYSTEM: System = System {
    name: "deepsound",
    description: "Three convolutions over time, bands as channels; an answer per step",
    designer: "DeepSound",
    source: "DeepSound genre recognition",
    differs: "64 mel bands in place of 128, frames of 234 ms in place of 46 ms, sequences of 15 s in training",
    bands: 64,
    plan,
};

fn plan(bands: usize) -> Plan {
    let pool = Stage::Pool { frames: 2, bands: 1, curve: Relu };
    let layer = || [filter(256, [5, 1], Valid), Stage::Norm, pool.clone(), Stage::Dropout(0.5)];
    let mut stages = vec![Stage::BandsToChannels];
    (0..3).for_each(|_| stages.extend(layer()));
    Plan { bands, frames: FRAMES, slices: false, stages, batch: 32, rate: 2e-3 }
}
