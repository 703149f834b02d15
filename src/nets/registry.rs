//! From the bytes of a model file to a net that runs, or to a sentence that says what is wrong with the file.

use candle_core::{DType, Device, Tensor};
use candle_nn::{VarBuilder, VarMap};
use safetensors::SafeTensors;

use super::card::{CARD_FORMAT, Card};
use super::systems::{SYSTEMS, system};
use super::{
    Ced, Coarse, Compact, ConvFsmn, Crnn, Ensemble, FeedForward, Fsmn, Head, Hears, Lstm, LstmBi, Musicnn, PonsTags,
    Stack, Tagging, VocalNet,
};
use crate::listen::FrontEnd;

/// Metadata key of the card.
pub const CARD_KEY: &str = "earmark";

/// Longest look-ahead of a voice net that is run, frames: a probability later than this is of no use, and the link to
/// the worker keeps as many frames waiting.
const MOST_LOOK_AHEAD_FRAMES: usize = 200;

/// A net of any architecture.
pub enum Net {
    /// A frame-wise voice net; see [`VocalNet`].
    Vocal(VocalNet),
    /// See [`Ced`].
    Ced(Ced),
    /// See [`Musicnn`].
    Musicnn(Musicnn),
    /// See [`PonsTags`].
    PonsTags(PonsTags),
    /// See [`Compact`].
    Compact(Compact),
    /// See [`Coarse`].
    Coarse(Coarse),
    /// See [`Stack`].
    Stack(Stack),
    /// See [`Head`].
    Head(Head),
}

impl Net {
    /// Tags a clip of sequences, as [`super::compact::sequences`] gives them.
    ///
    /// # Errors
    /// A net that hears no such sequences, or a sequence too short for it.
    pub fn tag_sequences(&self, sequences: Vec<Vec<f32>>) -> candle_core::Result<Tagging> {
        match self {
            Self::Compact(net) => net.tag(sequences),
            Self::Stack(net) => net.tag(sequences),
            Self::Vocal(_) | Self::Ced(_) | Self::Musicnn(_) | Self::PonsTags(_) | Self::Coarse(_) | Self::Head(_) => {
                candle_core::bail!("this net hears no spectra of clips")
            }
        }
    }

    /// Whether it is a net that hears spectra of clips; see [`Self::tag_sequences`].
    pub fn hears_clips(&self) -> bool {
        matches!(self, Self::Compact(_) | Self::Stack(_))
    }
}

/// A net with its card.
pub struct Model {
    /// What the file says of it.
    pub card: Card,
    /// The net.
    pub net: Net,
    /// Number of weights.
    pub parameters: usize,
}

/// Why a model file is refused.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The file could not be read.
    #[error("cannot be read: {0}")]
    Read(#[from] std::io::Error),
    /// Wrong magic, broken header, truncated.
    #[error("is not a whole safetensors file ({0}); copy it again or export it again")]
    NotSafetensors(String),
    /// No card in the metadata.
    #[error("has no Earmark card in its metadata; only files written by `earmark` can be loaded")]
    NoCard,
    /// The card does not parse.
    #[error("has a card that does not read: {0}")]
    BadCard(String),
    /// Written by a later Earmark.
    #[error("has a card of format {0}, this version reads format {CARD_FORMAT}; update Earmark")]
    Format(u32),
    /// No such architecture.
    #[error(
        "names the architecture \"{0}\", which this version does not know; it knows fsmn, conv_fsmn, \
             ensemble, crnn, lstm, lstm_bi, feed_forward, feed_forward_nonlocal, ced, musicnn, pons_tags, compact, coarse, linear, {systems}",
        systems = SYSTEMS.map(|system| system.name).join(", ")
    )]
    UnknownArchitecture(String),
    /// The front end contradicts itself or does not fit the net.
    #[error("states a front end that does not fit: {0}")]
    FrontEnd(String),
    /// Labels do not fit the net.
    #[error("has no labels")]
    NoLabels,
    /// A head names no tagger, or one that this build lacks.
    #[error(
        "is a head on the tagger \"{0}\", which is not built in; train it again with this version: `earmark train genre`"
    )]
    UnknownTagger(String),
    /// A head's features are not those of its taggers.
    #[error(
        "is a head on {found} features, but its taggers give {wanted}; train it again with this version: `earmark \
             train genre`"
    )]
    OtherFeatures {
        /// The file's.
        found: usize,
        /// What the taggers in this build give.
        wanted: usize,
    },
    /// A weight is NaN or infinite.
    #[error("holds a weight that is not a number, in tensor {0}")]
    NotFinite(String),
    /// A tensor is missing or has another shape.
    #[error("does not fit its architecture: {0}")]
    Shape(String),
    /// The file is fine but made for something else.
    #[error("is a {found} model, but a {wanted} model is needed here")]
    WrongTask {
        /// The file's.
        found: String,
        /// The caller's.
        wanted: String,
    },
}

