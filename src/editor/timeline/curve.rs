//! The voice's likelihood over the spectrogram. Frames are taken together in groups that do not depend on where the
//! timeline stands, so that the curve moves as one piece, and each group is looked at once.

use std::collections::VecDeque;
use std::ops::{Range, RangeInclusive};

use egui::epaint::Mesh;
use egui::{Color32, Painter, Pos2, Rect, Shape, Stroke, pos2};

use super::Frame;
use crate::editor::history::History;
use crate::editor::theme::Palette;

/// A point that lies this near to both its neighbours, in points, is left out: most of a curve is flat.
const FLAT: f32 = 0.1;
/// Groups are at most this wide, in points.
const WIDEST: f64 = 1.2;

/// The highest likelihood of each group of frames, so that no onset is lost; `None` where nothing is known.
#[derive(Default)]
pub(super) struct Curve {
    /// Frames in a group.
    frames: u64,
    /// Number of the first group kept.
    first: u64,
    groups: VecDeque<Option<f32>>,
    /// What was known when the groups were made.
    voiced: u64,
}

impl Curve {
    /// Paints it over `plot`.
    pub(super) fn paint(&mut self, painter: &Painter, frame: &Frame<'_>, plot: Rect) {
        let palette = Palette::of(painter.ctx());
        let lines = self.places(frame, plot, 0.0, frame.history.start_s()..f64::INFINITY);
        let under = palette.voice.gamma_multiply(0.12);
        for line in &lines {
            painter.add(below(line, plot.max.y, under));
        }
        for line in lines {
            painter.add(Shape::line(line.clone(), Stroke::new(4.0, palette.casing)));
            painter.add(Shape::line(line, Stroke::new(2.0, palette.voice)));
        }
    }

    /// Paints what was heard in the pass before at the same places of the song, thin and without colour.
    pub(super) fn paint_before(&mut self, painter: &Painter, frame: &Frame<'_>, plot: Rect) {
        let Some((heard, shift_s)) = frame.history.pass_before(frame.right_s) else { return };
        let palette = Palette::of(painter.ctx());
        for line in self.places(frame, plot, shift_s, heard) {
            painter.add(Shape::line(line.clone(), Stroke::new(3.0, palette.casing.gamma_multiply(0.6))));
            painter.add(Shape::line(line, Stroke::new(1.0, palette.text)));
        }
    }

    /// Where the curve runs that lies `shift_s` after what is shown, as far as it was heard within `heard`.
    fn places(&mut self, frame: &Frame<'_>, plot: Rect, shift_s: f64, heard: Range<f64>) -> Vec<Vec<Pos2>> {
        let history = frame.history;
        let per_point = frame.span_s / history.hop_s() / f64::from(plot.width());
        let frames = ((per_point * WIDEST) as u64).max(1);
        let from_s = (frame.time_s(plot.min.x) + shift_s).max(heard.start);
        let to_s = (frame.right_s + shift_s).min(heard.end);
        if to_s <= from_s {
            return Vec::new();
        }
        // One more on the right, for what is cut by the edge.
        let shown = history.frame_at(from_s) / frames..=history.frame_at(to_s) / frames + 1;
        self.look(history, frames, &shown);
        self.lines(&shown, |group, likelihood| {
            let at_s = (group as f64 + 0.5) * frames as f64 * history.hop_s() - shift_s;
            pos2(frame.x(at_s), plot.max.y - likelihood.clamp(0.0, 1.0) * plot.height())
        })
    }

    /// Looks at what is news.
    fn look(&mut self, history: &History, frames: u64, shown: &RangeInclusive<u64>) {
        let kept = self.first..self.first + self.groups.len() as u64 + 1;
        if self.frames != frames || !kept.contains(shown.start()) || history.voiced() < self.voiced {
            *self = Self { frames, first: *shown.start(), ..Self::default() };
        }
        while self.first < *shown.start() {
            self.groups.pop_front();
            self.first += 1;
        }
        // The group that was being filled is looked at again.
        let settled = (self.voiced / frames).saturating_sub(self.first) as usize;
        self.groups.truncate(settled);
        self.voiced = history.voiced();
        for group in self.first + self.groups.len() as u64..=*shown.end() {
            let known = (group * frames..(group + 1) * frames).filter_map(|number| history.voice(number));
            self.groups.push_back(known.map(|voice| voice.probability).reduce(f32::max));
        }
    }

