//! What leaves a block: values into the host's parameter queues, notes and controllers into its event list.
#![allow(unsafe_code)]

use nice_plug::wrapper::vst3::vst3::ComRef;
use nice_plug::wrapper::vst3::vst3::Steinberg::Vst::Event_::EventTypes_::{
    kLegacyMIDICCOutEvent, kNoteOffEvent, kNoteOnEvent,
};
use nice_plug::wrapper::vst3::vst3::Steinberg::Vst::*;

use crate::plugin::emission::{Emission, Out};
use crate::say::midi::MidiMessage;

/// Hands one event over.
///
/// # Safety
/// The lists in `data` must be null or valid.
pub(super) unsafe fn send(emission: &Emission, data: &ProcessData, out: Out) {
    let offset = |time: u32| (time as i32).min((data.numSamples - 1).max(0));
    match out {
        Out::Set { output, normalized, time } => {
            // SAFETY: the caller's promise; null pointers are ruled out by `from_raw`.
            unsafe {
                let Some(changes) = ComRef::from_raw(data.outputParameterChanges) else { return };
                let mut index = 0;
                let queue = changes.addParameterData(&emission.id(output), &mut index);
                let Some(queue) = ComRef::from_raw(queue) else { return };
                queue.addPoint(offset(time), f64::from(normalized), &mut index);
            }
        }
        // VST3 has no gestures on the audio thread; the echo holds them.
        Out::Begin { .. } | Out::End { .. } => {}
        Out::Midi { message, time } => {
            let mut event = midi_event(message);
            event.sampleOffset = offset(time);
            // SAFETY: as above.
            unsafe {
                if let Some(events) = ComRef::from_raw(data.outputEvents) {
                    events.addEvent(&mut event);
                }
            }
        }
    }
}

fn midi_event(message: MidiMessage) -> Event {
    // SAFETY: `Event` is a plain C structure of numbers; all zeros is a valid one.
    let mut event: Event = unsafe { std::mem::zeroed() };
    match message {
        MidiMessage::NoteOn { channel, note } => {
            event.r#type = kNoteOnEvent as u16;
            event.__field0.noteOn = NoteOnEvent {
                channel: i16::from(channel),
                pitch: i16::from(note),
                tuning: 0.0,
                velocity: 1.0,
                length: 0,
                noteId: -1,
            };
        }
        MidiMessage::NoteOff { channel, note } => {
            event.r#type = kNoteOffEvent as u16;
            event.__field0.noteOff = NoteOffEvent {
                channel: i16::from(channel),
                pitch: i16::from(note),
                velocity: 0.0,
                noteId: -1,
                tuning: 0.0,
            };
        }
        MidiMessage::Controller { channel, controller, value } => {
            event.r#type = kLegacyMIDICCOutEvent as u16;
            event.__field0.midiCCOut = LegacyMIDICCOutEvent {
                controlNumber: controller,
                channel: channel as i8,
                value: value as i8,
                value2: 0,
            };
        }
    }
    event
}
