//! With `align` on, what is emitted lies on the audio, at every setting of the attack.

use crate::stage::{self, Stage, assert_same, played};
use earmark_hosts::{Blocks, Class, Kind, LanePoint, Plan, Render, Setting};

/// The parameter's value for an attack, by what it shows.
fn attack_ms(milliseconds: u32) -> Setting {
    Setting::Text(format!("{milliseconds} ms"))
}

fn plain(stage: &Stage) -> Plan {
    stage.plan(Class::Earmark).with("align", 0.0)
}

fn aligned(stage: &Stage) -> Plan {
    stage.plan(Class::Earmark).with("align", 1.0)
}

/// What became of one parameter, in samples, from its first move on.
fn moves(render: &Render, id: &str) -> Vec<(u64, f64)> {
    let values = render.of(Kind::Value).filter(|event| event.id == id);
    values.skip_while(|event| event.value == 0.0).map(|event| (event.time_samples, event.value)).collect()
}

/// When the gate opened, and when it closed.
fn turns(render: &Render) -> [Vec<u64>; 2] {
    let gate = moves(render, "vocal_gate");
    [1.0, 0.0].map(|to| gate.iter().filter(|(_, value)| *value == to).map(|(at, _)| *at).collect())
}

/// By how much a render with `align` says later what one without says, besides what openings gain: what is left of the
/// latency without the net's own delay.
fn lag(stage: &Stage, latency: u32) -> u64 {
    let without_attack = stage.clap_of(&aligned(stage).with("attack", attack_ms(0)), &stage.start(0.5));
    let net = u64::from(without_attack.latency_samples) - earmark::plugin::real_time_lag(512, stage.rate_hz);
    u64::from(latency) - net
}

fn later(times: &[u64], by: u64, frames: u64) -> Vec<u64> {
    times.iter().map(|at| at + by).filter(|at| *at < frames).collect()
}

fn within(times: Vec<u64>, frames: u64) -> Vec<u64> {
    times.into_iter().filter(|at| *at < frames).collect()
}

#[test]
fn the_gate_opens_where_the_curve_passes_the_threshold_and_closes_for_the_same_voices() {
    let Some(stage) = stage::ready() else { return };
    for attack in [0, 60, 200, 1_000] {
        let (with, without) =
            (aligned(stage).with("attack", attack_ms(attack)), plain(stage).with("attack", attack_ms(attack)));
        let (with, without) = (stage.clap(&with), stage.clap(&without));
        let (lag, frames) = (lag(stage, with.latency_samples), with.frames);
        let ([opened, closed], [late, wanted]) = (turns(&with), turns(&without));
        assert_same(&within(closed, frames), &later(&wanted, lag, frames), "the gate's closings");
        // Of a voice near the end only the opening that was moved ahead may still come.
        let (came, to_come) = (within(opened.clone(), frames).len(), later(&late, lag, frames).len());
        assert!(came == to_come || came == to_come + 1, "{came} openings, {to_come} without align");
        assert!(!opened.is_empty(), "somebody sings in it, at an attack of {attack} ms");
        let curve = moves(&with, "vocal");
        for at in opened {
            let place = curve.iter().position(|(time, _)| *time == at).expect("the curve moves where the gate opens");
            let before = place.checked_sub(1).map_or(0.0, |place| curve[place].1);
            let here = curve[place].1;
            assert!(here >= 0.5 && before < 0.5, "at an attack of {attack} ms the gate opens from {before} to {here}");
        }
    }
}

#[test]
fn the_curve_comes_exactly_as_late_as_the_audio_it_speaks_of() {
    let Some(stage) = stage::ready() else { return };
    for attack in [0, 60, 1_000] {
        let render = stage.clap(&aligned(stage).with("attack", attack_ms(attack)));
        let (lag, frames) = (lag(stage, render.latency_samples), render.frames);
        let of = |curve: Vec<(u64, f64)>, by: u64| -> Vec<(u64, f64)> {
            curve.into_iter().map(|(at, value)| (at + by, value)).filter(|(at, _)| *at < frames).collect()
        };
        assert_same(&of(moves(&render, "vocal"), 0), &of(moves(stage.shown(), "vocal"), lag), "the aligned curve");
    }
}

