//! The side that opens a library.

use std::ffi::c_void;
use std::path::Path;
use std::ptr;

use super::abi::{self, Entry, Table, TagJob, VoiceJob};
use super::module;
use super::provider::{Memory, Shape, Tags};

/// Room for a library's words.
const TEXT: usize = 1_024;

/// What went wrong on the other side.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The file is not there or cannot be loaded.
    #[error("cannot be loaded: {0}")]
    Load(String),
    /// The file is no library of ours.
    #[error("is no library for Earmark: it has no function `earmark_gpu`")]
    Foreign,
    /// The library speaks another version of the interface.
    #[error("speaks version {0} of the interface, this Earmark {ours}; build it again", ours = abi::VERSION)]
    Version(u32),
    /// The device has no memory left.
    #[error("out of memory: {0}")]
    OutOfMemory(String),
    /// The device is gone.
    #[error("the device was lost: {0}")]
    Lost(String),
    /// Anything else.
    #[error("failed: {0}")]
    Failed(String),
    /// What came back cannot be.
    #[error("gave {0}")]
    Garbage(String),
}

/// An open library. It stays loaded until the process ends: drivers leave threads behind.
#[derive(Clone)]
pub struct Library {
    table: &'static Table,
}

/// A net on the library's device. Used by one thread at a time; closed when dropped.
pub struct Net {
    library: Library,
    handle: *mut c_void,
    shape: Shape,
}

/// New frames of one stream.
#[derive(Debug, Clone, Copy)]
pub struct Voice<'a> {
    /// Its number, chosen by the caller.
    pub stream: u64,
    /// Whether it begins anew with these frames.
    pub begins: bool,
    /// Rows of values.
    pub frames: &'a [f32],
}

// SAFETY: a net may move to another thread; the interface only forbids two at a time, and all calls take `&mut self`.
unsafe impl Send for Net {}

impl Library {
    /// Opens the library at `path`, and keeps the module that holds this code loaded from then on.
    ///
    /// # Errors
    /// A file that cannot be loaded or is no such library, or one of another version.
    pub fn open(path: &Path) -> Result<Self, Fault> {
        module::keep_loaded();
        // SAFETY: loading runs the library's initialisers; that is what the user asks for by putting it there.
        let library = unsafe { libloading::Library::new(path) }.map_err(|error| Fault::Load(sentence(&error)))?;
        // SAFETY: the interface says what the symbol is.
        let entry = unsafe { library.get::<Entry>(abi::SYMBOL) }.map_err(|_| Fault::Foreign)?;
        // SAFETY: the interface says that it may be called at any time.
        let table = unsafe { entry() };
        // SAFETY: a table begins with the version in every version of the interface, and lives as long as the library.
        let version = unsafe { table.cast::<u32>().as_ref() }.copied().ok_or(Fault::Foreign)?;
        if version != abi::VERSION {
            std::mem::forget(library);
            return Err(Fault::Version(version));
        }
        // SAFETY: not null, of our version, and the library is never unloaded.
        let table = unsafe { &*table };
        std::mem::forget(library);
        Ok(Self { table })
    }

    /// The device's name and memory.
    #[must_use]
    pub fn describe(&self) -> (String, Memory) {
        let mut name = Words::new();
        let mut memory = Memory::default();
        // SAFETY: all three are valid for writes during the call.
        unsafe { (self.table.describe)(name.text(), &raw mut memory.free, &raw mut memory.total) };
        (name.into_string(), memory)
    }

    /// Builds the net in the bytes of a model file.
    ///
    /// # Errors
    /// A net that the library cannot run, or a device that failed.
    pub fn net(&self, model: &[u8]) -> Result<Net, Fault> {
        let (mut error, mut shape) = (Words::new(), Shape::default());
        // SAFETY: the bytes are valid for reads, shape and error for writes during the call.
        let handle = unsafe { (self.table.open)(model.as_ptr(), model.len(), &raw mut shape, error.text()) };
        if handle.is_null() {
            return Err(Fault::Failed(error.into_string()));
        }
        Ok(Net { library: self.clone(), handle, shape })
    }
}

impl Net {
    /// What it takes and gives.
    #[must_use]
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// Tags windows of equal length, rows of values each.
    ///
    /// # Errors
    /// Windows that do not fit; a device that failed; answers that are no probabilities.
    pub fn tag(&mut self, windows: &[&[f32]]) -> Result<Vec<Tags>, Fault> {
        let inputs = self.shape.inputs as usize;
        let length = windows.first().map_or(0, |window| window.len());
        if self.shape.kind != abi::TAGGER || inputs == 0 || !length.is_multiple_of(inputs) {
            return Err(Fault::Failed("these are no windows for this net".to_owned()));
        }
        if windows.iter().any(|window| window.len() != length) {
            return Err(Fault::Failed("windows of a batch are equally long".to_owned()));
        }
        let values = windows.concat();
        let (outputs, width) = (self.shape.outputs as usize, self.shape.embedding as usize);
        let mut probability = vec![f32::NAN; windows.len() * outputs];
        let mut embedding = vec![f32::NAN; windows.len() * width];
        let job = TagJob {
            values: values.as_ptr(),
            windows: windows.len(),
            frames: length / inputs,
            probability: probability.as_mut_ptr(),
            embedding: embedding.as_mut_ptr(),
        };
        let mut error = Words::new();
        // SAFETY: the handle is open, the pointers are as long as the interface says and live through the call.
        let code = unsafe { (self.library.table.tag)(self.handle, &raw const job, error.text()) };
        verdict(code, error)?;
        check(&probability)?;
        if !embedding.iter().all(|x| x.is_finite()) {
            return Err(Fault::Garbage("embeddings that are not numbers".to_owned()));
        }
        let mut embeddings = embedding.chunks_exact(width.max(1));
        let each = probability.chunks_exact(outputs.max(1));
        Ok(each
            .map(|probability| Tags {
                probability: probability.to_vec(),
                embedding: embeddings.next().unwrap_or_default().to_vec(),
            })
            .collect())
    }

