//! Pons's spectrogram front end and back end (arXiv 1711.02520): filters nearly as tall as the picture for timbre, long ones
//! on its envelope for rhythm, then convolutions over time with residuals.

use super::super::stack::Curve::{Line, Relu};
use super::super::stack::{ALL, Edges, Plan, Stage, Statistic, System, curved, dense, filter};
use super::FRAMES;

/// Filters of the back end's convolutions.
const BACK: usize = 128;

pub(super) const SYSTEM: System = System {
    name: "pons",
    description: "Tall filters for timbre and long ones for rhythm side by side, then residual convolutions over time",
    designer: "Pons, Nieto, Prockup, Schmidt, Ehmann and Serra",
    source: "arXiv 1711.02520",
    differs: "64 mel bands in place of 96; temporal filters of 11, 9, 5 and 3 frames of 234 ms, which last as long as 165 to \
              32 of 16 ms; 128 filters in the back end in place of 512",
    bands: 64,
    plan,
};

fn plan(bands: usize) -> Plan {
    let mut front = Vec::new();
    for tall in [bands * 86 / 96, bands * 38 / 96] {
        for (long, filters) in [(7, 16), (3, 32), (1, 64)] {
            let highest = Stage::Pool { frames: 1, bands: ALL, curve: Relu };
            front.push(vec![filter(filters, [long, tall], Edges::SameTime), Stage::Norm, highest]);
        }
    }
    for (long, filters) in [(11, 16), (9, 32), (5, 64), (3, 128)] {
        front.push(vec![Stage::MeanOverBands, filter(filters, [long, 1], Edges::Same), Stage::Norm, curved(Relu)]);
    }
    let back = || vec![filter(BACK, [7, 1], Edges::Same), Stage::Norm, curved(Relu)];
    let mut stages = vec![Stage::Parallel(front)];
    stages.extend(back());
    stages.push(Stage::Residual(back()));
    stages.push(Stage::Pool { frames: 2, bands: 1, curve: Line });
    stages.push(Stage::Residual(back()));
    stages.push(Stage::Statistics(&[Statistic::Max, Statistic::Mean]));
    stages.extend([Stage::Dropout(0.5), dense(500), Stage::Norm, curved(Relu), Stage::Dropout(0.5)]);
    Plan { bands, frames: FRAMES, slices: false, stages, batch: 32, rate: 2e-3 }
}
