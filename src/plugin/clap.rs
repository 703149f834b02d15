//! The CLAP entry point: nice-plug's plugin with `process` wrapped, so that what Earmark emits reaches the host's
//! event list.
#![allow(unsafe_code)]

use std::cell::Cell;
use std::ffi::{CStr, c_char, c_void};
use std::mem::size_of;
use std::ptr;
use std::sync::{Arc, OnceLock};

use clap_sys::events::{
    CLAP_CORE_EVENT_SPACE_ID, CLAP_EVENT_MIDI, CLAP_EVENT_NOTE_OFF, CLAP_EVENT_NOTE_ON, CLAP_EVENT_PARAM_GESTURE_BEGIN,
    CLAP_EVENT_PARAM_GESTURE_END, CLAP_EVENT_PARAM_VALUE, clap_event_header, clap_event_midi, clap_event_note,
    clap_event_param_gesture, clap_event_param_value, clap_output_events,
};
use clap_sys::process::{CLAP_PROCESS_ERROR, clap_process, clap_process_status};
use nice_plug::prelude::ClapPlugin;
use nice_plug::wrapper::clap::{
    CLAP_PLUGIN_FACTORY_ID, CLAP_VERSION, PluginDescriptor, Wrapper, clap_host, clap_plugin, clap_plugin_descriptor,
    clap_plugin_entry, clap_plugin_factory,
};
use nice_plug::wrapper::setup_logger;

use super::class::{ControlClass, EarmarkClass};
use super::earmark::EarmarkPlugin;
use super::emission::{Emission, Out};
use crate::say::midi::MidiMessage;

type ProcessFn = unsafe extern "C" fn(*const clap_plugin, *const clap_process) -> clap_process_status;
type DestroyFn = unsafe extern "C" fn(*const clap_plugin);

/// What the host holds: nice-plug's plugin, by value, with two functions replaced, and what those need. The plugin comes
/// first, so a pointer to it is a pointer to the whole.
#[repr(C)]
struct Exported {
    plugin: clap_plugin,
    process: ProcessFn,
    destroy: DestroyFn,
    emission: Arc<Emission>,
}

static FACTORY: clap_plugin_factory = clap_plugin_factory {
    get_plugin_count: Some(get_plugin_count),
    get_plugin_descriptor: Some(get_plugin_descriptor),
    create_plugin: Some(create_plugin),
};

fn descriptors() -> &'static [PluginDescriptor; 2] {
    static DESCRIPTORS: OnceLock<[PluginDescriptor; 2]> = OnceLock::new();
    DESCRIPTORS.get_or_init(|| {
        [
            PluginDescriptor::for_plugin::<EarmarkPlugin<EarmarkClass>>(),
            PluginDescriptor::for_plugin::<EarmarkPlugin<ControlClass>>(),
        ]
    })
}

unsafe extern "C" fn get_plugin_count(_factory: *const clap_plugin_factory) -> u32 {
    descriptors().len() as u32
}

unsafe extern "C" fn get_plugin_descriptor(
    _factory: *const clap_plugin_factory,
    index: u32,
) -> *const clap_plugin_descriptor {
    descriptors().get(index as usize).map_or(ptr::null(), |descriptor| descriptor.clap_plugin_descriptor())
}

unsafe extern "C" fn create_plugin(
    _factory: *const clap_plugin_factory,
    host: *const clap_host,
    plugin_id: *const c_char,
) -> *const clap_plugin {
    if host.is_null() || plugin_id.is_null() {
        return ptr::null();
    }
    // SAFETY: the host passes a string that ends, as CLAP demands; null was ruled out.
    let id = unsafe { CStr::from_ptr(plugin_id) };
    let [earmark, control] = descriptors();
    if id == earmark.clap_id() {
        // SAFETY: `host` is the host's own, valid until the plugin is destroyed.
        unsafe { create::<EarmarkPlugin<EarmarkClass>>(host) }
    } else if id == control.clap_id() {
        // SAFETY: as above.
        unsafe { create::<EarmarkPlugin<ControlClass>>(host) }
    } else {
        ptr::null()
    }
}

