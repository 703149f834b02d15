//! The C interface. A library exports one function, `earmark_gpu`, that gives a [`Table`]; everything else is in there.
//!
//! No call unwinds. Memory belongs to who made it: texts and results are written into the caller's buffers. A net is used
//! by one thread at a time. This file uses nothing but `core`, so that a test can include it.

use core::ffi::c_void;

/// The interface's version; a library of another one is not used.
pub const VERSION: u32 = 1;
/// The exported function's name.
pub const SYMBOL: &[u8] = b"earmark_gpu\0";

/// All is well.
pub const OK: i32 = 0;
/// The call failed; another may not.
pub const FAILED: i32 = 1;
/// The device has no memory left.
pub const OUT_OF_MEMORY: i32 = 2;
/// The device is gone.
pub const LOST: i32 = 3;

/// [`Shape::kind`] of a net that tags windows.
pub const TAGGER: u32 = 0;
/// [`Shape::kind`] of a net that reads streams frame by frame.
pub const VOICE: u32 = 1;

/// The exported function.
pub type Entry = unsafe extern "C" fn() -> *const Table;

/// What a library can do. Valid as long as the library is loaded.
#[repr(C)]
pub struct Table {
    /// [`VERSION`] of the library; the first field in every version.
    pub version: u32,
    /// Builds the net in the bytes of a model file; null if that failed. Fills in what it is, or why not.
    pub open: unsafe extern "C" fn(model: *const u8, length: usize, shape: *mut Shape, error: *mut Text) -> *mut c_void,
    /// Tags windows.
    pub tag: unsafe extern "C" fn(net: *mut c_void, job: *const TagJob, error: *mut Text) -> i32,
    /// Reads frames of streams.
    pub voice: unsafe extern "C" fn(net: *mut c_void, job: *const VoiceJob, error: *mut Text) -> i32,
    /// Names the device and says how much memory it has, in bytes; 0 where that is not known.
    pub describe: unsafe extern "C" fn(name: *mut Text, free: *mut u64, total: *mut u64),
    /// Closes a net.
    pub close: unsafe extern "C" fn(net: *mut c_void),
}

/// A buffer for UTF-8 text.
#[repr(C)]
pub struct Text {
    /// The caller's buffer.
    pub bytes: *mut u8,
    /// Its size.
    pub capacity: usize,
    /// How much of it is filled.
    pub length: usize,
}

/// What a net takes and gives.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Shape {
    /// [`TAGGER`] or [`VOICE`].
    pub kind: u32,
    /// Values of an input frame.
    pub inputs: u32,
    /// Probabilities per window or frame.
    pub outputs: u32,
    /// Width of a tagger's embedding, with what it says of layers further within behind it.
    pub embedding: u32,
    /// Frames that a voice net's answer waits for.
    pub look_ahead: u32,
}

/// Windows of equal length.
#[repr(C)]
pub struct TagJob {
    /// `windows * frames * inputs` values.
    pub values: *const f32,
    /// How many windows.
    pub windows: usize,
    /// Frames of each.
    pub frames: usize,
    /// Room for `windows * outputs` probabilities.
    pub probability: *mut f32,
    /// Room for `windows * embedding` values.
    pub embedding: *mut f32,
}

/// New frames of several streams.
#[repr(C)]
pub struct VoiceJob {
    /// How many streams.
    pub streams: usize,
    /// Each one's number, chosen by the caller.
    pub ids: *const u64,
    /// Whether each begins anew with these frames: 0 or 1.
    pub begins: *const u8,
    /// How many frames each brings.
    pub frames: *const u32,
    /// All frames, stream after stream.
    pub values: *const f32,
    /// Streams that are over: their memory can be freed.
    pub gone: *const u64,
    /// How many those are.
    pub gone_count: usize,
    /// 1: the streams are over with these frames, and what the look-ahead holds back comes out.
    pub end: u8,
    /// How many rows of answers each stream got.
    pub rows: *mut u32,
    /// Room for `outputs` probabilities for each frame, and at the end for each stream's look-ahead too; written stream
    /// after stream without gaps.
    pub probability: *mut f32,
    /// That room, in values.
    pub capacity: usize,
}
