//! What a host does beyond playing on: it stops, automates to the sample, changes its mind.

use crate::stage::{self, OFF, READ, SHOW, Stage, WRITE, assert_same, same_bits};
use earmark_hosts::{Audio, Blocks, Class, Kind, LanePoint, Plan, Render, Setting};

fn point(time_samples: u64, id: &str, value: f64) -> LanePoint {
    LanePoint { time_samples, id: id.to_owned(), setting: Setting::Value(value) }
}

/// The stereo demo, `times` over.
fn repeated(stage: &Stage, times: usize) -> Audio {
    stage.audio.iter().map(|channel| channel.repeat(times)).collect()
}

#[test]
fn a_lane_is_followed_to_the_sample() {
    let Some(stage) = stage::ready() else { return };
    // Neither on a block's edge nor on a control period's.
    let moments = [(3_333, 1.0), (9_999, 0.0), (20_001, 1.0), (31_234, 0.0)];
    let lane = moments.iter().map(|(time, value)| point(*time, "vocal_gate", *value)).collect();
    let plan = Plan { lane, ..stage.plan(Class::Control).with("automation", READ).with("midi", 1.0) };
    for render in [stage.clap_of(&plan, &stage.start(2.5)), stage.vst3_of(&plan, &stage.start(2.5))] {
        let heard: Vec<_> = render
            .events
            .iter()
            .filter(|event| [Kind::NoteOn, Kind::NoteOff].contains(&event.kind))
            .map(|event| (event.time_samples, f64::from(u8::from(event.kind == Kind::NoteOn))))
            .collect();
        assert_eq!(heard, moments, "{}", render.plugin.id);
    }
}

#[test]
fn blocks_split_by_automation_say_the_same_in_order() {
    let Some(stage) = stage::ready() else { return };
    // A parameter that nothing hangs on is moved every 37 samples or so: every block is split many times.
    let lane = (0..).map(|n| n * 37 + n % 5).take_while(|time| *time < stage.audio[0].len() as u64);
    let lane = lane.map(|time| point(time, "midi_note", (time % 128) as f64)).collect();
    for (mode, whole) in [(SHOW, stage.shown()), (WRITE, stage.written())] {
        let plan = Plan { lane: Vec::clone(&lane), ..stage.plan(Class::Earmark).with("automation", mode) };
        let split = stage.clap(&plan);
        assert_eq!(split.faults, <[&str; 0]>::default());
        assert_same(&stage::played(&split), &stage::played(whole), "in split blocks and in whole ones");
    }
}

#[test]
fn two_instances_do_not_hear_each_other() {
    let Some(stage) = stage::ready() else { return };
    let silence = vec![vec![0.0; stage.audio[0].len()]; 2];
    let plan = stage.plan(Class::Earmark);
    let (with_voice, without) = std::thread::scope(|scope| {
        let other = scope.spawn(|| stage.clap_of(&plan, &silence));
        (stage.clap(&plan), other.join().expect("the other renders"))
    });
    assert_same(&with_voice.events, &stage.shown().events, "beside another instance and alone");
    assert!(without.curve("vocal").iter().all(|(_, value)| *value < 0.5));
}

/// The gain from a constant input to the output.
fn gain(render: &Render, input: f32) -> Vec<f32> {
    render.outputs[0][0].iter().map(|sample| sample / input).collect()
}

/// A plan in which the demo's voice, on the side chain, moves the gain of a constant input.
fn riding(stage: &Stage, ride_db: f64) -> (Plan, Audio) {
    let ride = (ride_db + 24.0) / 36.0;
    let mut plan = stage.plan(Class::Earmark).with("source", 1.0).with("ride", ride);
    plan.side_chain.clone_from(&stage.audio);
    (plan, vec![vec![0.5; stage.audio[0].len()]; 2])
}

#[test]
fn ride_moves_without_zipper_noise_and_reaches_its_gain() {
    let Some(stage) = stage::ready() else { return };
    for ride_db in [-24.0, -6.0, 12.0] {
        let (plan, constant) = riding(stage, ride_db);
        let gain = gain(&stage.clap_of(&plan, &constant), 0.5);
        let whole = 10_f64.powf(ride_db / 20.0) as f32;
        let reached = gain.iter().fold(f32::INFINITY, |least, gain| least.min((gain - whole).abs()));
        assert!(reached < 1e-3 * whole, "{ride_db} dB: {reached} beside the gain");
        assert!(gain.contains(&1.0), "{ride_db} dB: the gain never returns to one");
        // One control period, 10 ms, is the least time for the whole way.
        let step = gain.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max);
        let most = (whole - 1.0).abs() / (0.01 * stage.rate_hz as f32) * 1.01;
        assert!(step <= most, "{ride_db} dB: a step of {step} from sample to sample, {most} at most");
    }
}

#[test]
fn bypass_comes_and_goes_without_a_click() {
    let Some(stage) = stage::ready() else { return };
    let (mut plan, constant) = riding(stage, -24.0);
    let second = stage.rate_hz as u64;
    plan.lane = (1..20).map(|n| point(n * second + 777, "bypass", (n % 2) as f64)).collect();
    for render in [stage.clap_of(&plan, &constant), stage.vst3_of(&plan, &constant)] {
        let gain = gain(&render, 0.5);
        let step = gain.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max);
        let most = 1.0 / (0.01 * stage.rate_hz as f32) * 1.01;
        assert!(step <= most, "{}: a step of {step}, {most} at most", render.plugin.id);
        let bypassed = &gain[(1.1 * stage.rate_hz) as usize..(1.9 * stage.rate_hz) as usize];
        assert!(bypassed.iter().all(|gain| *gain == 1.0), "a bypassed plugin has a gain");
    }
}

