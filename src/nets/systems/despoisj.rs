//! Despois's slices and vote: small convolutions over short slices of the spectrogram; the slices' answers are averaged over
//! the song. All slices of a song lie on the same side of the split.

use super::super::stack::Curve::Elu;
use super::super::stack::{Edges::Same, Plan, Stage, System, curved, dense, filter};

pub(super) const SYSTEM: System = System {
    name: "despoisj",
    description: "Small convolutions over slices of the spectrogram, which vote",
    designer: "Julien Despois",
    source: "DeepAudioClassification",
    differs: "slices of 32 frames and 64 mel bands (7.5 s) in place of 128 x 128 bins (2.56 s); votes are \
              probabilities; the songs of a collection in place of a private library",
    bands: 64,
    plan,
};

fn plan(bands: usize) -> Plan {
    let layer = |filters| [filter(filters, [2, 2], Same), Stage::Pool { frames: 2, bands: 2, curve: Elu }];
    let mut stages: Vec<Stage> = [64, 128, 256, 512].into_iter().flat_map(layer).collect();
    stages.extend([Stage::PictureToChannels, dense(1024), curved(Elu), Stage::Dropout(0.5)]);
    Plan { bands, frames: 32, slices: true, stages, batch: 32, rate: 5e-4 }
}
