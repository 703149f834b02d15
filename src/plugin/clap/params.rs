//! The functions of the parameters that are not nice-plug's.
#![allow(unsafe_code)]

use std::ffi::c_char;

use clap_sys::ext::params::clap_param_info;
use clap_sys::id::clap_id;
use nice_plug::wrapper::clap::clap_plugin;

use super::Exported;

/// nice-plug would panic one beyond the last parameter.
pub(super) unsafe extern "C" fn get_info(plugin: *const clap_plugin, index: u32, info: *mut clap_param_info) -> bool {
    // SAFETY: the host's pointer.
    let Some(exported) = (unsafe { Exported::of(plugin) }) else { return false };
    exported.emission.guarded("clap_plugin_params::get_info", false, || {
        let Some(params) = &exported.inner_params else { return false };
        // SAFETY: nice-plug's own functions with its own `plugin_data`.
        unsafe {
            params.count.is_some_and(|count| index < count(plugin))
                && params.get_info.is_some_and(|get_info| get_info(plugin, index, info))
        }
    })
}

/// nice-plug would read "NaN" as a number.
pub(super) unsafe extern "C" fn text_to_value(
    plugin: *const clap_plugin,
    id: clap_id,
    text: *const c_char,
    value: *mut f64,
) -> bool {
    // SAFETY: the host's pointer.
    let Some(exported) = (unsafe { Exported::of(plugin) }) else { return false };
    exported.emission.guarded("clap_plugin_params::text_to_value", false, || {
        let Some(params) = &exported.inner_params else { return false };
        let mut read = f64::NAN;
        // SAFETY: nice-plug's own function with its own `plugin_data`.
        let known = params.text_to_value.is_some_and(|inner| unsafe { inner(plugin, id, text, &mut read) });
        if !known || !read.is_finite() || value.is_null() {
            return false;
        }
        // SAFETY: the host's own place, not null.
        unsafe { *value = read };
        true
    })
}
