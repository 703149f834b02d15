//! Every parameter, grouped as it acts: what is detected, how the decision moves, what leaves.

use egui::{Align, Layout, RichText, Ui, vec2};

use super::control::{Action, Control, Id};
use super::knob::{knob, name_width, segments};
use super::still;
use super::theme::Palette;
use super::view::View;
use super::widgets::{focus_ring, group, note, title};

const DETECT: [Id; 4] = [Id::Source, Id::Threshold, Id::Hysteresis, Id::GenreWindow];
const SHAPE: [Id; 4] = [Id::Attack, Id::Hold, Id::Release, Id::Ride];
const MIDI: [Id; 4] = [Id::Midi, Id::MidiChannel, Id::MidiNote, Id::MidiCc];

/// Width of a column from which three stand side by side.
const COLUMN: f32 = 226.0;
const GAP: f32 = 8.0;
/// Width from which the page needs no scrolling, with the scroll bar's.
pub const WIDTH: f32 = 3.0 * COLUMN + 2.0 * GAP + 6.0;

/// Draws the page.
pub fn controls(ui: &mut Ui, view: &View, actions: &mut Vec<Action>) {
    let available = ui.available_width();
    let side_by_side = available >= 3.0 * COLUMN + 2.0 * GAP;
    let width = if side_by_side { ((available - 2.0 * GAP) / 3.0).floor() } else { available };
    let layout = if side_by_side { Layout::left_to_right(Align::Min) } else { Layout::top_down(Align::Min) };
    ui.with_layout(layout, |ui| {
        ui.spacing_mut().item_spacing = vec2(GAP, GAP);
        for part in [detect, shape, emit] {
            ui.allocate_ui_with_layout(vec2(width, 0.0), Layout::top_down(Align::Min), |ui| {
                ui.set_width(width);
                group(ui, |ui| {
                    ui.spacing_mut().item_spacing = vec2(6.0, 3.0);
                    // What the frame leaves.
                    ui.set_width(width - 18.0);
                    part(ui, view, actions);
                });
            });
        }
    });
}

/// What the page shows; see [`super::still`].
#[must_use]
pub fn shows(view: &View) -> u64 {
    let controls: Vec<_> =
        view.controls.iter().map(|c| (c.id, c.value.to_bits(), &*c.name, &*c.text, &c.choices)).collect();
    let standing = &view.standing;
    still::shows((controls, standing.writing, standing.recording, view.has_midi, gain_words(view)))
}

fn rows(ui: &mut Ui, view: &View, ids: &[Id], actions: &mut Vec<Action>) {
    let controls: Vec<&Control> = ids.iter().filter_map(|id| view.control(*id)).collect();
    let names = controls.iter().map(|control| name_width(ui, &control.name)).fold(0.0, f32::max);
    let width = ui.available_width();
    for control in controls {
        knob(ui, control, width, names, actions);
    }
}

fn detect(ui: &mut Ui, view: &View, actions: &mut Vec<Action>) {
    title(ui, "Detect");
    rows(ui, view, &DETECT, actions);
    if let Some(control) = view.control(Id::Eco) {
        switch(ui, control, actions);
    }
}

fn shape(ui: &mut Ui, view: &View, actions: &mut Vec<Action>) {
    title(ui, "Shape");
    rows(ui, view, &SHAPE, actions);
    note(ui, gain_words(view));
}

fn gain_words(view: &View) -> String {
    let gain_db = 20.0 * view.standing.gain.max(1e-6).log10();
    format!("Ride gain now: {gain_db:+.1} dB")
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
        rows(ui, view, &MIDI, actions);
        note(ui, midi_hint(view));
    } else {
        note(ui, "MIDI and the key bus leave from the plugin Earmark Control.");
    }
}

/// The automation mode, and what it does.
fn modes(ui: &mut Ui, control: &Control, view: &View, actions: &mut Vec<Action>) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(2.0, 2.0);
        segments(ui, control, actions);
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
