//! The CLAP entry point: nice-plug's plugin with `process` wrapped, so that what Earmark emits reaches the host's
//! event list. Each function does its work guarded: see `guard`.
#![allow(unsafe_code)]

mod block;
mod output;
mod params;
mod render;
mod state;

use std::cell::Cell;
use std::ffi::{CStr, c_char, c_void};
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use clap_sys::events::clap_output_events;
use clap_sys::ext::audio_ports::{CLAP_EXT_AUDIO_PORTS, clap_audio_port_info, clap_plugin_audio_ports};
use clap_sys::ext::gui::CLAP_EXT_GUI;
use clap_sys::ext::params::{CLAP_EXT_PARAMS, clap_plugin_params};
use clap_sys::ext::render::{CLAP_EXT_RENDER, clap_plugin_render};
use clap_sys::ext::state::CLAP_EXT_STATE;
use clap_sys::process::{CLAP_PROCESS_CONTINUE, CLAP_PROCESS_ERROR, clap_process, clap_process_status};
use nice_plug::prelude::ClapPlugin;
use nice_plug::wrapper::clap::{
    CLAP_PLUGIN_FACTORY_ID, CLAP_VERSION, PluginDescriptor, Wrapper, clap_host, clap_plugin, clap_plugin_descriptor,
    clap_plugin_entry, clap_plugin_factory,
};
use nice_plug::wrapper::setup_logger;

use super::class::{ControlClass, EarmarkClass};
use super::earmark::EarmarkPlugin;
use super::emission::Emission;
use super::guard::guarded;
use super::lent::Spare;
use block::Widths;
use output::{Proxy, push, try_push};

/// What the host holds: nice-plug's plugin, by value, with some functions replaced, and what those need. The plugin
/// comes first, so a pointer to it is a pointer to the whole.
#[repr(C)]
struct Exported {
    plugin: clap_plugin,
    host: *const clap_host,
    /// As nice-plug made it.
    inner: clap_plugin,
    emission: Arc<Emission>,
    /// nice-plug's parameters, with some functions replaced.
    params: Option<clap_plugin_params>,
    inner_params: Option<clap_plugin_params>,
    /// How the host renders, as nice-plug is told, and with a function replaced.
    render: Option<clap_plugin_render>,
    inner_render: Option<clap_plugin_render>,
    /// Taken by `process` alone while audio runs.
    lent: Mutex<(Spare, Widths)>,
    active: AtomicBool,
    /// `process` has panicked since the last activation: the audio passes through.
    failed: AtomicBool,
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
    guarded("clap_plugin_factory::get_plugin_count", 0, || descriptors().len() as u32)
}

unsafe extern "C" fn get_plugin_descriptor(
    _factory: *const clap_plugin_factory,
    index: u32,
) -> *const clap_plugin_descriptor {
    guarded("clap_plugin_factory::get_plugin_descriptor", ptr::null(), || {
        descriptors().get(index as usize).map_or(ptr::null(), |descriptor| descriptor.clap_plugin_descriptor())
    })
}

unsafe extern "C" fn create_plugin(
    _factory: *const clap_plugin_factory,
    host: *const clap_host,
    plugin_id: *const c_char,
) -> *const clap_plugin {
    if host.is_null() || plugin_id.is_null() {
        return ptr::null();
    }
    guarded("clap_plugin_factory::create_plugin", ptr::null(), || {
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
    })
}

/// # Safety
/// `host` must be valid until the plugin is destroyed.
unsafe fn create<P: ClapPlugin>(host: *const clap_host) -> *const clap_plugin {
    // SAFETY: the caller's promise about `host`. The reference counted here is given back by nice-plug's `destroy`.
    let wrapper = Arc::into_raw(unsafe { Wrapper::<P>::new(host) });
    // SAFETY: the pointer was made in the line above; the plugin inside is complete and only read.
    let inner = unsafe { *(*wrapper).clap_plugin.as_ptr() };
    let Some(emission) = Emission::take_newest() else {
        // SAFETY: takes back the reference given above; nobody else has seen it.
        drop(unsafe { Arc::from_raw(wrapper) });
        return ptr::null();
    };
    // SAFETY: nice-plug answers with its own structure, which lives as long as the plugin.
    let inner_params = unsafe { extension::<clap_plugin_params>(&inner, CLAP_EXT_PARAMS).copied() };
    // SAFETY: as above.
    let inner_render = unsafe { extension::<clap_plugin_render>(&inner, CLAP_EXT_RENDER).copied() };
    // nice-plug finds its state through `plugin_data` alone, so a copy of the plugin serves as well as the original.
    let plugin = clap_plugin {
        destroy: Some(self::destroy),
        activate: Some(activate),
        deactivate: Some(deactivate),
        process: Some(self::process),
        get_extension: Some(get_extension),
        ..inner
    };
    let exported = Box::new(Exported {
        plugin,
        host,
        inner,
        emission,
        params: inner_params.map(|inner| clap_plugin_params {
            get_info: Some(params::get_info),
            text_to_value: Some(params::text_to_value),
            ..inner
        }),
        inner_params,
        render: inner_render.map(|inner| clap_plugin_render { set: Some(render::set), ..inner }),
        inner_render,
        lent: Mutex::default(),
        active: AtomicBool::new(false),
        failed: AtomicBool::new(false),
    });
    Box::into_raw(exported).cast::<clap_plugin>().cast_const()
}

