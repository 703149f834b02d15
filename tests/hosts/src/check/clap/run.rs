//! Audio through a plugin, block by block, on a thread of its own, with a look at everything that comes back.

use super::events::{self, Event, Said};
use super::library::call;
use super::plugin::{Plugin, Port};
use crate::Audio;
use crate::check::random::Random;
use anyhow::{Context, Result, anyhow, ensure};
use clap_sys::audio_buffer::clap_audio_buffer;
use clap_sys::events::{
    CLAP_EVENT_TRANSPORT, CLAP_TRANSPORT_HAS_BEATS_TIMELINE, CLAP_TRANSPORT_HAS_SECONDS_TIMELINE,
    CLAP_TRANSPORT_HAS_TEMPO, CLAP_TRANSPORT_IS_PLAYING, clap_event_transport,
};
use clap_sys::fixedpoint::{CLAP_BEATTIME_FACTOR, CLAP_SECTIME_FACTOR};
use clap_sys::process::{CLAP_PROCESS_ERROR, clap_process, clap_process_status};
use std::cell::RefCell;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// What an output holds before a plugin writes it: no signal has these bits.
const UNWRITTEN: u32 = 0x7fc0_1234;
/// Samples beyond a block that must stay as they are.
const MARGIN: usize = 16;

/// How a plugin is activated and fed.
#[derive(Clone, Copy)]
pub(super) struct Setup {
    pub(super) rate_hz: f64,
    pub(super) longest: usize,
    /// Ports that may share memory do.
    pub(super) in_place: bool,
}

impl Setup {
    /// 44.1 kHz, blocks of 512, not in place.
    pub(super) const USUAL: Self = Self { rate_hz: 44_100.0, longest: 512, in_place: false };
}

/// The audio thread's view of an active plugin.
pub(super) struct Run<'a> {
    plugin: &'a Plugin<'a>,
    ports: [Vec<Port>; 2],
    setup: Setup,
    /// Ports x channels x samples.
    pub(super) inputs: Vec<Audio>,
    pub(super) outputs: Vec<Audio>,
    /// `None`: the host has no transport.
    pub(super) transport: Option<clap_event_transport>,
    pub(super) subnormals_allowed: bool,
    /// One bit per channel of each output, as the plugin set them in the last block.
    pub(super) constant: Vec<u64>,
    pub(super) said: Vec<Said>,
    steady: i64,
}

