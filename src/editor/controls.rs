//! Every parameter, grouped as it acts: what is detected, how the decision moves, what leaves.

use egui::{RichText, Ui, vec2};

use super::control::{Action, Control, Id};
use super::knob::knob;
use super::theme::Palette;
use super::view::View;
use super::widgets::{choice, focus_ring, group, note, title};

const DETECT: [Id; 4] = [Id::Source, Id::Threshold, Id::Hysteresis, Id::GenreWindow];
const SHAPE: [Id; 4] = [Id::Attack, Id::Hold, Id::Release, Id::Ride];
const MIDI: [Id; 4] = [Id::Midi, Id::MidiChannel, Id::MidiNote, Id::MidiCc];

/// Draws the page.
pub fn controls(ui: &mut Ui, view: &View, actions: &mut Vec<Action>) {
    // Groups side by side where they fit, else one below the other.
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(8.0, 8.0);
        let width = column_width(ui.available_width());
        for part in [detect, shape, emit] {
            ui.allocate_ui_with_layout(vec2(width, 0.0), egui::Layout::top_down(egui::Align::Min), |ui| {
                group(ui, |ui| {
                    ui.set_width(width - 18.0);
                    part(ui, view, actions);
                });
            });
        }
    });
}

/// Three columns, or one.
fn column_width(available: f32) -> f32 {
    if available >= 3.0 * 226.0 { ((available - 18.0) / 3.0).floor() } else { available - 2.0 }
}

fn row(ui: &mut Ui, view: &View, ids: &[Id], actions: &mut Vec<Action>) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(12.0, 6.0);
        for control in ids.iter().filter_map(|id| view.control(*id)) {
            knob(ui, control, actions);
        }
    });
}

fn detect(ui: &mut Ui, view: &View, actions: &mut Vec<Action>) {
    title(ui, "Detect");
    row(ui, view, &DETECT, actions);
}

fn shape(ui: &mut Ui, view: &View, actions: &mut Vec<Action>) {
    title(ui, "Shape");
    row(ui, view, &SHAPE, actions);
    let gain_db = 20.0 * view.standing.gain.max(1e-6).log10();
    note(ui, format!("Ride gain now: {gain_db:+.1} dB"));
}

fn emit(ui: &mut Ui, view: &View, actions: &mut Vec<Action>) {
    title(ui, "Emit");
    if let Some(automation) = view.control(Id::Automation) {
        modes(ui, automation, view, actions);
    }
    ui.horizontal_wrapped(|ui| {
        for id in [Id::Align, Id::Bypass] {
            if let Some(control) = view.control(id) {
                switch(ui, control, actions);
            }
        }
    });
    if view.has_midi {
        row(ui, view, &MIDI, actions);
        note(ui, midi_hint(view));
    } else {
        note(ui, "MIDI and the key bus leave from the plugin Earmark Control.");
    }
}

/// The automation mode, and what it does.
fn modes(ui: &mut Ui, control: &Control, view: &View, actions: &mut Vec<Action>) {
    let name = ui.label(&control.name);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(2.0, 2.0);
        let last = (control.choices.len() - 1).max(1) as f32;
        for (index, words) in control.choices.iter().enumerate() {
            let value = index as f32 / last;
            let chosen = (control.value - value).abs() < 0.5 / last;
            if choice(ui, chosen, words).labelled_by(name.id).clicked() && !chosen {
                actions.extend(Action::set(control.id, value));
            }
        }
    });
    let standing = &view.standing;
    let words = match control.text.as_str() {
        "Off" => "Nothing leaves the plugin; this window goes on.".to_owned(),
        "Show" => "Values move in the host; nothing is recorded and no undo steps are made.".to_owned(),
        "Write" => {
            let state = match (standing.writing, standing.recording) {
                (true, true) => "The gesture is open and the host records.",
                (true, false) => "The gesture is open: a lane in Write, Touch or Latch records now.",
                (false, _) => "Waiting for the transport to run.",
            };
            format!("Values move inside a gesture, so that the host records them. {state}")
        }
        "Read" => "The host's lanes are the truth and drive ride, MIDI and key; the nets rest.".to_owned(),
        other => other.to_owned(),
    };
    note(ui, words);
}

/// On or off.
fn switch(ui: &mut Ui, control: &Control, actions: &mut Vec<Action>) {
    let mut on = control.value >= 0.5;
    let response = ui.checkbox(&mut on, &control.name).on_hover_text(control.id.help());
    focus_ring(ui, &response, response.rect);
    if response.changed() {
        actions.extend(Action::set(control.id, f32::from(u8::from(on))));
    }
}

/// What to look for when a synthesizer or an effect learns it.
fn midi_hint(view: &View) -> String {
    let text = |id| view.control(id).map_or_else(String::new, |control| control.text.clone());
    let (channel, note, controller) = (text(Id::MidiChannel), text(Id::MidiNote), text(Id::MidiCc));
    match text(Id::Midi).as_str() {
        "Off" => "No MIDI is sent.".to_owned(),
        "Notes" => format!("To learn: note {note} on channel {channel}, held while somebody sings."),
        "CC" => format!("To learn: controller {controller} on channel {channel}, 0 to 127 with the voice."),
        _ => format!("To learn: note {note} and controller {controller}, on channel {channel}."),
    }
}

/// What is set, in one line; for a window too small for the page.
#[must_use]
pub fn mode_words(view: &View) -> String {
    view.control(Id::Automation).map_or_else(String::new, |control| format!("Automation: {}", control.text))
}

/// The line as text.
pub fn mode_line(ui: &mut Ui, view: &View) {
    let faint = Palette::of(ui.ctx()).faint;
    ui.label(RichText::new(mode_words(view)).size(12.0).color(faint));
}
