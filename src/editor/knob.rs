//! One parameter to be set: dragged (finely with Shift), stepped with the arrow keys, typed, or put back by a
//! double click.

use egui::{
    Align, Id as WidgetId, Label, Layout, Rect, Response, RichText, Sense, Stroke, StrokeKind, TextEdit, TextStyle, Ui,
    vec2,
};

use super::control::{Action, Control};
use super::theme::Palette;
use super::widgets::{choice, focus_ring, keyboard_steps};

/// Least width of the track; with less, name and value stand above it.
const LEAST_TRACK: f32 = 44.0;
/// Room for a value in words.
const VALUE: f32 = 58.0;
const TRACK: f32 = 14.0;
/// What an arrow key moves where the parameter has no steps of its own.
const STEP: f32 = 0.01;

/// Draws `control` as what suits it, in a row of the given width: buttons for few values, else a track. `name_width` is
/// the same for all of a group, so that their tracks stand below one another.
pub fn knob(ui: &mut Ui, control: &Control, width: f32, name_width: f32, actions: &mut Vec<Action>) {
    if control.choices.is_empty() {
        slider(ui, control, width, name_width, actions);
    } else {
        choices(ui, control, actions);
    }
}

/// Width that a name takes, with the gap behind it.
pub fn name_width(ui: &Ui, name: &str) -> f32 {
    let font = TextStyle::Body.resolve(ui.style());
    ui.painter().layout_no_wrap(name.to_owned(), font, ui.visuals().text_color()).size().x + 8.0
}

/// All values as buttons.
fn choices(ui: &mut Ui, control: &Control, actions: &mut Vec<Action>) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(2.0, 2.0);
        let width = name_width(ui, &control.name);
        named(ui, control, width);
        segments(ui, control, actions);
    });
}

/// The buttons of a parameter with few values, next to one another.
pub fn segments(ui: &mut Ui, control: &Control, actions: &mut Vec<Action>) {
    let last = (control.choices.len() - 1).max(1) as f32;
    for (index, words) in control.choices.iter().enumerate() {
        let value = index as f32 / last;
        let chosen = (control.value - value).abs() < 0.5 / last;
        if choice(ui, chosen, words).on_hover_text(control.id.help()).clicked() && !chosen {
            actions.extend(Action::set(control.id, value));
        }
    }
}

fn named(ui: &mut Ui, control: &Control, width: f32) {
    let size = vec2(width, ui.spacing().interact_size.y);
    ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
        ui.set_min_width(width);
        ui.add(Label::new(&control.name).extend()).on_hover_text(control.id.help());
    });
}

fn slider(ui: &mut Ui, control: &Control, width: f32, name_width: f32, actions: &mut Vec<Action>) {
    let one_line = name_width + LEAST_TRACK + VALUE <= width;
    ui.allocate_ui_with_layout(vec2(width, 22.0), Layout::top_down(Align::Min), |ui| {
        ui.set_width(width);
        ui.spacing_mut().item_spacing = vec2(0.0, 1.0);
        if !one_line {
            named(ui, control, name_width.min(width));
        }
        ui.horizontal(|ui| {
            if one_line {
                named(ui, control, name_width);
            }
            let taken = if one_line { name_width } else { 0.0 };
            track(ui, control, width - taken - VALUE, actions);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| typed(ui, control, actions));
        });
    });
}

/// The value in words; a click makes it a field to type into.
fn typed(ui: &mut Ui, control: &Control, actions: &mut Vec<Action>) {
    let id = WidgetId::unique(("typed", control.id));
    let draft = ui.data(|data| data.get_temp::<String>(id));
    let Some(mut draft) = draft else {
        let palette = Palette::of(ui.ctx());
        let words = RichText::new(&control.text).color(palette.text);
        let button = egui::Button::new(words).small().frame_when_inactive(false);
        let response = ui.add(button).on_hover_text("Click to type a value");
        let spoken = format!("{}, type a value", control.name);
        response.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Button, true, &spoken));
        focus_ring(ui, &response, response.rect);
        if response.clicked() {
            ui.data_mut(|data| data.insert_temp(id, control.text.clone()));
        }
        return;
    };
    let field = ui.add(TextEdit::singleline(&mut draft).id(id.with("field")).desired_width(VALUE - 10.0));
    let field = field.accessible_name(format!("{}, value", control.name));
    if ui.data(|data| data.get_temp::<bool>(id)).is_none() {
        field.request_focus();
        ui.data_mut(|data| data.insert_temp(id, true));
    }
    let given_up = ui.input(|input| input.key_pressed(egui::Key::Escape));
    if field.lost_focus() {
        if !given_up && draft != control.text {
            actions.push(Action::Type(control.id, draft));
        }
        ui.data_mut(|data| {
            data.remove::<String>(id);
            data.remove::<bool>(id);
        });
    } else {
        ui.data_mut(|data| data.insert_temp(id, draft));
    }
}

