//! How things stand: device, load, delay, drops; the models with their cards, and others in their place.

use egui::{CollapsingHeader, Grid, RichText, Ui, vec2};

use super::control::Action;
use super::model_dialog::ModelDialog;
use super::model_files::model_files;
use super::still;
use super::theme::Palette;
use super::view::{ModelCard, View};
use super::widgets::{group, note, title};
use crate::plugin::models::Shown;

/// Draws the page.
pub fn engine_page(ui: &mut Ui, view: &View, dialog: &mut ModelDialog, actions: &mut Vec<Action>) {
    group(ui, |ui| {
        ui.set_min_width(ui.available_width());
        title(ui, "Engine");
        let per_row = ((ui.available_width() / 220.0) as usize).clamp(1, 3);
        Grid::new("engine").spacing(vec2(14.0, 3.0)).show(ui, |ui| {
            for (index, (name, value)) in facts(view).iter().enumerate() {
                ui.label(RichText::new(*name).color(Palette::of(ui.ctx()).faint));
                ui.label(value);
                if (index + 1) % per_row == 0 {
                    ui.end_row();
                }
            }
        });
    });
    group(ui, |ui| {
        ui.set_min_width(ui.available_width());
        title(ui, "Models");
        model_files(ui, view, dialog, actions);
        if view.models.is_empty() {
            note(ui, "Models load when the host switches the plugin on.");
        }
        for model in &view.models {
            card(ui, model);
        }
    });
}

/// What the page shows; see [`super::still`].
#[must_use]
pub fn shows(view: &View) -> u64 {
    let names: Vec<_> = view.models.iter().map(|model| &*model.name).collect();
    let Shown { in_use, loading, refusal } = &view.chosen_models;
    let chosen = (&in_use.voice, &in_use.genre, loading, refusal);
    still::shows((facts(view), names, chosen))
}

/// The engine's figures in words.
#[must_use]
pub fn facts(view: &View) -> Vec<(&'static str, String)> {
    let (status, standing) = (&view.status, &view.standing);
    let device = if status.device.is_empty() { "models load" } else { status.device.as_str() };
    vec![
        ("Device", device.to_owned()),
        ("Load", format!("{:.0} % of a core", status.load * 100.0)),
        ("Instances", status.instances.to_string()),
        ("Delay of readings", format!("{:.0} ms", standing.delay_s * 1_000.0)),
        ("Frames dropped", standing.dropped.to_string()),
        ("Sample rate", format!("{:.1} kHz", standing.sample_rate_hz / 1_000.0)),
        ("Restarts", status.restarts.to_string()),
    ]
}

/// The same in one line, for the foot of the window.
#[must_use]
pub fn foot(view: &View, room: f32) -> String {
    let (status, standing) = (&view.status, &view.standing);
    let device = if status.device.is_empty() { "models load" } else { status.device.as_str() };
    let mut words = format!("{device}   load {:.0} %", status.load * 100.0);
    if room > 420.0 {
        words += &format!(
            "   delay {:.0} ms   {:.1} kHz   {} dropped",
            standing.delay_s * 1_000.0,
            standing.sample_rate_hz / 1_000.0,
            standing.dropped
        );
    }
    if room > 620.0 {
        let count = status.instances;
        words += &format!("   {count} instance{}", if count == 1 { "" } else { "s" });
    }
    words
}

fn card(ui: &mut Ui, model: &ModelCard) {
    let heading = format!("{} ({})", model.name, model.role);
    CollapsingHeader::new(heading).id_salt(&model.name).show(ui, |ui| {
        note(ui, &*model.description);
        for (name, value) in &model.facts {
            ui.horizontal_wrapped(|ui| {
                ui.label(RichText::new(format!("{name}:")).size(12.0).strong());
                note(ui, &**value);
            });
        }
        for (what, value) in &model.scores {
            note(ui, format!("{what}: {value:.4}"));
        }
    });
}
