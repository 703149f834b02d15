//! The voice over the last seconds: probability as a curve, threshold as a line, gate as a lane below.

use egui::{Align2, Color32, FontId, Pos2, Rect, Sense, Shape, Stroke, Ui, Vec2, pos2};

use super::View;

/// Seconds shown.
const SPAN_S: f64 = 12.0;
const LANE: f32 = 14.0;
/// Orange and blue of Okabe and Ito's palette, distinct to colour-blind eyes.
const VOICE: Color32 = Color32::from_rgb(230, 159, 0);
const GATE: Color32 = Color32::from_rgb(86, 180, 233);

/// Draws the curve of `view` into `size` points.
pub fn curve(ui: &mut Ui, view: &View, size: Vec2) {
    let (response, painter) = ui.allocate_painter(size, Sense::hover());
    let area = response.rect;
    let visuals = ui.visuals();
    painter.rect_filled(area, 4.0, visuals.extreme_bg_color);
    let plot = Rect::from_min_max(area.min, pos2(area.max.x, area.max.y - LANE - 4.0));
    let newest = view.points.back().map_or(SPAN_S, |point| point.time_s.max(SPAN_S));
    let x = |time_s: f64| plot.max.x - ((newest - time_s) / SPAN_S) as f32 * plot.width();
    let y = |value: f32| plot.max.y - value.clamp(0.0, 1.0) * (plot.height() - 6.0);
    let shown = || view.points.iter().filter(|point| newest - point.time_s <= SPAN_S);
    let line = y(view.threshold);
    painter.hline(plot.x_range(), line, Stroke::new(1.0, visuals.weak_text_color()));
    let font = FontId::proportional(11.0);
    painter.text(
        pos2(plot.min.x + 4.0, line - 2.0),
        Align2::LEFT_BOTTOM,
        format!("threshold {:.2}", view.threshold),
        font.clone(),
        visuals.text_color(),
    );
    let curve: Vec<Pos2> = shown().map(|point| pos2(x(point.time_s), y(point.probability))).collect();
    painter.add(Shape::line(curve, Stroke::new(2.0, VOICE)));
    let lane = |from: f32, to: f32| Rect::from_min_max(pos2(from, area.max.y - LANE), pos2(to, area.max.y - 2.0));
    let mut open: Option<f32> = None;
    let mut last = plot.min.x;
    for point in shown() {
        let at = x(point.time_s);
        match (point.gate, open) {
            (true, None) => open = Some(at),
            (false, Some(from)) => {
                painter.rect_filled(lane(from, at), 2.0, GATE);
                open = None;
            }
            _ => {}
        }
        last = at;
    }
    if let Some(from) = open {
        painter.rect_filled(lane(from, last), 2.0, GATE);
    }
    if view.points.is_empty() {
        painter.text(
            plot.center(),
            Align2::CENTER_CENTER,
            "waiting for audio",
            FontId::proportional(14.0),
            visuals.weak_text_color(),
        );
    }
}
