//! The head of the window: preset, the two sets, reset, looks.

use egui::{ComboBox, RichText, TextEdit, Ui};

use super::control::Action;
use super::presets;
use super::settings::{Look, Settings};
use super::view::{Set, View};
use super::widgets::{button, choice, focus_ring, note};

/// Draws the bar; `draft` is the name of a preset about to be saved.
pub fn top_bar(ui: &mut Ui, view: &View, settings: &mut Settings, draft: &mut String, actions: &mut Vec<Action>) {
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new("Earmark").size(16.0).strong());
        preset(ui, view, settings, draft, actions);
        sets(ui, view, actions);
        if button(ui, "Reset").on_hover_text("All parameters to their defaults").clicked() {
            actions.push(Action::Reset);
        }
        look(ui, settings);
    });
}

fn preset(ui: &mut Ui, view: &View, settings: &Settings, draft: &mut String, actions: &mut Vec<Action>) {
    let shown = if settings.preset.is_empty() { "Preset" } else { settings.preset.as_str() };
    let menu = ui.menu_button(shown, |ui| {
        ui.set_min_width(180.0);
        for preset in presets::FACTORY {
            if ui.button(preset.name).on_hover_text(preset.help).clicked() {
                actions.push(Action::Load(preset.name.to_owned()));
                ui.close();
            }
        }
        ui.separator();
        for name in &view.own_presets {
            ui.horizontal(|ui| {
                if ui.button(name).clicked() {
                    actions.push(Action::Load(name.clone()));
                    ui.close();
                }
                if ui.small_button("Delete").on_hover_text("Deletes its file").clicked() {
                    actions.push(Action::Delete(name.clone()));
                }
            });
        }
        let label = note_label(ui);
        ui.horizontal(|ui| {
            ui.add(TextEdit::singleline(draft).desired_width(110.0).hint_text("Name")).labelled_by(label);
            if ui.add_enabled(presets::is_name(draft), egui::Button::new("Save")).clicked() {
                actions.push(Action::Save(std::mem::take(draft)));
                ui.close();
            }
        });
    });
    let response = menu.response.on_hover_text("Presets: threshold, times and ride; routing stays");
    focus_ring(ui, &response, response.rect);
}

fn note_label(ui: &mut Ui) -> egui::Id {
    note(ui, "Save what is set as");
    ui.label("").id
}

fn sets(ui: &mut Ui, view: &View, actions: &mut Vec<Action>) {
    ui.spacing_mut().item_spacing.x = 2.0;
    for (set, words) in [(Set::A, "A"), (Set::B, "B")] {
        let chosen = view.set == set;
        if choice(ui, chosen, words).on_hover_text("Compare two settings").clicked() && !chosen {
            actions.push(Action::SwapSets);
        }
    }
    let words = if view.set == Set::A { "A to B" } else { "B to A" };
    if button(ui, words).on_hover_text("Copies this set over the other").clicked() {
        actions.push(Action::CopySet);
    }
    ui.spacing_mut().item_spacing.x = 6.0;
}

fn look(ui: &mut Ui, settings: &mut Settings) {
    let name = |look| match look {
        Look::System => "Auto",
        Look::Light => "Light",
        Look::Dark => "Dark",
    };
    let combo = ComboBox::from_id_salt("look").width(58.0).selected_text(name(settings.look));
    let response = combo.show_ui(ui, |ui| {
        for look in [Look::System, Look::Light, Look::Dark] {
            ui.selectable_value(&mut settings.look, look, name(look));
        }
    });
    let response =
        response.response.on_hover_text("Light or dark; Auto follows the system where it says").accessible_name("Look");
    focus_ring(ui, &response, response.rect);
}
