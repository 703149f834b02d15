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
fn in_read_the_lane_drives_notes_and_key() {
    let Some(stage) = stage::ready() else { return };
    let plan = read(stage.plan(Class::Control).with("midi", 1.0), stage.rate_hz);
    let render = stage.clap_of(&plan, &stage.start(10.0));
    let heard: Vec<_> = render.events.iter().map(|event| (event.kind, render.seconds(event.time_samples))).collect();
    let wanted = LANE_S.map(|(time_s, value)| (if value > 0.5 { Kind::NoteOn } else { Kind::NoteOff }, time_s));
    assert_eq!(heard.len(), wanted.len(), "{heard:?}");
    for (heard, wanted) in heard.iter().zip(wanted) {
        assert_eq!(heard.0, wanted.0);
        // A host's points reach a plugin to the block.
        assert!((heard.1 - wanted.1).abs() < 0.02, "{heard:?} instead of {wanted:?}");
    }
    let level = |time_s: f64| render.outputs[1][0][(time_s * render.rate_hz) as usize];
    assert!(level(2.0) > 0.9 && level(4.0) < 0.1 && level(6.5) > 0.9 && level(9.0) < 0.1);
}
