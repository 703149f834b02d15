//! CLAP and VST3 are two doors into the same room.

use crate::stage::{self, OFF, SHOW, WRITE, assert_same, same_bits};
use earmark_hosts::{Blocks, Class, EditKind, Kind, Render, clap, vst3};
use std::collections::{BTreeMap, BTreeSet};

/// All events of these kinds, in an order that does not depend on the format.
fn said(render: &Render, kinds: &[Kind]) -> Vec<(u64, Kind, String, i64)> {
    // At the stop, VST3 shows every value that it held once more, so that its host lets go of it.
    let wanted = stage::played(render).into_iter().filter(|event| kinds.contains(&event.kind));
    // Six digits: VST3 carries values as parts of the whole range.
    let mut said: Vec<_> = wanted
        .map(|event| (event.time_samples, event.kind, event.id.clone(), (event.value * 1e6).round() as i64))
        .collect();
    said.sort();
    said
}

#[test]
fn both_bundles_hold_both_classes() {
    let Some(stage) = stage::ready() else { return };
    let clap = clap::list(stage.clap_bundle()).expect("the CLAP bundle loads");
    let vst3 = vst3::list(stage.vst3_bundle()).expect("the VST3 bundle loads");
    for (clap, class) in clap.iter().zip([Class::Earmark, Class::Control]) {
        assert_eq!((clap.id.as_str(), clap.name.as_str()), (class.clap_id(), class.name()));
    }
    for (vst3, class) in vst3.iter().zip([Class::Earmark, Class::Control]) {
        assert_eq!(vst3.name, class.name());
        if !cfg!(windows) {
            let id: String = class.vst3_id().iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(vst3.id, id);
        }
    }
    assert_eq!((clap.len(), vst3.len()), (2, 2));
    for (clap, vst3) in clap.iter().zip(&vst3) {
        assert_eq!((&clap.vendor, &clap.version), (&vst3.vendor, &vst3.version));
    }
}

#[test]
fn vst3_says_what_clap_says() {
    let Some(stage) = stage::ready() else { return };
    for (mode, clap) in [(SHOW, stage.shown()), (WRITE, stage.written())] {
        let vst3 = stage.vst3(&stage.plan(Class::Earmark).with("automation", mode));
        let what = format!("by VST3 and by CLAP in mode {mode}");
        assert_same(&said(&vst3, &[Kind::Value]), &said(clap, &[Kind::Value]), &what);
        assert_eq!(vst3.faults, <[&str; 0]>::default());
    }
    assert_same(&stage.vst3(&stage.plan(Class::Earmark).with("automation", OFF)).events, &[], "in Off");
}

#[test]
fn vst3_sends_the_notes_and_controllers_that_clap_sends() {
    let Some(stage) = stage::ready() else { return };
    let plan = stage.plan(Class::Control).with("midi", 3.0);
    let midi = [Kind::NoteOn, Kind::NoteOff, Kind::ControlChange];
    let (clap, vst3) = (stage.clap(&plan), stage.vst3(&plan));
    assert_same(&said(&vst3, &midi), &said(&clap, &midi), "by VST3 and by CLAP");
    assert!(same_bits(&vst3.outputs[1], &clap.outputs[1]), "the key bus differs");
}

#[test]
fn vst3_passes_audio_bit_exact() {
    let Some(stage) = stage::ready() else { return };
    let mut plan = stage.plan(Class::Control).in_blocks(Blocks::Random { longest: 999, seed: 5 });
    for in_place in [false, true] {
        plan.in_place = in_place;
        let render = stage.vst3_of(&plan, &stage.start(3.0));
        assert!(same_bits(&render.outputs[0], &stage.start(3.0)), "in place: {in_place}");
    }
}

#[test]
fn vst3_has_mono_buses_too() {
    let Some(stage) = stage::ready() else { return };
    let mono = vec![stage.start(3.0).swap_remove(0)];
    let render = stage.vst3_of(&stage.plan(Class::Earmark), &mono);
    assert!(same_bits(&render.outputs[0], &mono));
}

#[test]
fn vst3_echoes_edits_in_write_and_only_there() {
    let Some(stage) = stage::ready() else { return };
    let shown = stage.vst3(&stage.plan(Class::Earmark).with("automation", SHOW));
    assert_same(&shown.edits, &[], "edits in Show");

    let written = stage.vst3(&stage.plan(Class::Earmark).with("automation", WRITE));
    let values: BTreeMap<_, Vec<_>> =
        written.of(Kind::Value).fold(BTreeMap::new(), |mut values: BTreeMap<_, Vec<_>>, event| {
            values.entry(event.id.as_str()).or_default().push(event.value);
            values
        });
    let mut held = BTreeSet::new();
    let mut echoed = BTreeSet::new();
    for edit in &written.edits {
        let id = edit.id.as_str();
        match edit.kind {
            EditKind::Begin => assert!(held.insert(id), "{id} begins twice"),
            EditKind::End => assert!(held.remove(id), "{id} ends unbegun"),
            EditKind::Perform => {
                assert!(held.contains(id), "{id} is edited outside a gesture");
                let known = values[id].iter().any(|value| (value - edit.value).abs() < 1e-6);
                assert!(known, "{id} is edited to {}, which was never said", edit.value);
                echoed.insert(id);
            }
        }
    }
    assert!(held.is_empty(), "still held at the end: {held:?}");
    assert_eq!(echoed, values.keys().copied().collect(), "what moved was echoed");
}
