//! The book of what a plugin says while it runs, which notes as well what it may not say.

use crate::{Event, Kind, ids};
use std::collections::BTreeSet;

/// More faults than this tell nobody more.
const MOST_FAULTS: usize = 20;

/// Collects events block by block, with absolute times, and the breaches of order among them.
#[derive(Default)]
pub(crate) struct Ledger {
    pub(crate) events: Vec<Event>,
    pub(crate) faults: Vec<String>,
    held: BTreeSet<String>,
    start: u64,
    frames: u64,
    last_offset: u32,
}

impl Ledger {
    /// From here on, offsets count from `start`.
    pub(crate) fn open_block(&mut self, start: u64, frames: usize) {
        self.start = start;
        self.frames = frames as u64;
        self.last_offset = 0;
    }

    /// Enters something said about a parameter.
    pub(crate) fn parameter(&mut self, offset: u32, kind: Kind, number: u32, value: f64) {
        let id = match ids::name(number) {
            Some(id) => id.to_owned(),
            None => {
                self.fault(format!("{kind} of an unknown parameter {number}"));
                number.to_string()
            }
        };
        match kind {
            Kind::GestureBegin if !self.held.insert(id.clone()) => {
                self.fault(format!("{id}: gesture within a gesture"))
            }
            Kind::GestureEnd if !self.held.remove(&id) => self.fault(format!("{id}: end of no gesture")),
            _ => {}
        }
        self.enter(offset, kind, id, value);
    }

    /// Enters a note or a controller.
    pub(crate) fn midi(&mut self, offset: u32, kind: Kind, number: u8, value: f64) {
        if number > 127 {
            self.fault(format!("{kind} {number} is beyond MIDI's 127"));
        }
        self.enter(offset, kind, number.to_string(), value);
    }

    /// Enters the three bytes of a MIDI message; what is no note and no controller is left out.
    pub(crate) fn midi_bytes(&mut self, offset: u32, bytes: [u8; 3]) {
        let value = f64::from(bytes[2]) / 127.0;
        match bytes[0] & 0xf0 {
            0x90 if bytes[2] > 0 => self.midi(offset, Kind::NoteOn, bytes[1], value),
            0x80 | 0x90 => self.midi(offset, Kind::NoteOff, bytes[1], value),
            0xb0 => self.midi(offset, Kind::ControlChange, bytes[1], value),
            _ => {}
        }
    }

    /// Notes a breach.
    pub(crate) fn fault(&mut self, what: String) {
        if self.faults.len() < MOST_FAULTS {
            self.faults.push(what);
        }
    }

    fn enter(&mut self, offset: u32, kind: Kind, id: String, value: f64) {
        let (start, frames) = (self.start, self.frames);
        if offset < self.last_offset {
            self.fault(format!("{kind} {id} at {start}+{offset} after one at +{}", self.last_offset));
        }
        if u64::from(offset) >= frames {
            self.fault(format!("{kind} {id} at {start}+{offset} in a block of {frames}"));
        }
        if !value.is_finite() {
            self.fault(format!("{kind} {id} at {start}+{offset} is {value}"));
        }
        self.last_offset = self.last_offset.max(offset);
        self.events.push(Event { time_samples: start + u64::from(offset), kind, id, value });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disorder_is_noted() {
        let mut ledger = Ledger::default();
        ledger.open_block(1000, 64);
        ledger.parameter(63, Kind::Value, ids::number("vocal"), 0.5);
        assert_eq!(ledger.events[0].time_samples, 1063);
        assert!(ledger.faults.is_empty());
        ledger.parameter(62, Kind::Value, ids::number("vocal"), 0.5);
        ledger.parameter(64, Kind::Value, ids::number("vocal"), f64::NAN);
        ledger.parameter(64, Kind::GestureEnd, ids::number("vocal"), 0.0);
        ledger.parameter(64, Kind::Value, 1, 0.0);
        assert_eq!(ledger.faults.len(), 7, "{:#?}", ledger.faults);
    }

    #[test]
    fn midi_bytes_are_read() {
        let mut ledger = Ledger::default();
        ledger.open_block(0, 64);
        for bytes in [[0x90, 60, 127], [0x95, 60, 0], [0x80, 61, 64], [0xb3, 20, 127], [0xe0, 0, 0]] {
            ledger.midi_bytes(0, bytes);
        }
        let said: Vec<_> = ledger.events.iter().map(|event| (event.kind, event.id.as_str())).collect();
        let expected =
            [(Kind::NoteOn, "60"), (Kind::NoteOff, "60"), (Kind::NoteOff, "61"), (Kind::ControlChange, "20")];
        assert_eq!(said, expected);
    }
}
