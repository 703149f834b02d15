//! The host changes its mind about how it renders: another rate, offline and real time.

use crate::stage::{self, Stage, assert_alike, assert_same, same_bits};
use earmark::plugin::real_time_lag;
use earmark_hosts::{Audio, Class, Event, Plan, Render, clap, vst3};

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

#[test]
fn a_host_that_freewheels_without_activating_anew_is_told_everything_as_late_as_in_real_time() {
    let Some(stage) = stage::ready() else { return };
    let input = stage.start(5.0);
    let bounce = stage.plan(Class::Control).with("midi", 3.0);
    let freewheeling = Plan { freewheels: true, ..bounce.clone() };
    let lag = real_time_lag(bounce.blocks.longest() as u32, stage.rate_hz);
    let formats: [fn(&Stage, &Plan, &Audio) -> Render; 2] = [Stage::clap_of, Stage::vst3_of];
    for format in formats {
        let (bounced, freewheeled) = (format(stage, &bounce, &input), format(stage, &freewheeling, &input));
        // Where things stand at the start is said at once.
        let later = |event: &Event| event.time_samples + if event.time_samples > 0 { lag } else { 0 };
        let late = bounced.events.iter().map(|event| Event { time_samples: later(event), ..event.clone() });
        let wanted: Vec<_> = late.filter(|event| event.time_samples < bounced.frames).collect();
        let said: Vec<_> = stage::played(&freewheeled).into_iter().cloned().collect();
        assert!(wanted.len() > 100, "little is said");
        assert_same(&said, &wanted, "while freewheeling and in a bounce");
        for (bounced, freewheeled) in bounced.outputs[1].iter().zip(&freewheeled.outputs[1]) {
            assert_same(&freewheeled[lag as usize..], &bounced[..bounced.len() - lag as usize], "the key bus");
        }
    }
}
