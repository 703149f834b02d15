//! Earmark Control: notes, controllers and the key bus, which the plain class has not.

use crate::stage::{self, Stage, assert_same};
use earmark::say::thinning::SMALLEST_CHANGE;
use earmark_hosts::{Class, Kind, Render};

/// Indices of the parameter `midi`.
const NOTES: f64 = 1.0;
const CONTROLLER: f64 = 2.0;
const BOTH: f64 = 3.0;

fn controlled(stage: &Stage, midi: f64) -> Render {
    stage.clap(&stage.plan(Class::Control).with("midi", midi))
}

/// When the gate opened and when it closed, in samples.
fn gate(render: &Render, open: bool) -> Vec<u64> {
    let value = if open { 1.0 } else { 0.0 };
    let gate = render.of(Kind::Value).filter(|event| event.id == "vocal_gate").skip_while(|event| event.value == 0.0);
    gate.filter(|event| event.value == value).map(|event| event.time_samples).collect()
}

fn times(render: &Render, kind: Kind) -> Vec<u64> {
    render.of(kind).map(|event| event.time_samples).collect()
}

#[test]
fn the_plain_class_has_one_output_and_no_midi() {
    let Some(stage) = stage::ready() else { return };
    let render = stage.clap(&stage.plan(Class::Earmark).with("midi", BOTH));
    assert_eq!(render.outputs.len(), 1);
    for kind in [Kind::NoteOn, Kind::NoteOff, Kind::ControlChange] {
        assert_eq!(render.of(kind).count(), 0, "{kind}");
    }
}

#[test]
fn both_classes_say_the_same_values() {
    let Some(stage) = stage::ready() else { return };
    let render = stage.clap(&stage.plan(Class::Control));
    let values: Vec<_> = render.of(Kind::Value).collect();
    assert_same(&values, &stage.shown().of(Kind::Value).collect::<Vec<_>>(), "in Control and in Earmark");
}

#[test]
fn a_note_sounds_while_the_gate_is_open() {
    let Some(stage) = stage::ready() else { return };
    let render = controlled(stage, NOTES);
    assert_eq!(render.of(Kind::ControlChange).count(), 0);
    assert!(!times(&render, Kind::NoteOn).is_empty());
    assert_eq!(times(&render, Kind::NoteOn), gate(&render, true));
    // The demo ends in the middle of a phrase; the stop of the transport ends the note.
    let mut ends = gate(&render, false);
    ends.extend((ends.len() < gate(&render, true).len()).then_some(render.frames));
    assert_eq!(times(&render, Kind::NoteOff), ends);
}

#[test]
fn a_controller_follows_the_value() {
    let Some(stage) = stage::ready() else { return };
    let render = controlled(stage, CONTROLLER);
    assert_eq!(render.of(Kind::NoteOn).count(), 0);
    let curve = render.curve("vocal");
    for event in render.of(Kind::ControlChange).filter(|event| event.time_samples < render.frames) {
        let time_s = render.seconds(event.time_samples);
        let next = curve.partition_point(|(at_s, _)| *at_s <= time_s);
        let vocal = next.checked_sub(1).map_or(0.0, |index| curve[index].1);
        assert!((vocal - event.value).abs() < 1.5 / 127.0, "{} while vocal is {vocal} at {time_s} s", event.value);
    }
    assert!(render.of(Kind::ControlChange).count() > 10);
}

#[test]
fn notes_and_controller_use_the_numbers_and_come_together() {
    let Some(stage) = stage::ready() else { return };
    let plan = stage.plan(Class::Control).with("midi", BOTH).with("midi_note", 64.0).with("midi_cc", 21.0);
    let render = stage.clap(&plan);
    for (kind, number) in [(Kind::NoteOn, "64"), (Kind::NoteOff, "64"), (Kind::ControlChange, "21")] {
        assert!(render.of(kind).count() > 0, "{kind}");
        assert!(render.of(kind).all(|event| event.id == number), "{kind}");
    }
    assert_eq!(render.faults, <[&str; 0]>::default());
}

/// What the right channel of the key bus is to be: a sine of 1 kHz and half scale from the moment at which the gate opens,
/// risen after 2 ms and fallen 2 ms after it closes.
fn tone(render: &Render) -> Vec<f64> {
    const TONE_HZ: f64 = 1_000.0;
    const PEAK: f64 = 0.5;
    const RAMP_S: f64 = 0.002;
    let mut moves = render.of(Kind::Value).filter(|event| event.id == "vocal_gate").peekable();
    let (mut open, mut peak, mut sung) = (false, 0.0_f64, 0_u64);
    let step = PEAK / (RAMP_S * render.rate_hz);
    (0..render.frames)
        .map(|at| {
            while let Some(event) = moves.next_if(|event| event.time_samples <= at) {
                open = event.value > 0.5;
            }
            peak = if open { (peak + step).min(PEAK) } else { (peak - step).max(0.0) };
            sung = if peak > 1e-9 { sung + 1 } else { 0 };
            peak * (std::f64::consts::TAU * TONE_HZ * sung.saturating_sub(1) as f64 / render.rate_hz).sin()
        })
        .collect()
}

#[test]
fn the_key_bus_has_the_value_and_the_gates_tone_to_the_sample() {
    let Some(stage) = stage::ready() else { return };
    let plan = stage.plan(Class::Control);
    for render in [stage.clap(&plan), stage.vst3(&plan)] {
        let [_, key] = &render.outputs[..] else { panic!("{} outputs", render.outputs.len()) };
        let [level, heard] = &key[..] else { panic!("{} key channels", key.len()) };
        let mut said = render.of(Kind::Value).filter(|event| event.id == "vocal").peekable();
        let mut held = 0.0;
        for (at, level) in level.iter().map(|level| f64::from(*level)).enumerate() {
            let news = said.next_if(|event| event.time_samples == at as u64);
            held = news.map_or(held, |event| event.value);
            // What is said is the value itself; a change too small to be said is on the bus all the same.
            let beside = if news.is_some() { 1e-7 } else { f64::from(SMALLEST_CHANGE) + 1e-7 };
            assert!((level - held).abs() <= beside, "a level of {level} at sample {at}, where {held} was said");
        }
        let tone = tone(&render);
        assert!(tone.iter().any(|sample| *sample > 0.49), "somebody sings in it");
        for (at, (heard, tone)) in heard.iter().zip(&tone).enumerate() {
            assert!(
                (f64::from(*heard) - tone).abs() < 1e-5,
                "a tone of {heard} at sample {at}, where {tone} is wanted"
            );
        }
    }
}