/// One of nice-plug's extensions.
///
/// # Safety
/// `T` must be what `id` stands for. The structure lives as long as the plugin.
unsafe fn extension<'a, T>(inner: *const clap_plugin, id: &CStr) -> Option<&'a T> {
    // SAFETY: nice-plug's own function with its own plugin.
    unsafe { (*inner).get_extension.and_then(|get| get(inner, id.as_ptr()).cast::<T>().as_ref()) }
}

impl Exported {
    /// # Safety
    /// `plugin` must be null or a pointer that `create` gave to the host, not yet destroyed.
    unsafe fn of<'a>(plugin: *const clap_plugin) -> Option<&'a Self> {
        // SAFETY: the caller's promise.
        unsafe { plugin.cast::<Self>().as_ref() }
    }
}

unsafe extern "C" fn destroy(plugin: *const clap_plugin) {
    if plugin.is_null() {
        return;
    }
    // SAFETY: the host gives back, once, the pointer that `create` made from this box.
    let exported = unsafe { Box::from_raw(plugin.cast_mut().cast::<Exported>()) };
    let (inner, emission) = (exported.inner, exported.emission.clone());
    emission.guarded("clap_plugin::destroy", (), || {
        drop(exported);
        if let Some(destroy) = inner.destroy {
            // SAFETY: nice-plug's own function on a plugin with its `plugin_data`.
            unsafe { destroy(&inner) };
        }
    });
}

unsafe extern "C" fn activate(plugin: *const clap_plugin, rate_hz: f64, shortest: u32, longest: u32) -> bool {
    // SAFETY: the host's pointer.
    let Some(exported) = (unsafe { Exported::of(plugin) }) else { return false };
    if !rate_hz.is_finite() || rate_hz <= 0.0 || longest == 0 {
        return false;
    }
    exported.failed.store(false, Ordering::Release);
    exported.emission.guarded("clap_plugin::activate", false, || {
        // SAFETY: as above, and plain calls on the main thread.
        let widths = unsafe { widths(&exported.inner) };
        *exported.lent.lock().unwrap_or_else(PoisonError::into_inner) = (Spare::new(longest as usize), widths);
        // SAFETY: nice-plug's own function with its own `plugin_data`.
        let active = exported.inner.activate.is_some_and(|inner| unsafe { inner(plugin, rate_hz, shortest, longest) });
        exported.active.store(active, Ordering::Release);
        active
    })
}

unsafe extern "C" fn deactivate(plugin: *const clap_plugin) {
    // SAFETY: the host's pointer.
    let Some(exported) = (unsafe { Exported::of(plugin) }) else { return };
    exported.active.store(false, Ordering::Release);
    exported.emission.guarded("clap_plugin::deactivate", (), || {
        if let Some(inner) = exported.inner.deactivate {
            // SAFETY: nice-plug's own function with its own `plugin_data`.
            unsafe { inner(plugin) };
        }
    });
}

/// The channels of each port, as nice-plug has them now.
///
/// # Safety
/// `inner` must be nice-plug's plugin; on the main thread.
unsafe fn widths(inner: &clap_plugin) -> Widths {
    let width = |index: u32, is_input: bool| {
        // SAFETY: nice-plug's own structure; all zeros are a valid port info.
        let (ports, mut info) = unsafe {
            let ports = extension::<clap_plugin_audio_ports>(inner, CLAP_EXT_AUDIO_PORTS);
            (ports, std::mem::zeroed::<clap_audio_port_info>())
        };
        // SAFETY: plain calls; the place is valid.
        let known = unsafe {
            ports.is_some_and(|ports| {
                ports.count.is_some_and(|count| index < count(inner, is_input))
                    && ports.get.is_some_and(|get| get(inner, index, is_input, &mut info))
            })
        };
        if known { info.channel_count as usize } else { 0 }
    };
    Widths { inputs: [0, 1].map(|index| width(index, true)), outputs: [0, 1].map(|index| width(index, false)) }
}

