//! [`super::compact_cnn`] with two non-local blocks (arXiv 1711.07971), after its second and third convolution: each position
//! hears all others by likeness. At the beginning the blocks change nothing.

use super::super::stack::Curve::Elu;
use super::super::stack::{Plan, Stage, System, block};
use super::{FRAMES, tagger_pools};

pub(super) const SYSTEM: System = System {
    name: "compact_cnn_nonlocal",
    description: "compact_cnn with non-local blocks after its second and third convolution",
    designer: "Choi et al. (the convolutions), Wang, Girshick, Gupta and He (the blocks)",
    source: "arXiv 1703.09179, arXiv 1711.07971",
    differs: "as compact_cnn; the blocks' projections have no biases",
    bands: 64,
    plan,
};

fn plan(bands: usize) -> Plan {
    let mut stages = Vec::new();
    for (at, by) in tagger_pools(bands).into_iter().enumerate() {
        stages.extend(block(32, 3, by, Elu));
        if at == 1 || at == 2 {
            stages.push(Stage::NonLocal(16));
        }
        stages.push(Stage::Tap);
    }
    Plan { bands, frames: FRAMES, slices: false, stages, batch: 32, rate: 3e-3 }
}
