//! Choi's compact convnet (arXiv 1703.09179): five convolutions of 32 filters. Its transfer features are the means of each
//! layer's output, 160 values, because tasks weigh the layers differently: they are the embedding here.

use super::super::stack::Curve::Elu;
use super::super::stack::{Plan, Stage, System, block};
use super::{FRAMES, tagger_pools};

pub(super) const SYSTEM: System = System {
    name: "compact_cnn",
    description: "Five convolutions of 32 filters; the means of all five layers are the embedding",
    designer: "Choi, Fazekas, Sandler and Cho",
    source: "arXiv 1703.09179",
    differs: "64 mel bands in place of 96, frames of 234 ms in place of 21 ms, so pools in time are smaller",
    bands: 64,
    plan,
};

fn plan(bands: usize) -> Plan {
    let mut stages = Vec::new();
    for by in tagger_pools(bands) {
        stages.extend(block(32, 3, by, Elu));
        stages.push(Stage::Tap);
    }
    Plan { bands, frames: FRAMES, slices: false, stages, batch: 32, rate: 3e-3 }
}
