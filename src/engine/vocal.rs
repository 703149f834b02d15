//! The voice net's desk: what one instance's stream of voice frames needs on the worker.

use std::collections::VecDeque;

use super::link::{Attached, Frame};
use super::readings::VocalReading;
use crate::listen::FrontEnd;
use crate::nets::{Fsmn, FsmnStream};

/// Frames read from one instance in one pass, so that none keeps the others waiting.
const MOST_FRAMES: usize = 64;

/// Peak below which a frame counts as silence: -80 dB re full scale.
pub(super) const SILENCE_PEAK: f32 = 1e-4;

/// Silent frames after which a causal net rests: longer than it can remember (8 blocks of 20 frames).
const FRAMES_UNTIL_REST: u32 = 200;

/// One instance's voice stream.
pub(super) struct VocalDesk {
    stream: FsmnStream,
    fresh: FsmnStream,
    /// A causal net may rest in silence; one with look-ahead may not, its output would shift.
    may_rest: bool,
    silent_frames: u32,
    /// Frames read whose probability is still to come.
    unread: VecDeque<(u64, u64)>,
    /// A frame that did not fit into the pass.
    held: Option<Frame>,
    hop_s: f64,
    first_frame_s: f64,
    pass: Vec<f32>,
    pass_frames: u64,
}

impl VocalDesk {
    pub(super) fn new(net: &Fsmn, front_end: &FrontEnd) -> Self {
        Self {
            stream: net.stream(),
            fresh: net.stream(),
            may_rest: net.look_ahead_frames() == 0,
            silent_frames: 0,
            unread: VecDeque::new(),
            held: None,
            hop_s: front_end.hop_s(),
            first_frame_s: front_end.first_frame_s(),
            pass: Vec::new(),
            pass_frames: 0,
        }
    }

    /// Takes the frames of the next pass off the link; silence that the net rests through is answered at once.
    /// Returns the epoch that the pass belongs to.
    pub(super) fn gather(&mut self, link: &Attached, epoch: &mut u32) {
        self.pass.clear();
        self.pass_frames = 0;
        while self.pass_frames < MOST_FRAMES as u64 {
            let Some(frame) = self.held.take().or_else(|| link.pop(0)) else { break };
            let new_beginning = frame.epoch != *epoch;
            let silent = frame.peak < SILENCE_PEAK;
            let rests = self.may_rest && silent && self.silent_frames >= FRAMES_UNTIL_REST;
            if (new_beginning || rests) && !self.pass.is_empty() {
                self.held = Some(frame);
                break;
            }
            self.pass_frames += 1;
            if new_beginning {
                *epoch = frame.epoch;
                self.stream.clone_from(&self.fresh);
                self.unread.clear();
                self.silent_frames = 0;
            } else if rests {
                link.publish_vocal(self.reading(*epoch, (frame.index, frame.known_at), 0.0));
                continue;
            }
            if silent {
                self.silent_frames += 1;
            } else {
                if self.may_rest && self.silent_frames >= FRAMES_UNTIL_REST {
                    self.stream.clone_from(&self.fresh);
                }
                self.silent_frames = 0;
            }
            self.unread.push_back((frame.index, frame.known_at));
            self.pass.extend_from_slice(&frame.mels[..INPUTS]);
        }
    }

    /// The memory and the gathered frames, for the net.
    pub(super) fn job(&mut self) -> (&mut FsmnStream, &[f32]) {
        (&mut self.stream, &self.pass)
    }

    /// Publishes what the net said: `probability` per frame.
    pub(super) fn publish(&mut self, link: &Attached, epoch: u32, probability: impl Iterator<Item = f32>) {
        for probability in probability {
            // A net with look-ahead answers late: a frame is known when the newest frame read so far is.
            let known_at = self.unread.back().map_or(0, |newest| newest.1);
            let Some((frame, own)) = self.unread.pop_front() else { break };
            let known_at = if self.may_rest { own } else { known_at };
            link.publish_vocal(self.reading(epoch, (frame, known_at), probability));
        }
    }

    /// Tells the link that the pass is over. Returns whether there was anything to do.
    pub(super) fn settle(&mut self, link: &Attached) -> bool {
        link.settle(0, self.pass_frames);
        std::mem::take(&mut self.pass_frames) > 0
    }

    /// Whether frames wait that did not fit into the pass.
    pub(super) fn has_more(&self, link: &Attached) -> bool {
        self.held.is_some() || link.backlog(0) > 0
    }

    fn reading(&self, epoch: u32, (frame, known_at): (u64, u64), probability: f32) -> VocalReading {
        let time_s = self.first_frame_s + frame as f64 * self.hop_s;
        VocalReading { epoch, frame, time_s, known_at, probability }
    }
}

/// Mel bands of a voice frame.
pub(super) const INPUTS: usize = 80;
