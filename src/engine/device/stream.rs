//! What the voice net remembers of one instance, wherever it runs.

use std::sync::{Arc, Mutex, PoisonError};

use crate::nets::VocalStream;

/// Frames by which a stream is told again on another device: 2 s, which fills all of the net's memory but the far end of
/// its phrase.
const RETOLD_FRAMES: usize = 200;

/// One instance's memory of the voice net.
pub(in crate::engine) struct VoiceStream {
    pub(super) memory: Memory,
    /// Values of a frame.
    width: usize,
    /// The latest frames, oldest first.
    recent: Vec<f32>,
}

/// Where the memory lies.
pub(super) enum Memory {
    /// It has heard nothing.
    Nothing,
    /// With the processor.
    Here(VocalStream),
    /// On another device.
    There(Slot),
}

/// A stream's number on another device. Given back when dropped.
pub(super) struct Slot {
    pub(super) number: u64,
    pub(super) gone: Gone,
}

/// Numbers that were given back.
#[derive(Clone, Default)]
pub(super) struct Gone(Arc<Mutex<Vec<u64>>>);

impl VoiceStream {
    /// A stream of frames of `width` values that has heard nothing.
    pub(in crate::engine) fn new(width: usize) -> Self {
        Self { memory: Memory::Nothing, width, recent: Vec::new() }
    }

    /// Forgets everything.
    pub(in crate::engine) fn begin_anew(&mut self) {
        self.memory = Memory::Nothing;
        self.recent.clear();
    }

    /// Keeps the latest of what was heard.
    pub(super) fn heard(&mut self, frames: &[f32]) {
        self.recent.extend_from_slice(frames);
        let most = RETOLD_FRAMES * self.width;
        if self.recent.len() > 2 * most {
            self.recent.drain(..self.recent.len() - most);
        }
    }

    /// What another device must be told first.
    pub(super) fn retold(&self) -> &[f32] {
        &self.recent[self.recent.len().saturating_sub(RETOLD_FRAMES * self.width)..]
    }

    /// Frames of [`Self::retold`].
    pub(super) fn retold_frames(&self) -> usize {
        self.retold().len() / self.width.max(1)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.gone.0.lock().unwrap_or_else(PoisonError::into_inner).push(self.number);
    }
}

impl Gone {
    /// The numbers given back since the last call.
    pub(super) fn take(&self) -> Vec<u64> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_frames_are_kept_and_no_more() {
        let mut stream = VoiceStream::new(2);
        for frame in 0..1_000 {
            stream.heard(&[frame as f32, 0.0]);
            let first = (frame + 1_usize).saturating_sub(RETOLD_FRAMES);
            assert_eq!(stream.retold()[0], first as f32);
            assert_eq!(stream.retold_frames(), (frame + 1).min(RETOLD_FRAMES));
        }
        stream.begin_anew();
        assert!(stream.retold().is_empty());
    }

    #[test]
    fn a_number_is_given_back_once_its_stream_is_over() {
        let gone = Gone::default();
        let mut stream = VoiceStream::new(2);
        stream.memory = Memory::There(Slot { number: 7, gone: gone.clone() });
        assert!(gone.take().is_empty());
        stream.begin_anew();
        assert_eq!(gone.take(), [7]);
        assert!(gone.take().is_empty());
    }
}
