//! What leaves the plugin in each mode of `automation`.

use crate::stage::{self, OFF, WRITE, assert_same};
use earmark::plugin::real_time_lag;
use earmark_hosts::{Class, Event, Kind, Render, ids, report};
use std::collections::{BTreeMap, BTreeSet};

/// The least change that is worth an event.
const LEAST_CHANGE: f64 = 1.0 / 512.0;
/// No parameter moves more often.
const LEAST_DISTANCE_S: f64 = 0.005;

fn values_by_id(render: &Render) -> BTreeMap<&str, Vec<&Event>> {
    let mut values = BTreeMap::<_, Vec<_>>::new();
    for event in render.of(Kind::Value) {
        values.entry(event.id.as_str()).or_default().push(event);
    }
    values
}

#[test]
fn off_says_nothing() {
    let Some(stage) = stage::ready() else { return };
    let render = stage.clap(&stage.plan(Class::Earmark).with("automation", OFF));
    assert_same(&render.events, &[], "in Off");
}

#[test]
fn show_moves_values_and_makes_no_gestures() {
    let Some(stage) = stage::ready() else { return };
    let render = stage.shown();
    let moved: BTreeSet<_> = values_by_id(render).into_keys().collect();
    let outputs: BTreeSet<_> = ids::OUTPUTS.into_iter().chain(ids::GENRES).collect();
    assert!(moved.is_subset(&outputs), "only outputs move: {moved:?}");
    for id in ids::OUTPUTS {
        assert!(moved.contains(id), "{id} never moved");
    }
    assert_eq!(render.of(Kind::GestureBegin).count() + render.of(Kind::GestureEnd).count(), 0);
}

#[test]
fn show_is_the_default() {
    let Some(stage) = stage::ready() else { return };
    assert_same(&stage.clap(&stage.plan(Class::Earmark)).events, &stage.shown().events, "by default and in Show");
}

#[test]
fn write_says_the_same_within_gestures() {
    let Some(stage) = stage::ready() else { return };
    let (shown, written) = (stage.shown(), stage.written());
    let values = |render: &Render| render.of(Kind::Value).cloned().collect::<Vec<_>>();
    assert_same(&values(shown), &values(written), "in Show and in Write");

    let mut held = BTreeSet::new();
    for event in &written.events {
        match event.kind {
            Kind::GestureBegin => assert!(held.insert(&event.id), "{} begins twice", event.id),
            Kind::GestureEnd => assert!(held.remove(&event.id), "{} ends unbegun", event.id),
            Kind::Value if event.time_samples < written.frames => {
                assert!(held.contains(&event.id), "{} moves outside a gesture", event.id);
            }
            // Once the transport has stopped nothing is recorded, and values are only shown.
            Kind::Value => {}
            _ => panic!("{event:?} from the plain class"),
        }
    }
    assert!(held.is_empty(), "still held after the transport stopped: {held:?}");
}

#[test]
fn write_ends_its_gestures_when_the_transport_stops() {
    let Some(stage) = stage::ready() else { return };
    let written = stage.written();
    assert!(written.of(Kind::GestureEnd).count() > 0);
    for event in written.of(Kind::GestureEnd) {
        assert!(event.time_samples >= written.frames, "{} ends at {}", event.id, event.time_samples);
    }
}

#[test]
fn events_come_in_order_and_within_their_blocks() {
    let Some(stage) = stage::ready() else { return };
    for render in [stage.shown(), stage.written()] {
        assert_eq!(render.faults, <[&str; 0]>::default());
        assert!(render.events.is_sorted_by_key(|event| event.time_samples));
    }
}

#[test]
fn values_stay_in_their_range() {
    let Some(stage) = stage::ready() else { return };
    let render = stage.shown();
    for event in render.of(Kind::Value) {
        let parameter = render.parameter(&event.id).expect("a known parameter");
        assert!((0.0..=parameter.greatest() + 1e-6).contains(&event.value), "{event:?}");
        let between = (event.value - event.value.round()).abs();
        assert!(parameter.steps == 0 || between < 1e-6, "{event:?} lies between two steps");
    }
}

