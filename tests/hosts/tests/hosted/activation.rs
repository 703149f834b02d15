//! The host changes its mind about how it renders: another rate, offline and real time.

use crate::stage::{self, Stage, assert_alike, assert_same, same_bits};
use earmark_hosts::{Audio, Class, Plan, Render, clap, vst3};

#[test]
fn activated_at_another_rate_it_hears_as_a_new_instance_does() {
    let Some(stage) = stage::ready() else { return };
    let input = stage.start(5.0);
    let plans = [44_100.0, stage.rate_hz].map(|rate_hz| Plan { rate_hz, ..stage.plan(Class::Control) });
    let fresh = stage.clap_of(&plans[1], &input);
    let both = [
        clap::renders(stage.clap_bundle(), &plans, &input).expect("CLAP is activated twice"),
        vst3::renders(stage.vst3_bundle(), &plans, &input).expect("VST3 is activated twice"),
    ];
    for renders in both {
        let [_, again] = &renders[..] else { panic!("{} renders", renders.len()) };
        assert_eq!(again.faults, <[&str; 0]>::default());
        assert!(same_bits(&again.outputs[0], &input));
        for id in ["vocal", "vocal_gate"] {
            let what = format!("{id} of {} after another rate", again.plugin.id);
            assert_alike(&again.curve(id), &fresh.curve(id), fresh.duration_s(), &what);
        }
    }
}

#[test]
fn a_switch_between_offline_and_real_time_in_mid_stream_changes_nothing() {
    let Some(stage) = stage::ready() else { return };
    let input = stage.start(5.0);
    let steady = stage.plan(Class::Control).with("midi", 3.0);
    let flipping = Plan { flips_mode: true, ..steady.clone() };
    let formats: [fn(&Stage, &Plan, &Audio) -> Render; 2] = [Stage::clap_of, Stage::vst3_of];
    for format in formats {
        let (steady, flipped) = (format(stage, &steady, &input), format(stage, &flipping, &input));
        assert_same(&flipped.events, &steady.events, "with a mode that changes and without");
        assert!(flipped.outputs.iter().zip(&steady.outputs).all(|(a, b)| same_bits(a, b)));
    }
}
