//! Truth and prediction on one time axis: waveform, probability, who sings, what the net says, and where it errs.

use std::path::Path;

use anyhow::Result;
use plotters::prelude::{BitMapBackend, Color, IntoDrawingArea, RGBColor};
use plotters::style::text_anchor::{HPos, VPos};

use super::canvas::{Canvas, Drawn, FAINT, FALSE_ALARM, INK, LANE, MISS, SPEECH, TRUTH, UNSURE};
use super::lanes::{GAP, TITLE, draw_name, draw_threshold, draw_waveform};
use super::{WIDTH, axis, register_fonts, unwritten};
use crate::study::lab::Segment;
use crate::study::overview::Overview;

/// Room for title, subtitle and legend.
const HEAD: i32 = TITLE + 34;
const MARGIN: i32 = 14;
const LEGEND: i32 = 98;
const LEGEND_SIZE: i32 = 18;
const WAVEFORM: i32 = 170;
const VOCAL: i32 = 230;
const LABELS: i32 = 30;
const ERRORS: i32 = 56;
/// An error is drawn at least so long, in pixels, however short it is.
const LEAST_BAR: i32 = 2;

/// What is drawn. Times are in seconds from the start of the audio; spans are in order.
pub struct TruthPicture<'a> {
    /// First line.
    pub title: &'a str,
    /// Second line: the figures.
    pub subtitle: &'a str,
    /// Right edge of the time axis.
    pub duration_s: f64,
    /// Waveform and its sample rate in Hz.
    pub waveform: (&'a Overview, f64),
    /// (instant, probability 0..=1), in order.
    pub vocal: &'a [(f64, f32)],
    /// Above it a frame is called sung.
    pub threshold: f32,
    /// Truth: somebody sings.
    pub sung: &'a [Segment],
    /// Truth: somebody speaks.
    pub spoken: &'a [Segment],
    /// Where there is no truth.
    pub unsure: &'a [Segment],
    /// Called sung.
    pub said: &'a [Segment],
    /// Called sung, and is not.
    pub false_alarms: &'a [Segment],
    /// Sung, and not called so.
    pub misses: &'a [Segment],
}

/// Top and bottom pixel rows of each lane.
struct Lanes {
    waveform: (i32, i32),
    vocal: (i32, i32),
    truth: (i32, i32),
    said: (i32, i32),
    errors: (i32, i32),
}

impl Lanes {
    fn new() -> Self {
        let mut y = HEAD;
        let mut stack = |height: i32, gap: i32| {
            let lane = (y, y + height);
            y += height + gap;
            lane
        };
        Self {
            waveform: stack(WAVEFORM, GAP),
            vocal: stack(VOCAL, GAP),
            // The three belong together.
            truth: stack(LABELS, 4),
            said: stack(LABELS, 4),
            errors: stack(ERRORS, 0),
        }
    }
}

