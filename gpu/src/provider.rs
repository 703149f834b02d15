//! The side that is a library: a [`Provider`] in safe Rust, put behind the C interface by [`export!`](crate::export).

use std::any::Any;
use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::{ptr, slice};

use super::abi::{self, Table, TagJob, Text, VoiceJob};
use super::library::Fault;

pub use super::abi::Shape;

/// A device's memory in bytes; 0 where that is not known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Memory {
    /// Not in use.
    pub free: u64,
    /// In all.
    pub total: u64,
}

/// What a tagger says of a window.
#[derive(Debug, Clone, PartialEq)]
pub struct Tags {
    /// One probability per label.
    pub probability: Vec<f32>,
    /// The layer before the output, then what is said of layers further within.
    pub embedding: Vec<f32>,
}

/// New frames of several streams, as a library gets them.
pub struct VoiceFrames<'a> {
    /// Stream, whether it begins anew, and its rows of values.
    pub streams: Vec<(u64, bool, &'a [f32])>,
    /// Streams that are over.
    pub gone: &'a [u64],
    /// Whether these streams are over with these frames.
    pub end: bool,
}

/// What a library is.
pub trait Provider {
    /// Builds the net in the bytes of a model file.
    ///
    /// # Errors
    /// A net that it cannot run, a device that failed.
    fn open(model: &[u8]) -> Result<Box<dyn OpenNet>, String>;

    /// The device's name and memory.
    fn describe() -> (String, Memory);
}

/// A net on a device.
pub trait OpenNet: Send {
    /// What it takes and gives.
    fn shape(&self) -> Shape;

    /// Tags `values`, windows of `frames` rows each.
    ///
    /// # Errors
    /// A device that failed; a net that tags nothing.
    fn tag(&mut self, values: &[f32], windows: usize, frames: usize) -> Result<Vec<Tags>, Fault>;

    /// Reads new frames of streams: each stream's rows of probabilities.
    ///
    /// # Errors
    /// A device that failed; a net that reads no frames.
    fn voice(&mut self, frames: &VoiceFrames<'_>) -> Result<Vec<Vec<f32>>, Fault>;
}

/// Makes the crate a library that runs a [`Provider`]: exports its table.
#[macro_export]
macro_rules! export {
    ($provider:ty) => {
        #[unsafe(no_mangle)]
        extern "C" fn earmark_gpu() -> *const $crate::abi::Table {
            static TABLE: $crate::abi::Table = $crate::serve::table::<$provider>($crate::abi::VERSION);
            &raw const TABLE
        }
    };
}

/// The functions behind the table. A panic in one of them ends in an error.
pub mod serve {
    use super::*;

    /// What a handle points to.
    type Handle = Box<dyn OpenNet>;

    /// The table of a library that runs `P`, in the name of a version of the interface.
    pub const fn table<P: Provider>(version: u32) -> Table {
        Table { version, open: open::<P>, tag, voice, describe: describe::<P>, close }
    }

    /// See [`abi::Table::open`].
    ///
    /// # Safety
    /// As the interface says.
    pub unsafe extern "C" fn open<P: Provider>(
        model: *const u8,
        length: usize,
        shape: *mut Shape,
        error: *mut Text,
    ) -> *mut c_void {
        let opened = catch_unwind(|| {
            // SAFETY: the caller gives as many bytes.
            P::open(unsafe { values(model, length) })
        });
        match opened.unwrap_or_else(|panic| Err(words(&*panic))) {
            Ok(net) => {
                // SAFETY: the caller gives room for the shape.
                unsafe { shape.write(net.shape()) };
                Box::into_raw(Box::<Handle>::new(net)).cast()
            }
            Err(why) => {
                // SAFETY: the caller gives a text.
                unsafe { write(error, &why) };
                ptr::null_mut()
            }
        }
    }

    /// See [`abi::Table::close`].
    ///
    /// # Safety
    /// As the interface says: an open handle, not used again.
    pub unsafe extern "C" fn close(net: *mut c_void) {
        // SAFETY: it came from `open` and is not used again.
        let net = unsafe { Box::<Handle>::from_raw(net.cast()) };
        // A driver may panic while it frees; nobody is there to hear of it.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(net)));
    }

    /// See [`abi::Table::describe`].
    ///
    /// # Safety
    /// As the interface says.
    pub unsafe extern "C" fn describe<P: Provider>(name: *mut Text, free: *mut u64, total: *mut u64) {
        let (text, memory) = catch_unwind(P::describe).unwrap_or_else(|panic| (words(&*panic), Memory::default()));
        // SAFETY: the caller gives room for all three.
        unsafe {
            write(name, &text);
            free.write(memory.free);
            total.write(memory.total);
        }
    }

