//! States between the host's streams and memory.
#![allow(unsafe_code, non_snake_case)]

use std::cell::RefCell;
use std::ffi::c_void;
use std::io::{Cursor, Read, Seek, SeekFrom, Write};

use nice_plug::wrapper::vst3::vst3::Steinberg::IBStream_::IStreamSeekMode_;
use nice_plug::wrapper::vst3::vst3::Steinberg::*;
use nice_plug::wrapper::vst3::vst3::{Class, ComRef, ComWrapper};

use crate::plugin::guard::guarded;
use crate::plugin::seal::LONGEST_BYTES;

/// Bytes that are asked for at a time.
const CHUNK_BYTES: usize = 4_096;

/// All that is left in the host's stream, but not more than tells that it is too long.
///
/// # Safety
/// `stream` must be null or valid.
pub(super) unsafe fn read(stream: *mut IBStream) -> Option<Vec<u8>> {
    // SAFETY: the caller's promise.
    let stream = unsafe { ComRef::from_raw(stream) }?;
    let (mut bytes, mut chunk) = (Vec::new(), [0_u8; CHUNK_BYTES]);
    while bytes.len() <= LONGEST_BYTES {
        let mut count = 0;
        // SAFETY: the place is as long as we say. Some hosts fail at the end of a stream, so that only the count tells.
        unsafe { stream.read(chunk.as_mut_ptr().cast::<c_void>(), CHUNK_BYTES as i32, &mut count) };
        match usize::try_from(count) {
            Ok(count) if (1..=CHUNK_BYTES).contains(&count) => bytes.extend_from_slice(&chunk[..count]),
            _ => break,
        }
    }
    Some(bytes)
}

/// Writes all of `bytes` to the host's stream.
///
/// # Safety
/// `stream` must be null or valid.
pub(super) unsafe fn write(stream: *mut IBStream, mut bytes: &[u8]) -> bool {
    // SAFETY: the caller's promise.
    let Some(stream) = (unsafe { ComRef::from_raw(stream) }) else { return false };
    while !bytes.is_empty() {
        let length = bytes.len().min(CHUNK_BYTES);
        let mut count = 0;
        // SAFETY: the host only reads from the place. Some hosts leave the count alone.
        let result = unsafe { stream.write(bytes.as_ptr().cast_mut().cast::<c_void>(), length as i32, &mut count) };
        match usize::try_from(count) {
            Ok(0) if result == kResultOk => bytes = &bytes[length..],
            Ok(count) if (1..=length).contains(&count) => bytes = &bytes[count..],
            _ => return false,
        }
    }
    true
}

/// A stream in memory, as nice-plug reads and writes it.
pub(super) struct Memory(RefCell<Cursor<Vec<u8>>>);

impl Class for Memory {
    type Interfaces = (IBStream,);
}

impl Memory {
    pub(super) fn of(bytes: &[u8]) -> ComWrapper<Self> {
        ComWrapper::new(Self(RefCell::new(Cursor::new(bytes.to_vec()))))
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        self.0.borrow().get_ref().clone()
    }
}

impl IBStreamTrait for Memory {
    unsafe fn read(&self, buffer: *mut c_void, numBytes: int32, numBytesRead: *mut int32) -> tresult {
        guarded("IBStreamTrait::read", kInternalError, || {
            let length = usize::try_from(numBytes).unwrap_or_default();
            if buffer.is_null() || length == 0 {
                return done(numBytesRead, 0);
            }
            // SAFETY: the caller gives a place for `numBytes`.
            let place = unsafe { std::slice::from_raw_parts_mut(buffer.cast::<u8>(), length) };
            done(numBytesRead, self.0.borrow_mut().read(place).unwrap_or_default())
        })
    }

    unsafe fn write(&self, buffer: *mut c_void, numBytes: int32, numBytesWritten: *mut int32) -> tresult {
        guarded("IBStreamTrait::write", kInternalError, || {
            let length = usize::try_from(numBytes).unwrap_or_default();
            if buffer.is_null() || length == 0 {
                return done(numBytesWritten, 0);
            }
            // SAFETY: the caller gives `numBytes` to read.
            let place = unsafe { std::slice::from_raw_parts(buffer.cast::<u8>(), length) };
            done(numBytesWritten, self.0.borrow_mut().write(place).unwrap_or_default())
        })
    }

    unsafe fn seek(&self, pos: int64, mode: int32, result: *mut int64) -> tresult {
        guarded("IBStreamTrait::seek", kInternalError, || {
            let to = match mode as u32 {
                IStreamSeekMode_::kIBSeekSet => SeekFrom::Start(u64::try_from(pos).unwrap_or_default()),
                IStreamSeekMode_::kIBSeekCur => SeekFrom::Current(pos),
                IStreamSeekMode_::kIBSeekEnd => SeekFrom::End(pos),
                _ => return kInvalidArgument,
            };
            let Ok(position) = self.0.borrow_mut().seek(to) else { return kInvalidArgument };
            if !result.is_null() {
                // SAFETY: the caller gives a valid place.
                unsafe { *result = position as int64 };
            }
            kResultOk
        })
    }

    unsafe fn tell(&self, pos: *mut int64) -> tresult {
        guarded("IBStreamTrait::tell", kInternalError, || {
            if pos.is_null() {
                return kInvalidArgument;
            }
            // SAFETY: the caller gives a valid place.
            unsafe { *pos = self.0.borrow().position() as int64 };
            kResultOk
        })
    }
}

fn done(place: *mut int32, count: usize) -> tresult {
    if !place.is_null() {
        // SAFETY: the caller gives a valid place.
        unsafe { *place = count as int32 };
    }
    kResultOk
}
