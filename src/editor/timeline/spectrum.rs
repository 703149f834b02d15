//! The spectrum of one moment beside the spectrogram, on its scale of frequency: as wide as the sound is loud.

use std::ops::Range;

use egui::{Painter, Pos2, Rect, Shape, Stroke, pos2};

use super::spectrogram::shown_level;
use crate::editor::history::History;
use crate::editor::settings::Brightest;
use crate::editor::theme::Palette;

/// Width, points.
pub(super) const WIDTH: f32 = 44.0;
/// A moment, where none is pointed at, seconds: single frames flicker.
pub(super) const MOMENT_S: f64 = 0.1;

/// Draws the mean level of each mel band over `frames`, from the darkest colour's level to the brightest's.
pub(super) fn paint(painter: &Painter, area: Rect, history: &History, frames: Range<u64>, brightest: Brightest) {
    let palette = Palette::of(painter.ctx());
    painter.rect_filled(area, 2.0, palette.quiet);
    let bands = history.bands();
    let known: Vec<&[u8]> = frames.filter_map(|frame| history.levels(frame)).collect();
    if known.is_empty() || bands == 0 {
        return;
    }
    let points = (0..bands).map(|band| {
        let level = known.iter().map(|levels| f32::from(levels[band])).sum::<f32>() / known.len() as f32;
        let y = area.max.y - (band as f32 + 0.5) / bands as f32 * area.height();
        pos2(area.min.x + shown_level(level, brightest) * area.width(), y)
    });
    let points: Vec<Pos2> = points.collect();
    painter.add(Shape::line(points, Stroke::new(1.0, palette.faint)));
}
