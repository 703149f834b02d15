//! Small parts that several widgets share.

use egui::{Align2, Color32, EventFilter, FontId, Key, Rect, Response, RichText, Stroke, StrokeKind, Ui, vec2};

use super::theme::{Palette, mix};

/// Shows where the keyboard is.
pub fn focus_ring(ui: &Ui, response: &Response, rect: Rect) {
    if response.has_focus() {
        let stroke = Stroke::new(2.0, Palette::of(ui.ctx()).focus);
        ui.painter().rect_stroke(rect.expand(1.0), 4.0, stroke, StrokeKind::Inside);
    }
}

/// Steps up (positive) or down that arrow keys and screen readers ask of a widget that has the focus.
pub fn keyboard_steps(ui: &Ui, response: &Response) -> f32 {
    use egui::accesskit::Action;
    let asked = ui.input(|input| {
        input.num_accesskit_action_requests(response.id, Action::Increment) as f32
            - input.num_accesskit_action_requests(response.id, Action::Decrement) as f32
    });
    if !response.has_focus() {
        return asked;
    }
    let filter = EventFilter { horizontal_arrows: true, vertical_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
    let pressed = |keys: [Key; 2]| ui.input(|input| keys.map(|key| input.num_presses(key) as f32).iter().sum::<f32>());
    let arrows = pressed([Key::ArrowUp, Key::ArrowRight]) - pressed([Key::ArrowDown, Key::ArrowLeft]);
    asked + arrows + 10.0 * (pressed([Key::PageUp; 2]) - pressed([Key::PageDown; 2])) / 2.0
}

/// A bar from 0 to 1, with its name on the left and its value on the right.
pub fn bar(ui: &Ui, rect: Rect, name: &str, value: f32, colour: Color32, strong: bool, name_width: f32) {
    let palette = Palette::of(ui.ctx());
    // No clip rectangle of its own: each would be a call to the graphics driver.
    let painter = ui.painter();
    let ink = if strong { palette.text } else { palette.faint };
    let font = FontId::proportional(if rect.height() < 14.0 { 10.5 } else { 12.0 });
    painter.text(rect.left_center(), Align2::LEFT_CENTER, name, font.clone(), ink);
    let percent = format!("{:.0}", value * 100.0);
    painter.text(rect.right_center(), Align2::RIGHT_CENTER, percent, font, ink);
    let full = Rect::from_min_max(
        rect.min + vec2(name_width, (rect.height() * 0.22).round()),
        rect.max - vec2(26.0, (rect.height() * 0.22).round()),
    );
    if full.width() < 4.0 {
        return;
    }
    painter.rect_filled(full, 2.0, palette.quiet);
    let filled = Rect::from_min_size(full.min, vec2(full.width() * value.clamp(0.0, 1.0), full.height()));
    painter.rect_filled(filled, 2.0, colour);
}

/// The heading of a group.
pub fn title(ui: &mut Ui, words: &str) {
    ui.label(RichText::new(words).strong().size(13.0));
}

/// A line of lesser weight that wraps.
pub fn note(ui: &mut Ui, words: impl Into<String>) {
    let faint = Palette::of(ui.ctx()).faint;
    ui.add(egui::Label::new(RichText::new(words.into()).size(12.0).color(faint)).wrap());
}

/// The frame of a group.
pub fn group<R>(ui: &mut Ui, add: impl FnOnce(&mut Ui) -> R) -> R {
    let palette = Palette::of(ui.ctx());
    egui::Frame::NONE
        .fill(palette.panel)
        .stroke(Stroke::new(1.0, mix(palette.panel, palette.outline, 0.35)))
        .corner_radius(6)
        .inner_margin(8)
        .show(ui, add)
        .inner
}

/// A button that is chosen or not, one of several.
pub fn choice(ui: &mut Ui, chosen: bool, words: &str) -> Response {
    let palette = Palette::of(ui.ctx());
    let ink = if chosen { palette.on_chosen } else { palette.text };
    let fill = if chosen { palette.chosen } else { palette.raised };
    let response = ui.add(egui::Button::new(RichText::new(words).color(ink)).fill(fill).selected(chosen));
    focus_ring(ui, &response, response.rect);
    response
}

/// A plain button.
pub fn button(ui: &mut Ui, words: &str) -> Response {
    let response = ui.button(words);
    focus_ring(ui, &response, response.rect);
    response
}
