//! Plays blocks through a plugin with nothing of the host's own in between: what a block costs is the plugin's cost, and
//! what it allocates is the plugin's allocation.

use super::handlers::{Host, Shared};
use super::processor::rolling;
use super::{Instance, instantiate, layout, load, set_render_mode};
use crate::buses::Layout;
use crate::{Audio, Class};
use anyhow::{Context, Result, anyhow};
use clack_host::events::spaces::CoreEventSpace;
use clack_host::prelude::*;
use clap_sys::audio_buffer::clap_audio_buffer;
use std::path::Path;

/// Room for events, so that writing them down never allocates.
const EVENTS: usize = 1 << 12;

/// A bundle that is loaded.
pub struct Bundle(PluginEntry);

/// One instance, on the main thread.
pub struct Seat {
    instance: Instance,
    layout: Layout,
}

/// An activated instance on its way to the audio thread.
pub struct Ready {
    stopped: StoppedPluginAudioProcessor<Host>,
    layout: Layout,
    rate_hz: f64,
    longest: usize,
}

/// An instance on the audio thread. Its input is the caller's to fill.
pub struct Player {
    started: StartedPluginAudioProcessor<Host>,
    inputs: Vec<Audio>,
    outputs: Vec<Audio>,
    input_buffers: Vec<clap_audio_buffer>,
    output_buffers: Vec<clap_audio_buffer>,
    /// The channels' addresses; `input_buffers` and `output_buffers` point into it.
    _tables: Vec<Vec<*mut f32>>,
    nothing: EventBuffer,
    said: EventBuffer,
    at: u64,
    rate_hz: f64,
}

/// A parameter's value that the plugin has said.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Said {
    /// Samples since activation.
    pub at: u64,
    /// The parameter.
    pub parameter: u32,
    /// Its value.
    pub value: f64,
}

impl Bundle {
    /// Loads a bundle.
    ///
    /// # Errors
    /// The file cannot be loaded, or is no CLAP plugin.
    pub fn open(path: &Path) -> Result<Self> {
        load(path).map(Self)
    }

    /// A new instance with stereo ports.
    ///
    /// # Errors
    /// The plugin refuses.
    pub fn seat(&self, class: Class) -> Result<Seat> {
        let mut instance = instantiate(&self.0, class)?;
        let layout = layout(&mut instance, 2)?;
        Ok(Seat { instance, layout })
    }
}

impl Seat {
    /// Renders offline from the next activation on: the audio thread waits for the engine.
    pub fn set_offline(&mut self, offline: bool) {
        set_render_mode(&mut self.instance, offline);
    }

    /// Activates it for blocks of up to `longest` frames.
    ///
    /// # Errors
    /// The plugin refuses.
    pub fn activate(&mut self, rate_hz: f64, longest: usize) -> Result<Ready> {
        let max_frames_count = u32::try_from(longest)?;
        let configuration = PluginAudioConfiguration { sample_rate: rate_hz, min_frames_count: 1, max_frames_count };
        let stopped = self.instance.activate(|_, _| (), configuration);
        let stopped = stopped.map_err(|error| anyhow!("cannot activate: {error}"))?;
        Ok(Ready { stopped, layout: self.layout.clone(), rate_hz, longest })
    }

    /// Answers the plugin's calls for the main thread.
    pub fn tend(&mut self) {
        if self.instance.access_shared_handler(Shared::take_callback_request) {
            self.instance.call_on_main_thread_callback();
        }
    }

    /// Ends the activation; its player must be stopped.
    ///
    /// # Errors
    /// The plugin is still playing.
    pub fn deactivate(&mut self) -> Result<()> {
        self.instance.try_deactivate().map_err(|error| anyhow!("cannot deactivate: {error}"))
    }
}

