//! The audio passes through untouched, whatever it is.

use crate::stage::{self, OFF, SHOW, WRITE, assert_same, same_bits};
use earmark_hosts::{Audio, Blocks, Class, Kind, Plan};

#[test]
fn audio_is_bit_exact_in_every_mode() {
    let Some(stage) = stage::ready() else { return };
    for mode in [OFF, SHOW, WRITE] {
        for class in [Class::Earmark, Class::Control] {
            let render = stage.clap(&stage.plan(class).with("automation", mode));
            assert!(same_bits(&render.outputs[0], &stage.audio), "{class:?} in mode {mode}");
        }
    }
}

#[test]
fn audio_is_bit_exact_in_place_and_in_mono() {
    let Some(stage) = stage::ready() else { return };
    let mut plan = stage.plan(Class::Earmark).in_blocks(Blocks::Random { longest: 700, seed: 3 });
    let mono = vec![stage.start(5.0).swap_remove(0)];
    for in_place in [false, true] {
        plan.in_place = in_place;
        for audio in [stage.start(5.0), mono.clone()] {
            let render = stage.clap_of(&plan, &audio);
            assert!(same_bits(&render.outputs[0], &audio), "{} channels, in place: {in_place}", audio.len());
        }
    }
}

/// Three seconds of each: NaN between samples, not a number, infinite, enormous, denormal, constant, negative zero,
/// the highest frequency there is, silence; then the demo.
fn nasty(start: Audio, rate_hz: f64) -> Audio {
    let samples = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e38, 1e-40, 0.9, -0.0];
    let frames = (3.0 * rate_hz) as usize;
    start
        .into_iter()
        .map(|channel| {
            let constant = samples.into_iter().flat_map(|sample| std::iter::repeat_n(sample, frames));
            let nyquist = [1.0, -1.0].into_iter().cycle().take(frames);
            let holes = channel.clone().into_iter().take(frames).enumerate();
            let holes = holes.map(|(n, sample)| if n % 3 == 0 { f32::NAN } else { sample });
            let silence = std::iter::repeat_n(0.0, frames);
            holes.chain(constant).chain(nyquist).chain(silence).chain(channel.clone()).collect()
        })
        .collect()
}

#[test]
fn bad_samples_pass_bit_exact_and_leave_no_mark() {
    let Some(stage) = stage::ready() else { return };
    let input = nasty(stage.start(12.0), stage.rate_hz);
    let render = stage.clap_of(&stage.plan(Class::Earmark), &input);
    assert!(same_bits(&render.outputs[0], &input));
    assert_eq!(render.faults, <[&str; 0]>::default(), "every value is finite");

    let clean = stage.clap_of(&stage.plan(Class::Earmark), &stage.start(12.0));
    let offset_s = render.duration_s() - clean.duration_s();
    let phrases = |render, offset_s: f64| -> Vec<_> {
        let phrases = earmark_hosts::report::phrases(render).into_iter();
        phrases.filter(|span| span.start_s - offset_s > 1.0).map(|span| span.start_s - offset_s).collect()
    };
    let (after, without) = (phrases(&render, offset_s), phrases(&clean, 0.0));
    assert_eq!(after.len(), without.len(), "{after:?} for {without:?}");
    for (after, without) in after.iter().zip(&without) {
        assert!((after - without).abs() < 0.1, "a phrase at {after} s instead of {without} s");
    }
}

#[test]
fn blocks_of_any_length_pass() {
    let Some(stage) = stage::ready() else { return };
    let input = stage.start(2.0);
    for blocks in [Blocks::Of(1), Blocks::Of(16384)] {
        let render = stage.clap_of(&stage.plan(Class::Control).in_blocks(blocks), &input);
        assert!(same_bits(&render.outputs[0], &input), "{blocks:?}");
    }
}

#[test]
fn blocks_longer_than_announced_pass() {
    let Some(stage) = stage::ready() else { return };
    let input = stage.start(2.0);
    let plan = stage.plan(Class::Control).in_blocks(Blocks::Of(4096));
    let lie = Plan { announced_frames: Some(64), ..plan.clone() };
    for (truthful, lied) in [
        (stage.clap_of(&plan, &input), stage.clap_of(&lie, &input)),
        (stage.vst3_of(&plan, &input), stage.vst3_of(&lie, &input)),
    ] {
        assert!(same_bits(&lied.outputs[0], &input));
        assert_same(&lied.events, &truthful.events, "with a lie about the longest block and without");
    }
}

#[test]
fn empty_blocks_change_nothing() {
    let Some(stage) = stage::ready() else { return };
    let input = stage.start(2.0);
    let plan = stage.plan(Class::Control).with("automation", WRITE);
    let flushed = Plan { empty_blocks: true, ..plan.clone() };
    for (plain, flushed) in [
        (stage.clap_of(&plan, &input), stage.clap_of(&flushed, &input)),
        (stage.vst3_of(&plan, &input), stage.vst3_of(&flushed, &input)),
    ] {
        assert!(same_bits(&flushed.outputs[0], &input));
        assert_same(&flushed.events, &plain.events, "with empty blocks and without");
    }
}

#[test]
fn align_delays_the_audio_by_the_latency_it_reports() {
    let Some(stage) = stage::ready() else { return };
    let input = stage.start(4.0);
    assert_eq!(stage.clap_of(&stage.plan(Class::Earmark), &input).latency_samples, 0);
    let render = stage.clap_of(&stage.plan(Class::Earmark).with("align", 1.0), &input);
    let latency = render.latency_samples as usize;
    assert!(latency > 0 && latency < (0.5 * stage.rate_hz) as usize, "{latency} samples");
    for (out, heard) in render.outputs[0].iter().zip(&input) {
        assert!(out[..latency].iter().all(|sample| *sample == 0.0));
        assert_eq!(out[latency..], heard[..heard.len() - latency]);
    }
}

#[test]
fn bypass_passes_the_audio_and_says_nothing() {
    let Some(stage) = stage::ready() else { return };
    let render = stage.clap(&stage.plan(Class::Earmark).with("bypass", 1.0).with("automation", WRITE));
    assert!(same_bits(&render.outputs[0], &stage.audio));
    assert_eq!(render.of(Kind::Value).count(), 0);
}

#[test]
fn the_side_chain_is_heard_in_place_of_the_input() {
    let Some(stage) = stage::ready() else { return };
    let silence = vec![vec![0.0; stage.audio[0].len()]; 2];
    let mut plan = stage.plan(Class::Earmark).with("source", 1.0);
    plan.side_chain.clone_from(&stage.audio);
    let render = stage.clap_of(&plan, &silence);
    assert_same(&render.events, &stage.shown().events, "through the side chain and the input");
    assert!(same_bits(&render.outputs[0], &silence));
}
