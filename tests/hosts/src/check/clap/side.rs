//! The host's side: what a plugin may call, and from which thread.

use clap_sys::ext::audio_ports::{CLAP_EXT_AUDIO_PORTS, clap_host_audio_ports};
use clap_sys::ext::gui::{CLAP_EXT_GUI, clap_host_gui};
use clap_sys::ext::latency::{CLAP_EXT_LATENCY, clap_host_latency};
use clap_sys::ext::note_ports::{
    CLAP_EXT_NOTE_PORTS, CLAP_NOTE_DIALECT_CLAP, CLAP_NOTE_DIALECT_MIDI, clap_host_note_ports,
};
use clap_sys::ext::params::{CLAP_EXT_PARAMS, CLAP_PARAM_RESCAN_VALUES, clap_host_params};
use clap_sys::ext::state::{CLAP_EXT_STATE, clap_host_state};
use clap_sys::ext::tail::{CLAP_EXT_TAIL, clap_host_tail};
use clap_sys::ext::thread_check::{CLAP_EXT_THREAD_CHECK, clap_host_thread_check};
use clap_sys::host::clap_host;
use clap_sys::version::CLAP_VERSION;
use std::ffi::{CStr, c_char, c_void};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::ThreadId;

/// Lives as long as the plugin that it was given to.
pub(super) struct Side {
    pub(super) host: clap_host,
    main: ThreadId,
    audio: Mutex<Option<ThreadId>>,
    faults: Mutex<Vec<String>>,
    pub(super) activating: AtomicBool,
    pub(super) restart_wanted: AtomicBool,
    pub(super) callback_wanted: AtomicBool,
    pub(super) values_rescanned: AtomicBool,
    pub(super) latency_changed: AtomicBool,
    /// It can show windows.
    pub(super) shows_windows: AtomicBool,
}

impl Side {
    pub(super) fn new() -> Box<Self> {
        let text = |text: &'static CStr| text.as_ptr();
        let mut side = Box::new(Self {
            host: clap_host {
                clap_version: CLAP_VERSION,
                host_data: std::ptr::null_mut(),
                name: text(c"host-check"),
                vendor: text(c"Earmark"),
                url: text(c""),
                version: text(c"1"),
                get_extension: Some(get_extension),
                request_restart: Some(request_restart),
                request_process: Some(request_process),
                request_callback: Some(request_callback),
            },
            main: std::thread::current().id(),
            audio: Mutex::new(None),
            faults: Mutex::default(),
            activating: AtomicBool::new(false),
            restart_wanted: AtomicBool::new(false),
            callback_wanted: AtomicBool::new(false),
            values_rescanned: AtomicBool::new(false),
            latency_changed: AtomicBool::new(false),
            shows_windows: AtomicBool::new(false),
        });
        side.host.host_data = (&raw mut *side).cast::<c_void>();
        side
    }

    pub(super) fn set_audio_thread(&self, thread: Option<ThreadId>) {
        *self.audio.lock().unwrap_or_else(PoisonError::into_inner) = thread;
    }

    fn is_audio_thread(&self) -> bool {
        *self.audio.lock().unwrap_or_else(PoisonError::into_inner) == Some(std::thread::current().id())
    }

    fn is_main_thread(&self) -> bool {
        std::thread::current().id() == self.main
    }

