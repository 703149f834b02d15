//! What a mixer does with Earmark works on a real song, by the audio that comes of it.

use crate::stage::{self, Stage};
use earmark_hosts::report::Span;
use earmark_hosts::uses::{self, DUCK_DB, Hears, Loudness, Outcome, Stems, Stretches};
use std::path::Path;

fn demo(stage: &Stage) -> (Stems, Stretches) {
    let stems = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../demo/lithium-stems.ogg");
    (Stems::read(&stems, 16_000.0).expect("the demo has stems"), Stretches::of(&stage.truth()))
}

/// How much louder than before, in these stretches.
fn gain_db(outcome: &Outcome, stretches: &[Span]) -> f64 {
    let level_db = |audio| {
        let mut loudness = Loudness::default();
        loudness.add(audio, stretches, 16_000.0);
        loudness.db()
    };
    level_db(&outcome.after) - level_db(&outcome.before)
}

#[test]
fn the_accompaniment_gives_way_to_the_voice_and_comes_back() {
    let Some(stage) = stage::ready() else { return };
    let (stems, stretches) = demo(stage);
    assert!(uses::length_s(&stretches.sung) > 10.0 && uses::length_s(&stretches.unsung) > 5.0);
    for use_of in [uses::duck, uses::key_compressor] {
        let outcome = use_of(stage.clap_bundle(), &stems, Hears::Song).expect("the plugin is hosted");
        let (sung, unsung) = (gain_db(&outcome, &stretches.sung), gain_db(&outcome, &stretches.unsung));
        // Not every moment of the voice is found.
        assert!((DUCK_DB - 0.2..DUCK_DB + 1.5).contains(&sung), "{sung} dB where somebody sings");
        assert!(unsung.abs() < 0.7, "{unsung} dB where nobody does");
    }
}

#[test]
fn the_controller_opens_a_reverb_where_nobody_sings() {
    let Some(stage) = stage::ready() else { return };
    let (stems, stretches) = demo(stage);
    let outcome = uses::open_reverb(stage.clap_bundle(), &stems).expect("the plugin is hosted");
    let opens_db = gain_db(&outcome, &stretches.unsung) - gain_db(&outcome, &stretches.sung);
    assert!(opens_db > 6.0, "the reverb is only {opens_db} dB louder where nobody sings");
}
