//! MusicGenreClassification by Lachmish: three 4 x 4 convolutions of 149, 73 and 35 filters and a wide fully connected layer.

use super::super::stack::Curve::Relu;
use super::super::stack::{Edges::Same, Plan, Stage, System, curved, dense, filter};

/// Width of the fully connected layer as published.
#[cfg(test)]
pub(super) const PUBLISHED_WIDTH: usize = 8192;

pub(super) const SYSTEM: System = System {
    name: "mlachmish",
    description: "Three 4 x 4 convolutions of 149, 73 and 35 filters and a fully connected layer",
    designer: "Michael Lachmish",
    source: "MusicGenreClassification",
    differs: "the fully connected layer is 512 wide in place of 8192, which was 99.6 % of 87.5 M parameters; slices of \
              32 frames and 64 mel bands (7.5 s)",
    bands: 64,
    plan,
};

fn plan(bands: usize) -> Plan {
    Plan { bands, frames: 32, slices: true, stages: stages(512), batch: 32, rate: 5e-4 }
}

/// With a fully connected layer of this width.
pub(super) fn stages(width: usize) -> Vec<Stage> {
    let layer = |filters| [filter(filters, [4, 4], Same), Stage::Pool { frames: 2, bands: 2, curve: Relu }];
    let mut stages: Vec<Stage> = [149, 73, 35].into_iter().flat_map(layer).collect();
    stages.extend([Stage::PictureToChannels, dense(width), curved(Relu), Stage::Dropout(0.5)]);
    stages
}
