//! The loop that both hosts run: audio in blocks to the plugin, and all that comes back into the book.

use crate::buses::{Buses, Layout};
use crate::ledger::Ledger;
use crate::render::{Parameter, find};
use crate::{Audio, Plan, Setting};
use anyhow::Result;
use std::time::{Duration, Instant};

/// One block, as the host gives it.
pub(crate) struct Block<'a> {
    /// Samples since the start of the render.
    pub(crate) start: u64,
    pub(crate) frames: usize,
    pub(crate) rate_hz: f64,
    /// Where in the song the transport is, in samples.
    pub(crate) song: u64,
    /// The transport rolls.
    pub(crate) playing: bool,
    /// Automation that falls into this block.
    pub(crate) changes: &'a [Change],
}

/// A parameter change by the host.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    /// Samples since the block's start (in a lane: since the render's).
    pub(crate) offset: u64,
    pub(crate) number: u32,
    /// As CLAP has it.
    pub(crate) value: f64,
    /// As VST3 has it.
    pub(crate) normalized: f64,
}

/// The plugin, as either format lets it be driven.
pub(crate) trait Processor {
    /// Processes one block that `buses` are ready for, and enters what the plugin says.
    fn process(&mut self, block: &Block<'_>, buses: &Buses, ledger: &mut Ledger) -> Result<()>;
}

/// What the loop gives back.
pub(crate) struct Streamed {
    pub(crate) ledger: Ledger,
    pub(crate) outputs: Vec<Audio>,
}

/// Frames in the input.
pub(crate) fn frames(input: &[Vec<f32>]) -> u64 {
    input.first().map_or(0, |channel| channel.len() as u64)
}

/// Length of the block after the input, in which the transport stands still.
const STOPPED_FRAMES: usize = 64;

/// Streams `input` through the plugin, then a short block of silence with the transport stopped.
pub(crate) fn stream(
    plan: &Plan,
    input: &[Vec<f32>],
    layout: &Layout,
    lane: &[Change],
    processor: &mut dyn Processor,
) -> Result<Streamed> {
    let total = frames(input);
    let mut buses = Buses::new(layout, plan.blocks.longest(), plan.in_place);
    let mut outputs: Vec<Audio> =
        layout.outputs.iter().map(|channels| vec![Vec::with_capacity(total as usize); *channels]).collect();
    let mut ledger = Ledger::default();
    let clock = Instant::now();
    let mut run = |start: u64, length: usize, (playing, song): (bool, u64), ledger: &mut Ledger, buses: &mut Buses| {
        if !plan.offline {
            let due = Duration::from_secs_f64((start + length as u64) as f64 / plan.rate_hz);
            std::thread::sleep(due.saturating_sub(clock.elapsed()));
        }
        let changes = within(lane, start, length as u64);
        buses.lend(input, &plan.side_chain, start as usize, length);
        ledger.open_block(start, length);
        let block = Block { start, frames: length, rate_hz: plan.rate_hz, song, playing, changes: &changes };
        processor.process(&block, buses, ledger)
    };

    let mut start = 0;
    for length in plan.blocks.lengths() {
        if start == total {
            break;
        }
        let (playing, song, until) = plan.stand(start);
        let length = (length as u64).min(total - start).min(until - start) as usize;
        if plan.empty_blocks {
            run(start, 0, (playing, song), &mut ledger, &mut buses)?;
        }
        run(start, length, (playing, song), &mut ledger, &mut buses)?;
        buses.take(&mut outputs, length);
        start += length as u64;
    }
    let (_, song, _) = plan.stand(total);
    run(total, plan.blocks.longest().min(STOPPED_FRAMES), (false, song), &mut ledger, &mut buses)?;
    Ok(Streamed { ledger, outputs })
}

/// The lane's points within a block, with offsets from its start.
fn within(lane: &[Change], start: u64, frames: u64) -> Vec<Change> {
    let first = lane.partition_point(|change| change.offset < start);
    let last = lane.partition_point(|change| change.offset < start + frames);
    lane[first..last].iter().map(|change| Change { offset: change.offset - start, ..change.clone() }).collect()
}

/// The plan's settings as changes; `read` is the plugin's way from text to a value as CLAP has it.
pub(crate) fn settings(
    plan: &Plan,
    parameters: &[Parameter],
    read: &dyn Fn(&Parameter, &str) -> Result<f64>,
) -> Result<Vec<Change>> {
    plan.settings.iter().map(|(id, setting)| change(0, find(parameters, id)?, setting, read)).collect()
}

/// The plan's lane as changes, in order of time.
pub(crate) fn lane(
    plan: &Plan,
    parameters: &[Parameter],
    read: &dyn Fn(&Parameter, &str) -> Result<f64>,
) -> Result<Vec<Change>> {
    let points = plan.lane.iter();
    let mut changes = points
        .map(|point| change(point.time_samples, find(parameters, &point.id)?, &point.setting, read))
        .collect::<Result<Vec<_>>>()?;
    changes.sort_by_key(|change| change.offset);
    Ok(changes)
}

fn change(
    offset: u64,
    parameter: &Parameter,
    setting: &Setting,
    read: &dyn Fn(&Parameter, &str) -> Result<f64>,
) -> Result<Change> {
    let value = match setting {
        Setting::Value(value) => *value,
        Setting::Text(text) => read(parameter, text)?,
    };
    Ok(Change { offset, number: parameter.number, value, normalized: parameter.normalized(value) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Blocks, Class, Stand};

    /// Doubles the main input, and says nothing.
    struct Twice {
        lengths: Vec<usize>,
        offsets: Vec<u64>,
        stopped: usize,
    }

    impl Processor for Twice {
        fn process(&mut self, block: &Block<'_>, buses: &Buses, _: &mut Ledger) -> Result<()> {
            self.lengths.push(block.frames);
            self.offsets.extend(block.changes.iter().map(|change| block.start + change.offset));
            self.stopped += usize::from(!block.playing);
            for (from, to) in buses.inputs[0].pointers.iter().zip(&buses.outputs[0].pointers) {
                for frame in 0..block.frames {
                    // SAFETY: both tables point to at least `frames` samples until the samples are next touched.
                    unsafe { *to.add(frame) = 2.0 * *from.add(frame) };
                }
            }
            Ok(())
        }
    }

    #[test]
    fn the_transport_moves_at_its_moments() {
        let stand = |time_samples, playing, song_samples| Stand { time_samples, playing, song_samples };
        let transport = vec![stand(100, false, 5000), stand(150, true, 700)];
        let plan = Plan { transport, ..Plan::new(Class::Earmark, 48000.0) };
        assert_eq!(plan.stand(40), (true, 40, 100));
        assert_eq!(plan.stand(120), (false, 5000, 150));
        assert_eq!(plan.stand(160), (true, 710, u64::MAX));
    }

    #[test]
    fn every_sample_passes_once_however_it_is_cut() {
        let input = vec![(0..1000_u16).map(f32::from).collect::<Vec<_>>(); 2];
        let doubled: Vec<_> = input[0].iter().map(|sample| 2.0 * sample).collect();
        let layout = Layout { inputs: vec![2, 2], outputs: vec![2] };
        let point = |offset| Change { offset, number: 1, value: 1.0, normalized: 1.0 };
        let lane = [point(0), point(64), point(999)];
        for blocks in [Blocks::Of(64), Blocks::Of(4096), Blocks::Random { longest: 100, seed: 1 }] {
            for in_place in [false, true] {
                let mut plan = Plan::new(Class::Earmark, 48000.0).in_blocks(blocks);
                plan.in_place = in_place;
                let mut twice = Twice { lengths: Vec::new(), offsets: Vec::new(), stopped: 0 };
                let streamed = stream(&plan, &input, &layout, &lane, &mut twice).unwrap();
                assert_eq!(streamed.outputs, [[doubled.clone(), doubled.clone()]]);
                assert_eq!(twice.lengths.iter().sum::<usize>(), 1000 + blocks.longest().min(STOPPED_FRAMES));
                assert_eq!(twice.offsets, [0, 64, 999]);
                assert_eq!(twice.stopped, 1);
            }
        }
    }
}
