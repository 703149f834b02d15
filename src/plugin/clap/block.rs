//! One block, made whole before nice-plug sees it.
#![allow(unsafe_code)]

use std::ptr;

use clap_sys::audio_buffer::clap_audio_buffer;
use clap_sys::process::{CLAP_PROCESS_ERROR, clap_process, clap_process_status};

use crate::plugin::lent::{Lent, Spare, Table, pass_through};

/// Channels of the ports: main and side chain, main and key; 0 where there is none.
#[derive(Default, Clone, Copy)]
pub(super) struct Widths {
    pub(super) inputs: [usize; 2],
    pub(super) outputs: [usize; 2],
}

/// Processes `host`'s block with `process`, with no port and no channel missing. Then tells the host which of its
/// channels are constant.
///
/// # Safety
/// `host` as CLAP demands of `process`.
pub(super) unsafe fn whole(
    host: &clap_process,
    widths: Widths,
    spare: &mut Spare,
    process: impl FnOnce(*const clap_process) -> clap_process_status,
) -> clap_process_status {
    let frames = host.frames_count as usize;
    if frames == 0 {
        return process(host);
    }
    let [main_width, side_width] = widths.inputs;
    let [out_width, key_width] = widths.outputs;
    // SAFETY: the caller's promise.
    let input = |index| unsafe { port(host.audio_inputs, host.audio_inputs_count, index) };
    // SAFETY: as above.
    let output = |index| unsafe { port(host.audio_outputs, host.audio_outputs_count, index) };
    if !spare.reaches(frames) {
        let ports = [(input(0), main_width), (input(1), side_width), (output(0), out_width), (output(1), key_width)];
        // SAFETY: as above.
        let whole = ports.iter().all(|(port, width)| unsafe { port.is_whole(*width) });
        return if whole { process(host) } else { CLAP_PROCESS_ERROR };
    }
    // SAFETY: as above.
    let (mut main, mut side_chain, mut out, mut key) = unsafe {
        let main = Lent { channels: input(0).channels.min(main_width), ..input(0) };
        (
            spare.input(main, main_width, frames),
            spare.input(input(1), side_width, frames),
            spare.output(0, output(0), out_width, frames),
            spare.output(1, output(1), key_width, frames),
        )
    };
    let inputs = [buffer(&mut main, main_width), buffer(&mut side_chain, side_width)];
    let mut outputs = [buffer(&mut out, out_width), buffer(&mut key, key_width)];
    let count = |widths: [usize; 2]| widths.iter().filter(|&&width| width > 0).count() as u32;
    let block = clap_process {
        audio_inputs: inputs.as_ptr(),
        audio_inputs_count: count(widths.inputs),
        audio_outputs: outputs.as_mut_ptr(),
        audio_outputs_count: count(widths.outputs),
        ..*host
    };
    let status = process(&raw const block);
    if status != CLAP_PROCESS_ERROR {
        // SAFETY: the caller's promise.
        unsafe { tell_silence(host, frames) };
    }
    status
}

/// The block's input is its output, whatever else has failed.
///
/// # Safety
/// `host` as CLAP demands of `process`.
pub(super) unsafe fn pass(host: &clap_process) {
    let frames = host.frames_count as usize;
    // SAFETY: the caller's promise.
    unsafe {
        let output = |index| port(host.audio_outputs, host.audio_outputs_count, index);
        let outputs = (0..host.audio_outputs_count as usize).map(output);
        pass_through(port(host.audio_inputs, host.audio_inputs_count, 0), outputs, frames);
        tell_silence(host, frames);
    }
}

/// A port that the host lends, or nothing.
///
/// # Safety
/// `ports` must be null or `count` long.
unsafe fn port(ports: *const clap_audio_buffer, count: u32, index: usize) -> Lent {
    if ports.is_null() || index >= count as usize {
        return Lent::NOTHING;
    }
    // SAFETY: the caller's promise; the index was checked.
    let port = unsafe { &*ports.add(index) };
    Lent { table: port.data32, channels: port.channel_count as usize }
}

fn buffer(table: &mut Table, width: usize) -> clap_audio_buffer {
    clap_audio_buffer {
        data32: table.as_mut_ptr(),
        data64: ptr::null_mut(),
        channel_count: width as u32,
        latency: 0,
        constant_mask: 0,
    }
}

/// # Safety
/// As for [`whole`].
unsafe fn tell_silence(host: &clap_process, frames: usize) {
    if host.audio_outputs.is_null() {
        return;
    }
    for index in 0..host.audio_outputs_count as usize {
        // SAFETY: the caller's promise; the index lies within the host's count.
        unsafe {
            let silent = port(host.audio_outputs, host.audio_outputs_count, index).silent_channels(frames);
            (*host.audio_outputs.add(index)).constant_mask = silent;
        }
    }
}