impl Ready {
    /// Starts to process; to be called on the audio thread.
    ///
    /// # Errors
    /// The plugin refuses.
    pub fn play(self) -> Result<Player> {
        let started = self.stopped.start_processing().map_err(|error| anyhow!("cannot start: {error}"))?;
        let memory = |ports: &[usize]| -> Vec<Audio> {
            ports.iter().map(|channels| vec![vec![0.0; self.longest]; *channels]).collect()
        };
        let (mut inputs, mut outputs) = (memory(&self.layout.inputs), memory(&self.layout.outputs));
        let mut tables = Vec::new();
        let mut buffers = |ports: &mut [Audio]| -> Vec<clap_audio_buffer> {
            let mut buffer = |port: &mut Audio| {
                let mut table: Vec<*mut f32> = port.iter_mut().map(|channel| channel.as_mut_ptr()).collect();
                let data32 = table.as_mut_ptr();
                tables.push(table);
                let channel_count = port.len() as u32;
                clap_audio_buffer { data32, data64: std::ptr::null_mut(), channel_count, latency: 0, constant_mask: 0 }
            };
            ports.iter_mut().map(&mut buffer).collect()
        };
        let (input_buffers, output_buffers) = (buffers(&mut inputs), buffers(&mut outputs));
        Ok(Player {
            started,
            inputs,
            outputs,
            input_buffers,
            output_buffers,
            _tables: tables,
            nothing: EventBuffer::new(),
            said: EventBuffer::with_capacity(EVENTS),
            at: 0,
            rate_hz: self.rate_hz,
        })
    }
}

impl Player {
    /// Copies the next frames of a song that begins anew when it ends into the main input.
    pub fn feed(&mut self, song: &[Vec<f32>], from: u64, frames: usize) {
        let Some(length) = song.first().map(Vec::len).filter(|length| *length > 0) else { return };
        for (index, channel) in self.inputs.first_mut().into_iter().flatten().enumerate() {
            let source = &song[index.min(song.len() - 1)];
            let mut at = (from % length as u64) as usize;
            let mut done = 0;
            while done < frames {
                let count = (frames - done).min(length - at);
                channel[done..done + count].copy_from_slice(&source[at..at + count]);
                done += count;
                at = 0;
            }
        }
    }

    /// One block of the input as it is, with the transport rolling.
    ///
    /// # Errors
    /// The plugin says that processing failed.
    pub fn block(&mut self, frames: usize) -> Result<()> {
        self.said.clear();
        let count = frames as u32;
        // SAFETY: the tables point to `longest` samples of this player's own memory, which nothing else touches during
        // the call, and the caller's blocks are no longer.
        let inputs = unsafe { InputAudioBuffers::from_raw_buffers(&self.input_buffers, count) };
        // SAFETY: as above.
        let mut outputs = unsafe { OutputAudioBuffers::from_raw_buffers(&mut self.output_buffers, count) };
        let transport = rolling(self.at, self.rate_hz, true);
        let done = self.started.process(
            &inputs,
            &mut outputs,
            &self.nothing.as_input(),
            &mut self.said.as_output(),
            Some(self.at),
            Some(&transport),
        );
        self.at += u64::from(count);
        done.map(|_| ()).map_err(|error| anyhow!("processing failed: {error}"))
    }

    /// The parameters' values that the last block has said.
    pub fn values(&self, frames: usize) -> impl Iterator<Item = Said> {
        let start = self.at - frames as u64;
        (&self.said).into_iter().filter_map(move |event| match event.as_core_event() {
            Some(CoreEventSpace::ParamValue(value)) => Some(Said {
                at: start + u64::from(event.header().time()),
                parameter: value.param_id()?.get(),
                value: value.value(),
            }),
            _ => None,
        })
    }

    /// Whether the last block's main output is its main input, bit by bit.
    pub fn is_untouched(&self, frames: usize) -> bool {
        let bits = |port: Option<&Audio>| -> Vec<u32> {
            port.into_iter().flatten().flat_map(|channel| &channel[..frames]).map(|sample| sample.to_bits()).collect()
        };
        bits(self.inputs.first()) == bits(self.outputs.first())
    }

    /// Samples played since activation.
    pub fn at(&self) -> u64 {
        self.at
    }

    /// Ends the processing; to be called on the audio thread.
    pub fn stop(self) {
        self.started.stop_processing();
    }
}

/// The parameter's number, from its id.
///
/// # Errors
/// There is none of that id.
pub fn number(id: &str) -> Result<u32> {
    let known = crate::ids::OUTPUTS.contains(&id) || crate::ids::GENRES.contains(&id);
    known.then(|| crate::ids::number(id)).with_context(|| format!("no output is called {id}"))
}
