//! The lanes of a picture, from top to bottom, and how each is drawn.

use plotters::prelude::Color;
use plotters::style::text_anchor::{HPos, VPos};
use plotters::style::{BLACK, WHITE};

use super::Picture;
use super::canvas::{self, Canvas, Drawn, FAINT, GRID, INK, LANE, MUSIC, TRUTH, VOICE};
use crate::say::genre::GENRES;
use crate::study::lab::Segment;

const TITLE: i32 = 84;
const WAVEFORM: i32 = 190;
const VOCAL: i32 = 210;
const TRUTH_LANE: i32 = 26;
const GENRE: i32 = 58;
const GAP: i32 = 14;
const AXIS: i32 = 46;
const LABEL_SIZE: i32 = 20;
/// Time marks are at least this far apart, in pixels.
const MARK_DISTANCE: f64 = 110.0;

/// Top and bottom pixel rows of each lane.
pub(super) struct Layout {
    waveform: Option<(i32, i32)>,
    vocal: (i32, i32),
    truth: Option<(i32, i32)>,
    genre: Option<(i32, i32)>,
    bottom: i32,
}

impl Layout {
    /// Stacks the lanes that the picture has something for.
    pub(super) fn of(picture: &Picture<'_>) -> Self {
        let mut y = TITLE;
        let mut stack = |height: i32| {
            let lane = (y, y + height);
            y += height + GAP;
            lane
        };
        let waveform = picture.waveform.map(|_| stack(WAVEFORM));
        let vocal = stack(VOCAL);
        let truth = picture.truth.map(|_| stack(TRUTH_LANE));
        let genre = (!picture.genre.is_empty()).then(|| stack(GENRE));
        Self { waveform, vocal, truth, genre, bottom: y - GAP }
    }

    pub(super) fn height(&self) -> u32 {
        (self.bottom + AXIS) as u32
    }

    pub(super) fn draw(&self, picture: &Picture<'_>, canvas: &Canvas<'_>) -> Drawn {
        canvas.paper()?;
        canvas.text(picture.title, (canvas.left(), 18), 32, INK, (HPos::Left, VPos::Top))?;
        canvas.text(picture.subtitle, (canvas.left(), 54), 20, FAINT, (HPos::Left, VPos::Top))?;
        for lane in [self.waveform, Some(self.vocal), self.truth, self.genre].into_iter().flatten() {
            canvas.fill(canvas.left(), lane.0, canvas.right(), lane.1, LANE.to_rgba())?;
        }
        self.draw_axis(canvas)?;
        if let Some(lane) = self.waveform {
            draw_name(canvas, lane, "audio")?;
            draw_waveform(picture, canvas, lane)?;
        }
        draw_name(canvas, self.vocal, "vocal")?;
        draw_vocal(picture, canvas, self.vocal)?;
        if let (Some(lane), Some(truth)) = (self.truth, picture.truth) {
            draw_name(canvas, lane, "truth")?;
            for (left, right) in columns_of(canvas, truth) {
                canvas.fill(left, lane.0, right, lane.1, TRUTH.mix(0.85))?;
            }
        }
        if let Some(lane) = self.genre {
            draw_name(canvas, lane, "genre")?;
            draw_genre(picture, canvas, lane)?;
        }
        Ok(())
    }

    /// Time marks below, with faint lines through all lanes.
    fn draw_axis(&self, canvas: &Canvas<'_>) -> Drawn {
        let step_s = mark_step_s(canvas.duration_s(), f64::from(canvas.right() - canvas.left()));
        let marks = (canvas.duration_s() / step_s).floor() as u32;
        for mark in 0..=marks {
            let time_s = f64::from(mark) * step_s;
            let x = canvas.x(time_s);
            canvas.line(vec![(x, TITLE), (x, self.bottom + 6)], GRID.to_rgba(), 1)?;
            let text = clock(time_s, step_s);
            canvas.text(&text, (x, self.bottom + 12), 18, FAINT, (HPos::Center, VPos::Top))?;
        }
        Ok(())
    }
}

fn draw_name(canvas: &Canvas<'_>, lane: (i32, i32), name: &str) -> Drawn {
    let at = (canvas.left() - 14, i32::midpoint(lane.0, lane.1));
    canvas.text(name, at, LABEL_SIZE, INK, (HPos::Right, VPos::Center))
}

/// Pixel columns (first, last) of each span, at least one each.
fn columns_of(canvas: &Canvas<'_>, spans: &[Segment]) -> Vec<(i32, i32)> {
    spans.iter().map(|span| (canvas.x(span.start_s), canvas.x(span.end_s).max(canvas.x(span.start_s)))).collect()
}

/// The waveform, coloured where someone sings.
fn draw_waveform(picture: &Picture<'_>, canvas: &Canvas<'_>, lane: (i32, i32)) -> Drawn {
    let Some((overview, sample_rate_hz)) = picture.waveform else { return Ok(()) };
    let columns = overview.columns();
    let seconds = overview.column_samples() as f64 / sample_rate_hz;
    let loudest = columns.iter().fold(0.05_f32, |peak, &(low, high)| peak.max(high).max(-low));
    let middle = i32::midpoint(lane.0, lane.1);
    let scale = f64::from(lane.1 - lane.0) * 0.47 / f64::from(loudest);
    let row = |sample: f32| middle - (f64::from(sample) * scale).round() as i32;
    for x in canvas.left()..=canvas.right() {
        let from = ((canvas.time_s(x) / seconds) as usize).min(columns.len());
        let to = ((canvas.time_s(x + 1) / seconds).ceil() as usize).clamp(from, columns.len());
        if from == to {
            continue;
        }
        let (low, high) = columns[from..to].iter().fold((0.0_f32, 0.0_f32), |(l, h), c| (l.min(c.0), h.max(c.1)));
        let time_s = canvas.time_s(x);
        let sung = picture.phrases.iter().any(|p| p.start_s <= time_s && time_s < p.end_s);
        let colour = if sung { VOICE } else { MUSIC };
        canvas.fill(x, row(high), x, row(low), colour.to_rgba())?;
    }
    Ok(())
}

