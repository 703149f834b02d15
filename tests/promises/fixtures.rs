//! Where the tests find their material.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor};
use earmark::nets::Card;
use earmark::nets::registry::{CARD_KEY, read_card};
use npyz::npz::NpzArchive;

/// Reference material outside the repository. `None`, with the reason printed, on a machine without it.
pub fn shared(path: &str) -> Option<PathBuf> {
    let full = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared").join(path);
    if full.exists() {
        return Some(full);
    }
    println!("skipped: {path} is not on this machine (reference material is not part of the repository)");
    None
}

/// A model file of the repository.
pub fn model(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models").join(format!("{name}.safetensors"));
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// A model file of a card and its tensors.
pub fn file(card: &Card, tensors: &HashMap<String, Tensor>) -> Vec<u8> {
    let card = serde_json::to_string(card).expect("card");
    safetensors::serialize(tensors, Some(HashMap::from([(CARD_KEY.to_owned(), card)]))).expect("file")
}

/// The causal detector, answering as late as the voice that is built in.
pub fn late_detector() -> (Card, HashMap<String, Tensor>) {
    let look_ahead_frames = read_card(&model("earmark-voice")).expect("card").look_ahead_frames;
    (Card { look_ahead_frames, ..read_card(&model("stream-vad")).expect("card") }, tensors("stream-vad"))
}

/// The built-in voice and the late detector as one model file: logits by `weights`, `[3 labels][2 members]`.
pub fn ensemble(weights: &[f32; 6]) -> Vec<u8> {
    let first = read_card(&model("earmark-voice")).expect("card");
    let (second, late) = late_detector();
    let mut all = HashMap::from([
        ("weight".to_owned(), Tensor::from_slice(weights, (3, 2), &Device::Cpu).expect("weight")),
        ("bias".to_owned(), Tensor::zeros(3, DType::F32, &Device::Cpu).expect("bias")),
    ]);
    for (number, tensors) in [tensors("earmark-voice"), late].into_iter().enumerate() {
        all.extend(tensors.into_iter().map(|(name, tensor)| (format!("member{number}.{name}"), tensor)));
    }
    let members = vec![first.architecture.clone(), second.architecture];
    file(&Card { architecture: "ensemble".to_owned(), members, ..first }, &all)
}

fn tensors(name: &str) -> HashMap<String, Tensor> {
    candle_core::safetensors::load_buffer(&model(name), &Device::Cpu).expect("tensors")
}

/// One file of test vectors: PCM in, each stage out.
pub struct Vectors(RefCell<NpzArchive<BufReader<File>>>);

impl Vectors {
    pub fn open(name: &str) -> Option<Self> {
        let path = shared(&format!("models/reference/testvec_{name}.npz"))?;
        Some(Self::read(&path))
    }

    /// The file at `path`.
    pub fn read(path: &Path) -> Self {
        Self(RefCell::new(NpzArchive::open(path).expect("test vectors read")))
    }

    pub fn tensor(&self, name: &str) -> Tensor {
        let mut archive = self.0.borrow_mut();
        let array = archive.by_name(name).expect("vectors read").unwrap_or_else(|| panic!("no vector {name}"));
        let shape: Vec<usize> = array.shape().iter().map(|&n| n as usize).collect();
        Tensor::from_vec(array.into_vec::<f32>().expect("f32 vector"), shape, &Device::Cpu).expect("shape")
    }

    pub fn values(&self, name: &str) -> Vec<f32> {
        self.tensor(name).flatten_all().and_then(|t| t.to_vec1()).expect("f32 vector")
    }
}

/// Largest absolute difference; the lengths must agree.
pub fn worst(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len(), "lengths differ");
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

/// Repeatable noise in -1..1.
pub fn noise(length: usize, mut seed: u64) -> Vec<f32> {
    (0..length)
        .map(|_| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) as f32 / (1u64 << 30) as f32 - 1.0
        })
        .collect()
}
