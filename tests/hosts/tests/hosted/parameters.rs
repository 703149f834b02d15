//! The parameters: their ids never change.

use crate::stage::{self, Stage, assert_same};
use earmark_hosts::{Class, Parameter, Render, ids};
use std::collections::BTreeSet;

fn empty(stage: &Stage, class: Class) -> [Render; 2] {
    let plan = stage.plan(class);
    let nothing = vec![Vec::new(); 2];
    [stage.clap_of(&plan, &nothing), stage.vst3_of(&plan, &nothing)]
}

#[test]
fn ids_are_those_of_the_design_and_no_others() {
    let Some(stage) = stage::ready() else { return };
    let design: BTreeSet<_> = ids::all().map(str::to_owned).collect();
    for class in [Class::Earmark, Class::Control] {
        for render in empty(stage, class) {
            let found: BTreeSet<_> = render.parameters.iter().map(|parameter| parameter.id.clone()).collect();
            assert_eq!(found, design, "{}", render.plugin.id);
            assert_eq!(found.len(), render.parameters.len(), "no id comes twice");
        }
    }
}

#[test]
fn both_formats_declare_the_same() {
    let Some(stage) = stage::ready() else { return };
    let [clap, vst3] = empty(stage, Class::Control);
    let about = |p: &Parameter| (p.id.clone(), p.name.clone(), p.steps, p.texts.clone(), p.automatable, p.bypass);
    let declared = |render: &Render| render.parameters.iter().map(about).collect::<Vec<_>>();
    assert_same(&declared(&clap), &declared(&vst3), "by CLAP and by VST3");
    for parameter in &clap.parameters {
        let other = vst3.parameter(&parameter.id).expect("the same parameters");
        assert!((parameter.default - other.default).abs() < 1e-6, "{}", parameter.id);
    }
}

#[test]
fn names_are_unique_and_every_step_has_a_text() {
    let Some(stage) = stage::ready() else { return };
    let [clap, _] = empty(stage, Class::Earmark);
    let names: BTreeSet<_> = clap.parameters.iter().map(|parameter| &parameter.name).collect();
    assert_eq!(names.len(), clap.parameters.len());
    for parameter in &clap.parameters {
        let texts: BTreeSet<_> = parameter.texts.iter().filter(|text| !text.is_empty()).collect();
        assert_eq!(texts.len(), parameter.texts.len(), "{}: {:?}", parameter.id, parameter.texts);
    }
}

#[test]
fn outputs_can_be_automated_and_align_cannot() {
    let Some(stage) = stage::ready() else { return };
    for render in empty(stage, Class::Earmark) {
        for id in ids::OUTPUTS.into_iter().chain(ids::GENRES) {
            let parameter = render.parameter(id).expect("an output");
            assert!(parameter.automatable && !parameter.read_only && !parameter.hidden, "{parameter:?}");
        }
        assert!(!render.parameter("align").expect("align").automatable);
        assert!(render.parameter("bypass").expect("bypass").bypass);
    }
}

#[test]
fn automation_has_its_four_modes_and_starts_in_show() {
    let Some(stage) = stage::ready() else { return };
    let [clap, _] = empty(stage, Class::Earmark);
    let automation = clap.parameter("automation").expect("automation");
    assert_eq!(automation.texts, ["Off", "Show", "Write", "Read"]);
    assert!((automation.default - 1.0).abs() < 1e-6);
}

#[test]
fn what_is_shown_can_be_typed() {
    let Some(stage) = stage::ready() else { return };
    let [clap, _] = empty(stage, Class::Earmark);
    let nothing = vec![Vec::new(); 2];
    for (step, place) in [(0, 0.0), (1, 1.0)] {
        let mut plan = stage.plan(Class::Earmark);
        for parameter in clap.parameters.iter().filter(|parameter| ids::INPUTS.contains(&parameter.id.as_str())) {
            let text = if step == 0 { &parameter.texts[0] } else { &parameter.texts[parameter.texts.len() - 1] };
            plan = plan.with(&parameter.id, text.as_str());
        }
        let render = stage.clap_of(&plan, &nothing);
        for parameter in clap.parameters.iter().filter(|parameter| ids::INPUTS.contains(&parameter.id.as_str())) {
            let value = parameter.normalized(render.values[&parameter.id]);
            assert!((value - place).abs() < 1e-3, "{} typed as shown is {value} instead of {place}", parameter.id);
        }
    }
}
