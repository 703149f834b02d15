//! Presets: a few that come with the plugin, and the user's own as files that can be read, shared and edited. They set
//! how a voice is detected and how the decision moves; source, automation, MIDI and bypass belong to the session.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use super::control::{Control, Id};
use crate::record::outputs;

/// What a preset sets.
pub const SETS: [Id; 7] = [Id::Threshold, Id::Hysteresis, Id::GenreWindow, Id::Attack, Id::Hold, Id::Release, Id::Ride];

/// One that comes with the plugin. Values in words, as hosts show them.
#[derive(Debug)]
pub struct Factory {
    /// Its name.
    pub name: &'static str,
    /// What it is for.
    pub help: &'static str,
    /// What it sets; what is not named goes to its default.
    pub values: &'static [(Id, &'static str)],
}

/// In the order of the menu.
pub const FACTORY: &[Factory] = &[
    Factory { name: "Lead vocal", help: "The defaults: a singer in front of a mix", values: &[] },
    Factory {
        name: "Backing",
        help: "Choirs and doubles: opens early, holds over short gaps",
        values: &[
            (Id::Threshold, "0.35"),
            (Id::Hysteresis, "0.15"),
            (Id::Attack, "90 ms"),
            (Id::Hold, "500 ms"),
            (Id::Release, "400 ms"),
        ],
    },
    Factory {
        name: "Rap",
        help: "Fast words: quick on and off, short holds",
        values: &[(Id::Threshold, "0.45"), (Id::Attack, "30 ms"), (Id::Hold, "150 ms"), (Id::Release, "120 ms")],
    },
    Factory {
        name: "Podcast over music",
        help: "Long phrases with pauses for breath; the gate waits before it closes",
        values: &[(Id::Threshold, "0.40"), (Id::Hysteresis, "0.20"), (Id::Hold, "900 ms"), (Id::Release, "600 ms")],
    },
    Factory {
        name: "Techno-proof",
        help: "Chopped and pitched samples stay out: a high threshold and a long confirmation",
        values: &[(Id::Threshold, "0.75"), (Id::Hysteresis, "0.25"), (Id::Attack, "240 ms"), (Id::GenreWindow, "16 s")],
    },
    Factory {
        name: "Classical",
        help: "Slow voices over an orchestra: soft movements, a long look at the genre",
        values: &[
            (Id::Threshold, "0.45"),
            (Id::Hysteresis, "0.20"),
            (Id::Attack, "150 ms"),
            (Id::Hold, "700 ms"),
            (Id::Release, "900 ms"),
            (Id::GenreWindow, "20 s"),
        ],
    },
];

/// A preset file.
#[derive(Serialize, Deserialize)]
struct Own {
    /// Version of the file's format.
    format: u32,
    /// Value of each parameter in words, by the parameter's id.
    values: BTreeMap<String, String>,
}

const FORMAT: u32 = 1;
const EXTENSION: &str = "earmark-preset.json";

/// Where the user's own presets lie; `None` where the system names no place for such files.
#[must_use]
pub fn folder() -> Option<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let base = if cfg!(target_os = "windows") {
        variable("APPDATA")
    } else if cfg!(target_os = "macos") {
        std::env::home_dir().map(|home| home.join("Library").join("Application Support"))
    } else {
        variable("XDG_CONFIG_HOME").or_else(|| std::env::home_dir().map(|home| home.join(".config")))
    };
    Some(base?.join("Earmark").join("presets"))
}

/// Whether a preset can be called so: something that every file system takes, and no name of the factory's.
#[must_use]
pub fn is_name(name: &str) -> bool {
    let taken = FACTORY.iter().any(|preset| preset.name.eq_ignore_ascii_case(name));
    let fit = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '(' | ')' | '+');
    !taken && name.trim() == name && (1..=40).contains(&name.chars().count()) && name.chars().all(fit)
}

/// Names of the presets in a folder, in order.
#[must_use]
pub fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let name = |entry: fs::DirEntry| {
        let file = entry.file_name().into_string().ok()?;
        file.strip_suffix(EXTENSION)?.strip_suffix('.').map(str::to_owned)
    };
    let mut names: Vec<String> = entries.flatten().filter_map(name).filter(|name| is_name(name)).collect();
    names.sort_by_key(|name| name.to_lowercase());
    names
}

