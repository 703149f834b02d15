//! The streams that a voice net on a device remembers, by number. Streams that are heard together stay together: their
//! memories are one tensor a layer, and are taken apart only when other streams are heard beside them.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use candle_core::{Result, Tensor};

use super::voice::{State, VoiceTensors};

/// A voice net with the memories of its streams.
pub struct Streams {
    net: VoiceTensors,
    places: HashMap<u64, Place>,
}

/// Where a stream's memory lies.
struct Place {
    state: Arc<State>,
    row: usize,
    /// Answers that are still to be left out, because they speak of frames before the first.
    early: usize,
}

/// New frames of one stream.
#[derive(Debug, Clone, Copy)]
pub struct Heard<'a> {
    /// Its number.
    pub stream: u64,
    /// It begins anew with these.
    pub begins: bool,
    /// Rows of 80 filter-bank values.
    pub frames: &'a [f32],
}

impl Streams {
    /// No streams yet.
    #[must_use]
    pub fn new(net: VoiceTensors) -> Self {
        Self { net, places: HashMap::new() }
    }

    /// The net.
    #[must_use]
    pub fn net(&self) -> &VoiceTensors {
        &self.net
    }

    /// Reads new frames of several streams; see [`crate::nets::VocalNet::step`]. A stream that is not known begins.
    ///
    /// # Errors
    /// Frames that are not whole rows; a device that failed, and then the streams' memories are lost.
    pub fn step(&mut self, heard: &[Heard<'_>], end: bool) -> Result<Vec<Vec<f32>>> {
        let silence = if end { self.net.mean_frame()?.repeat(self.net.look_ahead_frames()) } else { Vec::new() };
        // Streams with equally many rows are one batch.
        let mut batches: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (at, each) in heard.iter().enumerate() {
            let values = each.frames.len() + silence.len();
            if !values.is_multiple_of(VoiceTensors::INPUTS) {
                candle_core::bail!("{} values are not rows of {}", each.frames.len(), VoiceTensors::INPUTS);
            }
            if each.begins {
                self.forget(each.stream);
            }
            if values > 0 {
                batches.entry(values / VoiceTensors::INPUTS).or_default().push(at);
            }
        }
        let mut said = vec![Vec::new(); heard.len()];
        for (rows, members) in batches {
            let ids: Vec<u64> = members.iter().map(|&at| heard[at].stream).collect();
            let (mut state, early) = self.take(&ids)?;
            let frames: Vec<f32> =
                members.iter().flat_map(|&at| heard[at].frames.iter().chain(&silence)).copied().collect();
            let shape = (members.len(), rows, VoiceTensors::INPUTS);
            let frames = Tensor::from_vec(frames, shape, self.net.device())?;
            let probability: Vec<f32> = self.net.forward(&frames, &mut state)?.flatten_all()?.to_vec1()?;
            let state = Arc::new(state);
            let outputs = self.net.outputs();
            for ((row, (&at, early)), mine) in
                members.iter().zip(early).enumerate().zip(probability.chunks_exact(rows * outputs))
            {
                let left_out = early.min(rows);
                said[at] = mine[left_out * outputs..].to_vec();
                self.places.insert(ids[row], Place { state: state.clone(), row, early: early - left_out });
            }
        }
        Ok(said)
    }

    /// Forgets a stream.
    pub fn forget(&mut self, stream: u64) {
        self.places.remove(&stream);
    }

    /// The memories of these streams as one batch, and the answers that each still leaves out.
    fn take(&mut self, ids: &[u64]) -> Result<(State, Vec<usize>)> {
        let delay = self.net.look_ahead_frames();
        let places: Vec<Option<Place>> = ids.iter().map(|id| self.places.remove(id)).collect();
        let early = places.iter().map(|place| place.as_ref().map_or(delay, |place| place.early)).collect();
        // Neighbours move together.
        let mut parts: Vec<State> = Vec::new();
        let mut at = 0;
        while at < places.len() {
            let first = &places[at];
            let follows = |(offset, next): (usize, &Option<Place>)| match (first, next) {
                (None, None) => true,
                (Some(first), Some(next)) => Arc::ptr_eq(&first.state, &next.state) && next.row == first.row + offset,
                _ => false,
            };
            let count = places[at..].iter().enumerate().take_while(|&each| follows(each)).count();
            parts.push(match first {
                Some(place) => place.state.narrow(place.row, count)?,
                None => self.net.start(count)?,
            });
            at += count;
        }
        let state = if parts.len() == 1 { parts.swap_remove(0) } else { State::joined(&parts)? };
        Ok((state, early))
    }
}
