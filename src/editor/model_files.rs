//! Model files: which are in use in place of the build's own, and what lies in a folder to choose from.

use std::path::{Path, PathBuf};

use egui::{RichText, Ui};

use super::control::Action;
use super::model_dialog::ModelDialog;
use super::theme::Palette;
use super::view::View;
use super::widgets::{button, note};
use crate::nets::Task;

/// A model file's name ends so.
pub const EXTENSION: &str = "safetensors";
/// More than this many names are not listed.
const MOST: usize = 500;

/// What lies in a folder.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Files {
    /// The folder.
    pub folder: PathBuf,
    /// Folders in it, by name.
    pub folders: Vec<String>,
    /// Model files in it, by name, and their sizes in bytes.
    pub models: Vec<(String, u64)>,
    /// Why nothing is listed.
    pub problem: Option<String>,
}

/// Lists a folder; for a file, the one it lies in. Hidden folders are left out.
#[must_use]
pub fn list(folder: &Path) -> Files {
    let folder = if folder.is_file() { folder.parent().unwrap_or(folder) } else { folder };
    let mut files = Files { folder: folder.to_owned(), ..Files::default() };
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(why) => {
            files.problem = Some(format!("This folder cannot be read: {why}."));
            return files;
        }
    };
    for entry in entries.flatten().take(20 * MOST) {
        let Ok(name) = entry.file_name().into_string() else { continue };
        let path = entry.path();
        if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(EXTENSION)) {
            // Follows links, as loading will.
            let bytes = std::fs::metadata(&path).map_or(0, |file| file.len());
            files.models.push((name, bytes));
        } else if !name.starts_with('.') && path.is_dir() {
            files.folders.push(name);
        }
    }
    files.folders.sort_by_key(|name| name.to_lowercase());
    files.models.sort_by_key(|(name, _)| name.to_lowercase());
    files.folders.truncate(MOST);
    files.models.truncate(MOST);
    files
}

/// Draws which files are in use, and the way to another.
pub fn model_files(ui: &mut Ui, view: &View, dialog: &mut ModelDialog, actions: &mut Vec<Action>) {
    let in_use = &view.chosen_models.in_use;
    for (task, what, file) in [(Task::Vocal, "Voice", &in_use.voice), (Task::Tags, "Genre", &in_use.genre)] {
        let Some(file) = file else { continue };
        ui.horizontal_wrapped(|ui| {
            let name = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy();
            ui.label(format!("{what}: {name}")).on_hover_text(file.display().to_string());
            if button(ui, &format!("{what}: built-in model"))
                .on_hover_text("Hears with the build's own again")
                .clicked()
            {
                actions.push(Action::BuiltInModel(task));
            }
        });
    }
    ui.horizontal_wrapped(|ui| {
        if button(ui, "Load another model").on_hover_text("A file that `earmark train` has written").clicked() {
            dialog.open();
        }
        if view.chosen_models.loading {
            note(ui, "Loading; the model before goes on meanwhile");
        }
    });
    if let Some(why) = &view.chosen_models.refusal {
        ui.label(RichText::new(why).color(Palette::of(ui.ctx()).warning));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_lists_its_models_and_folders_and_nothing_else() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let files = list(folder);
        assert!(files.models.is_empty() && files.folders.contains(&"models".to_owned()), "{files:?}");
        assert!(!files.folders.iter().any(|name| name.starts_with('.')), "{files:?}");
        let models = list(&folder.join("models/earmark-voice.safetensors"));
        assert_eq!(models.folder, folder.join("models"), "a file's folder");
        let voice = models.models.iter().find(|(name, _)| name == "earmark-voice.safetensors");
        assert!(voice.is_some_and(|(_, bytes)| *bytes > 0), "{models:?}");
        assert!(models.models.is_sorted_by_key(|(name, _)| name.to_lowercase()), "{models:?}");
        let nowhere = list(&folder.join("not there"));
        assert!(nowhere.problem.is_some() && nowhere.folder.ends_with("not there"), "{nowhere:?}");
    }
}