impl TruthPicture<'_> {
    /// Draws the picture into a PNG file, replacing it.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn save(&self, path: &Path) -> Result<()> {
        register_fonts();
        let lanes = Lanes::new();
        let height = (lanes.errors.1 + axis::HEIGHT) as u32;
        let root = BitMapBackend::new(path, (WIDTH, height)).into_drawing_area();
        let canvas = Canvas::new(root, WIDTH as i32, self.duration_s);
        let drawn = self.draw(&lanes, &canvas).and_then(|()| canvas.present());
        drawn.map_err(|error| unwritten(path, &error))
    }

    fn draw(&self, lanes: &Lanes, canvas: &Canvas<'_>) -> Drawn {
        canvas.paper()?;
        canvas.text(self.title, (canvas.left(), 18), 32, INK, (HPos::Left, VPos::Top))?;
        canvas.text(self.subtitle, (canvas.left(), 56), 20, INK, (HPos::Left, VPos::Top))?;
        self.draw_legend(canvas)?;
        let named = [
            (lanes.waveform, "audio"),
            (lanes.vocal, "probability"),
            (lanes.truth, "truth"),
            (lanes.said, "net"),
            (lanes.errors, "errors"),
        ];
        for (lane, name) in named {
            canvas.fill(canvas.left(), lane.0, canvas.right(), lane.1, LANE.to_rgba())?;
            draw_name(canvas, lane, name)?;
        }
        axis::draw(canvas, HEAD, lanes.errors.1)?;
        canvas.text("time", (MARGIN, lanes.errors.1 + 12), 18, FAINT, (HPos::Left, VPos::Top))?;
        draw_waveform(self.waveform, (self.sung, TRUTH), canvas, lanes.waveform)?;
        self.draw_vocal(canvas, lanes.vocal)?;
        for (spans, colour) in [(self.sung, TRUTH), (self.spoken, SPEECH), (self.unsure, UNSURE)] {
            shade(canvas, spans, lanes.truth, colour, 1.0)?;
        }
        shade(canvas, self.said, lanes.said, INK, 0.8)?;
        self.draw_errors(canvas, lanes.errors)
    }

    /// False alarms grow upwards from the middle and misses downwards, as far as the column is wrong: their place
    /// tells them apart as well as their colour.
    fn draw_errors(&self, canvas: &Canvas<'_>, (top, bottom): (i32, i32)) -> Drawn {
        let middle = i32::midpoint(top, bottom);
        let length = |share: f64| ((share * f64::from(middle - top - 2)).round() as i32).max(LEAST_BAR);
        for (x, share) in coverage(canvas, self.false_alarms) {
            canvas.fill(x, middle - length(share), x, middle - 1, FALSE_ALARM.to_rgba())?;
        }
        for (x, share) in coverage(canvas, self.misses) {
            canvas.fill(x, middle + 1, x, middle + length(share), MISS.to_rgba())?;
        }
        canvas.fill(canvas.left(), middle, canvas.right(), middle, FAINT.mix(0.6))
    }

    /// The probability on a scale 0..1, behind it where it errs.
    fn draw_vocal(&self, canvas: &Canvas<'_>, lane: (i32, i32)) -> Drawn {
        for (spans, colour) in [(self.false_alarms, FALSE_ALARM), (self.misses, MISS), (self.unsure, UNSURE)] {
            shade(canvas, spans, lane, colour, 0.34)?;
        }
        let (top, bottom) = (lane.0 + 10, lane.1 - 2);
        let row = |value: f32| bottom - (f64::from(value.clamp(0.0, 1.0)) * f64::from(bottom - top)).round() as i32;
        let threshold = format!("{}", self.threshold);
        for (value, name) in [(0.0, "0"), (self.threshold, &threshold), (1.0, "1")] {
            canvas.text(name, (canvas.right() + 6, row(value)), 16, FAINT, (HPos::Left, VPos::Center))?;
        }
        draw_threshold(canvas, row(self.threshold))?;
        let mut means = Vec::new();
        for column in self.vocal.chunk_by(|a, b| canvas.x(a.0) == canvas.x(b.0)) {
            let x = canvas.x(column[0].0);
            let (low, high) = column.iter().fold((1.0_f32, 0.0_f32), |(l, h), point| (l.min(point.1), h.max(point.1)));
            canvas.fill(x, row(high), x, row(low), INK.mix(0.22))?;
            let mean = column.iter().map(|point| point.1).sum::<f32>() / column.len() as f32;
            means.push((x, row(mean)));
        }
        canvas.line(means, INK.to_rgba(), 2)
    }

    /// A patch and a word for every colour that occurs.
    fn draw_legend(&self, canvas: &Canvas<'_>) -> Drawn {
        let entries = [
            ("sung", TRUTH, true),
            ("spoken", SPEECH, !self.spoken.is_empty()),
            ("unsure, not judged", UNSURE, !self.unsure.is_empty()),
            ("called sung", INK, true),
            ("false alarm", FALSE_ALARM, true),
            ("miss", MISS, true),
        ];
        let mut x = canvas.left();
        for (name, colour, _) in entries.into_iter().filter(|entry| entry.2) {
            canvas.fill(x, LEGEND - 7, x + 22, LEGEND + 7, colour.to_rgba())?;
            canvas.text(name, (x + 30, LEGEND), LEGEND_SIZE, INK, (HPos::Left, VPos::Center))?;
            x += 30 + canvas.text_width(name, LEGEND_SIZE) + 32;
        }
        canvas.line(vec![(x, LEGEND), (x + 7, LEGEND)], INK.to_rgba(), 1)?;
        canvas.line(vec![(x + 14, LEGEND), (x + 21, LEGEND)], INK.to_rgba(), 1)?;
        canvas.text("threshold", (x + 30, LEGEND), LEGEND_SIZE, INK, (HPos::Left, VPos::Center))
    }
}

/// Colours each column, up to `opacity`, as far as the spans cover it.
fn shade(canvas: &Canvas<'_>, spans: &[Segment], lane: (i32, i32), colour: RGBColor, opacity: f64) -> Drawn {
    for (x, share) in coverage(canvas, spans) {
        canvas.fill(x, lane.0, x, lane.1, colour.mix(opacity * share))?;
    }
    Ok(())
}

/// The pixel columns that spans reach into, each with the share of its time that they cover.
fn coverage(canvas: &Canvas<'_>, spans: &[Segment]) -> Vec<(i32, f64)> {
    let mut columns: Vec<(i32, f64)> = Vec::new();
    for span in spans {
        for x in (canvas.x(span.start_s) - 1).max(canvas.left())..=canvas.x(span.end_s).min(canvas.right() - 1) {
            let (from_s, to_s) = (canvas.time_s(x), canvas.time_s(x + 1));
            let share = (span.end_s.min(to_s) - span.start_s.max(from_s)) / (to_s - from_s);
            match columns.last_mut() {
                // Less than this of a pixel is rounding.
                _ if share <= 1e-6 => {}
                Some((last, covered)) if *last == x => *covered = (*covered + share).min(1.0),
                _ => columns.push((x, share.min(1.0))),
            }
        }
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_covered_as_far_as_spans_reach_into_it() {
        let mut pixels = vec![0; 3 * 300 * 10];
        let root = BitMapBackend::with_buffer(&mut pixels, (300, 10)).into_drawing_area();
        let canvas = Canvas::new(root, 300, 1.0);
        let column_s = canvas.time_s(canvas.left() + 1);
        let at = |columns: f64| columns * column_s;
        let spans = [(2.0, 2.25), (2.5, 2.75), (4.5, 6.0)];
        let spans = spans.map(|(start, end)| Segment { start_s: at(start), end_s: at(end) });
        let covered = coverage(&canvas, &spans);
        let expected = [(2, 0.5), (4, 0.5), (5, 1.0)];
        assert_eq!(covered.len(), expected.len(), "{covered:?}");
        for ((x, share), (column, expected)) in covered.into_iter().zip(expected) {
            assert_eq!(x, canvas.left() + column);
            assert!((share - expected).abs() < 1e-6, "{share} of column {column}");
        }
    }
}