unsafe extern "C" fn get_extension(plugin: *const clap_plugin, id: *const c_char) -> *const c_void {
    // SAFETY: the host's pointer; a string that ends, as CLAP demands; null is ruled out.
    let Some(exported) = (unsafe { Exported::of(plugin) }).filter(|_| !id.is_null()) else { return ptr::null() };
    exported.emission.guarded("clap_plugin::get_extension", ptr::null(), || {
        // SAFETY: as above.
        let name = unsafe { CStr::from_ptr(id) };
        if name == CLAP_EXT_STATE {
            return (&raw const state::STATE).cast();
        }
        if let Some(params) = exported.params.as_ref().filter(|_| name == CLAP_EXT_PARAMS) {
            return ptr::from_ref(params).cast();
        }
        if let Some(render) = exported.render.as_ref().filter(|_| name == CLAP_EXT_RENDER) {
            return ptr::from_ref(render).cast();
        }
        // SAFETY: the host is there as long as the plugin.
        if name == CLAP_EXT_GUI && !unsafe { shows_windows(exported.host) } {
            return ptr::null();
        }
        // SAFETY: nice-plug's own function with its own `plugin_data`.
        exported.inner.get_extension.map_or(ptr::null(), |inner| unsafe { inner(plugin, id) })
    })
}

/// Whether the host has its side of a window. nice-plug 0.4.2 takes it for granted when it makes one, and would end the
/// process of a host that has not.
///
/// # Safety
/// `host` must be valid.
unsafe fn shows_windows(host: *const clap_host) -> bool {
    // SAFETY: the caller's promise; the text ends in zero.
    unsafe { (*host).get_extension.is_some_and(|get| !get(host, CLAP_EXT_GUI.as_ptr()).is_null()) }
}

unsafe extern "C" fn process(plugin: *const clap_plugin, data: *const clap_process) -> clap_process_status {
    // SAFETY: the host passes the pointer that `create` gave it, and its block, valid for this call.
    let (Some(exported), Some(host)) = (unsafe { (Exported::of(plugin), data.as_ref()) }) else {
        return CLAP_PROCESS_ERROR;
    };
    let status = if exported.failed.load(Ordering::Acquire) {
        None
    } else {
        // SAFETY: as above.
        exported.emission.guarded_audio("clap_plugin::process", || unsafe { run(exported, plugin, host) })
    };
    if status.is_none() {
        exported.failed.store(true, Ordering::Release);
    }
    if status.is_none_or(|status| status == CLAP_PROCESS_ERROR) {
        // SAFETY: as above.
        unsafe { block::pass(host) };
    }
    status.unwrap_or(CLAP_PROCESS_CONTINUE)
}

/// # Safety
/// `plugin` must be `exported`, `host` as CLAP demands of `process`.
unsafe fn run(exported: &Exported, plugin: *const clap_plugin, host: &clap_process) -> clap_process_status {
    let Some(inner) = exported.inner.process.filter(|_| exported.active.load(Ordering::Acquire)) else {
        return CLAP_PROCESS_ERROR;
    };
    let Ok(mut lent) = exported.lent.try_lock() else { return CLAP_PROCESS_ERROR };
    let proxy = Proxy { host: host.out_events, latest: Cell::new(0) };
    let list = clap_output_events { ctx: (&raw const proxy).cast_mut().cast::<c_void>(), try_push: Some(try_push) };
    let mut block = *host;
    if !proxy.host.is_null() {
        block.out_events = &raw const list;
    }
    exported.emission.start();
    let (spare, widths) = &mut *lent;
    // SAFETY: nice-plug's own function with its own `plugin_data`; `block` and `list` outlive the call.
    let status = unsafe { block::whole(&block, *widths, spare, |block| inner(plugin, block)) };
    let last = host.frames_count.saturating_sub(1);
    while let Some(out) = exported.emission.pop() {
        if !proxy.host.is_null() {
            // SAFETY: the host's list is valid until this call returns.
            unsafe { push(&exported.emission, &proxy, out, last) };
        }
    }
    status
}

unsafe extern "C" fn init(_path: *const c_char) -> bool {
    let set_up = || {
        setup_logger::<EarmarkPlugin<EarmarkClass>>();
        true
    };
    guarded("clap_plugin_entry::init", false, set_up)
}

unsafe extern "C" fn deinit() {}

unsafe extern "C" fn get_factory(factory_id: *const c_char) -> *const c_void {
    guarded("clap_plugin_entry::get_factory", ptr::null(), || {
        // SAFETY: a string that ends, as CLAP demands; null is ruled out first.
        if !factory_id.is_null() && unsafe { CStr::from_ptr(factory_id) } == CLAP_PLUGIN_FACTORY_ID {
            (&raw const FACTORY).cast()
        } else {
            ptr::null()
        }
    })
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
