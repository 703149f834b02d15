//! The networks, one file per architecture, and the registry that builds them from model files.
//!
//! A model file is a safetensors file whose metadata holds a [`Card`] as JSON under the key `earmark`: what the
//! net hears (front end), what it says (labels), where it comes from and under which licence.

mod card;
mod ced;
pub mod coarse;
pub(crate) mod compact;
pub(crate) mod conv_fsmn;
mod convolution;
pub(crate) mod crnn;
pub mod ensemble;
pub(crate) mod feed_forward;
pub mod filter;
mod fsmn;
pub mod genre;
pub mod genre_name;
pub mod head;
mod layers;
pub(crate) mod lstm;
mod musicnn;
mod pons_tags;
mod product;
pub(crate) mod recurrence;
pub mod registry;
pub mod stack;
pub mod systems;
pub mod tag_kind;
pub mod tensor;
mod vocal;

pub use card::{CARD_FORMAT, Card, Provenance, Score, Task};
pub use ced::Ced;
pub use coarse::Coarse;
pub use compact::Compact;
pub use conv_fsmn::{ConvFsmn, ConvFsmnStream};
pub use crnn::{Crnn, CrnnStream};
pub use ensemble::Ensemble;
pub use feed_forward::{FeedForward, FeedForwardStream, Hears};
pub use filter::Zeros;
pub use fsmn::{Fsmn, FsmnStream};
pub use head::Head;
pub use lstm::{Lstm, LstmBi, LstmBiStream, LstmStream};
pub use musicnn::Musicnn;
pub use pons_tags::PonsTags;
pub use registry::{Model, ModelError, Net};
pub use stack::Stack;
pub use vocal::{VocalNet, VocalStream};

/// Sees a tagger's layers while it runs, first to last: a layer's name and its values, `[rows, width]`; rows are what the
/// net goes over (tokens, frames), or one where it has already summed them up.
pub type Observer<'a> = dyn FnMut(&'static str, &candle_core::Tensor) -> candle_core::Result<()> + 'a;

/// Sees a voice net's layers while it runs: a layer's name, its width, and its rows, one a frame.
pub type FrameObserver<'a> = dyn FnMut(&'static str, usize, &[f32]) + 'a;

/// What a tagger says about a window of audio.
#[derive(Debug, Clone, PartialEq)]
pub struct Tagging {
    /// One probability per label of the card.
    pub probability: Vec<f32>,
    /// The layer before the output, for similarity and for heads trained on top.
    pub embedding: Vec<f32>,
    /// Means and deviations of layers further within ([`Ced::INNER`]), for [`Coarse`]; empty of most nets.
    pub inner: Vec<f32>,
}

impl Tagging {
    /// From what a library for GPUs says: its embedding is followed by what is further within. `embedding`: its width.
    #[must_use]
    pub fn parted(probability: Vec<f32>, mut together: Vec<f32>, embedding: usize) -> Self {
        let inner = together.split_off(embedding.min(together.len()));
        Self { probability, embedding: together, inner }
    }

    /// The probabilities, and the embedding with what is further within; see [`Self::parted`].
    #[must_use]
    pub fn together(self) -> (Vec<f32>, Vec<f32>) {
        (self.probability, [self.embedding, self.inner].concat())
    }
}
