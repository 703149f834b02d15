//! Nets that say, frame by frame, whether there is a voice: what the engine needs of them, whatever their architecture.

use candle_core::Result;

use super::FrameObserver;
use super::conv_fsmn::{ConvFsmn, ConvFsmnStream};
use super::crnn::{Crnn, CrnnStream};
use super::ensemble::Ensemble;
use super::feed_forward::{FeedForward, FeedForwardStream};
use super::fsmn::{Fsmn, FsmnStream};
use super::lstm::{Lstm, LstmBi, LstmBiStream, LstmStream};

/// A frame-wise net of any architecture.
pub enum VocalNet {
    /// See [`Fsmn`].
    Fsmn(Box<Fsmn>),
    /// See [`ConvFsmn`].
    ConvFsmn(Box<ConvFsmn>),
    /// See [`Crnn`].
    Crnn(Crnn),
    /// See [`Lstm`].
    Lstm(Lstm),
    /// See [`LstmBi`].
    LstmBi(LstmBi),
    /// See [`FeedForward`].
    FeedForward(FeedForward),
    /// See [`Ensemble`].
    Ensemble(Ensemble),
}

/// What one audio stream has left in the memories of a [`VocalNet`].
#[derive(Clone)]
pub enum VocalStream {
    /// Of a [`VocalNet::Fsmn`].
    Fsmn(FsmnStream),
    /// Of a [`VocalNet::ConvFsmn`].
    ConvFsmn(ConvFsmnStream),
    /// Of a [`VocalNet::Crnn`].
    Crnn(CrnnStream),
    /// Of a [`VocalNet::Lstm`].
    Lstm(LstmStream),
    /// Of a [`VocalNet::LstmBi`].
    LstmBi(LstmBiStream),
    /// Of a [`VocalNet::FeedForward`].
    FeedForward(FeedForwardStream),
    /// Of a [`VocalNet::Ensemble`]: one for each member.
    Ensemble(Vec<VocalStream>),
}

impl VocalNet {
    /// Number of probabilities per frame.
    #[must_use]
    pub fn outputs(&self) -> usize {
        match self {
            Self::Fsmn(net) => net.outputs(),
            Self::ConvFsmn(net) => net.outputs(),
            Self::Crnn(net) => net.outputs(),
            Self::Lstm(net) => net.outputs(),
            Self::LstmBi(net) => net.outputs(),
            Self::FeedForward(net) => net.outputs(),
            Self::Ensemble(net) => net.outputs(),
        }
    }

    /// Frames that a probability waits for: 0 for a net that answers at once.
    #[must_use]
    pub fn look_ahead_frames(&self) -> usize {
        match self {
            Self::Fsmn(net) => net.look_ahead_frames(),
            Self::ConvFsmn(net) => net.look_ahead_frames(),
            Self::Crnn(_) => Crnn::LOOK_AHEAD_FRAMES,
            Self::Lstm(_) => 0,
            Self::LstmBi(_) => LstmBi::LOOK_AHEAD_FRAMES,
            Self::FeedForward(_) => FeedForward::LOOK_AHEAD_FRAMES,
            Self::Ensemble(net) => net.look_ahead_frames(),
        }
    }

    /// The memory of a stream that has heard nothing.
    #[must_use]
    pub fn stream(&self) -> VocalStream {
        match self {
            Self::Fsmn(net) => VocalStream::Fsmn(net.stream()),
            Self::ConvFsmn(net) => VocalStream::ConvFsmn(net.stream()),
            Self::Crnn(net) => VocalStream::Crnn(net.stream()),
            Self::Lstm(net) => VocalStream::Lstm(net.stream()),
            Self::LstmBi(net) => VocalStream::LstmBi(net.stream()),
            Self::FeedForward(net) => VocalStream::FeedForward(net.stream()),
            Self::Ensemble(net) => VocalStream::Ensemble(net.stream()),
        }
    }

    /// Reads new frames of several streams in one pass: `frames[s]` holds rows of mel values for `streams[s]`. With
    /// `end` the streams are over, and what a look-ahead holds back comes out.
    ///
    /// Returns, per stream, rows of [`Self::outputs`] probabilities: one per frame, less what a look-ahead holds back.
    /// The values do not depend on how frames are grouped into calls.
    ///
    /// # Errors
    /// If a product fails, or a stream is of another net.
    pub fn step(&self, streams: &mut [&mut VocalStream], frames: &[&[f32]], end: bool) -> Result<Vec<Vec<f32>>> {
        self.step_observed(streams, frames, end, &mut |_, _, _| ())
    }

    /// As [`Self::step`], while `observe` sees the layers of a net that shows them: of [`ConvFsmn`], alone or as an
    /// ensemble's first such member.
    ///
    /// # Errors
    /// As [`Self::step`].
    pub fn step_observed(
        &self,
        streams: &mut [&mut VocalStream],
        frames: &[&[f32]],
        end: bool,
        observe: &mut FrameObserver<'_>,
    ) -> Result<Vec<Vec<f32>>> {
        match self {
            Self::Fsmn(net) => net.step(&mut all(streams, VocalStream::fsmn)?, frames, end),
            Self::ConvFsmn(net) => net.step_observed(&mut all(streams, VocalStream::conv_fsmn)?, frames, end, observe),
            Self::Crnn(net) => net.step(&mut all(streams, VocalStream::crnn)?, frames, end),
            Self::Lstm(net) => net.step(&mut all(streams, VocalStream::lstm)?, frames, end),
            Self::LstmBi(net) => net.step(&mut all(streams, VocalStream::lstm_bi)?, frames, end),
            Self::FeedForward(net) => net.step(&mut all(streams, VocalStream::feed_forward)?, frames, end),
            Self::Ensemble(net) => net.step(&mut all(streams, VocalStream::ensemble)?, frames, end, observe),
        }
    }
}

impl VocalStream {
    fn fsmn(&mut self) -> Option<&mut FsmnStream> {
        if let Self::Fsmn(own) = self { Some(own) } else { None }
    }

    fn conv_fsmn(&mut self) -> Option<&mut ConvFsmnStream> {
        if let Self::ConvFsmn(own) = self { Some(own) } else { None }
    }

    fn crnn(&mut self) -> Option<&mut CrnnStream> {
        if let Self::Crnn(own) = self { Some(own) } else { None }
    }

    fn lstm(&mut self) -> Option<&mut LstmStream> {
        if let Self::Lstm(own) = self { Some(own) } else { None }
    }

    fn lstm_bi(&mut self) -> Option<&mut LstmBiStream> {
        if let Self::LstmBi(own) = self { Some(own) } else { None }
    }

    fn feed_forward(&mut self) -> Option<&mut FeedForwardStream> {
        if let Self::FeedForward(own) = self { Some(own) } else { None }
    }

    fn ensemble(&mut self) -> Option<&mut Vec<VocalStream>> {
        if let Self::Ensemble(own) = self { Some(own) } else { None }
    }
}

/// The streams as the net's own kind.
fn all<'a, T>(
    streams: &'a mut [&mut VocalStream],
    own: fn(&mut VocalStream) -> Option<&mut T>,
) -> Result<Vec<&'a mut T>> {
    let all: Option<Vec<&mut T>> = streams.iter_mut().map(|stream| own(stream)).collect();
    all.ok_or_else(|| candle_core::Error::Msg("a stream of another net was handed in".to_owned()))
}