    /// Points of each stretch of which all is known.
    fn lines(&self, shown: &RangeInclusive<u64>, place: impl Fn(u64, f32) -> Pos2) -> Vec<Vec<Pos2>> {
        let mut lines: Vec<Vec<Pos2>> = Vec::new();
        let mut line: Vec<Pos2> = Vec::new();
        let mut skipped: Option<Pos2> = None;
        for (group, likelihood) in (self.first..).zip(&self.groups).take_while(|(group, _)| group <= shown.end()) {
            let Some(likelihood) = likelihood else {
                line.extend(skipped.take());
                lines.extend((!line.is_empty()).then(|| std::mem::take(&mut line)));
                continue;
            };
            let point = place(group, *likelihood);
            let flat = line.last().is_some_and(|last| (last.y - point.y).abs() < FLAT);
            if flat {
                skipped = Some(point);
            } else {
                line.extend(skipped.take());
                line.push(point);
            }
        }
        line.extend(skipped);
        lines.extend((!line.is_empty()).then_some(line));
        lines
    }
}

/// The area between a line and `bottom`.
fn below(line: &[Pos2], bottom: f32, colour: Color32) -> Mesh {
    let mut mesh = Mesh::default();
    mesh.reserve_vertices(2 * line.len());
    mesh.reserve_triangles(2 * line.len());
    for (index, point) in line.iter().enumerate() {
        mesh.colored_vertex(*point, colour);
        mesh.colored_vertex(pos2(point.x, bottom), colour);
        if index > 0 {
            let at = 2 * index as u32;
            mesh.add_triangle(at - 2, at - 1, at);
            mesh.add_triangle(at - 1, at, at + 1);
        }
    }
    mesh
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin::scope::Point;

    fn heard(history: &mut History, frames: Range<u64>) {
        for frame in frames {
            // Flat, but for one frame in two hundred.
            let probability = if frame % 200 == 0 { 0.9 } else { 0.1 };
            history.point(&Point { frame, probability, ..Point::default() });
        }
    }

    #[test]
    fn every_peak_stays_and_flat_parts_are_two_points() {
        let mut history = History::new(0.01, 4);
        heard(&mut history, 0..1_000);
        let mut curve = Curve::default();
        curve.look(&history, 2, &(0..=500));
        let lines = curve.lines(&(0..=500), |group, y| pos2(group as f32, y * 100.0));
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].iter().filter(|point| point.y == 90.0).count(), 5, "five peaks: {lines:?}");
        assert!(lines[0].len() <= 5 * 3 + 1, "{} points", lines[0].len());
        assert_eq!(lines[0].last().map(|point| point.x), Some(499.0), "it ends where the readings end");
    }

    #[test]
    fn what_is_added_step_by_step_is_what_is_seen_at_once() {
        let mut history = History::new(0.01, 4);
        let mut curve = Curve::default();
        for step in 0..100_u64 {
            heard(&mut history, step * 7..step * 7 + 7);
            let last = history.voiced() / 3 + 1;
            let shown = last.saturating_sub(50)..=last;
            curve.look(&history, 3, &shown);
            let mut fresh = Curve::default();
            fresh.look(&history, 3, &shown);
            assert_eq!((curve.first, &curve.groups), (fresh.first, &fresh.groups), "step {step}");
        }
    }

    #[test]
    fn lost_frames_leave_a_gap() {
        let mut history = History::new(0.01, 4);
        heard(&mut history, 0..10);
        heard(&mut history, 20..30);
        let mut curve = Curve::default();
        curve.look(&history, 1, &(0..=30));
        assert_eq!(curve.lines(&(0..=30), |group, y| pos2(group as f32, y)).len(), 2);
    }
}
