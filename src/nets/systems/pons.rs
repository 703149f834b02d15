//! Pons's front ends and back end (arXiv 1711.02520). On a spectrogram, filters nearly as tall as the picture for timbre and
//! long ones on its envelope for rhythm; on the waveform, filters of three samples, one behind the other; then convolutions
//! over time with residuals.

use super::super::stack::Curve::{Line, Relu};
use super::super::stack::{ALL, Edges, Plan, Stage, Statistic, System, curved, dense, filter};
use super::FRAMES;

/// Filters of the back end's convolutions.
const BACK: usize = 128;

/// The net for clips.
pub const SYSTEM: System = System {
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
    let mut stages = vec![front(bands, [11, 9, 5, 3], 1)];
    stages.extend(back(BACK, 500));
    Plan { bands, frames: FRAMES, slices: false, stages, batch: 32, rate: 2e-3 }
}

/// The front end on a spectrogram: temporal filters of so many frames each, and one in `fewer` of the published filters.
fn front(bands: usize, temporal: [usize; 4], fewer: usize) -> Stage {
    let mut front = Vec::new();
    for tall in [bands * 86 / 96, bands * 38 / 96] {
        for (long, filters) in [(7, 16), (3, 32), (1, 64)] {
            let highest = Stage::Pool { frames: 1, bands: ALL, curve: Relu };
            front.push(vec![filter(filters / fewer, [long, tall], Edges::SameTime), Stage::Norm, highest]);
        }
    }
    for (long, filters) in temporal.into_iter().zip([16, 32, 64, 128]) {
        let filters = filter(filters / fewer, [long, 1], Edges::Same);
        front.push(vec![Stage::MeanOverBands, filters, Stage::Norm, curved(Relu)]);
    }
    Stage::Parallel(front)
}

/// The back end: so many filters in each convolution, so wide a layer before the output.
fn back(filters: usize, width: usize) -> Vec<Stage> {
    let convolution = || vec![filter(filters, [7, 1], Edges::Same), Stage::Norm, curved(Relu)];
    let mut stages = convolution();
    stages.push(Stage::Residual(convolution()));
    stages.push(Stage::Pool { frames: 2, bands: 1, curve: Line });
    stages.push(Stage::Residual(convolution()));
    stages.push(Stage::Statistics(&[Statistic::Max, Statistic::Mean]));
    stages.extend([Stage::Dropout(0.5), dense(width), Stage::Norm, curved(Relu), Stage::Dropout(0.5)]);
    stages
}

/// Filters of a student, one in so many of the published ones.
const FEWER: usize = 4;
/// Filters of the back end that both students have, and the width of its last layer.
const STUDENTS_BACK: usize = 32;
pub(in crate::nets) const STUDENTS_WIDTH: usize = 128;

/// Name of the students on a spectrogram, in cards and on the command line.
pub const TAGS_NAME: &str = "pons_tags";
/// What they are.
pub const TAGS_DESCRIPTION: &str = "Pons's net on 96 mel bands every 16 ms, a quarter as wide: tags, learned from real audio and what a tagger says of it";

/// A student on 96 mel bands every 16 ms, standardised: temporal filters as published, one in four of the filters.
pub fn on_spectrogram() -> Vec<Stage> {
    let mut stages = vec![front(96, [165, 128, 64, 32], FEWER)];
    stages.extend(back(STUDENTS_BACK, STUDENTS_WIDTH));
    stages
}

/// A student on the waveform, which comes as rows of three samples: seven convolutions of three, the first with a stride of
/// three, the others pooled by three; one in four of the published filters.
pub fn on_waveform() -> Vec<Stage> {
    let mut stages = vec![Stage::BandsToChannels, dense(64 / FEWER), Stage::Norm, curved(Relu)];
    for filters in [64, 64, 128, 128, 128, 256] {
        let pooled = Stage::Pool { frames: 3, bands: 1, curve: Relu };
        stages.extend([filter(filters / FEWER, [3, 1], Edges::Same), Stage::Norm, pooled]);
    }
    stages.extend(back(STUDENTS_BACK, STUDENTS_WIDTH));
    stages
}
