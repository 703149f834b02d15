//! A [`TensorNet`] behind the interface of a library for GPUs.

use candle_core::Device;
use earmark_gpu::{Fault, OpenNet, Shape, Tags, VoiceFrames, abi};

use super::{Heard, TensorNet};
use crate::nets::{Card, Tagging};

/// A net on a device, as a library serves it.
struct Served {
    shape: Shape,
    net: TensorNet,
}

/// Opens the net in the bytes of a model file on `device`, for a library to serve.
///
/// # Errors
/// As [`TensorNet::from_bytes`], in words.
pub fn open(model: &[u8], device: &Device) -> Result<Box<dyn OpenNet>, String> {
    let (card, net) = TensorNet::from_bytes(model, device).map_err(|error| error.to_string())?;
    Ok(Box::new(Served { shape: shape(&card, &net), net }))
}

fn shape(card: &Card, net: &TensorNet) -> Shape {
    let kind = match net {
        TensorNet::Voice(_) => abi::VOICE,
        TensorNet::Tagger(_) => abi::TAGGER,
    };
    Shape {
        kind,
        inputs: card.front_end.n_mels as u32,
        outputs: card.labels.len() as u32,
        embedding: (card.embedding() + card.inner()) as u32,
        look_ahead: card.look_ahead_frames as u32,
    }
}

impl OpenNet for Served {
    fn shape(&self) -> Shape {
        self.shape
    }

    fn tag(&mut self, values: &[f32], windows: usize, frames: usize) -> Result<Vec<Tags>, Fault> {
        let TensorNet::Tagger(tagger) = &self.net else {
            return Err(Fault::Failed("this net tags nothing".to_owned()));
        };
        let length = frames * self.shape.inputs as usize;
        if length == 0 || values.len() != windows * length {
            return Err(Fault::Failed("windows without frames".to_owned()));
        }
        let tagged = tagger.tag(&values.chunks_exact(length).collect::<Vec<_>>()).map_err(fault)?;
        let tags = tagged.into_iter().map(Tagging::together);
        Ok(tags.map(|(probability, embedding)| Tags { probability, embedding }).collect())
    }

    fn voice(&mut self, frames: &VoiceFrames<'_>) -> Result<Vec<Vec<f32>>, Fault> {
        let TensorNet::Voice(streams) = &mut self.net else {
            return Err(Fault::Failed("this net reads no frames".to_owned()));
        };
        frames.gone.iter().for_each(|&stream| streams.forget(stream));
        let heard = frames.streams.iter().map(|&(stream, begins, frames)| Heard { stream, begins, frames });
        streams.step(&heard.collect::<Vec<_>>(), frames.end).map_err(fault)
    }
}

/// What kind of failure a driver's words speak of.
fn fault(error: candle_core::Error) -> Fault {
    const LOST: [&str; 6] = [
        "LAUNCH_FAILED",
        "ILLEGAL_ADDRESS",
        "DEVICE_UNAVAILABLE",
        "ECC_UNCORRECTABLE",
        "CONTEXT_IS_DESTROYED",
        "UNKNOWN",
    ];
    let words = error.to_string();
    let says = |code: &str| words.contains(&format!("CUDA_ERROR_{code}"));
    if says("OUT_OF_MEMORY") || words.contains("out of memory") {
        Fault::OutOfMemory(words)
    } else if LOST.into_iter().any(says) {
        Fault::Lost(words)
    } else {
        Fault::Failed(words)
    }
}
