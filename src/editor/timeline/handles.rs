//! The threshold and the line at which the gate closes, drawn over the voice's curve, to be dragged or moved with the
//! arrow keys.

use egui::{Align2, CursorIcon, FontId, Rect, Sense, Shape, Stroke, Ui, pos2};

use crate::editor::control::{Action, Id};
use crate::editor::theme::Palette;
use crate::editor::view::View;
use crate::editor::widgets::{focus_ring, keyboard_steps};

/// Half the height in which a line is grabbed.
const GRAB: f32 = 5.0;
/// What an arrow key moves, of a range of 1.
const STEP: f32 = 0.01;

/// Draws both lines over `plot`.
pub(super) fn show(ui: &Ui, plot: Rect, view: &View, actions: &mut Vec<Action>) {
    let (threshold, hysteresis) = (view.threshold, view.hysteresis);
    // The lower line first: where both lie together, the threshold is the one that is grabbed.
    let lower = (threshold - hysteresis).max(0.0);
    let most = view.most_hysteresis;
    let closes = Line { name: "closes", at: lower, id: Id::Hysteresis };
    line(ui, plot, &closes, actions, |moved| (threshold - moved).clamp(0.0, most) / most);
    let opens = Line { name: "threshold", at: threshold, id: Id::Threshold };
    line(ui, plot, &opens, actions, |moved| moved.clamp(0.0, 1.0));
}

struct Line {
    name: &'static str,
    at: f32,
    id: Id,
}

/// Draws one line and has it moved; `normalized` gives the parameter's value for a place of the line.
fn line(ui: &Ui, plot: Rect, line: &Line, actions: &mut Vec<Action>, normalized: impl Fn(f32) -> f32) {
    let palette = Palette::of(ui.ctx());
    let y = plot.max.y - line.at.clamp(0.0, 1.0) * plot.height();
    let grab = Rect::from_min_max(pos2(plot.min.x, y - GRAB), pos2(plot.max.x, y + GRAB)).intersect(plot);
    let response = ui.interact(grab, ui.scope_id().with(("line", line.id)), Sense::click_and_drag());
    let response = response.on_hover_and_drag_cursor(CursorIcon::ResizeVertical);
    let spoken = if line.id == Id::Threshold { "Threshold line" } else { "Line at which the gate closes" };
    response.widget_info(|| egui::WidgetInfo::slider(true, f64::from(line.at), spoken));
    let busy = response.hovered() || response.dragged() || response.has_focus();
    let points = [pos2(plot.min.x, y), pos2(plot.max.x, y)];
    let painter = ui.painter_at(plot);
    let width = if busy { 2.0 } else { 1.0 };
    painter.line_segment(points, Stroke::new(width + 2.0, palette.casing.gamma_multiply(0.7)));
    if line.id == Id::Threshold {
        painter.line_segment(points, Stroke::new(width, palette.handle));
    } else {
        painter.extend(Shape::dashed_line(&points, Stroke::new(width, palette.handle), 4.0, 4.0));
    }
    let words = format!("{} {:.2}", line.name, line.at);
    let galley = painter.layout_no_wrap(words, FontId::proportional(11.0), palette.handle);
    // Above its line, the lower one below its own.
    let anchor = if line.id == Id::Threshold { Align2::LEFT_BOTTOM } else { Align2::LEFT_TOP };
    let room = galley.size().y + 3.0;
    let anchor = match y {
        y if y - room < plot.min.y => Align2::LEFT_TOP,
        y if y + room > plot.max.y => Align2::LEFT_BOTTOM,
        _ => anchor,
    };
    let label = anchor.anchor_size(pos2(plot.min.x + 6.0, y), galley.size());
    painter.rect_filled(label.expand2(egui::vec2(3.0, 0.0)), 3.0, palette.casing.gamma_multiply(0.8));
    painter.galley(label.min, galley, palette.handle);
    focus_ring(ui, &response, grab);

    if response.drag_started() {
        actions.push(Action::Begin(line.id));
    }
    if response.dragged() {
        let fine = if ui.input(|input| input.modifiers.shift) { 0.1 } else { 1.0 };
        let moved = line.at - response.drag_delta().y / plot.height() * fine;
        actions.push(Action::Set(line.id, normalized(moved)));
    }
    if response.drag_stopped() {
        actions.push(Action::End(line.id));
    }
    if response.clicked() {
        response.request_focus();
    }
    let steps = keyboard_steps(ui, &response);
    if steps != 0.0 {
        actions.extend(Action::set(line.id, normalized(line.at + steps * STEP)));
    }
}
