//! A voice net may answer late, and several may answer as one.

use std::collections::HashMap;

use candle_core::{DType, Device, Tensor};
use earmark::nets::ensemble::logit;
use earmark::nets::registry::{CARD_KEY, read_card};
use earmark::nets::{Card, Model, Net, VocalNet};

use crate::fixtures::{model, noise, worst};

const BANDS: usize = 80;

fn tensors(name: &str) -> HashMap<String, Tensor> {
    candle_core::safetensors::load_buffer(&model(name), &Device::Cpu).expect("tensors")
}

fn net(card: &Card, tensors: &HashMap<String, Tensor>) -> VocalNet {
    let card = serde_json::to_string(card).expect("card");
    let metadata = HashMap::from([(CARD_KEY.to_owned(), card)]);
    let bytes = safetensors::serialize(tensors, Some(metadata)).expect("file");
    match Model::from_bytes(&bytes).expect("loads").net {
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
    let at_once = net(&read_card(&model("stream-vad")).expect("card"), &tensors("stream-vad"));
    let late = net(&late(), &tensors("stream-vad"));
    let frames = frames();
    let (early, later) = (said(&at_once, &frames, 120), said(&late, &frames, 120));
    assert_eq!(early.len(), later.len(), "each frame gets its answer");
    assert!(early[5..] == later[..115]);
    for step in [1, 4, 50] {
        assert!(later == said(&late, &frames, step), "in steps of {step}");
    }
}

#[test]
fn an_ensemble_says_the_weighted_mean_of_its_members_logits() {
    let (first, second) = (read_card(&model("earmark-voice")).expect("card"), late());
    let members = [tensors("earmark-voice"), tensors("stream-vad")];
    let alone = [net(&first, &members[0]), net(&second, &members[1])];
    let frames = frames();
    let each = alone.each_ref().map(|net| said(net, &frames, 120));

    let weights = [0.6_f32, 0.4, 1.0, 0.0, 1.0, 0.0];
    let mut all = HashMap::from([
        ("weight".to_owned(), Tensor::from_slice(&weights, (3, 2), &Device::Cpu).expect("weight")),
        ("bias".to_owned(), Tensor::zeros(3, DType::F32, &Device::Cpu).expect("bias")),
    ]);
    for (number, tensors) in members.iter().enumerate() {
        all.extend(tensors.iter().map(|(name, tensor)| (format!("member{number}.{name}"), tensor.clone())));
    }
    let card = Card {
        architecture: "ensemble".to_owned(),
        members: vec![first.architecture.clone(), second.architecture],
        ..first
    };
    let together = net(&card, &all);
    let whole = said(&together, &frames, 120);
    let sigmoid = |x: f32| 1.0 / (1.0 + (-x).exp());
    let expected: Vec<f32> = each[0]
        .chunks_exact(3)
        .zip(&each[1])
        .flat_map(|(row, p)| [sigmoid(0.6 * logit(row[0]) + 0.4 * logit(*p)), row[1], row[2]])
        .collect();
    let error = worst(&whole, &expected);
    assert!(error < 1e-5, "{error}");
    for step in [1, 3, 10, 37] {
        assert!(whole == said(&together, &frames, step), "in steps of {step}");
    }
}