/// # Safety
/// `host` must be valid until the plugin is destroyed.
unsafe fn create<P: ClapPlugin>(host: *const clap_host) -> *const clap_plugin {
    // SAFETY: the caller's promise about `host`. The reference counted here is given back by nice-plug's `destroy`.
    let wrapper = Arc::into_raw(unsafe { Wrapper::<P>::new(host) });
    // SAFETY: the pointer was made in the line above; the plugin inside is complete and only read.
    let plugin = unsafe { *(*wrapper).clap_plugin.as_ptr() };
    let (Some(process), Some(destroy), Some(emission)) = (plugin.process, plugin.destroy, Emission::take_newest())
    else {
        // SAFETY: takes back the reference given above; nobody else has seen it.
        drop(unsafe { Arc::from_raw(wrapper) });
        return ptr::null();
    };
    // nice-plug finds its state through `plugin_data` alone, so a copy of the plugin serves as well as the original.
    let exported = Box::new(Exported {
        plugin: clap_plugin { process: Some(self::process), destroy: Some(self::destroy), ..plugin },
        process,
        destroy,
        emission,
    });
    Box::into_raw(exported).cast::<clap_plugin>().cast_const()
}

unsafe extern "C" fn destroy(plugin: *const clap_plugin) {
    if plugin.is_null() {
        return;
    }
    // SAFETY: the host gives back, once, the pointer that `create` made from this box.
    let exported = unsafe { Box::from_raw(plugin.cast_mut().cast::<Exported>()) };
    // SAFETY: nice-plug's own function on a plugin with its `plugin_data`.
    unsafe { (exported.destroy)(&exported.plugin) };
}

/// Stands between nice-plug and the host's event list and remembers the latest time that passed.
struct Proxy {
    host: *const clap_output_events,
    latest: Cell<u32>,
}

unsafe extern "C" fn try_push(list: *const clap_output_events, event: *const clap_event_header) -> bool {
    if list.is_null() || event.is_null() {
        return false;
    }
    // SAFETY: `ctx` points to the `Proxy` on the stack of `process`, which outlives the call; both pointers are those
    // of the running call.
    unsafe {
        let proxy = &*(*list).ctx.cast::<Proxy>().cast_const();
        proxy.latest.set(proxy.latest.get().max((*event).time));
        (*proxy.host).try_push.is_some_and(|push| push(proxy.host, event))
    }
}

unsafe extern "C" fn process(plugin: *const clap_plugin, data: *const clap_process) -> clap_process_status {
    if plugin.is_null() || data.is_null() {
        return CLAP_PROCESS_ERROR;
    }
    // SAFETY: the host passes the pointer that `create` gave it.
    let exported = unsafe { &*plugin.cast::<Exported>() };
    // SAFETY: the host's block, valid for this call.
    let mut block = unsafe { *data };
    let proxy = Proxy { host: block.out_events, latest: Cell::new(0) };
    let list = clap_output_events { ctx: (&raw const proxy).cast_mut().cast::<c_void>(), try_push: Some(try_push) };
    if !proxy.host.is_null() {
        block.out_events = &raw const list;
    }
    exported.emission.start();
    // SAFETY: nice-plug's own function with its own `plugin_data`; `block` and `list` outlive the call.
    let status = unsafe { (exported.process)(plugin, &raw const block) };
    let last = block.frames_count.saturating_sub(1);
    while let Some(out) = exported.emission.pop() {
        if !proxy.host.is_null() {
            // SAFETY: the host's list is valid until this call returns.
            unsafe { push(&exported.emission, &proxy, out, last) };
        }
    }
    status
}

/// Pushes one event, in order with what has gone before and within the block.
///
/// # Safety
/// `proxy.host` must be a valid event list.
unsafe fn push(emission: &Emission, proxy: &Proxy, out: Out, last: u32) {
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

unsafe extern "C" fn init(_path: *const c_char) -> bool {
    setup_logger::<EarmarkPlugin<EarmarkClass>>();
    true
}

unsafe extern "C" fn deinit() {}

unsafe extern "C" fn get_factory(factory_id: *const c_char) -> *const c_void {
    // SAFETY: a string that ends, as CLAP demands; null is ruled out first.
    if !factory_id.is_null() && unsafe { CStr::from_ptr(factory_id) } == CLAP_PLUGIN_FACTORY_ID {
        (&raw const FACTORY).cast()
    } else {
        ptr::null()
    }
}

/// What a CLAP host looks for in the library.
// SAFETY: the name and type are those that CLAP prescribes.
#[unsafe(no_mangle)]
#[used]
pub static clap_entry: clap_plugin_entry = clap_plugin_entry {
    clap_version: CLAP_VERSION,
    init: Some(init),
    deinit: Some(deinit),
    get_factory: Some(get_factory),
};
