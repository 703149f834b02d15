//! The lanes of a picture, from top to bottom, and how each is drawn.

use plotters::prelude::Color;
use plotters::style::text_anchor::{HPos, VPos};
use plotters::style::{BLACK, RGBColor, WHITE};

use super::canvas::{self, Canvas, Drawn, FAINT, INK, LANE, MUSIC, TRUTH, VOICE};
use super::{Picture, axis};
use crate::record::Segment;
use crate::record::overview::Overview;

pub(crate) const TITLE: i32 = 84;
const WAVEFORM: i32 = 190;
const VOCAL: i32 = 210;
const TRUTH_LANE: i32 = 26;
const GENRE: i32 = 58;
pub(crate) const GAP: i32 = 14;
pub(crate) const LABEL_SIZE: i32 = 20;

/// Top and bottom pixel rows of each lane.
pub(crate) struct Layout {
    waveform: Option<(i32, i32)>,
    vocal: (i32, i32),
    truth: Option<(i32, i32)>,
    genre: Option<(i32, i32)>,
    bottom: i32,
}

impl Layout {
    /// Stacks the lanes that the picture has something for.
    pub(crate) fn of(picture: &Picture<'_>) -> Self {
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

    pub(crate) fn height(&self) -> u32 {
        (self.bottom + axis::HEIGHT) as u32
    }

    pub(crate) fn draw(&self, picture: &Picture<'_>, canvas: &Canvas<'_>) -> Drawn {
        canvas.paper()?;
        canvas.text(picture.title, (canvas.left(), 18), 32, INK, (HPos::Left, VPos::Top))?;
        canvas.text(picture.subtitle, (canvas.left(), 54), 20, FAINT, (HPos::Left, VPos::Top))?;
        for lane in [self.waveform, Some(self.vocal), self.truth, self.genre].into_iter().flatten() {
            canvas.fill(canvas.left(), lane.0, canvas.right(), lane.1, LANE.to_rgba())?;
        }
        axis::draw(canvas, TITLE, self.bottom)?;
        if let Some(lane) = self.waveform {
            draw_name(canvas, lane, "audio")?;
            if let Some(waveform) = picture.waveform {
                draw_waveform(waveform, (picture.phrases, VOICE), canvas, lane)?;
            }
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
}

pub(crate) fn draw_name(canvas: &Canvas<'_>, lane: (i32, i32), name: &str) -> Drawn {
    let at = (canvas.left() - 14, i32::midpoint(lane.0, lane.1));
    canvas.text(name, at, LABEL_SIZE, INK, (HPos::Right, VPos::Center))
}

/// Pixel columns (first, last) of each span, at least one each.
fn columns_of(canvas: &Canvas<'_>, spans: &[Segment]) -> Vec<(i32, i32)> {
    spans.iter().map(|span| (canvas.x(span.start_s), canvas.x(span.end_s).max(canvas.x(span.start_s)))).collect()
}

/// The waveform (with its sample rate in Hz), coloured where someone sings.
pub(crate) fn draw_waveform(
    (overview, sample_rate_hz): (&Overview, f64),
    (sung, voice): (&[Segment], RGBColor),
    canvas: &Canvas<'_>,
    lane: (i32, i32),
) -> Drawn {
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
        let sung = sung.iter().any(|p| p.start_s <= time_s && time_s < p.end_s);
        let colour = if sung { voice } else { MUSIC };
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
    draw_threshold(canvas, row(picture.threshold))?;
    let curve = highest_per_column(picture.vocal, canvas);
    for &(x, value) in &curve {
        canvas.fill(x, row(value), x, bottom, VOICE.mix(0.28))?;
    }
    canvas.line(curve.into_iter().map(|(x, value)| (x, row(value))).collect(), VOICE.to_rgba(), 2)
}

/// A dashed line across the lanes at this pixel row.
pub(crate) fn draw_threshold(canvas: &Canvas<'_>, row: i32) -> Drawn {
    for x in (canvas.left()..canvas.right() - 6).step_by(14) {
        canvas.line(vec![(x, row), (x + 7, row)], INK.mix(0.55), 1)?;
    }
    Ok(())
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
        let Some(name) = run[0].class.and_then(|class| picture.classes.get(class)) else { continue };
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