#[test]
fn latency_grows_by_the_time_in_which_a_voice_is_confirmed_and_both_formats_know_it() {
    let Some(stage) = stage::ready() else { return };
    let start = stage.start(1.0);
    let latency = |attack| {
        let plan = aligned(stage).with("attack", attack_ms(attack));
        let (clap, vst3) = (stage.clap_of(&plan, &start), stage.vst3_of(&plan, &start));
        assert_eq!(clap.latency_samples, vst3.latency_samples, "at an attack of {attack} ms");
        for render in [&clap, &vst3] {
            let latency = render.latency_samples as usize;
            assert_eq!(render.outputs[0][0][latency..], start[0][..start[0].len() - latency], "{}", render.plugin.id);
        }
        f64::from(clap.latency_samples) / stage.rate_hz
    };
    let none = latency(0);
    for (attack, readings) in [(60, 2.0), (120, 4.0), (1_000, 33.0)] {
        let more = latency(attack) - none;
        assert!((more - 0.01 * readings).abs() < 2.0 / stage.rate_hz, "{more} s at an attack of {attack} ms");
    }
}

#[test]
fn an_attack_that_a_lane_makes_longer_opens_late_by_the_difference_and_keeps_the_latency() {
    let Some(stage) = stage::ready() else { return };
    let parameter = stage.shown().parameter("attack").expect("it has an attack").clone();
    // The lane's value, as the host has it once the text was read.
    let longer = stage.clap_of(&plain(stage).with("attack", attack_ms(200)), &stage.start(0.1)).values["attack"];
    let lane = vec![LanePoint { time_samples: 0, id: parameter.id, setting: Setting::Value(longer) }];
    let render = |plan: Plan| stage.clap(&Plan { lane: lane.clone(), ..plan });
    let (with, without) = (render(aligned(stage)), render(plain(stage)));
    let usual = stage.clap_of(&aligned(stage), &stage.start(0.1)).latency_samples;
    assert_eq!(with.latency_samples, usual);
    let (lag, frames) = (lag(stage, usual), with.frames);
    let foresight = lag - earmark::plugin::real_time_lag(512, stage.rate_hz);
    let ([opened, closed], [late, wanted]) = (turns(&with), turns(&without));
    assert_same(&within(closed, frames), &later(&wanted, lag, frames), "the gate's closings");
    assert!(!opened.is_empty(), "somebody sings in it");
    for (opened, late) in opened.iter().zip(&late) {
        // Two readings can be foreseen of the six that confirm a voice.
        assert!((late + lag - foresight).abs_diff(*opened) <= 2, "opened at {opened}, {late} without align");
    }
}

#[test]
fn aligned_emission_does_not_depend_on_the_length_of_blocks() {
    let Some(stage) = stage::ready() else { return };
    let render = |blocks| stage.clap(&Plan { announced_frames: Some(4_096), ..aligned(stage).in_blocks(blocks) });
    let whole = render(Blocks::Of(4_096));
    for blocks in [Blocks::Of(64), Blocks::Random { longest: 1_500, seed: 9 }] {
        assert_same(&played(&render(blocks)), &played(&whole), &format!("in {blocks:?} and in blocks of 4096"));
    }
}

#[test]
fn a_bypass_leaves_the_audio_as_late_as_it_was() {
    let Some(stage) = stage::ready() else { return };
    let start = stage.start(6.0);
    let second = stage.rate_hz as u64;
    let point = |n: u64| LanePoint {
        time_samples: n * second + 777,
        id: "bypass".to_owned(),
        setting: Setting::Value((n % 2) as f64),
    };
    let plan = Plan { lane: (1..6).map(point).collect(), ..aligned(stage) };
    for render in [stage.clap_of(&plan, &start), stage.vst3_of(&plan, &start)] {
        let latency = render.latency_samples as usize;
        assert_eq!(render.outputs[0][0][latency..], start[0][..start[0].len() - latency], "{}", render.plugin.id);
    }
}
