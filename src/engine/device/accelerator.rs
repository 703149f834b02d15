//! Devices other than the processor, and how they are opened. All of this runs on the helper's thread.

use std::path::PathBuf;

use earmark_gpu::{Library, Voice};

use crate::nets::Tagging;
use crate::nets::registry::read_card;

/// A device that nets can be opened on.
pub(super) trait Accelerator {
    /// For people.
    fn name(&self) -> String;

    /// Builds the net in the bytes of a model file.
    ///
    /// # Errors
    /// A net that the device does not run, or a device that failed, in words.
    fn open(&self, model: &[u8]) -> Result<Box<dyn RemoteNet>, String>;
}

/// A net on such a device.
pub(super) trait RemoteNet {
    /// Tags windows of equal length, rows of mel values each.
    ///
    /// # Errors
    /// What failed, in words.
    fn tag(&mut self, windows: &[&[f32]]) -> Result<Vec<Tagging>, String>;

    /// Reads new frames of several streams and forgets those that are `gone`; see [`crate::nets::VocalNet::step`].
    ///
    /// # Errors
    /// What failed, in words; all streams are lost then.
    fn voice(&mut self, voices: &[Voice<'_>], gone: &[u64], end: bool) -> Result<Vec<Vec<f32>>, String>;
}

/// Opens a device; called once, on the helper's thread.
pub(super) type Opener = Box<dyn FnOnce() -> Result<Box<dyn Accelerator>, String> + Send>;

/// The device behind the library at `path`.
pub(super) fn library(path: PathBuf) -> Opener {
    Box::new(move || {
        let library = Library::open(&path).map_err(|fault| format!("{} {fault}", path.display()))?;
        Ok(Box::new(library))
    })
}

impl Accelerator for Library {
    fn name(&self) -> String {
        self.describe().0
    }

    fn open(&self, model: &[u8]) -> Result<Box<dyn RemoteNet>, String> {
        let net = self.net(model).map_err(|fault| fault.to_string())?;
        Ok(Box::new(InLibrary { net, embedding: embedding(model)? }))
    }
}

/// A net in a library.
struct InLibrary {
    net: earmark_gpu::Net,
    /// Width of its embedding.
    embedding: usize,
}

impl RemoteNet for InLibrary {
    fn tag(&mut self, windows: &[&[f32]]) -> Result<Vec<Tagging>, String> {
        let tags = self.net.tag(windows).map_err(|fault| fault.to_string())?;
        Ok(tags.into_iter().map(|t| Tagging::parted(t.probability, t.embedding, self.embedding)).collect())
    }

    fn voice(&mut self, voices: &[Voice<'_>], gone: &[u64], end: bool) -> Result<Vec<Vec<f32>>, String> {
        self.net.voice(voices, gone, end).map_err(|fault| fault.to_string())
    }
}

/// Width of the embedding of the net in the bytes of a model file.
fn embedding(model: &[u8]) -> Result<usize, String> {
    Ok(read_card(model).map_err(|error| error.to_string())?.embedding())
}

/// Apple's GPU, where nobody asked for another.
pub(super) fn metal_by_itself() -> Result<Option<Opener>, String> {
    Ok(metal().ok())
}

/// Apple's GPU: here candle can be linked with it, because every Mac has it.
#[cfg(all(target_os = "macos", feature = "metal"))]
pub(super) fn metal() -> Result<Opener, String> {
    use candle_core::Device;
    use earmark_gpu::{OpenNet, VoiceFrames};

    struct Metal(Device);
    struct InProcess {
        net: Box<dyn OpenNet>,
        embedding: usize,
    }

    impl Accelerator for Metal {
        fn name(&self) -> String {
            "Metal".to_owned()
        }

        fn open(&self, model: &[u8]) -> Result<Box<dyn RemoteNet>, String> {
            let net = crate::nets::tensor::served::open(model, &self.0)?;
            Ok(Box::new(InProcess { net, embedding: embedding(model)? }))
        }
    }

    impl RemoteNet for InProcess {
        fn tag(&mut self, windows: &[&[f32]]) -> Result<Vec<Tagging>, String> {
            let frames = windows.first().map_or(0, |window| window.len()) / (self.net.shape().inputs as usize).max(1);
            let tags = self.net.tag(&windows.concat(), windows.len(), frames).map_err(|fault| fault.to_string())?;
            Ok(tags.into_iter().map(|t| Tagging::parted(t.probability, t.embedding, self.embedding)).collect())
        }

        fn voice(&mut self, voices: &[Voice<'_>], gone: &[u64], end: bool) -> Result<Vec<Vec<f32>>, String> {
            let streams = voices.iter().map(|voice| (voice.stream, voice.begins, voice.frames)).collect();
            self.net.voice(&VoiceFrames { streams, gone, end }).map_err(|fault| fault.to_string())
        }
    }

    Ok(Box::new(|| {
        let device = Device::new_metal(0).map_err(|error| error.to_string())?;
        Ok(Box::new(Metal(device)))
    }))
}

/// A build without it.
#[cfg(not(all(target_os = "macos", feature = "metal")))]
pub(super) fn metal() -> Result<Opener, String> {
    Err("this build has no Metal support".to_owned())
}