/// Activates a plugin, runs `body` on an audio thread, and deactivates it; the main thread answers meanwhile.
pub(super) fn run<T: Send>(
    plugin: &Plugin<'_>,
    setup: Setup,
    body: impl FnOnce(&mut Run<'_>) -> Result<T> + Send,
) -> Result<T> {
    let mut run = Run::new(plugin, setup)?;
    plugin.side.activating.store(true, Ordering::Release);
    let active = call!(plugin.raw, activate(plugin.raw, setup.rate_hz, 1, setup.longest as u32));
    plugin.side.activating.store(false, Ordering::Release);
    ensure!(active, "activate({} Hz, 1..{}) gives false", setup.rate_hz, setup.longest);
    let done = std::thread::scope(|scope| {
        let audio = scope.spawn(move || {
            plugin.side.set_audio_thread(Some(std::thread::current().id()));
            ensure!(call!(plugin.raw, start_processing(plugin.raw)), "start_processing() gives false");
            let done = body(&mut run);
            call!(plugin.raw, stop_processing(plugin.raw));
            plugin.side.set_audio_thread(None);
            done
        });
        while !audio.is_finished() {
            plugin.faultless()?;
            std::thread::sleep(Duration::from_micros(200));
        }
        audio.join().map_err(|_| anyhow!("the audio thread panicked"))?
    });
    call!(plugin.raw, deactivate(plugin.raw));
    plugin.faultless()?;
    done
}

// SAFETY: the raw pointers within are those of events and ports that are copied, and of the plugin, which is `Sync`.
unsafe impl Send for Run<'_> {}

impl<'a> Run<'a> {
    fn new(plugin: &'a Plugin<'a>, setup: Setup) -> Result<Self> {
        let ports = plugin.ports()?;
        let memory = |ports: &[Port]| -> Vec<Audio> {
            ports.iter().map(|port| vec![vec![0.0; setup.longest + MARGIN]; port.channels as usize]).collect()
        };
        Ok(Self {
            plugin,
            inputs: memory(&ports[0]),
            outputs: memory(&ports[1]),
            ports,
            setup,
            transport: Some(rolling(0.0)),
            subnormals_allowed: false,
            constant: Vec::new(),
            said: Vec::new(),
            steady: 0,
        })
    }

    /// Noise on every input.
    pub(super) fn noise(&mut self, random: &mut Random) {
        self.inputs.iter_mut().flatten().for_each(|channel| random.noise(channel));
    }

    /// Silence on every input.
    pub(super) fn silence(&mut self) {
        self.inputs.iter_mut().flatten().for_each(|channel| channel.fill(0.0));
    }

    /// `count` blocks of noise.
    pub(super) fn noisy_blocks(&mut self, random: &mut Random, count: usize) -> Result<()> {
        for _ in 0..count {
            self.noise(random);
            self.block(self.setup.longest, &[])?;
        }
        Ok(())
    }

    pub(super) fn reset(&self) -> Result<()> {
        call!(self.plugin.raw, reset(self.plugin.raw));
        Ok(())
    }

    /// One block; the events must lie in it and be in order.
    pub(super) fn block(&mut self, frames: usize, events: &[Event]) -> Result<clap_process_status> {
        let pairs: Vec<_> = self.ports[1].iter().map(|port| port.pair.filter(|_| self.setup.in_place)).collect();
        self.outputs.iter_mut().flatten().for_each(|channel| channel.fill(f32::from_bits(UNWRITTEN)));
        let before = self.inputs.clone();
        let mut inputs = tables(&mut self.inputs);
        let mut outputs = tables(&mut self.outputs);
        for (output, pair) in outputs.iter_mut().zip(pairs) {
            if let Some(pair) = pair {
                output.clone_from(&inputs[pair]);
            }
        }
        let input_buffers = buffers(&mut inputs);
        let mut output_buffers = buffers(&mut outputs);
        let (_held, in_events) = events::input(events);
        let said = RefCell::default();
        let out_events = events::output(&said);
        let block = clap_process {
            steady_time: self.steady,
            frames_count: frames as u32,
            transport: self.transport.as_ref().map_or(std::ptr::null(), std::ptr::from_ref),
            audio_inputs: input_buffers.as_ptr(),
            audio_outputs: output_buffers.as_mut_ptr(),
            audio_inputs_count: input_buffers.len() as u32,
            audio_outputs_count: output_buffers.len() as u32,
            in_events: &raw const in_events,
            out_events: &raw const out_events,
        };
        let status = call!(self.plugin.raw, process(self.plugin.raw, &raw const block));
        self.steady += frames as i64;
        if let Some(transport) = &mut self.transport {
            transport.song_pos_seconds += seconds(frames as f64 / self.setup.rate_hz);
        }
        ensure!(status != CLAP_PROCESS_ERROR, "process() of {frames} frames gives CLAP_PROCESS_ERROR");
        self.constant = output_buffers.iter().map(|buffer| buffer.constant_mask).collect();
        self.said = said.take();
        self.look_at_audio(frames, &before)?;
        self.look_at_events(frames)
            .with_context(|| format!("in a block of {frames} frames at {} Hz", self.setup.rate_hz))?;
        Ok(status)
    }

    fn look_at_audio(&self, frames: usize, before: &[Audio]) -> Result<()> {
        let bits = |channel: &[f32]| channel.iter().map(|sample| sample.to_bits()).collect::<Vec<_>>();
        for (index, port) in self.inputs.iter().enumerate() {
            let shared = self.setup.in_place && self.ports[0][index].pair.is_some();
            for (channel, (now, then)) in port.iter().zip(&before[index]).enumerate() {
                let from = if shared { frames } else { 0 };
                ensure!(bits(&now[from..]) == bits(&then[from..]), "input {index}, channel {channel} was written to");
            }
        }
        for (index, port) in self.outputs.iter().enumerate() {
            let pair = self.setup.in_place.then_some(self.ports[1][index].pair).flatten();
            let port = pair.map_or(port, |pair| &self.inputs[pair]);
            for (channel, samples) in port.iter().enumerate() {
                let place = format!("output {index}, channel {channel}");
                for (frame, sample) in samples[..frames].iter().enumerate() {
                    ensure!(sample.to_bits() != UNWRITTEN, "{place}: frame {frame} of {frames} was left unwritten");
                    ensure!(sample.is_finite(), "{place}: frame {frame} is {sample}");
                    let subnormal = sample.is_subnormal() && !self.subnormals_allowed;
                    ensure!(!subnormal, "{place}: frame {frame} is subnormal ({sample:e})");
                }
                let beyond = pair.is_some() || samples[frames..].iter().all(|sample| sample.to_bits() == UNWRITTEN);
                ensure!(beyond, "{place}: samples beyond the block were written");
                let constant = samples[..frames].windows(2).all(|pair| (pair[0] - pair[1]).abs() < 1e-3);
                let flagged = self.constant[index] & (1 << channel) != 0;
                ensure!(constant || !flagged, "{place}: flagged as constant, which it is not");
            }
        }
        Ok(())
    }

    fn look_at_events(&self, frames: usize) -> Result<()> {
        let mut last = 0;
        for said in &self.said {
            ensure!(said.time >= last, "an event at {} after one at {last}", said.time);
            ensure!((said.time as usize) < frames, "an event at {}", said.time);
            ensure!(said.kind != CLAP_EVENT_TRANSPORT, "a transport event from a plugin");
            ensure!(said.value.is_finite(), "parameter {} becomes {}", said.parameter, said.value);
            last = said.time;
        }
        Ok(())
    }
}

fn tables(ports: &mut [Audio]) -> Vec<Vec<*mut f32>> {
    ports.iter_mut().map(|port| port.iter_mut().map(|channel| channel.as_mut_ptr()).collect()).collect()
}

fn buffers(tables: &mut [Vec<*mut f32>]) -> Vec<clap_audio_buffer> {
    let buffer = |table: &mut Vec<*mut f32>| clap_audio_buffer {
        data32: table.as_mut_ptr(),
        data64: std::ptr::null_mut(),
        channel_count: table.len() as u32,
        latency: 0,
        constant_mask: 0,
    };
    tables.iter_mut().map(buffer).collect()
}

/// A time in CLAP's fixed-point seconds.
pub(super) fn seconds(time_s: f64) -> i64 {
    (time_s * CLAP_SECTIME_FACTOR as f64) as i64
}

/// A transport that plays at 120 beats a minute.
pub(super) fn rolling(at_s: f64) -> clap_event_transport {
    // SAFETY: all zeros are a valid transport.
    let mut transport: clap_event_transport = unsafe { std::mem::zeroed() };
    transport.header.size = size_of::<clap_event_transport>() as u32;
    transport.header.type_ = CLAP_EVENT_TRANSPORT;
    transport.flags = CLAP_TRANSPORT_HAS_TEMPO
        | CLAP_TRANSPORT_HAS_BEATS_TIMELINE
        | CLAP_TRANSPORT_HAS_SECONDS_TIMELINE
        | CLAP_TRANSPORT_IS_PLAYING;
    transport.tempo = 120.0;
    transport.song_pos_seconds = seconds(at_s);
    transport.song_pos_beats = (2.0 * at_s * CLAP_BEATTIME_FACTOR as f64) as i64;
    (transport.tsig_num, transport.tsig_denom) = (4, 4);
    transport
}