    pub(super) fn fault(&self, what: impl Into<String>) {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).push(what.into());
    }

    fn must_be_main(&self, function: &str) {
        if !self.is_main_thread() {
            self.fault(format!("{function} was called from another thread than the main one"));
        }
    }

    /// What the plugin did that CLAP forbids, since the last time.
    pub(super) fn take_faults(&self) -> Vec<String> {
        std::mem::take(&mut *self.faults.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The side that a host pointer belongs to.
///
/// # Safety
/// `host` must be the pointer that a plugin was given.
unsafe fn side<'a>(host: *const clap_host) -> &'a Side {
    // SAFETY: the caller's promise; a plugin must not touch `host_data`.
    unsafe { &*(*host).host_data.cast::<Side>() }
}

/// A function of the host's that takes nothing but the host.
macro_rules! called {
    ($name:ident, $side:ident $(, $argument:ident: $type:ty)* => $body:expr) => {
        unsafe extern "C" fn $name(host: *const clap_host $(, $argument: $type)*) {
            // SAFETY: a plugin calls with the host that it was given.
            let $side = unsafe { side(host) };
            $body;
        }
    };
}

called!(request_restart, side => side.restart_wanted.store(true, Ordering::Release));
// This host never stops processing by itself.
unsafe extern "C" fn request_process(_: *const clap_host) {}

called!(request_callback, side => side.callback_wanted.store(true, Ordering::Release));
called!(ports_rescan, side, _flags: u32 => {
    side.must_be_main("audio_ports.rescan");
    side.fault("audio_ports.rescan was called, which this host does not support");
});
called!(note_ports_rescan, side, _flags: u32 => side.must_be_main("note_ports.rescan"));
called!(params_rescan, side, flags: u32 => {
    side.must_be_main("params.rescan");
    if flags & CLAP_PARAM_RESCAN_VALUES != 0 {
        side.values_rescanned.store(true, Ordering::Release);
    }
});
called!(params_clear, side, _id: u32, _flags: u32 => side.must_be_main("params.clear"));
called!(params_request_flush, side => {
    if side.is_audio_thread() {
        side.fault("params.request_flush was called from the audio thread");
    }
});
called!(state_mark_dirty, side => side.must_be_main("state.mark_dirty"));
called!(latency_changed, side => {
    side.must_be_main("latency.changed");
    side.latency_changed.store(true, Ordering::Release);
    if !side.activating.load(Ordering::Acquire) {
        side.fault("latency.changed was called outside activate()");
    }
});
called!(tail_changed, side => {
    if !side.is_audio_thread() {
        side.fault("tail.changed was called outside the audio thread");
    }
});

called!(gui_resize_hints_changed, side => side.must_be_main("gui.resize_hints_changed"));
called!(gui_closed, side, _was_destroyed: bool => side.must_be_main("gui.closed"));

unsafe extern "C" fn gui_request_resize(_: *const clap_host, _: u32, _: u32) -> bool {
    false
}

unsafe extern "C" fn gui_request(_: *const clap_host) -> bool {
    false
}

unsafe extern "C" fn supports_rescan(_: *const clap_host, _: u32) -> bool {
    false
}

unsafe extern "C" fn supported_dialects(_: *const clap_host) -> u32 {
    CLAP_NOTE_DIALECT_CLAP | CLAP_NOTE_DIALECT_MIDI
}

unsafe extern "C" fn is_main_thread(host: *const clap_host) -> bool {
    // SAFETY: a plugin calls with the host that it was given.
    unsafe { side(host) }.is_main_thread()
}

unsafe extern "C" fn is_audio_thread(host: *const clap_host) -> bool {
    // SAFETY: as above.
    unsafe { side(host) }.is_audio_thread()
}

static AUDIO_PORTS: clap_host_audio_ports =
    clap_host_audio_ports { is_rescan_flag_supported: Some(supports_rescan), rescan: Some(ports_rescan) };
static NOTE_PORTS: clap_host_note_ports =
    clap_host_note_ports { supported_dialects: Some(supported_dialects), rescan: Some(note_ports_rescan) };
static PARAMS: clap_host_params = clap_host_params {
    rescan: Some(params_rescan),
    clear: Some(params_clear),
    request_flush: Some(params_request_flush),
};
static STATE: clap_host_state = clap_host_state { mark_dirty: Some(state_mark_dirty) };
static LATENCY: clap_host_latency = clap_host_latency { changed: Some(latency_changed) };
static TAIL: clap_host_tail = clap_host_tail { changed: Some(tail_changed) };
static GUI: clap_host_gui = clap_host_gui {
    resize_hints_changed: Some(gui_resize_hints_changed),
    request_resize: Some(gui_request_resize),
    request_show: Some(gui_request),
    request_hide: Some(gui_request),
    closed: Some(gui_closed),
};
static THREAD_CHECK: clap_host_thread_check =
    clap_host_thread_check { is_main_thread: Some(is_main_thread), is_audio_thread: Some(is_audio_thread) };

unsafe extern "C" fn get_extension(host: *const clap_host, id: *const c_char) -> *const c_void {
    if id.is_null() {
        return std::ptr::null();
    }
    // SAFETY: a plugin asks with a text that ends in zero; null was ruled out.
    let id = unsafe { CStr::from_ptr(id) };
    // SAFETY: and with the host that it was given.
    if id == CLAP_EXT_GUI && unsafe { side(host) }.shows_windows.load(Ordering::Acquire) {
        return (&raw const GUI).cast();
    }
    let extensions: [(&CStr, *const c_void); 7] = [
        (CLAP_EXT_AUDIO_PORTS, (&raw const AUDIO_PORTS).cast()),
        (CLAP_EXT_NOTE_PORTS, (&raw const NOTE_PORTS).cast()),
        (CLAP_EXT_PARAMS, (&raw const PARAMS).cast()),
        (CLAP_EXT_STATE, (&raw const STATE).cast()),
        (CLAP_EXT_LATENCY, (&raw const LATENCY).cast()),
        (CLAP_EXT_TAIL, (&raw const TAIL).cast()),
        (CLAP_EXT_THREAD_CHECK, (&raw const THREAD_CHECK).cast()),
    ];
    extensions.iter().find(|(known, _)| *known == id).map_or(std::ptr::null(), |(_, extension)| *extension)
}
