//! What Earmark's own stages take on one core, for `examples/peers/peers.py`, which measures others beside it.
//!
//!     cargo run --release --example speed -- SAMPLES
//!
//! SAMPLES holds raw 32 bit samples at 16 kHz. Prints seconds of processor time as JSON, the best of five runs each, and the processor's peak.

use std::hint::black_box;
use std::path::Path;

use anyhow::{Context, Result, bail};
use candle_core::{Device, Tensor};
use cpu_time::ProcessTime;
use earmark::engine::keep_products_on_one_thread;
use earmark::listen::{FrontEnd, Listener};
use earmark::nets::{Model, Net};

const RATE_HZ: f64 = 16_000.0;
/// Voice frames that the engine reads at once: 0.1 s.
const PASS: usize = 10;
/// Frames of a tagger's window: 10 s.
const WINDOW: usize = 1_000;

fn model(name: &str) -> Result<Model> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models").join(name);
    Ok(Model::from_file(&path)?)
}

/// The best of five runs, in seconds of processor time: what else the machine does counts for less.
fn best(mut run: impl FnMut() -> Result<()>) -> Result<f64> {
    let mut best = f64::INFINITY;
    for _ in 0..5 {
        let begun = ProcessTime::now();
        run()?;
        best = best.min(begun.elapsed().as_secs_f64());
    }
    Ok(best)
}

/// Mel frames, as the audio thread makes them: block by block, mono, no resampling.
fn mels(samples: &[f32], front_end: &FrontEnd) -> Result<Vec<f32>> {
    let mut listener = Listener::new(RATE_HZ, std::slice::from_ref(front_end))?;
    let mut mels = Vec::new();
    for block in samples.chunks(512) {
        listener.push(&[block], |frame| mels.extend_from_slice(frame.mels));
    }
    Ok(mels)
}

/// Multiplications and additions of `name`'s matrices, each row of weights used once a frame or token, without what
/// belongs to no matrix. `tokens` says how often a tensor is used.
fn operations(name: &str, tokens: impl Fn(&str) -> f64) -> Result<f64> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models").join(name);
    let bytes = std::fs::read(path)?;
    let file = safetensors::SafeTensors::deserialize(&bytes)?;
    let of = |(name, tensor): (String, safetensors::tensor::TensorView<'_>)| {
        let size: usize = tensor.shape().iter().product();
        if tensor.shape().len() >= 2 { 2.0 * size as f64 * tokens(&name) } else { 0.0 }
    };
    Ok(file.tensors().into_iter().map(of).sum())
}

/// Billions of operations a second of a large product on one core, the best of five.
fn peak() -> Result<f64> {
    const SIDE: usize = 768;
    let matrix = Tensor::rand(0.0_f32, 1.0, (SIDE, SIDE), &Device::Cpu)?;
    let seconds = best(|| {
        black_box(matrix.matmul(&matrix)?);
        Ok(())
    })?;
    Ok(2.0 * (SIDE as f64).powi(3) / seconds / 1e9)
}

fn main() -> Result<()> {
    keep_products_on_one_thread();
    let path = std::env::args().nth(1).context("name a file of raw 32 bit samples at 16 kHz")?;
    let bytes = std::fs::read(&path).with_context(|| path.clone())?;
    let samples: Vec<f32> = bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
    let seconds = samples.len() as f64 / RATE_HZ;

    let mel = best(|| {
        black_box(mels(&samples, &FrontEnd::ced_mel_64())?);
        Ok(())
    })?;

    let mut voices = serde_json::Map::new();
    for name in ["earmark-voice", "stream-vad"] {
        let model = model(&format!("{name}.safetensors"))?;
        let Net::Vocal(net) = &model.net else { bail!("{name} is no voice net") };
        let front_end = &model.card.front_end;
        let heard = best(|| {
            let mels = mels(&samples, front_end)?;
            let mut stream = net.stream();
            for pass in mels.chunks(PASS * front_end.n_mels) {
                black_box(net.step(&mut [&mut stream], &[pass], false)?);
            }
            Ok(())
        })?;
        voices.insert(name.to_owned(), heard.into());
    }

    let ced = model("ced-tiny.safetensors")?;
    let Net::Ced(net) = &ced.net else { bail!("ced-tiny is no CED") };
    let window = mels(&samples, &ced.card.front_end)?;
    let window = window.get(..WINDOW * ced.card.front_end.n_mels).context("10 s of samples are needed")?;
    let ced_net = best(|| {
        black_box(net.forward(window)?);
        Ok(())
    })?;
    let ten_seconds = &samples[..(10.0 * RATE_HZ) as usize];
    let ced_mels = best(|| {
        black_box(mels(ten_seconds, &ced.card.front_end)?);
        Ok(())
    })?;

    let musicnn = model("musicnn-msd.safetensors")?;
    let Net::Musicnn(net) = &musicnn.net else { bail!("musicnn-msd is no musicnn") };
    let patch = mels(&samples, &musicnn.card.front_end)?;
    let patch = patch.get(..187 * musicnn.card.front_end.n_mels).context("3 s of samples are needed")?;
    let musicnn_net = best(|| {
        black_box(net.forward(patch)?);
        Ok(())
    })?;

    // CED cuts its window into patches of 16 frames by 16 bands: one token each, and every token meets every other.
    let tokens = (WINDOW / 16) as f64 * 4.0;
    let (width, depth) = (192.0, 12.0);
    let ced_operations =
        operations(
            "ced-tiny.safetensors",
            |name| if name.contains("head") || name.contains("pos") { 0.0 } else { tokens },
        )? + depth * 4.0 * tokens * tokens * width;
    let fsmn_operations = operations("stream-vad.safetensors", |_| 1.0)? * 100.0 * seconds;
    println!(
        "{}",
        serde_json::json!({
            "seconds": seconds, "mel": mel, "voice": voices, "ced_10s_net": ced_net, "ced_10s_mels": ced_mels,
            "musicnn_3s_net": musicnn_net, "peak_gflops": peak()?, "ced_gflop": ced_operations / 1e9,
            "stream_vad_gflop": fsmn_operations / 1e9,
        })
    );
    Ok(())
}
