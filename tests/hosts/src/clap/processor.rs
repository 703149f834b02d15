//! One block through CLAP's `process`.

use super::handlers::Host;
use crate::Kind;
use crate::buses::{Bus, Buses};
use crate::ledger::Ledger;
use crate::stream::{Block, Processor};
use anyhow::{Result, anyhow};
use clack_host::events::event_types::{ParamValueEvent, TransportEvent, TransportFlags};
use clack_host::events::spaces::CoreEventSpace;
use clack_host::events::{EventFlags, Match};
use clack_host::prelude::*;
use clack_host::utils::{BeatTime, SecondsTime};
use clap_sys::audio_buffer::clap_audio_buffer;

/// The tempo that the host pretends to run at.
const TEMPO_BPM: f64 = 120.0;

/// The audio thread's half of a plugin.
pub(super) struct ClapProcessor {
    started: StartedPluginAudioProcessor<Host>,
    input_events: EventBuffer,
    output_events: EventBuffer,
}

impl ClapProcessor {
    pub(super) fn new(started: StartedPluginAudioProcessor<Host>) -> Self {
        Self { started, input_events: EventBuffer::new(), output_events: EventBuffer::new() }
    }

    pub(super) fn stop(self) {
        self.started.stop_processing();
    }
}

impl Processor for ClapProcessor {
    fn process(&mut self, block: &Block<'_>, buses: &Buses, ledger: &mut Ledger) -> Result<()> {
        self.input_events.clear();
        self.output_events.clear();
        for change in block.changes {
            let offset = u32::try_from(change.offset)?;
            let event = ParamValueEvent::new(offset, change.number.into(), Pckn::match_all(), change.value);
            self.input_events.push(&event);
        }
        let frames = u32::try_from(block.frames)?;
        let (inputs, mut outputs) = (tables(&buses.inputs), tables(&buses.outputs));
        // SAFETY: every table points to `frames` or more samples which nothing else touches during the call.
        let inputs = unsafe { InputAudioBuffers::from_raw_buffers(&inputs, frames) };
        // SAFETY: as above; where outputs are lent in place they are the inputs' own memory, as CLAP allows.
        let mut outputs = unsafe { OutputAudioBuffers::from_raw_buffers(&mut outputs, frames) };
        self.started
            .process(
                &inputs,
                &mut outputs,
                &self.input_events.as_input(),
                &mut self.output_events.as_output(),
                Some(block.start),
                Some(&transport(block)),
            )
            .map_err(|error| anyhow!("processing the block at {} failed: {error}", block.start))?;
        for event in &self.output_events {
            enter(event, ledger);
        }
        Ok(())
    }
}

fn tables(buses: &[Bus]) -> Vec<clap_audio_buffer> {
    let table = |bus: &Bus| clap_audio_buffer {
        // CLAP's type has no const; plugins must not write the table itself.
        data32: bus.pointers.as_ptr().cast_mut(),
        data64: std::ptr::null_mut(),
        channel_count: bus.pointers.len() as u32,
        latency: 0,
        constant_mask: 0,
    };
    buses.iter().map(table).collect()
}

fn transport(block: &Block<'_>) -> TransportEvent {
    rolling(block.song, block.rate_hz, block.playing)
}

/// The transport at a sample of the song, which began with the render.
pub(super) fn rolling(start: u64, rate_hz: f64, playing: bool) -> TransportEvent {
    let seconds = start as f64 / rate_hz;
    let beats = seconds * TEMPO_BPM / 60.0;
    let bar = (beats / 4.0).floor();
    let rolling = if playing { TransportFlags::IS_PLAYING } else { TransportFlags::empty() };
    TransportEvent {
        header: clack_host::events::EventHeader::new_core(0, EventFlags::empty()),
        flags: TransportFlags::HAS_TEMPO
            | TransportFlags::HAS_BEATS_TIMELINE
            | TransportFlags::HAS_SECONDS_TIMELINE
            | TransportFlags::HAS_TIME_SIGNATURE
            | rolling,
        song_pos_beats: BeatTime::from_float(beats),
        song_pos_seconds: SecondsTime::from_float(seconds),
        tempo: TEMPO_BPM,
        tempo_inc: 0.0,
        loop_start_beats: BeatTime::default(),
        loop_end_beats: BeatTime::default(),
        loop_start_seconds: SecondsTime::default(),
        loop_end_seconds: SecondsTime::default(),
        bar_start: BeatTime::from_float(bar * 4.0),
        bar_number: bar as i32,
        time_signature_numerator: 4,
        time_signature_denominator: 4,
    }
}

fn enter(event: &UnknownEvent, ledger: &mut Ledger) {
    let offset = event.header().time();
    let number = |id: Option<ClapId>| id.map_or(u32::MAX, ClapId::get);
    let key = |key: Match<u16>| key.into_specific().and_then(|key| u8::try_from(key).ok()).unwrap_or(u8::MAX);
    match event.as_core_event() {
        Some(CoreEventSpace::ParamValue(value)) => {
            ledger.parameter(offset, Kind::Value, number(value.param_id()), value.value());
        }
        Some(CoreEventSpace::ParamGestureBegin(gesture)) => {
            ledger.parameter(offset, Kind::GestureBegin, number(gesture.param_id()), 0.0);
        }
        Some(CoreEventSpace::ParamGestureEnd(gesture)) => {
            ledger.parameter(offset, Kind::GestureEnd, number(gesture.param_id()), 0.0);
        }
        Some(CoreEventSpace::NoteOn(note)) => ledger.midi(offset, Kind::NoteOn, key(note.key()), note.velocity()),
        Some(CoreEventSpace::NoteOff(note)) => ledger.midi(offset, Kind::NoteOff, key(note.key()), note.velocity()),
        Some(CoreEventSpace::Midi(midi)) => ledger.midi_bytes(offset, midi.data()),
        _ => {}
    }
}
