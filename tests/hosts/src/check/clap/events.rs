//! Events to a plugin and from it.

use super::plugin::Info;
use crate::check::random::Random;
use clap_sys::events::{
    CLAP_CORE_EVENT_SPACE_ID, CLAP_EVENT_MIDI, CLAP_EVENT_NOTE_ON, CLAP_EVENT_PARAM_MOD, CLAP_EVENT_PARAM_VALUE,
    CLAP_EVENT_TRANSPORT, clap_event_header, clap_event_midi, clap_event_note, clap_event_param_mod,
    clap_event_param_value, clap_event_transport, clap_input_events, clap_output_events,
};
use clap_sys::ext::params::{CLAP_PARAM_IS_AUTOMATABLE, CLAP_PARAM_IS_STEPPED};
use std::cell::RefCell;
use std::ffi::c_void;
use std::mem::size_of;

/// An event to the plugin.
#[derive(Clone, Copy)]
pub(super) enum Event {
    Value(clap_event_param_value),
    Modulation(clap_event_param_mod),
    Transport(clap_event_transport),
    Note(clap_event_note),
    Midi(clap_event_midi),
}

impl Event {
    pub(super) fn header(&self) -> &clap_event_header {
        match self {
            Self::Value(event) => &event.header,
            Self::Modulation(event) => &event.header,
            Self::Transport(event) => &event.header,
            Self::Note(event) => &event.header,
            Self::Midi(event) => &event.header,
        }
    }
}

fn header<E>(type_: u16, time: u32) -> clap_event_header {
    clap_event_header { size: size_of::<E>() as u32, time, space_id: CLAP_CORE_EVENT_SPACE_ID, type_, flags: 0 }
}

/// A parameter takes a value.
pub(super) fn value(time: u32, info: &Info, value: f64) -> Event {
    Event::Value(clap_event_param_value {
        header: header::<clap_event_param_value>(CLAP_EVENT_PARAM_VALUE, time),
        param_id: info.id,
        cookie: info.cookie,
        note_id: -1,
        port_index: -1,
        channel: -1,
        key: -1,
        value,
    })
}

/// A parameter is modulated.
pub(super) fn modulation(time: u32, info: &Info, amount: f64) -> Event {
    Event::Modulation(clap_event_param_mod {
        header: header::<clap_event_param_mod>(CLAP_EVENT_PARAM_MOD, time),
        param_id: info.id,
        cookie: info.cookie,
        note_id: -1,
        port_index: -1,
        channel: -1,
        key: -1,
        amount,
    })
}

/// A note that the plugin has no port for.
pub(super) fn stray_note(time: u32, key: i16) -> Event {
    Event::Note(clap_event_note {
        header: header::<clap_event_note>(CLAP_EVENT_NOTE_ON, time),
        note_id: -1,
        port_index: 0,
        channel: 0,
        key,
        velocity: 1.0,
    })
}

/// Any three bytes that the plugin has no port for.
pub(super) fn stray_midi(time: u32, data: [u8; 3]) -> Event {
    Event::Midi(clap_event_midi { header: header::<clap_event_midi>(CLAP_EVENT_MIDI, time), port_index: 0, data })
}

/// Another transport.
pub(super) fn transport(time: u32, transport: clap_event_transport) -> Event {
    Event::Transport(clap_event_transport {
        header: header::<clap_event_transport>(CLAP_EVENT_TRANSPORT, time),
        ..transport
    })
}

/// A value for each parameter that may be automated.
pub(super) fn random_values(random: &mut Random, infos: &[Info], time: u32, at_bounds: bool) -> Vec<Event> {
    let automatable = infos.iter().filter(|info| info.flags & CLAP_PARAM_IS_AUTOMATABLE != 0);
    automatable.map(|info| value(time, info, random_value(random, info, at_bounds))).collect()
}

/// A value of a parameter: anywhere, or at one end of its range.
pub(super) fn random_value(random: &mut Random, info: &Info, at_bounds: bool) -> f64 {
    let share = if at_bounds { random.below(2) as f64 } else { random.share() };
    let value = info.min + share * (info.max - info.min);
    if info.flags & CLAP_PARAM_IS_STEPPED != 0 { value.round() } else { value }
}

/// Events or parameters on the audio thread: their cookies are pointers.
pub(super) struct Sent<'a, T>(pub(super) &'a [T]);

// SAFETY: the cookies within are the plugin's own, for use on either thread.
unsafe impl<T> Send for Sent<'_, T> {}

impl<T> Clone for Sent<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Sent<'_, T> {}

impl<'a, T> Sent<'a, T> {
    /// What was sent. Taken by a method, so that a closure takes the whole.
    pub(super) fn get(self) -> &'a [T] {
        self.0
    }
}

/// Something that a plugin has said.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Said {
    pub(super) time: u32,
    pub(super) kind: u16,
    pub(super) parameter: u32,
    pub(super) value: f64,
}

/// The list of events that a plugin is given.
pub(super) fn input(events: &[Event]) -> (Box<Vec<Event>>, clap_input_events) {
    let events = Box::new(events.to_vec());
    let ctx = (&raw const *events).cast_mut().cast::<c_void>();
    (events, clap_input_events { ctx, size: Some(size), get: Some(get) })
}

unsafe extern "C" fn size(list: *const clap_input_events) -> u32 {
    // SAFETY: `ctx` is the list that `input` has made, alive through the call.
    unsafe { (*(*list).ctx.cast::<Vec<Event>>()).len() as u32 }
}

unsafe extern "C" fn get(list: *const clap_input_events, index: u32) -> *const clap_event_header {
    // SAFETY: as above.
    let events = unsafe { &*(*list).ctx.cast::<Vec<Event>>() };
    events.get(index as usize).map_or(std::ptr::null(), |event| std::ptr::from_ref(event.header()))
}

/// The list that a plugin says its events into.
pub(super) fn output(said: &RefCell<Vec<Said>>) -> clap_output_events {
    clap_output_events { ctx: std::ptr::from_ref(said).cast_mut().cast::<c_void>(), try_push: Some(try_push) }
}

unsafe extern "C" fn try_push(list: *const clap_output_events, event: *const clap_event_header) -> bool {
    // SAFETY: `ctx` is the list that `output` was made of, alive through the call; the event is whole, as its header
    // says.
    unsafe {
        let said = &*(*list).ctx.cast::<RefCell<Vec<Said>>>();
        let header = *event;
        let value = header.space_id == CLAP_CORE_EVENT_SPACE_ID && header.type_ == CLAP_EVENT_PARAM_VALUE;
        let (parameter, value) = if value {
            let event = &*event.cast::<clap_event_param_value>();
            (event.param_id, event.value)
        } else {
            (u32::MAX, 0.0)
        };
        said.borrow_mut().push(Said { time: header.time, kind: header.type_, parameter, value });
    }
    true
}