fn track(ui: &mut Ui, control: &Control, width: f32, actions: &mut Vec<Action>) {
    let palette = Palette::of(ui.ctx());
    let (rect, response) = ui.allocate_exact_size(vec2(width, TRACK), Sense::click_and_drag());
    let response = response.on_hover_text(control.id.help());
    response.widget_info(|| egui::WidgetInfo::slider(true, f64::from(control.value), &control.name));
    moved(ui, control, &response, rect, actions);

    let painter = ui.painter();
    let rail = rect.shrink2(vec2(0.0, 4.0));
    painter.rect(rail, 3.0, palette.raised, Stroke::new(1.0, palette.outline), StrokeKind::Inside);
    let x = |value: f32| rail.min.x + value.clamp(0.0, 1.0) * rail.width();
    painter.rect_filled(Rect::from_min_max(rail.min, egui::pos2(x(control.value), rail.max.y)), 3.0, palette.chosen);
    painter.vline(x(control.default), rail.max.y..=rect.max.y, Stroke::new(1.0, palette.faint));
    let thumb = Rect::from_center_size(egui::pos2(x(control.value), rect.center().y), vec2(5.0, TRACK))
        .translate(vec2(if control.value < 0.5 { 2.5 } else { -2.5 } * (2.0 * control.value - 1.0).abs(), 0.0));
    painter.rect_filled(thumb, 2.0, palette.text);
    focus_ring(ui, &response, rect);
}

/// Has the parameter follow pointer and keyboard.
fn moved(ui: &Ui, control: &Control, response: &Response, rect: Rect, actions: &mut Vec<Action>) {
    let exact = |value: f32| {
        let value = value.clamp(0.0, 1.0);
        control.steps.map_or(value, |steps| (value * steps as f32).round() / steps as f32)
    };
    // What was dragged so far, unrounded: small movements on a stepped parameter add up.
    let id = response.id.with("dragged");
    if response.double_clicked() {
        actions.extend(Action::set(control.id, control.default));
        return;
    }
    if response.drag_started() {
        actions.push(Action::Begin(control.id));
        let at = response.interact_pointer_pos().map_or(control.value, |pos| (pos.x - rect.min.x) / rect.width());
        let fine = ui.input(|input| input.modifiers.shift);
        ui.data_mut(|data| data.insert_temp(id, if fine { control.value } else { at }));
    }
    if response.dragged() {
        let fine = if ui.input(|input| input.modifiers.shift) { 0.1 } else { 1.0 };
        let from = ui.data(|data| data.get_temp::<f32>(id)).unwrap_or(control.value);
        let to = (from + response.drag_delta().x / rect.width() * fine).clamp(0.0, 1.0);
        ui.data_mut(|data| data.insert_temp(id, to));
        actions.push(Action::Set(control.id, exact(to)));
    }
    if response.drag_stopped() {
        actions.push(Action::End(control.id));
    }
    if response.clicked() {
        response.request_focus();
        if let Some(pos) = response.interact_pointer_pos() {
            actions.extend(Action::set(control.id, exact((pos.x - rect.min.x) / rect.width())));
        }
    }
    let steps = keyboard_steps(ui, response);
    if steps != 0.0 {
        let step = control.steps.map_or(STEP, |steps| 1.0 / steps as f32);
        actions.extend(Action::set(control.id, exact(control.value + steps * step)));
    }
    if response.has_focus() && ui.input(|input| input.key_pressed(egui::Key::Backspace)) {
        actions.extend(Action::set(control.id, control.default));
    }
}
