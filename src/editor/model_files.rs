//! Another model from a file: which are in use, a path to type, and a list of what lies in a folder. No dialog of the
//! system: those need a thread, and on Linux a bus, that would outlive a plugin that the host unloads.

use std::path::{Path, PathBuf};

use anyhow::Context;
use egui::{RichText, TextEdit, Ui};

use super::control::Action;
use super::export;
use super::theme::Palette;
use super::view::View;
use super::widgets::{button, focus_ring, note};
use crate::nets::Task;

/// A model file's name ends so.
const EXTENSION: &str = "safetensors";
/// More than this many names are not listed.
const MOST: usize = 500;

/// What lies in a folder.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Files {
    /// The folder.
    pub folder: PathBuf,
    /// Folders and model files in it, by name.
    pub folders: Vec<String>,
    /// See `folders`.
    pub models: Vec<String>,
}

/// Lists a folder; for a file, the one it lies in. Hidden folders are left out.
///
/// # Errors
/// If it cannot be read.
pub fn list(folder: &Path) -> anyhow::Result<Files> {
    let folder = if folder.is_file() { folder.parent().unwrap_or(folder) } else { folder };
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let mut files = Files { folder: folder.to_owned(), ..Files::default() };
    for entry in entries.flatten().take(20 * MOST) {
        let Ok(name) = entry.file_name().into_string() else { continue };
        let path = entry.path();
        if path.extension().is_some_and(|extension| extension == EXTENSION) {
            files.models.push(name);
        } else if !name.starts_with('.') && path.is_dir() {
            files.folders.push(name);
        }
    }
    for names in [&mut files.folders, &mut files.models] {
        names.sort_by_key(|name| name.to_lowercase());
        names.truncate(MOST);
    }
    Ok(files)
}

/// What the widget keeps from picture to picture.
#[derive(Default)]
pub struct Chooser {
    open: bool,
    path: String,
}

impl Chooser {
    /// What is seen of it, for [`super::still`].
    pub fn shows(&self) -> (bool, &str) {
        (self.open, &self.path)
    }
}

/// Draws it.
pub fn model_files(ui: &mut Ui, view: &View, chooser: &mut Chooser, actions: &mut Vec<Action>) {
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
        let words = if chooser.open { "Close the list" } else { "Load another model" };
        if button(ui, words).on_hover_text("A file that `earmark train` has written").clicked() {
            chooser.open = !chooser.open;
            if chooser.open {
                actions.push(Action::ListModels(start(chooser, view)));
            }
        }
        if view.chosen_models.loading {
            note(ui, "Loading; the model before goes on meanwhile");
        }
    });
    if let Some(why) = &view.chosen_models.refusal {
        ui.label(RichText::new(why).color(Palette::of(ui.ctx()).warning));
    }
    if chooser.open {
        choose(ui, view, chooser, actions);
    }
}

/// Where the list begins.
fn start(chooser: &Chooser, view: &View) -> PathBuf {
    let in_use = &view.chosen_models.in_use;
    let typed = (!chooser.path.is_empty()).then(|| PathBuf::from(&chooser.path));
    let known = typed.or_else(|| in_use.voice.clone()).or_else(|| in_use.genre.clone());
    known.or_else(|| export::default_folder().parent().map(Path::to_owned)).unwrap_or_default()
}

fn choose(ui: &mut Ui, view: &View, chooser: &mut Chooser, actions: &mut Vec<Action>) {
    let label = ui.label("File or folder");
    let field = TextEdit::singleline(&mut chooser.path).hint_text("Path of a model file").desired_width(f32::INFINITY);
    let field = ui.add(field).labelled_by(label.id);
    let entered = field.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
    let typed = PathBuf::from(chooser.path.trim());
    ui.horizontal_wrapped(|ui| {
        if (button(ui, "Load this file").clicked() || entered) && !chooser.path.trim().is_empty() {
            actions.push(if typed.is_dir() { Action::ListModels(typed) } else { Action::LoadModel(typed) });
        }
        if let Some(parent) = view.model_files.as_ref().and_then(|files| files.folder.parent())
            && button(ui, "Folder above").clicked()
        {
            actions.push(Action::ListModels(parent.to_owned()));
        }
    });
    let Some(files) = &view.model_files else { return };
    note(ui, format!("In {}:", files.folder.display()));
    ui.horizontal_wrapped(|ui| {
        for name in &files.models {
            if entry(ui, name, true).on_hover_text("Loads it").clicked() {
                let file = files.folder.join(name);
                chooser.path = file.display().to_string();
                actions.push(Action::LoadModel(file));
            }
        }
        for name in &files.folders {
            if entry(ui, &format!("{name}/"), false).clicked() {
                actions.push(Action::ListModels(files.folder.join(name)));
            }
        }
    });
    if files.models.is_empty() {
        note(ui, format!("No file here ends in .{EXTENSION}."));
    }
}

fn entry(ui: &mut Ui, name: &str, strong: bool) -> egui::Response {
    let palette = Palette::of(ui.ctx());
    let text = RichText::new(name).size(12.0).color(if strong { palette.text } else { palette.faint });
    let response = ui.add(egui::Button::new(text).small());
    focus_ring(ui, &response, response.rect);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_lists_its_models_and_folders_and_nothing_else() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let files = list(folder).expect("there");
        assert!(files.models.is_empty() && files.folders.contains(&"models".to_owned()), "{files:?}");
        assert!(!files.folders.iter().any(|name| name.starts_with('.')), "{files:?}");
        let models = list(&folder.join("models/earmark-voice.safetensors")).expect("a file's folder");
        assert!(models.models.contains(&"earmark-voice.safetensors".to_owned()), "{models:?}");
        assert!(list(&folder.join("not there")).is_err());
    }
}
