//! The audio memory that a host lends to a plugin, with the pointer tables that both formats want.

use crate::Audio;

/// Channels of every port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) inputs: Vec<usize>,
    pub(crate) outputs: Vec<usize>,
}

/// One port's memory.
pub(crate) struct Bus {
    channels: Audio,
    /// One pointer per channel. Valid from [`Buses::lend`] until the samples are next touched from Rust.
    pub(crate) pointers: Vec<*mut f32>,
}

impl Bus {
    fn new(channels: usize, frames: usize) -> Self {
        Self { channels: vec![vec![0.0; frames]; channels], pointers: Vec::with_capacity(channels) }
    }

    fn point(&mut self) {
        self.pointers.clear();
        self.pointers.extend(self.channels.iter_mut().map(|channel| channel.as_mut_ptr()));
    }

    /// Fills the start of each channel from `audio` at `start`; silence past its end and on further channels.
    fn fill(&mut self, audio: &[Vec<f32>], start: usize, frames: usize) {
        for (index, channel) in self.channels.iter_mut().enumerate() {
            let source = audio.get(index).and_then(|source| source.get(start..)).unwrap_or_default();
            let count = source.len().min(frames);
            channel[..count].copy_from_slice(&source[..count]);
            channel[count..frames].fill(0.0);
        }
    }
}

/// All ports of a plugin.
pub(crate) struct Buses {
    pub(crate) inputs: Vec<Bus>,
    pub(crate) outputs: Vec<Bus>,
    in_place: bool,
}

impl Buses {
    /// Memory for blocks of up to `longest` frames. `in_place` lends the main input's memory as the main output
    /// too, as hosts like to.
    pub(crate) fn new(layout: &Layout, longest: usize, in_place: bool) -> Self {
        let memory = |ports: &[usize]| ports.iter().map(|channels| Bus::new(*channels, longest)).collect();
        let in_place = in_place && !layout.inputs.is_empty() && layout.inputs.first() == layout.outputs.first();
        Self { inputs: memory(&layout.inputs), outputs: memory(&layout.outputs), in_place }
    }

    /// Makes the next block ready: inputs filled, outputs full of what no plugin may leave there, pointers set.
    pub(crate) fn lend(&mut self, main: &[Vec<f32>], side_chain: &[Vec<f32>], start: usize, frames: usize) {
        for (index, bus) in self.inputs.iter_mut().enumerate() {
            let audio = match index {
                0 => main,
                1 => side_chain,
                _ => &[],
            };
            bus.fill(audio, start, frames);
            bus.point();
        }
        for bus in &mut self.outputs {
            bus.channels.iter_mut().for_each(|channel| channel[..frames].fill(f32::NAN));
            bus.point();
        }
        if self.in_place {
            self.outputs[0].pointers.clone_from(&self.inputs[0].pointers);
        }
    }

    /// Appends what the plugin has written to `outputs` (ports x channels x samples).
    pub(crate) fn take(&self, outputs: &mut [Audio], frames: usize) {
        for (index, (port, bus)) in outputs.iter_mut().zip(&self.outputs).enumerate() {
            let written = if self.in_place && index == 0 { &self.inputs[0] } else { bus };
            for (channel, samples) in port.iter_mut().zip(&written.channels) {
                channel.extend_from_slice(&samples[..frames]);
            }
        }
    }
}
