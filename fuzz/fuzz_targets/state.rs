//! A saved state as a host hands it over: any bytes are loaded or refused, and any JSON behind a right seal as well.
#![no_main]

use std::cell::OnceCell;

use clack_extensions::state::PluginState;
use clack_host::entry::EntryDescriptor;
use clack_host::prelude::*;
use libfuzzer_sys::fuzz_target;

// The library's own exports must be linked.
use earmark as _;

unsafe extern "C" {
    static clap_entry: EntryDescriptor;
}

struct Host;

impl HostHandlers for Host {
    type Shared<'a> = Shared;
    type MainThread<'a> = ();
    type AudioProcessor<'a> = ();
}

struct Shared;

impl SharedHandler<'_> for Shared {
    fn request_restart(&self) {}
    fn request_process(&self) {}
    fn request_callback(&self) {}
}

fn instance() -> PluginInstance<Host> {
    // SAFETY: the entry is this very program's own.
    let entry = unsafe { PluginEntry::load_from_raw(&clap_entry, c"fuzz") }.expect("own entry");
    let info = HostInfo::new("fuzz", "Earmark", "", "1").expect("valid");
    PluginInstance::new(|_| Shared, |_| (), &entry, c"earmark.control", &info).expect("instance")
}

thread_local! {
    static PLUGIN: OnceCell<std::cell::RefCell<PluginInstance<Host>>> = const { OnceCell::new() };
}

fuzz_target!(|bytes: &[u8]| {
    PLUGIN.with(|plugin| {
        let mut plugin = plugin.get_or_init(|| instance().into()).borrow_mut();
        let handle = plugin.plugin_handle();
        let state = handle.get_extension::<PluginState>().expect("has a state");
        let _ = state.load(&handle, &mut &*bytes);
        // The same as the content of a whole state: a mark, a seal, and the length before them.
        let mut sealed = [b"\n", bytes].concat();
        sealed.extend_from_slice(format!("\n{:08x}", crc32fast::hash(&sealed)).as_bytes());
        let whole = [&(sealed.len() as u64).to_le_bytes()[..], &sealed].concat();
        let _ = state.load(&handle, &mut &*whole);
        let mut saved = Vec::new();
        state.save(&handle, &mut saved).expect("whatever was loaded can be saved");
    });
});
