//! The function of the render modes that is not nice-plug's.
#![allow(unsafe_code)]

use clap_sys::ext::render::{CLAP_RENDER_OFFLINE, clap_plugin_render_mode};
use nice_plug::wrapper::clap::clap_plugin;

use super::Exported;

/// nice-plug would heed a mode only at the next activation.
pub(super) unsafe extern "C" fn set(plugin: *const clap_plugin, mode: clap_plugin_render_mode) -> bool {
    // SAFETY: the host's pointer.
    let Some(exported) = (unsafe { Exported::of(plugin) }) else { return false };
    exported.emission.guarded("clap_plugin_render::set", false, || {
        let Some(render) = &exported.inner_render else { return false };
        // SAFETY: nice-plug's own function with its own `plugin_data`.
        let taken = render.set.is_some_and(|inner| unsafe { inner(plugin, mode) });
        if taken {
            exported.emission.set_offline(mode == CLAP_RENDER_OFFLINE);
        }
        taken
    })
}