#[test]
fn bypass_ends_a_note_and_a_gesture() {
    let Some(stage) = stage::ready() else { return };
    let first = stage.shown().curve("vocal_gate").into_iter().find(|(_, gate)| *gate > 0.5).expect("somebody sings").0;
    let at = ((first + 0.5) * stage.rate_hz) as u64;
    let mut plan = stage.plan(Class::Control).with("automation", WRITE).with("midi", 1.0);
    plan.lane = vec![point(at, "bypass", 1.0)];
    let render = stage.clap(&plan);
    let last = |kind| render.of(kind).map(|event| event.time_samples).max();
    assert_eq!(render.of(Kind::NoteOn).count(), render.of(Kind::NoteOff).count());
    assert_eq!(last(Kind::NoteOff), Some(at));
    assert_eq!(last(Kind::GestureEnd), Some(at));
    assert!(render.of(Kind::Value).all(|event| event.time_samples <= at), "a bypassed plugin says values");
}

#[test]
fn latency_is_known_at_load_and_with_any_block_length() {
    let Some(stage) = stage::ready() else { return };
    let start = stage.start(2.0);
    let aligned = stage.plan(Class::Earmark).with("align", 1.0);
    let (by_clap, by_vst3) = (stage.clap_of(&aligned, &start).state, stage.vst3_of(&aligned, &start).state);
    for longest in [64, 512, 4_096] {
        let plan = stage.plan(Class::Earmark).in_blocks(Blocks::Of(longest));
        let loaded = |state: &[u8]| Plan { state: Some(state.to_vec()), ..plan.clone() };
        let (clap, vst3) = (stage.clap_of(&loaded(&by_clap), &start), stage.vst3_of(&loaded(&by_vst3), &start));
        assert!(clap.latency_samples > longest as u32);
        assert_eq!(clap.latency_samples, vst3.latency_samples, "in blocks of {longest}");
        let latency = clap.latency_samples as usize;
        for render in [clap, vst3] {
            assert_eq!(render.outputs[0][0][latency..], start[0][..start[0].len() - latency]);
        }
    }
}

#[test]
fn two_bounces_are_the_same_to_the_byte() {
    let Some(stage) = stage::ready() else { return };
    let plan = stage.plan(Class::Control).with("midi", 3.0).with("ride", 0.5).with("align", 0.0);
    let (first, second) = (stage.clap(&plan), stage.clap(&plan));
    assert_same(&first.events, &second.events, "in two bounces");
    assert!(first.outputs.iter().zip(&second.outputs).all(|(a, b)| same_bits(a, b)));
    let whole = stage.clap(&plan.clone().in_blocks(Blocks::Of(16_384)));
    assert_same(&stage::played(&whole), &stage::played(&first), "in blocks of 16384 and of 512");
    assert!(same_bits(&whole.outputs[0], &first.outputs[0]), "the ride depends on the length of blocks");
    assert!(same_bits(&whole.outputs[1], &first.outputs[1]), "the key depends on the length of blocks");
}

#[test]
fn blocks_of_one_sample_say_the_same() {
    let Some(stage) = stage::ready() else { return };
    let start = stage.start(3.0);
    let plan = stage.plan(Class::Control).with("midi", 3.0);
    let (single, usual) = (stage.clap_of(&plan.clone().in_blocks(Blocks::Of(1)), &start), stage.clap_of(&plan, &start));
    assert_same(&stage::played(&single), &stage::played(&usual), "in blocks of 1 and of 512");
    assert!(single.outputs.iter().zip(&usual.outputs).all(|(a, b)| same_bits(a, b)));
}

#[test]
fn ten_minutes_with_the_window_closed_leave_no_edit() {
    let Some(stage) = stage::ready() else { return };
    for (mode, times) in [(SHOW, 20), (OFF, 1), (READ, 1)] {
        let plan = stage.plan(Class::Earmark).with("automation", mode).in_blocks(Blocks::Of(2_048));
        let render = stage.vst3_of(&plan, &repeated(stage, times));
        assert_same(&render.edits, &[], "edits without Write");
        let mut each = std::collections::BTreeMap::<(&str, u64), usize>::new();
        for event in render.of(Kind::Value) {
            *each.entry((&event.id, event.time_samples / stage.rate_hz as u64)).or_default() += 1;
        }
        let most = each.values().copied().max().unwrap_or_default();
        assert!(most <= 200, "{most} values of one parameter in a second");
    }
}

#[test]
fn a_mono_track_takes_earmark_control_in_both_formats() {
    let Some(stage) = stage::ready() else { return };
    let mono = vec![stage.audio[0].clone()];
    let plan = stage.plan(Class::Control).with("midi", 3.0);
    let (clap, vst3) = (stage.clap_of(&plan, &mono), stage.vst3_of(&plan, &mono));
    for render in [&clap, &vst3] {
        assert!(same_bits(&render.outputs[0], &mono));
        assert_eq!(render.outputs[1].len(), 2, "{}: the key bus stays stereo", render.plugin.id);
        assert!(render.of(Kind::NoteOn).count() > 0);
    }
    assert!(same_bits(&clap.outputs[1], &vst3.outputs[1]), "the key bus differs");
    let stereo = stage.clap(&plan);
    assert_same(&stage::played(&clap), &stage::played(&stereo), "in mono and in stereo");
}