    /// Reads new frames of several streams in one batch and forgets those that are `gone`. With `end` the streams are
    /// over, and what a look-ahead holds back comes out. Returns each stream's rows of probabilities.
    ///
    /// # Errors
    /// Frames that do not fit; a device that failed, and then all streams are lost; answers that are no probabilities.
    pub fn voice(&mut self, voices: &[Voice<'_>], gone: &[u64], end: bool) -> Result<Vec<Vec<f32>>, Fault> {
        let (inputs, outputs) = (self.shape.inputs as usize, self.shape.outputs as usize);
        let whole = |voice: &Voice<'_>| voice.frames.len().is_multiple_of(inputs.max(1));
        if self.shape.kind != abi::VOICE || inputs == 0 || !voices.iter().all(whole) {
            return Err(Fault::Failed("these are no frames for this net".to_owned()));
        }
        let ids: Vec<u64> = voices.iter().map(|voice| voice.stream).collect();
        let begins: Vec<u8> = voices.iter().map(|voice| u8::from(voice.begins)).collect();
        let frames: Vec<u32> = voices.iter().map(|voice| (voice.frames.len() / inputs) as u32).collect();
        let values: Vec<f32> = voices.iter().flat_map(|voice| voice.frames).copied().collect();
        let held_back = if end { voices.len() * self.shape.look_ahead as usize } else { 0 };
        let mut probability = vec![f32::NAN; (values.len() / inputs + held_back) * outputs];
        let mut rows = vec![0_u32; voices.len()];
        let job = VoiceJob {
            streams: voices.len(),
            ids: ids.as_ptr(),
            begins: begins.as_ptr(),
            frames: frames.as_ptr(),
            values: values.as_ptr(),
            gone: gone.as_ptr(),
            gone_count: gone.len(),
            end: u8::from(end),
            rows: rows.as_mut_ptr(),
            probability: probability.as_mut_ptr(),
            capacity: probability.len(),
        };
        let mut error = Words::new();
        // SAFETY: the handle is open, the pointers are as long as the interface says and live through the call.
        let code = unsafe { (self.library.table.voice)(self.handle, &raw const job, error.text()) };
        verdict(code, error)?;
        let mut rest = probability.as_slice();
        let mut said = Vec::with_capacity(rows.len());
        for count in rows {
            let Some((mine, others)) = rest.split_at_checked(count as usize * outputs) else {
                return Err(Fault::Garbage("more answers than there were frames".to_owned()));
            };
            check(mine)?;
            said.push(mine.to_vec());
            rest = others;
        }
        Ok(said)
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        // SAFETY: the handle is open and not used again.
        unsafe { (self.library.table.close)(self.handle) };
        self.handle = ptr::null_mut();
    }
}

/// A buffer for the other side's words.
struct Words {
    bytes: Box<[u8; TEXT]>,
    text: abi::Text,
}

impl Words {
    fn new() -> Self {
        let text = abi::Text { bytes: ptr::null_mut(), capacity: TEXT, length: 0 };
        Self { bytes: Box::new([0; TEXT]), text }
    }

    fn text(&mut self) -> *mut abi::Text {
        self.text.bytes = self.bytes.as_mut_ptr();
        &raw mut self.text
    }

    /// The first line of what was written.
    fn into_string(self) -> String {
        let written = &self.bytes[..self.text.length.min(TEXT)];
        let text = String::from_utf8_lossy(written);
        text.lines().next().unwrap_or("no reason given").trim().to_owned()
    }
}

fn verdict(code: i32, error: Words) -> Result<(), Fault> {
    match code {
        abi::OK => Ok(()),
        abi::OUT_OF_MEMORY => Err(Fault::OutOfMemory(error.into_string())),
        abi::LOST => Err(Fault::Lost(error.into_string())),
        _ => Err(Fault::Failed(error.into_string())),
    }
}

fn check(probability: &[f32]) -> Result<(), Fault> {
    match probability.iter().find(|p| !(0.0..=1.0).contains(*p)) {
        Some(p) => Err(Fault::Garbage(format!("{p} for a probability"))),
        None => Ok(()),
    }
}

/// An error in one line.
fn sentence(error: &dyn std::error::Error) -> String {
    let text = error.to_string();
    text.lines().next().unwrap_or_default().to_owned()
}
