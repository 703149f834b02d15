//! A plugin's state, as VST3 streams it.

use ::vst3::Steinberg::IBStream_::IStreamSeekMode_;
use ::vst3::Steinberg::Vst::{IComponent, IComponentTrait, IEditController, IEditControllerTrait};
use ::vst3::Steinberg::{IBStream, IBStreamTrait, int32, int64, kInvalidArgument, kResultOk, tresult};
use ::vst3::{Class, ComPtr, ComWrapper};
use anyhow::{Context, Result, ensure};
use std::cell::RefCell;
use std::ffi::c_void;
use std::io::{Cursor, Read, Seek, SeekFrom, Write};

/// Bytes in memory as a stream.
pub(crate) struct Stream {
    bytes: RefCell<Cursor<Vec<u8>>>,
}

impl Class for Stream {
    type Interfaces = (IBStream,);
}

impl Stream {
    fn new(bytes: &[u8]) -> ComWrapper<Self> {
        ComWrapper::new(Self { bytes: RefCell::new(Cursor::new(bytes.to_vec())) })
    }
}

/// Reports how many bytes were moved, where the caller wants to know.
fn report(moved: std::io::Result<usize>, count: *mut int32) -> tresult {
    let Ok(moved) = moved else { return kInvalidArgument };
    if !count.is_null() {
        // SAFETY: the place is valid where it is not null.
        unsafe { *count = moved as i32 };
    }
    kResultOk
}

impl IBStreamTrait for Stream {
    unsafe fn read(&self, buffer: *mut c_void, bytes: int32, count: *mut int32) -> tresult {
        let Ok(length) = usize::try_from(bytes) else { return kInvalidArgument };
        // SAFETY: the caller's buffer has room for as many bytes as it says.
        let buffer = unsafe { std::slice::from_raw_parts_mut(buffer.cast::<u8>(), length) };
        report(self.bytes.borrow_mut().read(buffer), count)
    }

    unsafe fn write(&self, buffer: *mut c_void, bytes: int32, count: *mut int32) -> tresult {
        let Ok(length) = usize::try_from(bytes) else { return kInvalidArgument };
        // SAFETY: the caller's buffer holds as many bytes as it says.
        let buffer = unsafe { std::slice::from_raw_parts(buffer.cast::<u8>(), length) };
        report(self.bytes.borrow_mut().write(buffer), count)
    }

    unsafe fn seek(&self, position: int64, mode: int32, result: *mut int64) -> tresult {
        let to = match mode as u32 {
            IStreamSeekMode_::kIBSeekSet => SeekFrom::Start(position.max(0) as u64),
            IStreamSeekMode_::kIBSeekCur => SeekFrom::Current(position),
            IStreamSeekMode_::kIBSeekEnd => SeekFrom::End(position),
            _ => return kInvalidArgument,
        };
        let Ok(position) = self.bytes.borrow_mut().seek(to) else { return kInvalidArgument };
        if !result.is_null() {
            // SAFETY: the place is valid where it is not null.
            unsafe { *result = position as i64 };
        }
        kResultOk
    }

    unsafe fn tell(&self, position: *mut int64) -> tresult {
        // SAFETY: the caller gives a valid place.
        unsafe { *position = self.bytes.borrow().position() as i64 };
        kResultOk
    }
}

/// Gives a saved state to both halves of the plugin; whether the component took it.
pub(crate) fn load(component: &ComPtr<IComponent>, controller: &ComPtr<IEditController>, state: &[u8]) -> bool {
    let streams = [Stream::new(state), Stream::new(state)].map(|stream| stream.to_com_ptr::<IBStream>());
    let [Some(first), Some(second)] = streams else { return false };
    // SAFETY: both streams live through the calls.
    unsafe {
        let taken = component.setState(first.as_ptr()) == kResultOk;
        controller.setComponentState(second.as_ptr());
        taken
    }
}

/// The component's state.
pub(crate) fn save(component: &ComPtr<IComponent>) -> Result<Vec<u8>> {
    let stream = Stream::new(&[]);
    let interface = stream.to_com_ptr::<IBStream>().context("a stream has its interface")?;
    // SAFETY: the stream lives through the call.
    let result = unsafe { component.getState(interface.as_ptr()) };
    ensure!(result == kResultOk, "the plugin does not save its state ({result})");
    Ok(stream.bytes.take().into_inner())
}
