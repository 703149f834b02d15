//! The belief in each genre as bars, always in the same order.

use egui::{Align2, FontId, Rect, Sense, Ui, Vec2, pos2};

use crate::say::genre::{GENRES, GenreState};

const NAME_WIDTH: f32 = 74.0;

/// Draws the bars of `state` into `size` points.
pub fn bars(ui: &mut Ui, state: &GenreState, size: Vec2) {
    let (response, painter) = ui.allocate_painter(size, Sense::hover());
    let area = response.rect;
    let visuals = ui.visuals();
    let row = area.height() / GENRES.len() as f32;
    for (index, name) in GENRES.iter().enumerate() {
        let top = area.min.y + row * index as f32;
        let is_top = state.top == Some(index);
        let colour = if is_top { visuals.strong_text_color() } else { visuals.text_color() };
        let font = FontId::proportional((row * 0.72).clamp(8.0, 13.0));
        painter.text(pos2(area.min.x + 4.0, top + row / 2.0), Align2::LEFT_CENTER, name, font, colour);
        let full =
            Rect::from_min_max(pos2(area.min.x + NAME_WIDTH, top + row * 0.2), pos2(area.max.x - 4.0, top + row * 0.8));
        painter.rect_filled(full, 2.0, visuals.extreme_bg_color);
        let share = state.probability[index].clamp(0.0, 1.0);
        let bar = Rect::from_min_size(full.min, Vec2::new(full.width() * share, full.height()));
        let fill = if is_top { visuals.selection.bg_fill } else { visuals.weak_text_color() };
        painter.rect_filled(bar, 2.0, fill);
    }
}