/// The probability curve on a scale 0..1, with its threshold and the phrases shaded behind it.
fn draw_vocal(picture: &Picture<'_>, canvas: &Canvas<'_>, lane: (i32, i32)) -> Drawn {
    for (left, right) in columns_of(canvas, picture.phrases) {
        canvas.fill(left, lane.0, right, lane.1, VOICE.mix(0.16))?;
        canvas.fill(left, lane.0, right, lane.0 + 4, VOICE.to_rgba())?;
    }
    let (top, bottom) = (lane.0 + 10, lane.1 - 2);
    let row = |value: f32| bottom - (f64::from(value.clamp(0.0, 1.0)) * f64::from(bottom - top)).round() as i32;
    for (value, name) in [(0.0, "0"), (1.0, "1")] {
        canvas.text(name, (canvas.right() + 8, row(value)), 16, FAINT, (HPos::Left, VPos::Center))?;
    }
    let threshold = row(picture.threshold);
    for x in (canvas.left()..canvas.right() - 6).step_by(14) {
        canvas.line(vec![(x, threshold), (x + 7, threshold)], INK.mix(0.55), 1)?;
    }
    let curve = highest_per_column(picture.vocal, canvas);
    for &(x, value) in &curve {
        canvas.fill(x, row(value), x, bottom, VOICE.mix(0.28))?;
    }
    canvas.line(curve.into_iter().map(|(x, value)| (x, row(value))).collect(), VOICE.to_rgba(), 2)
}

/// One point per pixel column at most: the highest value in it, so that no onset is lost.
fn highest_per_column(points: &[(f64, f32)], canvas: &Canvas<'_>) -> Vec<(i32, f32)> {
    let mut columns: Vec<(i32, f32)> = Vec::new();
    for &(time_s, value) in points {
        let x = canvas.x(time_s);
        match columns.last_mut() {
            Some((last, highest)) if *last == x => *highest = highest.max(value),
            _ => columns.push((x, value)),
        }
    }
    columns
}

/// Coloured stretches; equal neighbours share one name, written where it fits.
fn draw_genre(picture: &Picture<'_>, canvas: &Canvas<'_>, lane: (i32, i32)) -> Drawn {
    for span in picture.genre {
        let Some(class) = span.class else { continue };
        let strength = 0.35 + 0.65 * f64::from(span.probability.clamp(0.0, 1.0)).sqrt();
        let colour = canvas::genre_colour(class).mix(strength);
        // Spans touch: the last column of one is the first of the next, and two coats of paint would show.
        let right = (canvas.x(span.end_s) - 1).max(canvas.x(span.start_s));
        canvas.fill(canvas.x(span.start_s), lane.0, right, lane.1, colour)?;
    }
    for run in picture.genre.chunk_by(|a, b| a.class == b.class) {
        let Some(name) = run[0].class.and_then(|class| GENRES.get(class)) else { continue };
        let (left, right) = (canvas.x(run[0].start_s), canvas.x(run[run.len() - 1].end_s));
        if canvas.text_width(name, LABEL_SIZE) + 12 < right - left {
            let at = (i32::midpoint(left, right), i32::midpoint(lane.0, lane.1));
            let shadow = (at.0 + 1, at.1 + 1);
            canvas.text(name, shadow, LABEL_SIZE, BLACK, (HPos::Center, VPos::Center))?;
            canvas.text(name, at, LABEL_SIZE, WHITE, (HPos::Center, VPos::Center))?;
        }
    }
    Ok(())
}

/// A round step between time marks, in seconds.
fn mark_step_s(duration_s: f64, pixels: f64) -> f64 {
    const STEPS_S: [f64; 17] =
        [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0];
    let least = duration_s * MARK_DISTANCE / pixels;
    STEPS_S.into_iter().find(|&step| step >= least).unwrap_or_else(|| (least / 3600.0).ceil() * 3600.0)
}

/// `1:02:03`, `2:03` or, for marks closer than a second, `2:03.25`.
fn clock(time_s: f64, step_s: f64) -> String {
    let whole = time_s.floor() as u64;
    let (hours, minutes, seconds) = (whole / 3600, whole / 60 % 60, whole % 60);
    let mut text =
        if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") };
    if step_s < 1.0 {
        text += &format!(".{:02}", ((time_s - time_s.floor()) * 100.0).round() as u64);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_round_and_never_crowded() {
        for duration_s in [0.2, 3.0, 30.0, 240.0, 3600.0, 200_000.0] {
            let step_s = mark_step_s(duration_s, 1460.0);
            assert!(duration_s / step_s * MARK_DISTANCE <= 1460.0 + 1e-6, "{duration_s}: {step_s}");
        }
        assert_eq!(clock(125.0, 5.0), "2:05");
        assert_eq!(clock(3725.0, 600.0), "1:02:05");
        assert_eq!(clock(2.25, 0.05), "0:02.25");
    }
}
