//! A saved state comes back; a broken one does no harm.

use crate::stage::{self, Stage};
use earmark_hosts::{Class, Plan, Render, ids};

/// Values anywhere in the range, the same ones for the same seed.
fn scattered(stage: &Stage, parameters: &Render, seed: u64) -> Plan {
    let mut state = seed;
    let mut plan = stage.plan(Class::Earmark);
    for id in ids::INPUTS {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let share = (state >> 33) as f64 / (1_u64 << 31) as f64;
        let parameter = parameters.parameter(id).expect("an input");
        let value = if parameter.steps == 0 { share } else { (share * f64::from(parameter.steps)).round() };
        plan = plan.with(id, value);
    }
    plan
}

fn nothing() -> Vec<Vec<f32>> {
    vec![Vec::new(); 2]
}

#[test]
fn a_saved_state_comes_back() {
    let Some(stage) = stage::ready() else { return };
    let declared = stage.clap_of(&stage.plan(Class::Earmark), &nothing());
    let formats: [fn(&Stage, &Plan) -> Render; 2] =
        [|stage, plan| stage.clap_of(plan, &nothing()), |stage, plan| stage.vst3_of(plan, &nothing())];
    for seed in 0..8 {
        for render in formats {
            let saved = render(stage, &scattered(stage, &declared, seed));
            let loaded = render(stage, &Plan { state: Some(saved.state), ..stage.plan(Class::Earmark) });
            assert!(loaded.state_taken);
            for id in ids::INPUTS {
                let (was, is) = (saved.values[id], loaded.values[id]);
                assert!((was - is).abs() < 1e-5, "seed {seed}: {id} was {was} and is {is}");
            }
        }
    }
}

#[test]
fn random_settings_never_break_a_render() {
    let Some(stage) = stage::ready() else { return };
    let audio = stage.start(3.0);
    for seed in 100..106 {
        let plan = Plan { class: Class::Control, ..scattered(stage, stage.shown(), seed) };
        for render in [stage.clap_of(&plan, &audio), stage.vst3_of(&plan, &audio)] {
            assert_eq!(render.faults, <[&str; 0]>::default(), "seed {seed}");
            assert!(render.outputs.iter().flatten().flatten().all(|sample| sample.is_finite()), "seed {seed}");
        }
    }
}

/// States that no plugin of ours has saved.
fn broken(good: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut flipped = good.to_vec();
    for byte in flipped.iter_mut().step_by(7) {
        *byte ^= 0x55;
    }
    let mut lengthy = good.to_vec();
    lengthy[..8.min(good.len())].fill(0xff);
    let version = String::from_utf8_lossy(good).replace("\"version\":\"", "\"version\":\"99.").into_bytes();
    let other = good.iter().map(|byte| if *byte == b':' { b';' } else { *byte }).collect();
    vec![
        ("empty", Vec::new()),
        ("one byte", vec![0]),
        ("noise", (0..4096_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect()),
        ("cut short", good[..good.len() / 2].to_vec()),
        ("flipped bits", flipped),
        ("an impossible length", lengthy),
        ("a version to come", version),
        ("no JSON", other),
    ]
}

#[test]
fn a_broken_state_does_no_harm() {
    let Some(stage) = stage::ready() else { return };
    let audio = stage.start(2.0);
    let good = stage.clap_of(&stage.plan(Class::Earmark), &nothing());
    let untouched = stage.clap_of(&stage.plan(Class::Earmark), &audio);
    for (what, state) in broken(&good.state) {
        let plan = Plan { state: Some(state), ..stage.plan(Class::Earmark) };
        for render in [stage.clap_of(&plan, &audio), stage.vst3_of(&plan, &audio)] {
            assert!(render.values.values().all(|value| value.is_finite()), "{what}");
            assert!(stage::same_bits(&render.outputs[0], &audio), "{what}");
            for id in ids::INPUTS {
                assert_eq!(render.values[id], untouched.values[id], "{what}: {id} is not at its default");
            }
        }
    }
}