#[test]
fn no_value_is_said_for_less_than_a_change() {
    let Some(stage) = stage::ready() else { return };
    let render = stage.shown();
    for (id, values) in values_by_id(render) {
        for pair in values.windows(2) {
            let change = (pair[1].value - pair[0].value).abs();
            // The ends of the range are always reached exactly.
            let at_an_end = change > 0.0 && [0.0, 1.0].contains(&pair[1].value);
            assert!(change >= LEAST_CHANGE - 1e-6 || at_an_end, "{id} changes by {change} at {}", pair[1].time_samples);
        }
    }
}

#[test]
fn no_parameter_moves_more_often_than_every_five_milliseconds() {
    let Some(stage) = stage::ready() else { return };
    let render = stage.shown();
    for (id, values) in values_by_id(render) {
        for pair in values.windows(2) {
            let distance_s = render.seconds(pair[1].time_samples - pair[0].time_samples);
            assert!(distance_s >= LEAST_DISTANCE_S - 1e-9, "{id} moves again after {distance_s} s");
        }
    }
}

#[test]
fn the_last_value_said_is_the_one_a_host_reads() {
    let Some(stage) = stage::ready() else { return };
    let render = stage.shown();
    for (id, values) in values_by_id(render) {
        let last = values.last().map(|event| event.value);
        let read = render.values.get(id).copied();
        assert!((last.unwrap() - read.unwrap()).abs() < 1e-6, "{id}: said {last:?}, reads {read:?}");
    }
}

#[test]
fn the_gate_is_open_while_somebody_sings() {
    const STEP_S: f64 = 0.01;
    let Some(stage) = stage::ready() else { return };
    let (phrases, truth) = (report::phrases(stage.shown()), stage.truth());
    let steps = (stage.shown().duration_s() / STEP_S) as u32;
    let agrees = |step: &u32| {
        let time_s = f64::from(*step) * STEP_S;
        let open = phrases.iter().any(|span| (span.start_s..span.end_s).contains(&time_s));
        open == truth.sung().iter().any(|span| (span.start_s..span.end_s).contains(&time_s))
    };
    let agreed = f64::from((0..steps).filter(agrees).count() as u32) / f64::from(steps);
    println!("the gate agrees with the labels {:.1} % of the time, its own delay included", 100.0 * agreed);
    assert!(agreed > 0.8, "only {agreed}");
}

#[test]
fn silence_is_no_singing() {
    let Some(stage) = stage::ready() else { return };
    let silence = vec![vec![0.0; (10.0 * stage.rate_hz) as usize]; 2];
    let render = stage.clap_of(&stage.plan(Class::Earmark).with("automation", WRITE), &silence);
    assert_eq!(report::phrases(&render), []);
    assert!(render.curve("vocal").iter().all(|(_, value)| *value < 0.5));
}

#[test]
fn real_time_says_all_of_it_later_by_the_stated_lag() {
    let Some(stage) = stage::ready() else { return };
    let start = stage.start(20.0);
    // With `align` an offline render is emitted as in real time, if no attack asks for more.
    let plan = stage.plan(Class::Earmark).with("attack", 0.0);
    let (offline, aligned) = (stage.clap_of(&plan, &start), stage.clap_of(&plan.clone().with("align", 1.0), &start));
    let lag = real_time_lag(plan.blocks.longest() as u32, stage.rate_hz);
    let moves = |render: &Render, by: u64| -> Vec<(u64, bool)> {
        let gate = render.of(Kind::Value).filter(|event| event.id == "vocal_gate");
        let moved = gate.skip_while(|event| event.value < 0.5);
        moved
            .map(|event| (event.time_samples + by, event.value >= 0.5))
            .take_while(|(at, _)| *at < render.frames)
            .collect()
    };
    let later = moves(&aligned, 0);
    assert!(later.len() >= 2, "somebody sings in it");
    assert_same(&later, &moves(&offline, lag), "aligned, and offline after the lag");
}
