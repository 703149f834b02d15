//! A piece of music being written as a standard MIDI file, in seconds.
//!
//! 500 ticks a quarter at 120 bpm: a tick is a millisecond.

use super::files;
use anyhow::{Context, Result};
use midly::num::{u4, u7, u15, u24, u28};
use midly::{Format, Header, MetaMessage, MidiMessage, PitchBend, Smf, Timing, TrackEvent, TrackEventKind};
use std::path::Path;

const TICKS_PER_QUARTER: u16 = 500;
const MICROSECONDS_PER_QUARTER: u32 = 500_000;
/// Vibrato depth, on every General MIDI synthesizer.
pub const MODULATION: u8 = 1;
/// Volume of a channel.
pub const VOLUME: u8 = 7;
/// Loudness at this moment: breath, bow.
pub const EXPRESSION: u8 = 11;
/// Registered parameter 0 is the range of the pitch bend.
const RPN_MSB: u8 = 101;
const RPN_LSB: u8 = 100;
const DATA_ENTRY: u8 = 6;

/// Events at their times, in any order.
#[derive(Default)]
pub struct Score {
    events: Vec<(u32, u8, MidiMessage)>,
}

impl Score {
    fn add(&mut self, time_s: f64, channel: u8, message: MidiMessage) {
        self.events.push(((time_s.max(0.0) * 1000.0).round() as u32, channel, message));
    }

    /// Chooses a channel's instrument (0..127) and volume.
    pub fn program(&mut self, channel: u8, program: u8, volume: u8) {
        self.add(0.0, channel, MidiMessage::ProgramChange { program: u7::from_int_lossy(program) });
        self.control(0.0, channel, VOLUME, volume);
    }

    /// Sets how far the pitch bend of a channel reaches.
    pub fn bend_range(&mut self, channel: u8, semitones: u8) {
        self.control(0.0, channel, RPN_MSB, 0);
        self.control(0.0, channel, RPN_LSB, 0);
        self.control(0.0, channel, DATA_ENTRY, semitones);
    }

    /// A note from one moment to another.
    pub fn note(&mut self, channel: u8, key: u8, velocity: u8, start_s: f64, end_s: f64) {
        let key = u7::from_int_lossy(key);
        self.add(start_s, channel, MidiMessage::NoteOn { key, vel: u7::from_int_lossy(velocity.max(1)) });
        self.add(end_s, channel, MidiMessage::NoteOff { key, vel: u7::new(0) });
    }

    /// A controller's value (0..127).
    pub fn control(&mut self, time_s: f64, channel: u8, controller: u8, value: u8) {
        let controller = u7::from_int_lossy(controller);
        self.add(time_s, channel, MidiMessage::Controller { controller, value: u7::from_int_lossy(value.min(127)) });
    }

    /// The pitch bend, as a share of its range (-1..1).
    pub fn bend(&mut self, time_s: f64, channel: u8, share: f64) {
        let bend = PitchBend::from_f64(share.clamp(-1.0, 1.0));
        self.add(time_s, channel, MidiMessage::PitchBend { bend });
    }

    /// Writes the file.
    ///
    /// # Errors
    /// One line naming the path.
    pub fn write(mut self, path: &Path) -> Result<()> {
        // A note's end comes before the next one's beginning at the same moment, and what sets a note up before it.
        self.events.sort_by_key(|(tick, _, message)| {
            let rank = match message {
                MidiMessage::NoteOff { .. } => 0,
                MidiMessage::NoteOn { .. } => 2,
                _ => 1,
            };
            (*tick, rank)
        });
        let mut track = vec![meta(MetaMessage::Tempo(u24::new(MICROSECONDS_PER_QUARTER)))];
        let mut now = 0;
        for (tick, channel, message) in self.events {
            let kind = TrackEventKind::Midi { channel: u4::from_int_lossy(channel), message };
            track.push(TrackEvent { delta: u28::from_int_lossy(tick - now), kind });
            now = tick;
        }
        track.push(meta(MetaMessage::EndOfTrack));
        let mut smf = Smf::new(Header::new(Format::SingleTrack, Timing::Metrical(u15::new(TICKS_PER_QUARTER))));
        smf.tracks.push(track);
        files::write_whole(path, |part| smf.save(part).with_context(|| format!("cannot write {}", part.display())))
    }
}

fn meta(message: MetaMessage<'_>) -> TrackEvent<'_> {
    TrackEvent { delta: u28::new(0), kind: TrackEventKind::Meta(message) }
}
