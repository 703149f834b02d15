//! Read: the host's own lane is the truth.

use crate::stage::{self, READ, assert_same, same_bits};
use earmark_hosts::{Class, Kind, LanePoint, Plan, Setting};

/// A gate that opens and closes where the demo would not.
const LANE_S: [(f64, f64); 4] = [(1.0, 1.0), (2.5, 0.0), (6.0, 1.0), (7.0, 0.0)];

fn read(plan: Plan, rate_hz: f64) -> Plan {
    let point = |id: &str, (time_s, value): (f64, f64)| LanePoint {
        time_samples: (time_s * rate_hz) as u64,
        id: id.to_owned(),
        setting: Setting::Value(value),
    };
    let lane = LANE_S.into_iter().flat_map(|at| [point("vocal", at), point("vocal_gate", at)]).collect();
    Plan { lane, ..plan.with("automation", READ) }
}

#[test]
fn in_read_nothing_is_said_of_a_parameter() {
    let Some(stage) = stage::ready() else { return };
    let render = stage.clap_of(&read(stage.plan(Class::Earmark), stage.rate_hz), &stage.start(10.0));
    assert_same(&render.events, &[], "in Read");
    assert!(same_bits(&render.outputs[0], &stage.start(10.0)));
}

#[test]
fn in_read_the_lane_drives_notes_and_key_to_the_sample() {
    let Some(stage) = stage::ready() else { return };
    let plan = read(stage.plan(Class::Control).with("midi", 1.0), stage.rate_hz);
    let start = stage.start(10.0);
    let turns = LANE_S.map(|(time_s, value)| ((time_s * stage.rate_hz) as u64, value));
    for render in [stage.clap_of(&plan, &start), stage.vst3_of(&plan, &start)] {
        let heard: Vec<_> = render.events.iter().map(|event| (event.time_samples, event.kind)).collect();
        let wanted = turns.map(|(at, value)| (at, if value > 0.5 { Kind::NoteOn } else { Kind::NoteOff }));
        assert_eq!(heard, wanted, "{}", render.plugin.id);
        let lane = (0..render.frames).map(|at| {
            let passed = turns.iter().take_while(|(turn, _)| *turn <= at);
            passed.last().map_or(0.0, |(_, value)| *value as f32)
        });
        assert_same(&render.outputs[1][0], &lane.collect::<Vec<_>>(), "the key bus and the lane");
    }
}

#[test]
fn attack_and_release_are_the_times_that_the_ride_takes() {
    let Some(stage) = stage::ready() else { return };
    let (second, edges) = (stage.rate_hz as usize, [1, 3]);
    let constant = vec![vec![0.5; 6 * second]; 2];
    for (attack_ms, release_ms) in [(50, 2_000), (200, 400), (1_000, 100)] {
        let plan = stage.plan(Class::Earmark).with("automation", READ).with("ride", "-12.0 dB");
        let plan = plan.with("attack", format!("{attack_ms} ms").as_str());
        let plan = plan.with("release", format!("{release_ms} ms").as_str());
        let lane = edges.into_iter().zip([1.0, 0.0]).map(|(at, value)| LanePoint {
            time_samples: (at * second) as u64,
            id: "vocal_gate".to_owned(),
            setting: Setting::Value(value),
        });
        let plan = Plan { lane: lane.collect(), ..plan };
        for render in [stage.clap_of(&plan, &constant), stage.vst3_of(&plan, &constant)] {
            let gain_db: Vec<f32> = render.outputs[0][0].iter().map(|sample| 20.0 * (sample / 0.5).log10()).collect();
            // From the edge on, how long until it is there; a control period and its glide are the grain.
            let takes_ms = |from: usize, db: f32| {
                let there = gain_db[from * second..].iter().position(|gain| (gain - db).abs() < 0.01);
                there.map(|samples| 1000.0 * samples as f64 / stage.rate_hz)
            };
            for (from, db, wanted_ms) in [(edges[0], -12.0, attack_ms), (edges[1], 0.0, release_ms)] {
                let took_ms = takes_ms(from, db).expect("it gets there");
                let what = format!("{}: {db} dB after {took_ms} ms of {wanted_ms}", render.plugin.id);
                assert!((took_ms - f64::from(wanted_ms)).abs() <= 20.0, "{what}");
            }
            // Half the time is half the decibels.
            let half = gain_db[edges[0] * second + attack_ms as usize * second / 2_000];
            assert!((half + 6.0).abs() < 12.0 * 20.0 / attack_ms as f32, "{half} dB after half the attack");
        }
    }
}
