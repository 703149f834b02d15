//! The plugin and `earmark analyze` hear the same.

use crate::stage::{self, Stage};
use earmark::engine::Engine;
use earmark::say::envelope::EnvelopeSettings;
use earmark::say::thinning::SMALLEST_CHANGE;
use earmark::study::analysis::Analysis;
use earmark::study::analyze::analyze;
use earmark::study::hear::NoWatch;
use earmark_hosts::report;
use std::sync::OnceLock;

fn analysis(stage: &Stage) -> &'static Analysis {
    static ANALYSIS: OnceLock<Analysis> = OnceLock::new();
    ANALYSIS.get_or_init(|| {
        let engine = Engine::shared().expect("the engine starts");
        analyze(&engine, &stage.demo, &EnvelopeSettings::default(), &NoWatch).expect("the demo can be analysed")
    })
}

#[test]
fn the_plugin_says_the_probabilities_that_analyze_prints() {
    let Some(stage) = stage::ready() else { return };
    let vocal = &analysis(stage).vocal;
    let said: Vec<_> =
        stage.shown().curve("vocal").into_iter().filter(|(time_s, _)| *time_s < stage.shown().duration_s()).collect();
    assert!(said.len() > 10);
    let mut frame = 0;
    let mut held = None;
    for (time_s, value) in said {
        let known_s = |frame: usize| vocal.first_frame_s + frame as f64 * vocal.period_s + vocal.delay_s;
        // Frames between two values differ too little from the first one to be said.
        while known_s(frame) < time_s - 0.5 * vocal.period_s {
            let probability = f64::from(vocal.probability[frame]);
            let close = held.is_none_or(|held: f64| (held - probability).abs() < f64::from(SMALLEST_CHANGE) + 1e-6);
            assert!(close, "frame {frame} ({probability}) was not said after {held:?}");
            frame += 1;
        }
        let off_s = (known_s(frame) - time_s).abs();
        assert!(off_s <= vocal.period_s, "{value} at {time_s} s is {off_s} s from frame {frame}");
        let probability = f64::from(vocal.probability[frame]);
        assert!((probability - value).abs() < 1e-6, "{value} at {time_s} s, where analyze has {probability}");
        held = Some(value);
        frame += 1;
    }
}

#[test]
fn the_gate_opens_on_the_phrases_that_analyze_prints() {
    let Some(stage) = stage::ready() else { return };
    let vocal = &analysis(stage).vocal;
    let phrases = report::phrases(stage.shown());
    assert_eq!(phrases.len(), vocal.segments.len(), "{phrases:?} for {:?}", vocal.segments);
    for (said, printed) in phrases.iter().zip(&vocal.segments) {
        let (late_s, end_s) = (said.start_s - printed.start_s, said.end_s - printed.end_s);
        assert!((late_s - vocal.delay_s).abs() <= 2.0 * vocal.period_s, "{said:?} for {printed:?}");
        let at_the_end = said.end_s >= stage.shown().duration_s() - 1e-3;
        assert!(at_the_end || (end_s - vocal.delay_s).abs() <= 2.0 * vocal.period_s, "{said:?} for {printed:?}");
    }
}
