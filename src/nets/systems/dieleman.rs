//! Dieleman's convnet for recommendation (2014): convolutions over time alone with the mel bands as channels, then mean,
//! maximum and root mean square over time, and two wide layers.

use super::super::stack::Curve::Relu;
use super::super::stack::{Edges::Same, Plan, Stage, Statistic, System, curved, dense, filter};
use super::FRAMES;

pub(super) const SYSTEM: System = System {
    name: "dieleman",
    description: "Convolutions over time alone; mean, maximum and root mean square over time",
    designer: "Sander Dieleman",
    source: "Recommending music on Spotify with deep learning (2014)",
    differs: "answers with genres in place of latent factors; 64 mel bands in place of 128, frames of 234 ms, so pools \
              are 2, 2, 2 in place of 4, 2, 2",
    bands: 64,
    plan,
};

fn plan(bands: usize) -> Plan {
    let mut stages = vec![Stage::BandsToChannels];
    for (filters, by) in [(256, 2), (256, 2), (512, 2), (512, 1)] {
        stages.extend([filter(filters, [4, 1], Same), Stage::Pool { frames: by, bands: 1, curve: Relu }]);
    }
    stages.push(Stage::Statistics(&[Statistic::Mean, Statistic::Max, Statistic::L2]));
    stages.extend([dense(2048), curved(Relu), Stage::Dropout(0.5), dense(2048), curved(Relu), Stage::Dropout(0.5)]);
    Plan { bands, frames: FRAMES, slices: false, stages, batch: 48, rate: 5e-4 }
}
