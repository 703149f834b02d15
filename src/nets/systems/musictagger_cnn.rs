//! MusicTaggerCNN (Choi, Fazekas and Sandler, arXiv 1606.00298): five convolutions of 32, 128, 128, 192 and 256 filters.

use super::super::stack::Curve::Elu;
use super::super::stack::{Plan, Stage, System, block};
use super::{FRAMES, tagger_pools};

pub(super) const SYSTEM: System = System {
    name: "musictagger_cnn",
    description: "Five convolutions of 32, 128, 128, 192 and 256 filters",
    designer: "Choi, Fazekas and Sandler",
    source: "arXiv 1606.00298; music-auto_tagging-keras",
    differs: "64 mel bands in place of 96, frames of 234 ms in place of 21 ms, so pools in time are smaller; bands are \
              normalised by the training data",
    bands: 64,
    plan,
};

fn plan(bands: usize) -> Plan {
    let layers = [32, 128, 128, 192, 256].into_iter().zip(tagger_pools(bands));
    let stages: Vec<Stage> = layers.flat_map(|(filters, by)| block(filters, 3, by, Elu)).collect();
    Plan { bands, frames: FRAMES, slices: false, stages, batch: 32, rate: 1e-3 }
}
