//! What was heard as a standard MIDI file: a note per phrase, a controller with the voice's probability.
//!
//! 500 ticks a quarter at 120 bpm: a tick is a millisecond, also in a host that ignores the file's
//! tempo and stands at its own default of 120.

use anyhow::Result;
use midly::num::{u4, u7, u15, u24, u28};
use midly::{Format, Header, MetaMessage, Smf, Timing, TrackEvent, TrackEventKind};

use super::Frame;
use crate::say::midi::{MidiMessage, MidiMode, MidiSettings, MidiVoice};

const TICKS_PER_QUARTER: u16 = 500;
const MICROSECONDS_PER_QUARTER: u32 = 500_000;
// Channel, note and controller are the plugin's defaults.
const CHANNEL: u8 = 0;
const NOTE: u8 = 60;
const CONTROLLER: u8 = 20;
const VELOCITY: u8 = 100;

/// The bytes of the MIDI file: track 0 the tempo, track 1 what the plugin would send.
///
/// # Errors
/// None in practice; the writer's own.
pub fn file(frames: impl Iterator<Item = Frame>, duration_s: f64) -> Result<Vec<u8>> {
    let mut track = Track { events: vec![meta(0, MetaMessage::TrackName(b"Earmark"))], now: 0 };
    let settings = MidiSettings { mode: MidiMode::Both, channel: CHANNEL, note: NOTE, controller: CONTROLLER };
    let mut voice = MidiVoice::new();
    for Frame { time_s, probability, gate } in frames {
        let tick = ticks(time_s);
        voice.advance(&settings, gate, probability, |message| track.send(tick, message));
    }
    let end = ticks(duration_s).max(track.now);
    voice.silence(|message| track.send(end, message));
    track.events.push(meta(end - track.now, MetaMessage::EndOfTrack));

    let mut smf = Smf::new(Header::new(Format::Parallel, Timing::Metrical(u15::new(TICKS_PER_QUARTER))));
    smf.tracks.push(vec![
        meta(0, MetaMessage::Tempo(u24::new(MICROSECONDS_PER_QUARTER))),
        meta(0, MetaMessage::TimeSignature(4, 2, 24, 8)),
        meta(0, MetaMessage::EndOfTrack),
    ]);
    smf.tracks.push(track.events);
    let mut bytes = Vec::new();
    smf.write_std(&mut bytes)?;
    Ok(bytes)
}

/// A track being written, at tick `now`.
struct Track<'a> {
    events: Vec<TrackEvent<'a>>,
    now: u32,
}

impl Track<'_> {
    fn send(&mut self, tick: u32, message: MidiMessage) {
        let (channel, message) = match message {
            MidiMessage::NoteOn { channel, note } => {
                (channel, midly::MidiMessage::NoteOn { key: u7::new(note), vel: u7::new(VELOCITY) })
            }
            MidiMessage::NoteOff { channel, note } => {
                (channel, midly::MidiMessage::NoteOff { key: u7::new(note), vel: u7::new(0) })
            }
            MidiMessage::Controller { channel, controller, value } => {
                (channel, midly::MidiMessage::Controller { controller: u7::new(controller), value: u7::new(value) })
            }
        };
        let kind = TrackEventKind::Midi { channel: u4::new(channel), message };
        self.events.push(TrackEvent { delta: u28::new(tick - self.now), kind });
        self.now = tick;
    }
}

fn ticks(time_s: f64) -> u32 {
    (time_s * 1000.0).round().clamp(0.0, f64::from(u28::max_value().as_int())) as u32
}

fn meta(delta: u32, message: MetaMessage<'_>) -> TrackEvent<'_> {
    TrackEvent { delta: u28::new(delta), kind: TrackEventKind::Meta(message) }
}
