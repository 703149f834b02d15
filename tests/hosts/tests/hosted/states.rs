//! What any release has saved, this one loads.
//!
//! `released/` holds, for each version, what it saved as CLAP and as VST3, and the values that it saved.

use crate::stage::{self, Stage};
use earmark_hosts::{Audio, Class, Plan, Render, ids};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

type Values = BTreeMap<String, f64>;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hosted/released")
}

fn nothing() -> Audio {
    vec![Vec::new(); 2]
}

/// A way to hear audio in one of the formats.
type Hearing = fn(&Stage, &Plan, &Audio) -> Render;

/// Both formats, with the endings of their files.
const FORMATS: [(&str, Hearing); 2] = [("clap", Stage::clap_of), ("vst3", Stage::vst3_of)];

#[test]
fn states_of_every_release_load_with_their_values() {
    let Some(stage) = stage::ready() else { return };
    let files = folder().read_dir().expect("released/ is there").flatten().map(|entry| entry.path());
    let versions: Vec<_> = files.filter(|path| path.extension().is_some_and(|ending| ending == "json")).collect();
    assert!(!versions.is_empty());
    for version in versions {
        let text = std::fs::read_to_string(&version).expect("values can be read");
        let values: Values = serde_json::from_str(&text).expect("values are JSON");
        for (ending, format) in FORMATS {
            let state = std::fs::read(version.with_extension(ending)).expect("each format has a state");
            let loaded = format(stage, &Plan { state: Some(state), ..stage.plan(Class::Earmark) }, &nothing());
            assert!(loaded.state_taken, "{} as {ending} is refused", version.display());
            for (id, value) in &values {
                let is = loaded.values[id];
                assert!((is - value).abs() < 1e-5, "{} as {ending}: {id} is {is}, not {value}", version.display());
            }
        }
    }
}

/// For a release: `cargo test --release -p earmark-hosts --test hosted keep_the_state -- --ignored`.
#[test]
#[ignore = "writes released/ for the version that is being released"]
fn keep_the_state_of_this_version() {
    let Some(stage) = stage::ready() else { return };
    let version = folder().join(format!("{}.json", env!("CARGO_PKG_VERSION")));
    let declared = stage.clap_of(&stage.plan(Class::Earmark), &nothing());
    // None at its default.
    let value = |id: &str| {
        let parameter = declared.parameter(id).expect("an input");
        let (default, most) = (parameter.default, parameter.greatest());
        let away = if parameter.steps > 0 { 1.0 } else { 0.25 };
        if default + away <= most { default + away } else { default - away }
    };
    let values: Values = ids::INPUTS.into_iter().map(|id| (id.to_owned(), value(id))).collect();
    let plan = values.iter().fold(stage.plan(Class::Earmark), |plan, (id, value)| plan.with(id, *value));
    for (ending, format) in FORMATS {
        std::fs::write(version.with_extension(ending), format(stage, &plan, &nothing()).state).expect("writes");
    }
    std::fs::write(&version, serde_json::to_string_pretty(&values).expect("JSON") + "\n").expect("writes");
}
