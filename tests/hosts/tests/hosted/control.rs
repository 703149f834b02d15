//! Earmark Control: notes, controllers and the key bus, which the plain class has not.

use crate::stage::{self, Stage, assert_same};
use earmark_hosts::{Class, Kind, Render, report};

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

#[test]
fn the_key_bus_is_the_value_and_a_tone_while_the_gate_is_open() {
    let Some(stage) = stage::ready() else { return };
    let render = stage.clap(&stage.plan(Class::Control));
    let [_, key] = &render.outputs[..] else { panic!("{} outputs", render.outputs.len()) };
    let [level, tone] = &key[..] else { panic!("{} key channels", key.len()) };
    assert!(level.iter().all(|sample| (0.0..=1.0).contains(sample)), "the level is a signal 0..1");
    assert!(tone.iter().all(|sample| sample.abs() <= 1.0));

    let loudness = |from_s: f64, to_s: f64| {
        let range = (from_s * render.rate_hz) as usize..(to_s * render.rate_hz) as usize;
        tone[range].iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs()))
    };
    let phrases = report::phrases(&render);
    assert!(!phrases.is_empty());
    let mut before_s = 0.0;
    for span in &phrases {
        // One that opens in the last moments of the song is too short to be measured inside its fades.
        if span.end_s - span.start_s > 0.05 {
            assert!(loudness(span.start_s + 0.02, span.end_s - 0.02) > 0.1, "no tone in {span:?}");
        }
        if span.start_s - before_s > 0.05 {
            let left = loudness(before_s + 0.02, span.start_s - 0.02);
            assert!(left == 0.0, "a tone of {left} before {span:?}");
        }
        before_s = span.end_s;
    }
    let vocal = render.curve("vocal");
    let worst = vocal.iter().filter(|(time_s, _)| *time_s < render.duration_s()).map(|(time_s, value)| {
        let sample = ((time_s * render.rate_hz).round() as usize).min(level.len() - 1);
        (f64::from(level[sample]) - value).abs()
    });
    let worst = worst.fold(0.0, f64::max);
    assert!(worst < 0.01, "the level is {worst} beside the value");
}
