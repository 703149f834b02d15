//! The pass so far as files, and as text on the clipboard.

use egui::{RichText, TextEdit, Ui};

use super::control::Action;
use super::export::{Kind, summary};
use super::settings::Settings;
use super::still;
use super::theme::Palette;
use super::view::View;
use super::widgets::{button, group, note, title};

/// What the page shows; see [`super::still`].
#[must_use]
pub fn shows(view: &View, settings: &Settings) -> u64 {
    still::shows((&settings.folder, &view.folder, &view.outcome))
}

/// Draws the page.
pub fn export_page(ui: &mut Ui, view: &View, settings: &mut Settings, actions: &mut Vec<Action>) {
    group(ui, |ui| {
        ui.set_min_width(ui.available_width());
        title(ui, "Take the pass away");
        note(
            ui,
            "Phrases for Audacity, a table of every frame, a MIDI file, a picture: of this pass, as far as it is remembered.",
        );
        ui.horizontal_wrapped(|ui| {
            for kind in Kind::ALL {
                if button(ui, kind.name()).on_hover_text(kind.help()).clicked() {
                    actions.push(Action::Export(kind));
                }
            }
            if button(ui, "Copy values").on_hover_text("What is heard now, as text").clicked() {
                ui.ctx().copy_text(summary(view));
            }
        });
        let name = ui.label("Folder");
        let field = TextEdit::singleline(&mut settings.folder).hint_text("Another folder").desired_width(f32::INFINITY);
        ui.add(field).labelled_by(name.id);
        note(ui, format!("Files go to {}. The folder is made if it is not there.", view.folder));
        match &view.outcome {
            Some(Ok(words)) => {
                ui.label(words);
            }
            Some(Err(words)) => {
                ui.label(RichText::new(words).color(Palette::of(ui.ctx()).warning));
            }
            None => {}
        }
    });
}
