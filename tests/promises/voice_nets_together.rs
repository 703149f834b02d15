//! A voice net may answer late, and several may answer as one.

use earmark::nets::ensemble::logit;
use earmark::nets::{Model, Net, VocalNet};

use crate::fixtures::{ensemble, file, late_detector, model, noise, worst};

const BANDS: usize = 80;

fn net(bytes: &[u8]) -> VocalNet {
    match Model::from_bytes(bytes).expect("loads").net {
        Net::Vocal(net) => net,
        _ => panic!("no voice net"),
    }
}

fn late() -> VocalNet {
    let (card, tensors) = late_detector();
    net(&file(&card, &tensors))
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
    let late = late();
    let frames = frames();
    let (early, later) = (said(&at_once, &frames, 120), said(&late, &frames, 120));
    assert_eq!(early.len(), later.len(), "each frame gets its answer");
    assert!(early[5..] == later[..115]);
    for step in [1, 4, 50] {
        assert!(later == said(&late, &frames, step), "in steps of {step}");
    }
}

#[test]
fn an_ensemble_says_the_weighted_sum_of_its_members_logits() {
    let frames = frames();
    let each = [net(&model("earmark-voice")), late()].map(|net| said(&net, &frames, 120));
    let together = net(&ensemble(&[0.6, 0.4, 1.0, 0.0, 1.0, 0.0]));
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
