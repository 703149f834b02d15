//! Between the window's actions and the host: parameters read and set through nice-plug.

use std::path::PathBuf;

use nice_plug::prelude::{Param, ParamSetter};

use super::control::{Control, Id};
use super::presets;
use crate::plugin::params::EarmarkParams;

macro_rules! with_param {
    ($params:expr, $id:expr, $param:ident => $body:expr) => {
        with_param!(@each $params, $id, $param, $body,
            Source: detect.source, Threshold: detect.threshold, Hysteresis: detect.hysteresis,
            GenreWindow: detect.genre_window, Eco: detect.eco, Attack: shape.attack, Hold: shape.hold, Release: shape.release,
            Ride: shape.ride, Automation: emit.automation, Align: emit.align, Midi: emit.midi,
            MidiChannel: emit.midi_channel, MidiNote: emit.midi_note, MidiCc: emit.midi_cc, Bypass: bypass)
    };
    (@each $params:expr, $id:expr, $param:ident, $body:expr, $($name:ident: $($field:ident).+),*) => {
        match $id {
            $(Id::$name => {
                let $param = &$params.$($field).+;
                $body
            })*
        }
    };
}

/// Values up to this many are shown as buttons.
const MOST_CHOICES: usize = 4;

/// Where all parameters stand.
#[must_use]
pub fn controls(params: &EarmarkParams) -> Vec<Control> {
    Id::ALL.into_iter().map(|id| with_param!(params, id, param => control(id, param))).collect()
}

/// Brings them up to date: words are made only of what has changed.
pub fn refresh(params: &EarmarkParams, shown: &mut Vec<Control>) {
    if shown.len() != Id::ALL.len() {
        *shown = controls(params);
    }
    for shown in shown {
        with_param!(params, shown.id, param => {
            if shown.value.to_bits() != param.unmodulated_normalized_value().to_bits() {
                *shown = control(shown.id, param);
            }
        });
    }
}

fn control(id: Id, param: &impl Param) -> Control {
    let steps = param.step_count();
    let choices = match steps {
        Some(last) if last < MOST_CHOICES => {
            (0..=last).map(|step| param.normalized_value_to_string(step as f32 / last.max(1) as f32, true)).collect()
        }
        _ => Vec::new(),
    };
    let value = param.unmodulated_normalized_value();
    Control {
        id,
        name: param.name().to_owned(),
        value,
        default: param.default_normalized_value(),
        text: param.normalized_value_to_string(value, true),
        choices,
        steps: steps.map(|steps| steps as u32),
    }
}

/// Begins a gesture.
pub fn begin(params: &EarmarkParams, setter: &ParamSetter<'_>, id: Id) {
    with_param!(params, id, param => setter.begin_set_parameter(param));
}

/// Sets a normalised value, snapped to what the parameter can be.
pub fn set(params: &EarmarkParams, setter: &ParamSetter<'_>, id: Id, value: f32) {
    with_param!(params, id, param => setter.set_parameter(param, param.preview_plain(value)));
}

/// Ends a gesture.
pub fn end(params: &EarmarkParams, setter: &ParamSetter<'_>, id: Id) {
    with_param!(params, id, param => setter.end_set_parameter(param));
}

/// A whole gesture, where it changes something.
pub fn change(params: &EarmarkParams, setter: &ParamSetter<'_>, id: Id, value: f32) {
    let now = with_param!(params, id, param => param.unmodulated_normalized_value());
    if (now - value).abs() > 1e-6 {
        begin(params, setter, id);
        set(params, setter, id, value);
        end(params, setter, id);
    }
}

/// The normalised default.
#[must_use]
pub fn default(params: &EarmarkParams, id: Id) -> f32 {
    with_param!(params, id, param => param.default_normalized_value())
}

/// The normalised value that a text means; units may be left out or stand close.
#[must_use]
pub fn parse(params: &EarmarkParams, id: Id, text: &str) -> Option<f32> {
    let bare = text.trim().trim_end_matches(|c: char| c.is_alphabetic() || c.is_whitespace()).replace(',', ".");
    with_param!(params, id, param => {
        param.string_to_normalized_value(text).or_else(|| param.string_to_normalized_value(&bare))
    })
}

/// What presets set, as it stands.
#[must_use]
pub fn snapshot(params: &EarmarkParams) -> Vec<(Id, f32)> {
    let value = |id| with_param!(params, id, param => param.unmodulated_normalized_value());
    presets::SETS.into_iter().map(|id| (id, value(id))).collect()
}

/// Where the user's own presets lie.
///
/// # Errors
/// If the system names no place for them.
pub fn preset_folder() -> anyhow::Result<PathBuf> {
    presets::folder().ok_or_else(|| anyhow::anyhow!("there is no home folder to keep presets in"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_parameter_of_the_window_is_the_hosts_of_that_id() {
        use nice_plug::prelude::Params;
        let params = EarmarkParams::default();
        let map = params.param_map();
        for id in Id::ALL {
            let ptr = with_param!(params, id, param => param.as_ptr());
            let host = map.iter().find(|(key, _, _)| key == id.key());
            assert!(host.is_some_and(|(_, host, _)| *host == ptr), "{}", id.key());
        }
    }

    #[test]
    fn typed_values_are_understood_with_and_without_units() {
        let params = EarmarkParams::default();
        for (id, text, shown) in [
            (Id::Attack, "120", "120 ms"),
            (Id::Attack, "120ms", "120 ms"),
            (Id::Ride, "-6,5 dB", "-6.5 dB"),
            (Id::GenreWindow, "12 s", "12.0 s"),
            (Id::Threshold, "0.62", "0.620"),
            (Id::MidiNote, "C3", "C3"),
            (Id::MidiChannel, "10", "10"),
        ] {
            let value = parse(&params, id, text).unwrap_or_else(|| panic!("{text}"));
            let words = with_param!(params, id, param => param.normalized_value_to_string(value, true));
            assert_eq!(words, shown, "{text}");
        }
        assert_eq!(parse(&params, Id::Attack, "soon"), None);
    }

    #[test]
    fn every_value_of_the_factorys_presets_is_understood() {
        let params = EarmarkParams::default();
        for preset in presets::FACTORY {
            for (id, text) in preset.values {
                assert!(presets::SETS.contains(id) && parse(&params, *id, text).is_some(), "{}: {text}", preset.name);
            }
        }
    }
}