impl Model {
    /// Builds the net in `bytes` on the CPU.
    ///
    /// # Errors
    /// Everything that can be wrong with a file; see [`ModelError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ModelError> {
        let card = read_card(bytes)?;
        let shape_error = |e: candle_core::Error| ModelError::Shape(first_line(&e.to_string()));
        SafeTensors::deserialize(bytes).map_err(|e| ModelError::NotSafetensors(e.to_string()))?;
        let mut tensors = candle_core::safetensors::load_buffer(bytes, &Device::Cpu).map_err(shape_error)?;
        let mut parameters = 0;
        for (name, tensor) in &mut tensors {
            *tensor = tensor.to_dtype(DType::F32).map_err(shape_error)?;
            parameters += tensor.elem_count();
            if !is_finite(tensor).map_err(shape_error)? {
                return Err(ModelError::NotFinite(name.clone()));
            }
        }
        let vb = VarBuilder::from_tensors(tensors, DType::F32, &Device::Cpu);
        let net = build(&card, &vb)?;
        Ok(Self { card, net, parameters })
    }

    /// The net of `card` with nothing in it: for what depends on its shape alone, size and cost.
    ///
    /// # Errors
    /// A card that does not fit its architecture.
    pub fn empty(card: Card) -> Result<Self, ModelError> {
        let tensors = VarMap::new();
        let net = build(&card, &VarBuilder::from_varmap(&tensors, DType::F32, &Device::Cpu))?;
        let parameters = tensors.all_vars().iter().map(|tensor| tensor.elem_count()).sum();
        Ok(Self { card, net, parameters })
    }

    /// Reads and builds the file at `path`.
    ///
    /// # Errors
    /// As [`Self::from_bytes`], and when the file cannot be read.
    pub fn from_file(path: &std::path::Path) -> Result<Self, ModelError> {
        Self::from_bytes(&std::fs::read(path)?)
    }
}

/// The card alone, without building the net.
///
/// # Errors
/// Not a safetensors file, no card, or one that does not read.
pub fn read_card(bytes: &[u8]) -> Result<Card, ModelError> {
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(|e| ModelError::NotSafetensors(e.to_string()))?;
    let json = header.metadata().as_ref().and_then(|metadata| metadata.get(CARD_KEY)).ok_or(ModelError::NoCard)?;
    // The version first: a later format may have fields that this one does not know.
    #[derive(serde::Deserialize)]
    struct Version {
        format: u32,
    }
    let bad = |e: serde_json::Error| ModelError::BadCard(e.to_string());
    let Version { format } = serde_json::from_str(json).map_err(bad)?;
    if format != CARD_FORMAT {
        return Err(ModelError::Format(format));
    }
    serde_json::from_str(json).map_err(bad)
}

