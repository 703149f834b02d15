//! Frames are bit-identical however the host slices its blocks, at any rate.

use earmark::listen::{CHUNK, FrontEnd, Listener};
use proptest::prelude::*;

use crate::fixtures::noise;

/// The front end that hears another rate than the others.
const OTHER_RATE: usize = 3;

type Frames = Vec<(usize, u64, u64, Vec<u32>)>;

/// All frames as they are handed over.
fn hear(rate_hz: f64, left: &[f32], right: &[f32], blocks: &[usize]) -> Frames {
    let front_ends = [
        FrontEnd::kaldi_fbank_80(),
        FrontEnd::ced_mel_64(),
        FrontEnd::musicnn_mel_96(),
        FrontEnd { hop: 441, ..FrontEnd::wide_mel_128() },
    ];
    let mut listener = Listener::new(rate_hz, &front_ends).expect("valid");
    let mut frames = Vec::new();
    let mut at = 0;
    let mut sizes = blocks.iter().cycle();
    while at < left.len() {
        let end = (at + sizes.next().expect("cycle")).min(left.len());
        listener.push(&[&left[at..end], &right[at..end]], |frame| {
            let bits = frame.mels.iter().map(|x| x.to_bits()).collect();
            frames.push((frame.front_end, frame.index, frame.known_at, bits));
        });
        at = end;
    }
    frames
}

/// The frames in the order of front ends and indices.
fn sorted(mut frames: Frames) -> Frames {
    frames.sort_by_key(|(front_end, index, ..)| (*front_end, *index));
    frames
}

/// By how many samples a frame is handed over after one that is known later, at most.
fn disorder(frames: &Frames) -> u64 {
    let mut latest = 0;
    let late = |(_, _, known_at, _): &(usize, u64, u64, Vec<u32>)| {
        latest = latest.max(*known_at);
        latest - known_at
    };
    frames.iter().map(late).max().unwrap_or(0)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn frames_do_not_depend_on_block_sizes(
        rate_hz in prop_oneof![
            Just(8_000.0), Just(16_000.0), Just(22_050.0), Just(44_100.0), Just(48_000.0), Just(96_000.0),
            Just(192_000.0), Just(47_999.5), Just(12_345.678), Just(768_000.0)
        ],
        blocks in prop::collection::vec(1_usize..=16_384, 1..8),
        seed in any::<u64>(),
    ) {
        let length = (rate_hz * 0.2) as usize;
        let (left, right) = (noise(length, seed), noise(length, seed ^ 1));
        let (whole, sliced) = (hear(rate_hz, &left, &right, &[length]), hear(rate_hz, &left, &right, &blocks));
        prop_assert!(!whole.is_empty());
        prop_assert!(disorder(&whole).max(disorder(&sliced)) < CHUNK as u64);
        let one_rate = |frames: &Frames| frames.iter().filter(|frame| frame.0 != OTHER_RATE).cloned().collect();
        prop_assert_eq!(disorder(&one_rate(&whole)).max(disorder(&one_rate(&sliced))), 0);
        prop_assert!(sorted(whole) == sorted(sliced));
    }
}

#[test]
fn any_input_gives_finite_frames() {
    let mut listener = Listener::new(48_000.0, &[FrontEnd::kaldi_fbank_80(), FrontEnd::ced_mel_64()]).expect("valid");
    let wild = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e38, -1e38, f32::MIN_POSITIVE / 8.0, 0.0, 1.0];
    let block: Vec<f32> = wild.iter().copied().cycle().take(48_000).collect();
    listener.push(&[&block], |frame| assert!(frame.mels.iter().all(|x| x.is_finite())));
}

#[test]
fn reset_equals_a_new_listener() {
    let audio = noise(30_000, 7);
    let mut listener = Listener::new(44_100.0, &[FrontEnd::ced_mel_64()]).expect("valid");
    let run = |listener: &mut Listener| {
        let mut frames = Vec::new();
        listener.push(&[&audio], |frame| frames.extend_from_slice(frame.mels));
        frames
    };
    let first = run(&mut listener);
    listener.reset();
    assert!(first == run(&mut listener));
}
