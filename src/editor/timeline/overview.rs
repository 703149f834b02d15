//! All that is remembered, in one thin lane: where somebody sang, and which part the timeline shows. A click or a drag
//! goes there.

use std::ops::Range;

use egui::{Rect, Response, Sense, Stroke, StrokeKind, Ui, pos2};

use crate::editor::history::History;
use crate::editor::theme::Palette;

/// Draws the lane into `area`. Returns the instant that the pointer asks for, to be seen in the middle.
pub(super) fn show(ui: &Ui, area: Rect, history: &History, shown_s: &Range<f64>) -> (Response, Option<f64>) {
    let palette = Palette::of(ui.ctx());
    let response = ui.interact(area, ui.scope_id().with("overview"), Sense::click_and_drag());
    response.widget_info(|| {
        egui::WidgetInfo::labeled(egui::accesskit::Role::ScrollBar, true, "All that is remembered; click to go there")
    });
    let (start_s, end_s) = (history.start_s(), history.end_s());
    let per_point_s = (end_s - start_s) / f64::from(area.width());
    let painter = ui.painter_at(area.expand(1.0));
    painter.rect_filled(area, 2.0, palette.quiet);
    let x = |at_s: f64| area.min.x + ((at_s - start_s) / per_point_s) as f32;
    let mut blocks: Vec<Rect> = Vec::new();
    for open in history.gates() {
        let (from, to) = (x(open.start as f64 * history.hop_s()), x(open.end as f64 * history.hop_s()));
        match blocks.last_mut() {
            // What would be less than a point apart is drawn as one.
            Some(last) if from - last.max.x < 1.0 => last.max.x = to.max(last.max.x),
            _ => blocks.push(Rect::from_min_max(
                pos2(from.max(area.min.x), area.min.y + 2.0),
                pos2(to.max(from + 1.0), area.max.y - 2.0),
            )),
        }
    }
    blocks.into_iter().for_each(|block| {
        painter.rect_filled(block, 1.0, palette.gate);
    });
    let left = x(shown_s.start).clamp(area.min.x, area.max.x - 2.0);
    let frame =
        Rect::from_min_max(pos2(left, area.min.y), pos2(x(shown_s.end).clamp(left + 2.0, area.max.x), area.max.y));
    painter.rect_filled(frame, 2.0, palette.handle.gamma_multiply(0.16));
    painter.rect_stroke(frame, 2.0, Stroke::new(1.0, palette.handle), StrokeKind::Inside);
    let asked = (response.clicked() || response.dragged()).then(|| response.interact_pointer_pos()).flatten();
    let asked_s = asked.map(|at| start_s + f64::from(at.x - area.min.x) * per_point_s);
    (response, asked_s)
}
