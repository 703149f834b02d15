//! What leaves a block: into the host's event list, in order with what nice-plug itself has put there.
#![allow(unsafe_code)]

use std::cell::Cell;
use std::mem::size_of;
use std::ptr;

use clap_sys::events::{
    CLAP_CORE_EVENT_SPACE_ID, CLAP_EVENT_MIDI, CLAP_EVENT_NOTE_OFF, CLAP_EVENT_NOTE_ON, CLAP_EVENT_PARAM_GESTURE_BEGIN,
    CLAP_EVENT_PARAM_GESTURE_END, CLAP_EVENT_PARAM_VALUE, clap_event_header, clap_event_midi, clap_event_note,
    clap_event_param_gesture, clap_event_param_value, clap_output_events,
};

use crate::plugin::emission::{Emission, Out};
use crate::plugin::guard::guarded;
use crate::say::midi::MidiMessage;

/// Stands between nice-plug and the host's event list and remembers the latest time that passed.
pub(super) struct Proxy {
    pub(super) host: *const clap_output_events,
    pub(super) latest: Cell<u32>,
}

pub(super) unsafe extern "C" fn try_push(list: *const clap_output_events, event: *const clap_event_header) -> bool {
    if list.is_null() || event.is_null() {
        return false;
    }
    guarded("clap_output_events::try_push", false, || {
        // SAFETY: `ctx` points to the `Proxy` on the stack of `process`, which outlives the call; both pointers are those
        // of the running call.
        unsafe {
            let proxy = &*(*list).ctx.cast::<Proxy>().cast_const();
            proxy.latest.set(proxy.latest.get().max((*event).time));
            (*proxy.host).try_push.is_some_and(|push| push(proxy.host, event))
        }
    })
}

/// Pushes one event, in order with what has gone before and within the block.
///
/// # Safety
/// `proxy.host` must be a valid event list.
pub(super) unsafe fn push(emission: &Emission, proxy: &Proxy, out: Out, last: u32) {
    match out {
        Out::Set { output, normalized, time } => {
            let event = clap_event_param_value {
                header: header::<clap_event_param_value>(CLAP_EVENT_PARAM_VALUE, proxy, time, last),
                param_id: emission.id(output),
                cookie: ptr::null_mut(),
                note_id: -1,
                port_index: -1,
                channel: -1,
                key: -1,
                value: f64::from(normalized) * emission.steps(output),
            };
            // SAFETY: the caller's promise; the event's header comes first and states its size.
            unsafe { send(proxy, (&raw const event).cast()) };
        }
        Out::Begin { output, time } | Out::End { output, time } => {
            let begins = matches!(out, Out::Begin { .. });
            let kind = if begins { CLAP_EVENT_PARAM_GESTURE_BEGIN } else { CLAP_EVENT_PARAM_GESTURE_END };
            let header = header::<clap_event_param_gesture>(kind, proxy, time, last);
            let event = clap_event_param_gesture { header, param_id: emission.id(output) };
            // SAFETY: as above.
            unsafe { send(proxy, (&raw const event).cast()) };
        }
        Out::Midi { message: MidiMessage::Controller { channel, controller, value }, time } => {
            let header = header::<clap_event_midi>(CLAP_EVENT_MIDI, proxy, time, last);
            let event = clap_event_midi { header, port_index: 0, data: [0xB0 | channel, controller, value] };
            // SAFETY: as above.
            unsafe { send(proxy, (&raw const event).cast()) };
        }
        Out::Midi {
            message: message @ (MidiMessage::NoteOn { channel, note } | MidiMessage::NoteOff { channel, note }),
            time,
        } => {
            let begins = matches!(message, MidiMessage::NoteOn { .. });
            let kind = if begins { CLAP_EVENT_NOTE_ON } else { CLAP_EVENT_NOTE_OFF };
            let event = clap_event_note {
                header: header::<clap_event_note>(kind, proxy, time, last),
                note_id: -1,
                port_index: 0,
                channel: i16::from(channel),
                key: i16::from(note),
                velocity: if begins { 1.0 } else { 0.0 },
            };
            // SAFETY: as above.
            unsafe { send(proxy, (&raw const event).cast()) };
        }
    }
}

fn header<E>(type_: u16, proxy: &Proxy, time: u32, last: u32) -> clap_event_header {
    let time = time.max(proxy.latest.get()).min(last);
    proxy.latest.set(time);
    clap_event_header { size: size_of::<E>() as u32, time, space_id: CLAP_CORE_EVENT_SPACE_ID, type_, flags: 0 }
}

/// # Safety
/// `proxy.host` must be a valid event list, `event` the header of a whole event.
unsafe fn send(proxy: &Proxy, event: *const clap_event_header) {
    // SAFETY: the caller's promise. A host that refuses an event has said so; there is nobody to tell.
    let _ = unsafe { (*proxy.host).try_push.is_some_and(|push| push(proxy.host, event)) };
}
