//! States, sealed on their way out and opened on their way in. Before them stands their length, as nice-plug writes it.
#![allow(unsafe_code)]

use std::ffi::c_void;

use clap_sys::ext::state::{CLAP_EXT_STATE, clap_plugin_state};
use clap_sys::stream::{clap_istream, clap_ostream};
use nice_plug::wrapper::clap::clap_plugin;

use super::{Exported, extension};
use crate::plugin::guard::guarded;
use crate::plugin::seal::{self, Fault};

/// What the host is given as `clap.state`.
pub(super) static STATE: clap_plugin_state = clap_plugin_state { save: Some(save), load: Some(load) };

/// Bytes of the length.
const LENGTH: usize = 8;

unsafe extern "C" fn save(plugin: *const clap_plugin, stream: *const clap_ostream) -> bool {
    // SAFETY: the host's pointers, null or valid.
    let (Some(exported), Some(stream)) = (unsafe { (Exported::of(plugin), stream.as_ref()) }) else { return false };
    exported.emission.guarded("clap_plugin_state::save", false, || {
        let mut written: Vec<u8> = Vec::new();
        let ours = clap_ostream { ctx: (&raw mut written).cast::<c_void>(), write: Some(write_to_vec) };
        // SAFETY: nice-plug's own function; the stream outlives the call.
        let saved = unsafe {
            extension::<clap_plugin_state>(&exported.inner, CLAP_EXT_STATE)
                .and_then(|state| state.save)
                .is_some_and(|save| save(plugin, &raw const ours))
        };
        let Some((_, json)) = written.split_at_checked(LENGTH).filter(|_| saved) else { return false };
        let mut sealed = json.to_vec();
        seal::seal(&mut sealed);
        let whole = [&(sealed.len() as u64).to_le_bytes()[..], &sealed].concat();
        // SAFETY: the host's stream.
        unsafe { write_all(stream, &whole) }
    })
}

unsafe extern "C" fn load(plugin: *const clap_plugin, stream: *const clap_istream) -> bool {
    // SAFETY: the host's pointers, null or valid.
    let (Some(exported), Some(stream)) = (unsafe { (Exported::of(plugin), stream.as_ref()) }) else { return false };
    exported.emission.guarded("clap_plugin_state::load", false, || {
        // SAFETY: the host's stream.
        let sealed = unsafe { read_sealed(stream) };
        let loaded = sealed.and_then(|sealed| {
            let json = seal::open(&sealed)?;
            let whole = [&(json.len() as u64).to_le_bytes()[..], json].concat();
            let mut rest = &whole[..];
            let ours = clap_istream { ctx: (&raw mut rest).cast::<c_void>(), read: Some(read_from_slice) };
            // SAFETY: nice-plug's own function; the stream outlives the call.
            let loaded = unsafe {
                extension::<clap_plugin_state>(&exported.inner, CLAP_EXT_STATE)
                    .and_then(|state| state.load)
                    .is_some_and(|load| load(plugin, &raw const ours))
            };
            loaded.then_some(()).ok_or(Fault::Damaged)
        });
        exported.emission.state_loaded(loaded);
        loaded.is_ok()
    })
}

/// # Safety
/// `stream` must be the host's.
unsafe fn read_sealed(stream: &clap_istream) -> Result<Vec<u8>, Fault> {
    // SAFETY: the caller's promise.
    let length = unsafe { read_up_to(stream, LENGTH) };
    if length.is_empty() {
        return Err(Fault::Empty);
    }
    let length: [u8; LENGTH] = length.try_into().map_err(|_| Fault::Short)?;
    let length = usize::try_from(u64::from_le_bytes(length)).unwrap_or(usize::MAX);
    if length > seal::LONGEST_BYTES {
        return Err(Fault::Long);
    }
    // SAFETY: the caller's promise.
    let sealed = unsafe { read_up_to(stream, length) };
    if sealed.len() == length { Ok(sealed) } else { Err(Fault::Short) }
}

/// # Safety
/// `stream` must be the host's.
unsafe fn read_up_to(stream: &clap_istream, length: usize) -> Vec<u8> {
    let (mut bytes, mut filled) = (vec![0; length], 0);
    while filled < length {
        let rest = &mut bytes[filled..];
        // SAFETY: the caller's promise; the place is as long as we say.
        let count = stream.read.map_or(-1, |read| unsafe { read(stream, rest.as_mut_ptr().cast(), rest.len() as u64) });
        match usize::try_from(count) {
            Ok(count) if (1..=rest.len()).contains(&count) => filled += count,
            _ => break,
        }
    }
    bytes.truncate(filled);
    bytes
}

/// # Safety
/// `stream` must be the host's.
unsafe fn write_all(stream: &clap_ostream, mut bytes: &[u8]) -> bool {
    while !bytes.is_empty() {
        // SAFETY: the caller's promise.
        let count =
            stream.write.map_or(-1, |write| unsafe { write(stream, bytes.as_ptr().cast(), bytes.len() as u64) });
        match usize::try_from(count) {
            Ok(count) if (1..=bytes.len()).contains(&count) => bytes = &bytes[count..],
            _ => return false,
        }
    }
    true
}

unsafe extern "C" fn write_to_vec(stream: *const clap_ostream, buffer: *const c_void, size: u64) -> i64 {
    guarded("clap_ostream::write", -1, || {
        // SAFETY: `ctx` points to the `Vec` of the running `save`; nice-plug gives `size` bytes.
        unsafe {
            let written = &mut *(*stream).ctx.cast::<Vec<u8>>();
            written.extend_from_slice(std::slice::from_raw_parts(buffer.cast::<u8>(), size as usize));
        }
        size as i64
    })
}

unsafe extern "C" fn read_from_slice(stream: *const clap_istream, buffer: *mut c_void, size: u64) -> i64 {
    guarded("clap_istream::read", -1, || {
        // SAFETY: `ctx` points to the slice of the running `load`; nice-plug gives a place for `size` bytes.
        unsafe {
            let rest = &mut *(*stream).ctx.cast::<&[u8]>();
            let (given, left) = rest.split_at(rest.len().min(size as usize));
            std::ptr::copy_nonoverlapping(given.as_ptr(), buffer.cast::<u8>(), given.len());
            *rest = left;
            given.len() as i64
        }
    })
}