/// The values of a factory preset or of one in `folder`, in words.
///
/// # Errors
/// One line naming the file: not there, not readable, of a later version.
pub fn load(folder: &Path, name: &str) -> Result<Vec<(Id, String)>> {
    if let Some(preset) = FACTORY.iter().find(|preset| preset.name == name) {
        return Ok(preset.values.iter().map(|(id, text)| (*id, (*text).to_owned())).collect());
    }
    ensure!(is_name(name), "\"{name}\" is no name for a preset");
    let path = file(folder, name);
    let text = fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
    let own: Own = serde_json::from_str(&text).with_context(|| format!("{} is no preset", path.display()))?;
    ensure!(own.format <= FORMAT, "{} was written by a later version; update the plugin", path.display());
    Ok(own.values.into_iter().filter_map(|(key, text)| Some((Id::of_key(&key)?, text))).collect())
}

/// Writes what is set as a preset.
///
/// # Errors
/// One line: a name that cannot be, a folder that cannot be written.
pub fn save(folder: &Path, name: &str, controls: &[Control]) -> Result<()> {
    ensure!(is_name(name), "\"{name}\" is no name for a preset: use letters, digits and spaces");
    let values = controls.iter().filter(|control| SETS.contains(&control.id));
    let values = values.map(|control| (control.id.key().to_owned(), control.text.clone())).collect();
    outputs::make_directory(folder)?;
    outputs::replace(&file(folder, name), serde_json::to_string_pretty(&Own { format: FORMAT, values })?.as_bytes())
}

/// Deletes a preset of the user's own.
///
/// # Errors
/// If there is none of that name or it cannot be deleted.
pub fn delete(folder: &Path, name: &str) -> Result<()> {
    ensure!(is_name(name), "\"{name}\" is no preset of your own");
    let path = file(folder, name);
    fs::remove_file(&path).with_context(|| format!("{} cannot be deleted", path.display()))
}

fn file(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.{EXTENSION}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preset_comes_back_as_it_was_saved_and_can_be_deleted() {
        let folder = std::env::temp_dir().join(format!("earmark-presets-{}", std::process::id()));
        let control = |id, text: &str| Control {
            id,
            name: String::new(),
            value: 0.0,
            default: 0.0,
            text: text.to_owned(),
            choices: Vec::new(),
            steps: None,
        };
        let set = [control(Id::Threshold, "0.62"), control(Id::Hold, "300 ms"), control(Id::Bypass, "On")];
        save(&folder, "My singer (live)", &set).expect("saves");
        assert_eq!(names(&folder), ["My singer (live)"]);
        let loaded = load(&folder, "My singer (live)").expect("loads");
        assert_eq!(loaded, [(Id::Hold, "300 ms".to_owned()), (Id::Threshold, "0.62".to_owned())], "no bypass");
        delete(&folder, "My singer (live)").expect("deletes");
        assert!(names(&folder).is_empty());
        fs::remove_dir_all(folder).expect("was made here");
    }

    #[test]
    fn no_name_leads_out_of_the_folder() {
        for name in ["", " x", "../x", "a/b", "a\\b", ".hidden", "Rap", "rap", &"x".repeat(41)] {
            assert!(!is_name(name), "{name:?}");
        }
        assert!(is_name("Chor 2 (Grüne Lieder)"));
    }

    #[test]
    fn a_broken_or_later_file_is_named() {
        let folder = std::env::temp_dir().join(format!("earmark-broken-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("makes");
        fs::write(folder.join(format!("Broken.{EXTENSION}")), "{").expect("writes");
        fs::write(folder.join(format!("Later.{EXTENSION}")), r#"{"format":9,"values":{}}"#).expect("writes");
        for (name, words) in [("Broken", "is no preset"), ("Later", "later version"), ("Absent", "cannot be read")] {
            let error = load(&folder, name).expect_err("refused").to_string();
            assert!(error.contains(words) && error.contains(name), "{error}");
        }
        fs::remove_dir_all(folder).expect("was made here");
    }
}
