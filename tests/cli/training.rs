//! A training run can be interrupted and resumed without a trace, and ends in a model that everything else loads.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use candle_core::Device;
use earmark::study::evaluate::vocal::Report;
use earmark::study::train::{NetKind, Progress, Settings, train};

use crate::support::{earmark, scratch};

const RATE_HZ: u32 = 16_000;

/// Two songs to learn from and one to measure on: noise on the left, on the right a tone that comes and goes.
pub fn songs(directory: &Path) -> PathBuf {
    let mut index = String::from("file,labels,split,layout\n");
    for (number, split) in ["train", "train", "valid"].into_iter().enumerate() {
        let (audio, labels) = (format!("{number}.wav"), format!("{number}.lab"));
        let spec = hound::WavSpec {
            channels: 2,
            sample_rate: RATE_HZ,
            bits_per_sample: 32,
            sample_format: hound::SampleFormat::Float,
        };
        let mut writer = hound::WavWriter::create(directory.join(&audio), spec).unwrap();
        let mut seed = number as u32 + 1;
        for at in 0..9 * RATE_HZ {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = (seed >> 8) as f32 / (1 << 24) as f32 - 0.5;
            let time_s = at as f32 / RATE_HZ as f32;
            let sings = (3.0..6.0).contains(&time_s);
            let voice = if sings { (time_s * 440.0 * std::f32::consts::TAU).sin() * 0.5 } else { 0.0 };
            writer.write_sample(noise * 0.1).unwrap();
            writer.write_sample(voice).unwrap();
        }
        writer.finalize().unwrap();
        fs::write(directory.join(&labels), "0 3 nosing\n3 6 sing\n6 9 nosing\n").unwrap();
        index += &format!("{audio},{labels},{split},stems\n");
    }
    let path = directory.join("index.csv");
    fs::write(&path, index).unwrap();
    path
}

/// Asks to stop after a number of steps.
struct StopAfter {
    steps: u64,
    done: AtomicU64,
    validations: AtomicU64,
}

impl StopAfter {
    fn new(steps: u64) -> Self {
        Self { steps, done: AtomicU64::new(0), validations: AtomicU64::new(0) }
    }
}

impl Progress for StopAfter {
    fn reading(&self, _done: usize, _all: usize) {}

    fn step(&self, _step: u64, _steps: u64, loss: f64) {
        assert!(loss.is_finite());
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    fn validated(&self, _step: u64, report: &Report, _score: f64, _best: bool) {
        assert_eq!(report.files.len(), 1, "nothing of `train` is measured");
        self.validations.fetch_add(1, Ordering::Relaxed);
    }

    fn stopped(&self) -> bool {
        self.done.load(Ordering::Relaxed) >= self.steps
    }
}

fn run(settings: &Settings, steps: u64) -> bool {
    train(settings, &Device::Cpu, &StopAfter::new(steps)).unwrap()
}

#[test]
fn an_interrupted_run_ends_in_the_same_model() {
    interrupted(NetKind::Fsmn, "fsmn");
    interrupted(NetKind::ConvFsmn, "conv_fsmn");
}

fn interrupted(net: NetKind, name: &str) {
    let directory = scratch(&format!("training-{name}"));
    let settings = |out: &str| Settings {
        net,
        data: vec![songs(&directory)],
        out: directory.join(out),
        init: Path::new(env!("CARGO_MANIFEST_DIR")).join("models/stream-vad.safetensors"),
        steps: 4,
        batch: 2,
        rate: 1e-3,
        look_ahead_frames: 3,
        validate_every: 2,
        calibrates: true,
        patience: 0,
        seed: 7,
    };
    let (whole, broken) = (settings("whole.safetensors"), settings("broken.safetensors"));
    assert!(run(&whole, 9));
    assert!(!run(&broken, 1), "stops when asked");
    assert!(!broken.out.exists());
    assert!(run(&broken, 9), "and goes on");
    let card = |path: &Path| {
        let model = earmark::nets::Model::from_file(path).unwrap();
        (model.card.labels, model.card.training_data)
    };
    assert_eq!(card(&whole.out), card(&broken.out));
    let tensors = |path: &Path| {
        let bytes = fs::read(path).unwrap();
        // Behind the header, whose card holds the file's own name.
        let header = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        bytes[8 + header..].to_vec()
    };
    assert!(tensors(&whole.out) == tensors(&broken.out), "the weights differ");
    assert!(tensors(&whole.out) != tensors(&whole.init), "nothing was learned");

    let listed = earmark(["zoo".as_ref(), "--json".as_ref(), whole.out.as_os_str()]).quiet().json();
    assert_eq!(listed[0]["name"], "whole");
    let other = Settings { seed: 8, ..whole.clone() };
    let error = format!("{:#}", train(&other, &Device::Cpu, &StopAfter::new(9)).unwrap_err());
    assert!(error.contains("other settings"), "{error}");
}

#[test]
fn nets_of_one_kind_are_averaged_and_others_refused() {
    let directory = scratch("training-average");
    let index = songs(&directory);
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    let (voice, other) = (models.join("earmark-voice.safetensors"), models.join("stream-vad.safetensors"));
    let average = |second: &Path, out: &Path| {
        let words = "train average --shares 3,1 --offset -0.5 --member".split(' ').map(Into::into);
        let files = [voice.as_os_str(), "--member".as_ref(), second.as_os_str(), "--data".as_ref(), index.as_os_str()];
        let out = ["--out".as_ref(), out.as_os_str()];
        earmark(words.chain(files.into_iter().chain(out).map(std::ffi::OsStr::to_owned)))
    };
    let out = directory.join("mean.safetensors");
    let made = average(&voice, &out);
    assert_eq!(made.code, 0, "{}", made.stderr);
    let tensors = |path: &Path| candle_core::safetensors::load(path, &Device::Cpu).unwrap();
    let (before, after) = (tensors(&voice), tensors(&out));
    assert_eq!(before.len(), after.len());
    let values = |tensor: &candle_core::Tensor| {
        tensor.to_dtype(candle_core::DType::F32).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap()
    };
    for (name, tensor) in &before {
        let mut expected = values(tensor);
        if name == "out.fc2.bias" {
            expected[0] -= 0.5;
        }
        let near = |(a, b): (&f32, &f32)| (a - b).abs() <= 2e-3 * (1.0 + a.abs());
        assert!(expected.iter().zip(&values(&after[name])).all(near), "{name} of a net and itself");
    }

    let refused = average(&other, &directory.join("none.safetensors"));
    assert_eq!(refused.code, 1, "{}", refused.stderr);
    assert!(refused.stderr.contains("cannot be averaged"), "{}", refused.stderr);
}
