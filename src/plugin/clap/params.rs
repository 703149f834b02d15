//! The one function of the parameters that is not nice-plug's.
#![allow(unsafe_code)]

use clap_sys::ext::params::clap_param_info;
use nice_plug::wrapper::clap::clap_plugin;

use super::Exported;

/// nice-plug would panic one beyond the last parameter.
pub(super) unsafe extern "C" fn get_info(plugin: *const clap_plugin, index: u32, info: *mut clap_param_info) -> bool {
    // SAFETY: the host's pointer.
    let Some(params) = (unsafe { Exported::of(plugin) }).and_then(|exported| exported.inner_params.as_ref()) else {
        return false;
    };
    // SAFETY: nice-plug's own functions with its own `plugin_data`.
    unsafe {
        params.count.is_some_and(|count| index < count(plugin))
            && params.get_info.is_some_and(|get_info| get_info(plugin, index, info))
    }
}
