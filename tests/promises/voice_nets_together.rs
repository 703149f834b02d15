//! A voice net may answer late, and several may answer as one.

use candle_core::Device;
use earmark::nets::ensemble::logit;
use earmark::nets::registry::read_card;
use earmark::nets::{Card, Model, Net, VocalNet};

use crate::fixtures::{file, member, model, noise, worst};

const BANDS: usize = 80;

fn net(bytes: &[u8]) -> VocalNet {
    match Model::from_bytes(bytes).expect("loads").net {
        Net::Vocal(net) => net,
        _ => panic!("no voice net"),
    }
}

/// The causal detector, answering five frames late.
fn late() -> Card {
    Card { look_ahead_frames: 5, ..read_card(&model("stream-vad")).expect("card") }
}

fn said(net: &VocalNet, frames: &[f32], step: usize) -> Vec<f32> {
    let mut stream = net.stream();
    let mut rows = Vec::new();
    for frames in frames.chunks(step * BANDS) {
        rows.extend(net.step(&mut [&mut stream], &[frames], false).expect("step").concat());
    }
    rows.extend(net.step(&mut [&mut stream], &[&[]], true).expect("end").concat());
    rows
}

fn frames() -> Vec<f32> {
    noise(120 * BANDS, 3).iter().map(|x| 12.0 + 4.0 * x).collect()
}

#[test]
fn a_net_that_answers_late_says_the_same_of_what_it_has_heard_more_of() {
    let at_once = net(&model("stream-vad"));
    let tensors = candle_core::safetensors::load_buffer(&model("stream-vad"), &Device::Cpu).expect("tensors");
    let late = net(&file(&late(), &tensors));
    let frames = frames();
    let (early, later) = (said(&at_once, &frames, 120), said(&late, &frames, 120));
    assert_eq!(early.len(), later.len(), "each frame gets its answer");
    assert!(early[5..] == later[..115]);
    for step in [1, 4, 50] {
        assert!(later == said(&late, &frames, step), "in steps of {step}");
    }
}

#[test]
fn the_built_in_voice_says_the_weighted_sum_of_its_members_logits() {
    let together = net(&model("earmark-voice"));
    let alone = [0, 1].map(|number| {
        let (card, tensors) = member("earmark-voice", number);
        net(&file(&card, &tensors))
    });
    let frames = frames();
    let each = alone.each_ref().map(|net| said(net, &frames, 120));
    let tensors = candle_core::safetensors::load_buffer(&model("earmark-voice"), &Device::Cpu).expect("tensors");
    let values = |name: &str| -> Vec<f32> {
        let tensor = tensors[name].to_dtype(candle_core::DType::F32).expect("numbers");
        tensor.flatten_all().and_then(|all| all.to_vec1()).expect("numbers")
    };
    let (weight, bias) = (values("weight"), values("bias"));
    let sigmoid = |x: f32| 1.0 / (1.0 + (-x).exp());
    let expected: Vec<f32> = each[0]
        .chunks_exact(3)
        .zip(each[1].chunks_exact(1))
        .flat_map(|(row, other)| {
            let singing = weight[0] * logit(row[0]) + weight[1] * logit(other[0]) + bias[0];
            [sigmoid(singing), row[1], row[2]]
        })
        .collect();
    assert!(weight[0] > 0.0 && weight[1] > 0.0, "both count");
    let whole = said(&together, &frames, 120);
    let error = worst(&whole, &expected);
    assert!(error < 1e-5, "{error}");
    for step in [1, 3, 10, 37] {
        assert!(whole == said(&together, &frames, step), "in steps of {step}");
    }
}
