//! The nets that the engine carries in candle's tensor operations, for devices other than the processor: the same model
//! files, whole batches at a time. On the processor the nets beside this folder are several times as fast; what these
//! say is held to what those say.

mod ced;
mod musicnn;
pub mod served;
mod streams;
mod voice;
mod voices;

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::VarBuilder;

pub use ced::CedTensors;
pub use musicnn::MusicnnTensors;
pub use streams::{Heard, Streams};
pub use voice::{State, VoiceTensors};
pub use voices::Voices;

use super::{Card, Model, ModelError, Net, Tagging, VocalNet};

/// A net on some device.
pub enum TensorNet {
    /// A voice net with the streams that it remembers.
    Voice(Voices),
    /// A tagger.
    Tagger(TensorTagger),
}

/// A tagger on some device.
pub enum TensorTagger {
    /// See [`CedTensors`].
    Ced(CedTensors),
    /// See [`MusicnnTensors`].
    Musicnn(MusicnnTensors),
}

impl TensorNet {
    /// Builds the net in `bytes` on `device`.
    ///
    /// # Errors
    /// As [`Model::from_bytes`]; [`ModelError::WrongTask`] for an architecture that runs on the processor alone; and
    /// [`ModelError::Shape`] when the device has no room.
    pub fn from_bytes(bytes: &[u8], device: &Device) -> std::result::Result<(Card, Self), ModelError> {
        let Model { card, net, .. } = Model::from_bytes(bytes)?;
        let failed = |error: candle_core::Error| ModelError::Shape(error.to_string());
        let mut tensors = candle_core::safetensors::load_buffer(bytes, device).map_err(failed)?;
        for tensor in tensors.values_mut() {
            *tensor = tensor.to_dtype(DType::F32).map_err(failed)?;
        }
        let vb = VarBuilder::from_tensors(tensors, DType::F32, device);
        let labels = card.labels.len();
        let net = match net {
            Net::Vocal(VocalNet::ConvFsmn(_) | VocalNet::Ensemble(_)) => Voices::new(&card, &vb).map(Self::Voice),
            Net::Ced(_) => CedTensors::new(labels, &vb).map(|net| Self::Tagger(TensorTagger::Ced(net))),
            Net::Musicnn(_) => MusicnnTensors::new(labels, &vb).map(|net| Self::Tagger(TensorTagger::Musicnn(net))),
            _ => {
                let wanted = "conv_fsmn, ensemble, ced or musicnn".to_owned();
                return Err(ModelError::WrongTask { found: card.architecture, wanted });
            }
        };
        Ok((card, net.map_err(failed)?))
    }
}

impl TensorTagger {
    /// Tags windows of equal length, rows of mel values each.
    ///
    /// # Errors
    /// Windows that the net does not take, or a device that failed.
    pub fn tag(&self, windows: &[&[f32]]) -> Result<Vec<Tagging>> {
        let (mels, device) = match self {
            Self::Ced(net) => (CedTensors::MELS, net.device()),
            Self::Musicnn(net) => (MusicnnTensors::MELS, net.device()),
        };
        let values = windows.first().map_or(0, |window| window.len());
        if windows.iter().any(|window| window.len() != values) || !values.is_multiple_of(mels) {
            candle_core::bail!("windows of a batch are equally many rows of {mels} values");
        }
        let batch = Tensor::from_vec(windows.concat(), (windows.len(), values / mels, mels), device)?;
        let (probability, embedding, inner) = match self {
            Self::Ced(net) => {
                let (probability, embedding, inner) = net.forward(&batch)?;
                (probability, embedding, inner.to_vec2()?)
            }
            Self::Musicnn(net) => {
                let (probability, embedding) = net.forward(&batch)?;
                (probability, embedding, vec![Vec::new(); windows.len()])
            }
        };
        let each = probability.to_vec2()?.into_iter().zip(embedding.to_vec2()?).zip(inner);
        Ok(each.map(|((probability, embedding), inner)| Tagging { probability, embedding, inner }).collect())
    }
}

/// Batch normalisation with fixed statistics as one factor and one offset per channel, in the shape that `channels` are
/// given in, so that both broadcast.
struct Norm {
    scale: Tensor,
    shift: Tensor,
}

impl Norm {
    /// Reads `weight`, `bias`, `running_mean` and `running_var` of as many values as `shape` has.
    fn new(shape: &[usize], eps: f64, vb: &VarBuilder<'_>) -> Result<Self> {
        let channels: usize = shape.iter().product();
        let get = |name| vb.get(channels, name);
        let scale = (get("weight")? / (get("running_var")? + eps)?.sqrt()?)?;
        let shift = (get("bias")? - (get("running_mean")? * &scale)?)?;
        Ok(Self { scale: scale.reshape(shape)?, shift: shift.reshape(shape)? })
    }

    fn apply(&self, x: &Tensor) -> Result<Tensor> {
        x.broadcast_mul(&self.scale)?.broadcast_add(&self.shift)
    }
}
