//! The voice net's desk: what one instance's stream of voice frames needs on the worker.

use std::collections::VecDeque;

use super::device::VoiceStream;
use super::link::{Attached, Frame};
use super::readings::{VOICE_OUTPUTS, VocalReading};
use crate::listen::FrontEnd;
use crate::nets::VocalNet;

/// Frames read from one instance in one pass, so that none keeps the others waiting.
const MOST_FRAMES: usize = 64;

/// Peak below which a frame counts as silence: -80 dB re full scale.
pub const SILENCE_PEAK: f32 = 1e-4;

/// Silent frames after which a net rests, and forgets: what follows two seconds of silence is a new beginning. A net must
/// not rest before its look-ahead has seen the silence.
const FRAMES_UNTIL_REST: usize = 200;

/// What the net says of one frame: the voice's probability and its first outputs.
#[derive(Clone, Copy)]
pub(super) struct Said {
    pub(super) probability: f32,
    pub(super) outputs: [f32; VOICE_OUTPUTS],
}

impl Said {
    /// Nobody is heard, and nothing else.
    const SILENCE: Self = Self { probability: 0.0, outputs: [0.0; VOICE_OUTPUTS] };
}

/// One instance's voice stream.
pub(super) struct VocalDesk {
    stream: VoiceStream,
    /// Silent frames after which the net rests.
    frames_until_rest: usize,
    silent_frames: usize,
    look_ahead_frames: usize,
    /// Frames read whose probability is still to come.
    unread: VecDeque<(u64, u64)>,
    /// A frame that did not fit into the pass.
    held: Option<Frame>,
    hop_s: f64,
    first_frame_s: f64,
    /// Mel bands of a frame.
    mels: usize,
    pass: Vec<f32>,
    pass_frames: u64,
}

impl VocalDesk {
    pub(super) fn new(net: &VocalNet, front_end: &FrontEnd) -> Self {
        Self {
            stream: VoiceStream::new(front_end.n_mels),
            frames_until_rest: FRAMES_UNTIL_REST.max(net.look_ahead_frames() + 1),
            look_ahead_frames: net.look_ahead_frames(),
            silent_frames: 0,
            unread: VecDeque::new(),
            held: None,
            hop_s: front_end.hop_s(),
            first_frame_s: front_end.first_frame_s(),
            mels: front_end.n_mels,
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
            let long_silence = self.silent_frames >= self.frames_until_rest;
            if (new_beginning || long_silence) && !self.pass.is_empty() {
                self.held = Some(frame);
                break;
            }
            self.pass_frames += 1;
            if new_beginning {
                *epoch = frame.epoch;
                self.stream.begin_anew();
                self.unread.clear();
                self.silent_frames = 0;
            } else if long_silence {
                // What the look-ahead still held back is silence, too; the fresh stream will not answer for it.
                while let Some((waiting, _)) = self.unread.pop_front() {
                    link.publish_vocal(self.reading(*epoch, (waiting, frame.known_at), Said::SILENCE));
                }
                if silent {
                    link.publish_vocal(self.reading(*epoch, (frame.index, frame.known_at), Said::SILENCE));
                    continue;
                }
                self.stream.begin_anew();
            }
            self.silent_frames = if silent { self.silent_frames + 1 } else { 0 };
            self.unread.push_back((frame.index, frame.known_at));
            self.pass.extend_from_slice(&frame.mels[..self.mels]);
        }
    }

    /// The memory and the gathered frames, for the net.
    pub(super) fn job(&mut self) -> (&mut VoiceStream, &[f32]) {
        (&mut self.stream, &self.pass)
    }

    /// Publishes what the net said, frame by frame.
    pub(super) fn publish(&mut self, link: &Attached, epoch: u32, said: impl Iterator<Item = Said>) {
        for said in said {
            // A frame is known when the last one that its look-ahead reaches is; at the end, when the audio ends.
            let last = self.unread.get(self.look_ahead_frames).or(self.unread.back());
            let known_at = last.map_or(0, |last| last.1);
            let Some((frame, _)) = self.unread.pop_front() else { break };
            link.publish_vocal(self.reading(epoch, (frame, known_at), said));
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

    fn reading(&self, epoch: u32, (frame, known_at): (u64, u64), said: Said) -> VocalReading {
        let time_s = self.first_frame_s + frame as f64 * self.hop_s;
        let Said { probability, outputs } = said;
        VocalReading { epoch, frame, time_s, known_at, probability, outputs }
    }
}
