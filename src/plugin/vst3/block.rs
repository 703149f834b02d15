//! One block, made whole before nice-plug sees it.
#![allow(unsafe_code)]

use nice_plug::wrapper::vst3::vst3::Steinberg::Vst::{AudioBusBuffers, AudioBusBuffers__type0, ProcessData};
use nice_plug::wrapper::vst3::vst3::Steinberg::{int32, kResultFalse, kResultOk, tresult};

use super::arrangement::Widths;
use crate::plugin::emission::Emission;
use crate::plugin::lent::{Lent, Spare, Table, pass_through};

/// Processes `host`'s block with `process`, as nice-plug needs it: two inputs, one or two outputs, all as wide as the
/// main bus and none missing. Then tells the host which of its channels are silent.
///
/// # Safety
/// `host` as VST3 demands of `process`.
pub(super) unsafe fn whole(
    host: &ProcessData,
    widths: Widths,
    spare: &mut Spare,
    emission: &Emission,
    process: impl FnOnce(*mut ProcessData) -> tresult,
) -> tresult {
    let frames = host.numSamples as usize;
    let width = widths.main;
    // SAFETY: the caller's promise.
    let input = |index| unsafe { bus(host.inputs, host.numInputs, index) };
    // SAFETY: as above.
    let output = |index| unsafe { bus(host.outputs, host.numOutputs, index) };
    if !spare.reaches(frames) {
        let mut buses = [input(0), input(1), output(0)].into_iter().chain(widths.key.map(|_| output(1)));
        // SAFETY: as above.
        let whole = buses.all(|bus| unsafe { bus.is_whole(width) });
        let result = if whole { process(std::ptr::from_ref(host).cast_mut()) } else { kResultFalse };
        if result == kResultOk {
            // SAFETY: as above.
            unsafe { tell_silence(host, frames) };
        }
        return result;
    }
    // SAFETY: as above.
    let (mut main, mut side_chain, mut out, mut key_out, key) = unsafe {
        let main = Lent { channels: input(0).channels.min(width), ..input(0) };
        let key = output(1);
        (
            spare.input(main, width, frames),
            spare.input(input(1), width, frames),
            spare.output(0, output(0), width, frames),
            spare.output(1, key, width, frames),
            key,
        )
    };
    let mut inputs = [&mut main, &mut side_chain].map(|table| buffer(table, width));
    let mut outputs = [&mut out, &mut key_out].map(|table| buffer(table, width));
    let mut block = ProcessData {
        numInputs: 2,
        numOutputs: if widths.key.is_some() { 2 } else { 1 },
        inputs: inputs.as_mut_ptr(),
        outputs: outputs.as_mut_ptr(),
        ..*host
    };
    // A mono track's key bus has its tone on a channel that nice-plug does not know of.
    // SAFETY: the caller's promise.
    let tone = unsafe { key.channel(1) }.filter(|_| width == 1);
    emission.lend_tone(tone.unwrap_or(std::ptr::null_mut()), frames);
    let result = process(&raw mut block);
    emission.lend_tone(std::ptr::null_mut(), 0);
    if result == kResultOk {
        // SAFETY: the caller's promise.
        unsafe { tell_silence(host, frames) };
    }
    result
}

/// The block's input is its output, whatever else has failed.
///
/// # Safety
/// `host` as VST3 demands of `process`, in 32 bit.
pub(super) unsafe fn pass(host: &ProcessData) {
    let frames = usize::try_from(host.numSamples).unwrap_or_default();
    if frames == 0 || host.outputs.is_null() {
        return;
    }
    // SAFETY: the caller's promise.
    unsafe {
        let output = |index| bus(host.outputs, host.numOutputs, index);
        let outputs = (0..usize::try_from(host.numOutputs).unwrap_or_default()).map(output);
        pass_through(bus(host.inputs, host.numInputs, 0), outputs, frames);
        tell_silence(host, frames);
    }
}

/// A bus that the host lends, or nothing.
///
/// # Safety
/// `buses` must be null or `count` long.
unsafe fn bus(buses: *const AudioBusBuffers, count: int32, index: usize) -> Lent {
    if buses.is_null() || index >= usize::try_from(count).unwrap_or_default() {
        return Lent::NOTHING;
    }
    // SAFETY: the caller's promise; the index was checked. Of the union only 32 bit pointers are ever in use.
    unsafe {
        let bus = &*buses.add(index);
        Lent { table: bus.__field0.channelBuffers32, channels: usize::try_from(bus.numChannels).unwrap_or_default() }
    }
}

fn buffer(table: &mut Table, width: usize) -> AudioBusBuffers {
    AudioBusBuffers {
        numChannels: width as int32,
        silenceFlags: 0,
        __field0: AudioBusBuffers__type0 { channelBuffers32: table.as_mut_ptr() },
    }
}

/// # Safety
/// As for [`whole`].
unsafe fn tell_silence(host: &ProcessData, frames: usize) {
    for index in 0..usize::try_from(host.numOutputs).unwrap_or_default() {
        // SAFETY: the caller's promise; the index lies within the host's count.
        unsafe {
            let silent = bus(host.outputs, host.numOutputs, index).silent_channels(frames);
            (*host.outputs.add(index)).silenceFlags = silent;
        }
    }
}