    /// See [`abi::Table::tag`].
    ///
    /// # Safety
    /// As the interface says.
    pub unsafe extern "C" fn tag(net: *mut c_void, job: *const TagJob, error: *mut Text) -> i32 {
        // SAFETY: an open handle, used by this thread alone.
        let net = unsafe { &mut *net.cast::<Handle>() };
        // SAFETY: the caller's job lives through the call.
        let job = unsafe { &*job };
        let done = catch_unwind(AssertUnwindSafe(|| {
            let Shape { inputs, outputs, embedding, .. } = net.shape();
            // SAFETY: the caller gives as many values.
            let given = unsafe { values(job.values, job.windows * job.frames * inputs as usize) };
            let tags = net.tag(given, job.windows, job.frames)?;
            let fits =
                |tags: &Tags| tags.probability.len() == outputs as usize && tags.embedding.len() == embedding as usize;
            if tags.len() != job.windows || !tags.iter().all(fits) {
                return Err(Fault::Failed("the net gave answers of another size".to_owned()));
            }
            for (window, tags) in tags.iter().enumerate() {
                // SAFETY: the caller gives room for each window's answers, whose sizes were looked at.
                unsafe {
                    fill(job.probability, window * outputs as usize, &tags.probability);
                    fill(job.embedding, window * embedding as usize, &tags.embedding);
                }
            }
            Ok(())
        }));
        // SAFETY: the caller gives a text.
        unsafe { report(done, error) }
    }

    /// See [`abi::Table::voice`].
    ///
    /// # Safety
    /// As the interface says.
    pub unsafe extern "C" fn voice(net: *mut c_void, job: *const VoiceJob, error: *mut Text) -> i32 {
        // SAFETY: an open handle, used by this thread alone.
        let net = unsafe { &mut *net.cast::<Handle>() };
        // SAFETY: the caller's job lives through the call.
        let job = unsafe { &*job };
        let done = catch_unwind(AssertUnwindSafe(|| {
            let inputs = net.shape().inputs as usize;
            // SAFETY: the caller gives as many of each.
            let (ids, begins, frames, gone) = unsafe {
                (
                    values(job.ids, job.streams),
                    values(job.begins, job.streams),
                    values(job.frames, job.streams),
                    values(job.gone, job.gone_count),
                )
            };
            let all = frames.iter().map(|&frames| frames as usize * inputs).sum();
            // SAFETY: the caller gives as many values.
            let mut rest = unsafe { values(job.values, all) };
            let mut streams = Vec::with_capacity(job.streams);
            for ((&id, &begins), &frames) in ids.iter().zip(begins).zip(frames) {
                let (mine, others) = rest.split_at(frames as usize * inputs);
                streams.push((id, begins != 0, mine));
                rest = others;
            }
            let outputs = net.shape().outputs as usize;
            let said = net.voice(&VoiceFrames { streams, gone, end: job.end != 0 })?;
            let total: usize = said.iter().map(Vec::len).sum();
            if said.len() != job.streams || total > job.capacity {
                return Err(Fault::Failed("the net gave answers of another size".to_owned()));
            }
            let mut at = 0;
            for (stream, said) in said.iter().enumerate() {
                // SAFETY: the caller gives a count for each stream, and as much room as was looked at.
                unsafe {
                    job.rows.add(stream).write((said.len() / outputs.max(1)) as u32);
                    fill(job.probability, at, said);
                }
                at += said.len();
            }
            Ok(())
        }));
        // SAFETY: the caller gives a text.
        unsafe { report(done, error) }
    }

    /// # Safety
    /// `at` is null or valid for reads of `count` values as long as the caller's job lives.
    unsafe fn values<'a, T>(at: *const T, count: usize) -> &'a [T] {
        if at.is_null() || count == 0 {
            return &[];
        }
        // SAFETY: as above.
        unsafe { slice::from_raw_parts(at, count) }
    }

    /// # Safety
    /// `to` is valid for writes of `from + values.len()` values.
    unsafe fn fill(to: *mut f32, from: usize, values: &[f32]) {
        // SAFETY: as above; what is written was just made, so they do not overlap.
        unsafe { ptr::copy_nonoverlapping(values.as_ptr(), to.add(from), values.len()) };
    }

    /// # Safety
    /// `error` is a valid text.
    unsafe fn report(done: Result<Result<(), Fault>, Box<dyn Any + Send>>, error: *mut Text) -> i32 {
        let (code, why) = match done {
            Ok(Ok(())) => return abi::OK,
            Ok(Err(Fault::OutOfMemory(why))) => (abi::OUT_OF_MEMORY, why),
            Ok(Err(Fault::Lost(why))) => (abi::LOST, why),
            Ok(Err(Fault::Failed(why))) => (abi::FAILED, why),
            Ok(Err(other)) => (abi::FAILED, other.to_string()),
            Err(panic) => (abi::FAILED, words(&*panic)),
        };
        // SAFETY: as above.
        unsafe { write(error, &why) };
        code
    }

    /// # Safety
    /// `to` is a valid text.
    unsafe fn write(to: *mut Text, words: &str) {
        // SAFETY: as above.
        let text = unsafe { &mut *to };
        let mut length = words.len().min(text.capacity);
        while !words.is_char_boundary(length) {
            length -= 1;
        }
        // SAFETY: the text has that much room.
        unsafe { ptr::copy_nonoverlapping(words.as_ptr(), text.bytes, length) };
        text.length = length;
    }

    /// What a panic says.
    fn words(panic: &(dyn Any + Send)) -> String {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
        format!("panic: {}", text.unwrap_or_else(|| "without a message".to_owned()))
    }
}
