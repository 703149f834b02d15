//! The nets in tensor operations, as other devices run them, say what the processor's own nets say. Here candle runs them
//! on the processor too.

use candle_core::Device;
use earmark::nets::tensor::{Heard, TensorNet};
use earmark::nets::{Model, Net, Tagging};

use crate::fixtures::{ensemble, model, noise, worst};

/// What the two may differ by.
const TOLERANCE: f32 = 1e-3;

/// The net of a model file, and the same in tensor operations.
fn both(bytes: &[u8]) -> (Net, TensorNet) {
    let (_, tensors) = TensorNet::from_bytes(bytes, &Device::Cpu).expect("tensor net");
    (Model::from_bytes(bytes).expect("net").net, tensors)
}

/// Repeatable values about `level`.
fn around(level: f32, spread: f32, count: usize, seed: u64) -> Vec<f32> {
    noise(count, seed).into_iter().map(|x| level + spread * x).collect()
}

fn agree(ours: &Tagging, theirs: &Tagging, what: &str) {
    let probability = worst(&ours.probability, &theirs.probability);
    assert!(probability < TOLERANCE, "{what}: probabilities differ by {probability}");
    for (ours, theirs, layers) in
        [(&ours.embedding, &theirs.embedding, "embeddings"), (&ours.inner, &theirs.inner, "inner layers")]
    {
        let largest = theirs.iter().fold(1.0_f32, |most, x| most.max(x.abs()));
        let differ = worst(ours, theirs) / largest;
        assert!(differ < TOLERANCE, "{what}: {layers} differ by {differ}");
    }
}

#[test]
fn a_batch_of_windows_is_tagged_as_one_by_one() {
    for (name, frames, mels, level, spread) in [
        ("ced-tiny", 1000, 64, -30.0, 40.0),
        ("ced-tiny", 100, 64, -30.0, 40.0),
        ("musicnn-msd", 187, 96, 2.0, 2.0),
        ("musicnn-mtt", 130, 96, 2.0, 2.0),
    ] {
        let (net, TensorNet::Tagger(tagger)) = both(&model(name)) else { panic!("{name} is no tagger") };
        let windows: Vec<Vec<f32>> = (0..3).map(|seed| around(level, spread, frames * mels, seed)).collect();
        let tagged = tagger.tag(&windows.iter().map(Vec::as_slice).collect::<Vec<_>>()).expect("tags");
        assert_eq!(tagged.len(), windows.len());
        for (window, tagging) in windows.iter().zip(&tagged) {
            let alone = match &net {
                Net::Ced(net) => net.forward(window),
                Net::Musicnn(net) => net.forward(window),
                _ => panic!("{name} is no such tagger"),
            };
            agree(tagging, &alone.expect("tags"), name);
        }
    }
}

#[test]
fn voices_heard_in_any_company_are_read_as_if_alone() {
    heard_in_company(&model("earmark-voice"));
    heard_in_company(&ensemble(&[0.7, 0.3, 1.0, 0.0, 1.0, 0.0]));
}

fn heard_in_company(bytes: &[u8]) {
    let (Net::Vocal(net), TensorNet::Voice(mut streams)) = both(bytes) else { panic!("no voice net") };
    // Three streams of unequal lengths, in steps that part and join them, one of which begins anew on its way.
    let audio: Vec<Vec<f32>> =
        [90, 150, 150].iter().zip(3..).map(|(&n, seed)| around(12.0, 4.0, n * 80, seed)).collect();
    let mut memories = [net.stream(), net.stream(), net.stream()];
    let mut at = [0; 3];
    let mut largest = 0.0_f32;
    for (turn, rows) in [[1, 1, 1], [7, 7, 0], [0, 20, 20], [3, 3, 3], [64, 64, 64], [0, 1, 2]].into_iter().enumerate()
    {
        let begins = turn == 3;
        if begins {
            memories[1] = net.stream();
        }
        let frames: Vec<&[f32]> = (0..3)
            .map(|stream| {
                let from = at[stream];
                at[stream] += rows[stream] * 80;
                &audio[stream][from..at[stream]]
            })
            .collect();
        let mut remembered: Vec<_> = memories.iter_mut().collect();
        let alone = net.step(&mut remembered, &frames, false).expect("steps");
        let heard: Vec<Heard<'_>> = (0..3)
            .map(|stream| Heard { stream: 10 + stream as u64, begins: begins && stream == 1, frames: frames[stream] })
            .collect();
        let together = streams.step(&heard, false).expect("steps");
        for (ours, theirs) in together.iter().zip(&alone) {
            largest = largest.max(worst(ours, theirs));
        }
    }
    let alone = net.step(&mut [&mut memories[2]], &[&[]], true).expect("ends");
    let ended = streams.step(&[Heard { stream: 12, begins: false, frames: &[] }], true).expect("ends");
    assert_eq!(ended[0].len() / net.outputs(), net.look_ahead_frames(), "what the look-ahead held back");
    largest = largest.max(worst(&ended[0], &alone[0]));
    assert!(largest < TOLERANCE, "{largest}");
}

#[test]
fn a_net_that_runs_on_the_processor_alone_says_so() {
    let Err(error) = TensorNet::from_bytes(&model("vad"), &Device::Cpu) else { panic!("accepted") };
    assert!(error.to_string().contains("fsmn"), "{error}");
}