fn build(card: &Card, vb: &VarBuilder<'_>) -> Result<Net, ModelError> {
    card.front_end.check().map_err(|e| ModelError::FrontEnd(e.to_string()))?;
    if card.labels.is_empty() {
        return Err(ModelError::NoLabels);
    }
    if card.look_ahead_frames > MOST_LOOK_AHEAD_FRAMES {
        let ahead = card.look_ahead_frames;
        return Err(ModelError::Shape(format!(
            "{ahead} frames of look-ahead, at most {MOST_LOOK_AHEAD_FRAMES} are run"
        )));
    }
    let labels = card.labels.len();
    let hears = |wanted: FrontEnd| {
        if card.front_end == wanted {
            return Ok(());
        }
        let FrontEnd { sample_rate_hz, n_mels, hop, .. } = card.front_end;
        Err(ModelError::FrontEnd(format!(
            "{} hears {} mel bands at {} Hz with a hop of {}, the card says {n_mels} at {sample_rate_hz} Hz with {hop} \
             (or differs in window, scale or logarithm)",
            card.architecture, wanted.n_mels, wanted.sample_rate_hz, wanted.hop
        )))
    };
    let net = match card.architecture.as_str() {
        "ensemble" => hears(FrontEnd::kaldi_fbank_80()).map(|()| ensemble(card, vb).map(Net::Vocal)),
        name @ ("fsmn" | "conv_fsmn") => {
            hears(FrontEnd::kaldi_fbank_80()).map(|()| voice(name, card, labels, vb).map(Net::Vocal))
        }
        name @ ("crnn" | "lstm" | "lstm_bi" | "feed_forward" | "feed_forward_nonlocal") => {
            hears(FrontEnd::dl4mir_mel_40()).map(|()| voice(name, card, labels, vb).map(Net::Vocal))
        }
        "ced" => hears(FrontEnd::ced_mel_64()).map(|()| Ced::new(labels, vb).map(Net::Ced)),
        "compact" => hears(FrontEnd::wide_mel_128()).map(|()| Compact::new(&card.labels, vb).map(Net::Compact)),
        "musicnn" => hears(FrontEnd::musicnn_mel_96()).map(|()| Musicnn::new(labels, vb).map(Net::Musicnn)),
        "pons_tags" => hears(FrontEnd::musicnn_mel_96()).map(|()| PonsTags::new(labels, vb).map(Net::PonsTags)),
        "coarse" => {
            hears(FrontEnd::wide_mel_128()).map(|()| Coarse::new(&card.labels, &card.members, vb).map(Net::Coarse))
        }
        "linear" if card.taggers.is_empty() => Err(ModelError::UnknownTagger(String::new())),
        "linear" => Ok(Head::new(labels, vb).map(Net::Head)),
        other => match system(other) {
            Some(system) => {
                hears(FrontEnd::wide_mel_128()).map(|()| Stack::new(system.plan(), &card.labels, vb).map(Net::Stack))
            }
            None => Err(ModelError::UnknownArchitecture(other.to_owned())),
        },
    }?;
    let net = net.map_err(|e| ModelError::Shape(first_line(&e.to_string())))?;
    match &net {
        Net::Vocal(vocal) if vocal.look_ahead_frames() != card.look_ahead_frames => Err(ModelError::Shape(format!(
            "the net looks {} frames ahead, the card says {}",
            vocal.look_ahead_frames(),
            card.look_ahead_frames
        ))),
        _ => Ok(net),
    }
}

/// The voice net of one architecture with so many outputs.
fn voice(architecture: &str, card: &Card, outputs: usize, vb: &VarBuilder<'_>) -> candle_core::Result<VocalNet> {
    let ahead = card.look_ahead_frames;
    Ok(match architecture {
        "fsmn" => VocalNet::Fsmn(Box::new(Fsmn::new(outputs, ahead, vb)?)),
        "conv_fsmn" => VocalNet::ConvFsmn(Box::new(ConvFsmn::new(outputs, ahead, vb)?)),
        "crnn" => VocalNet::Crnn(Crnn::new(outputs, vb)?),
        "lstm" => VocalNet::Lstm(Lstm::new(outputs, vb)?),
        "lstm_bi" => VocalNet::LstmBi(LstmBi::new(outputs, vb)?),
        "feed_forward" => VocalNet::FeedForward(FeedForward::new(Hears::Nearby, outputs, vb)?),
        "feed_forward_nonlocal" => VocalNet::FeedForward(FeedForward::new(Hears::All, outputs, vb)?),
        other => candle_core::bail!("{other} is no voice net"),
    })
}

/// The members' tensors are called `memberN.*`.
fn ensemble(card: &Card, vb: &VarBuilder<'_>) -> candle_core::Result<VocalNet> {
    let member = |(number, architecture): (usize, &String)| {
        if !matches!(architecture.as_str(), "fsmn" | "conv_fsmn") {
            candle_core::bail!("an ensemble of {architecture} is not run; its members are fsmn or conv_fsmn");
        }
        let vb = vb.pp(format!("member{number}"));
        let outputs = vb.get_unchecked("out.fc2.bias")?.elem_count();
        voice(architecture, card, outputs, &vb)
    };
    let members = card.members.iter().enumerate().map(member).collect::<candle_core::Result<_>>()?;
    Ok(VocalNet::Ensemble(Ensemble::new(members, card.labels.len(), vb)?))
}

fn is_finite(tensor: &Tensor) -> candle_core::Result<bool> {
    Ok(tensor.flatten_all()?.to_vec1::<f32>()?.iter().all(|x| x.is_finite()))
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}
