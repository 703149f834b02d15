//! Charts of how good a detector is: reliability diagrams and ROC curves.

use std::path::Path;

use anyhow::Result;
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::canvas::{Area, Drawn, FAINT, FALSE_ALARM, GRID, INK, MISS, PAPER};
use super::{register_fonts, unwritten};
use crate::study::metrics::Bin;

/// Height of a chart's heading, in pixels.
const HEAD: u32 = 84;
/// Width and height of one reliability diagram.
const PANEL: (u32, u32) = (480, 680);
/// Its part for the histogram.
const HISTOGRAM: u32 = 190;
/// Diagrams side by side.
const PANELS_ABREAST: usize = 3;
/// Width and height of the ROC chart.
const ROC: (u32, u32) = (960, 1000);
/// Two points of a curve closer than this look like one.
const VISIBLE: f64 = 5e-4;

/// The series of a chart, in the colours of Okabe and Ito (2008); the first is for everything pooled.
pub(super) const SERIES: [RGBColor; 7] = [
    INK,
    MISS,
    FALSE_ALARM,
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(230, 159, 0),
];

/// One reliability diagram.
pub struct Reliability<'a> {
    /// Whose.
    pub name: &'a str,
    /// Equal bins of probability from 0 to 1.
    pub bins: &'a [Bin],
    /// Expected calibration error; `None` without frames.
    pub error: Option<f64>,
}

/// One ROC curve.
pub struct Roc<'a> {
    /// Whose.
    pub name: &'a str,
    /// (false-alarm rate, recall), from (0, 0) to (1, 1).
    pub curve: &'a [(f64, f64)],
    /// Area under it.
    pub auc: f64,
    /// The point at the threshold that is used.
    pub used: (f64, f64),
}

/// Draws reliability diagrams, up to three abreast, into a PNG file: what was predicted against what came true, and
/// how often each was predicted.
///
/// # Errors
/// The file cannot be written.
pub fn reliability(title: &str, subtitle: &str, diagrams: &[Reliability<'_>], path: &Path) -> Result<()> {
    register_fonts();
    let abreast = diagrams.len().clamp(1, PANELS_ABREAST);
    let rows = diagrams.len().div_ceil(PANELS_ABREAST).max(1);
    let size = (PANEL.0 * abreast as u32 + 20, HEAD + PANEL.1 * rows as u32);
    let root = BitMapBackend::new(path, size).into_drawing_area();
    let draw = || -> Drawn {
        let (head, body) = root.split_vertically(HEAD);
        heading(&root, &head, title, subtitle)?;
        for (diagram, panel) in diagrams.iter().zip(body.split_evenly((rows, abreast))) {
            draw_reliability(diagram, &panel)?;
        }
        root.present()
    };
    draw().map_err(|error| unwritten(path, &error))
}

/// Draws ROC curves into a PNG file, each with a dot at the threshold that is used. Give the pooled one first.
///
/// # Errors
/// The file cannot be written.
pub fn roc(title: &str, subtitle: &str, curves: &[Roc<'_>], path: &Path) -> Result<()> {
    register_fonts();
    let root = BitMapBackend::new(path, ROC).into_drawing_area();
    let draw = || -> Drawn {
        let (head, body) = root.split_vertically(HEAD);
        heading(&root, &head, title, subtitle)?;
        draw_roc(curves, &body)?;
        root.present()
    };
    draw().map_err(|error| unwritten(path, &error))
}

pub(super) fn heading(root: &Area<'_>, head: &Area<'_>, title: &str, subtitle: &str) -> Drawn {
    root.fill(&PAPER)?;
    text(head, title, (24, 18), (30, INK), (HPos::Left, VPos::Top))?;
    text(head, subtitle, (24, 54), (19, FAINT), (HPos::Left, VPos::Top))
}

/// Text of a size and colour whose anchor stands at `at`.
pub(super) fn text(area: &Area<'_>, words: &str, at: (i32, i32), font: (i32, RGBColor), anchor: (HPos, VPos)) -> Drawn {
    let style = ("sans-serif", font.0).into_text_style(area).color(&font.1).pos(Pos::new(anchor.0, anchor.1));
    area.draw(&Text::new(words.to_owned(), at, style))
}

fn draw_reliability(diagram: &Reliability<'_>, panel: &Area<'_>) -> Drawn {
    let (name, rest) = panel.split_vertically(40);
    let error = diagram.error.map_or_else(String::new, |error| format!("   ECE {error:.3}"));
    text(&name, &format!("{}{error}", diagram.name), (98, 20), (21, INK), (HPos::Left, VPos::Center))?;
    let (upper, lower) = rest.split_vertically(PANEL.1 - 40 - HISTOGRAM);

    let mut chart = square(&upper, 0.0..1.0, 10)?;
    mesh(&mut chart, "", "share that is sung", 6)?;
    chart.draw_series([PathElement::new([(0.0, 0.0), (1.0, 1.0)], FAINT.stroke_width(1))])?;
    let total: u64 = diagram.bins.iter().map(|bin| bin.count).sum();
    let shares: Vec<f64> = diagram.bins.iter().map(|bin| bin.count as f64 / total.max(1) as f64).collect();
    let most = shares.iter().copied().fold(0.0, f64::max).max(0.01);
    // A gap that hardly any frame is in hardly matters: it is drawn pale, with a small dot.
    let points: Vec<_> = diagram
        .bins
        .iter()
        .zip(&shares)
        .filter_map(|(bin, share)| Some((bin.point()?, (share / most).sqrt())))
        .collect();
    chart.draw_series(LineSeries::new(points.iter().map(|point| point.0), MISS.mix(0.5).stroke_width(1)))?;
    chart.draw_series(points.iter().map(|&((x, y), weight)| {
        PathElement::new([(x, x), (x, y)], FALSE_ALARM.mix(0.2 + 0.8 * weight).stroke_width(4))
    }))?;
    chart.draw_series(
        points.iter().map(|&(point, weight)| Circle::new(point, 3 + (6.0 * weight) as i32, MISS.filled())),
    )?;

    let mut chart = square(&lower, 0.0..(most * 1.1), 56)?;
    mesh(&mut chart, "predicted probability", "frames", 3)?;
    let width = 1.0 / shares.len().max(1) as f64;
    chart.draw_series(shares.iter().enumerate().map(|(bin, share)| {
        let left = bin as f64 * width;
        Rectangle::new([(left + 0.1 * width, 0.0), (left + 0.9 * width, *share)], MISS.mix(0.75).filled())
    }))?;
    Ok(())
}

fn draw_roc(curves: &[Roc<'_>], body: &Area<'_>) -> Drawn {
    let mut chart = square(body, 0.0..1.0, 60)?;
    mesh(&mut chart, "false-alarm rate", "recall", 11)?;
    chart.draw_series([PathElement::new([(0.0, 0.0), (1.0, 1.0)], FAINT.stroke_width(1))])?;
    // The pooled curve lies on top.
    for (index, roc) in curves.iter().enumerate().rev() {
        let colour = SERIES[index % SERIES.len()];
        let width = if index == 0 { 3 } else { 2 };
        chart.draw_series(LineSeries::new(visible(roc.curve), colour.stroke_width(width)))?;
        chart.draw_series([Circle::new(roc.used, 8, PAPER.filled()), Circle::new(roc.used, 6, colour.filled())])?;
    }
    let (width, height) = body.dim_in_pixel();
    let (left, line) = (width as i32 - 400, 34);
    let top = height as i32 - 110 - line * curves.len() as i32;
    for (index, roc) in curves.iter().enumerate() {
        let y = top + line * index as i32;
        let colour = SERIES[index % SERIES.len()];
        body.draw(&PathElement::new([(left, y), (left + 34, y)], colour.stroke_width(3)))?;
        body.draw(&Circle::new((left + 17, y), 6, colour.filled()))?;
        let words = format!("{}  AUC {:.3}", roc.name, roc.auc);
        text(body, &words, (left + 46, y), (20, INK), (HPos::Left, VPos::Center))?;
    }
    Ok(())
}

type Chart<'a, 'b> = ChartContext<
    'a,
    BitMapBackend<'b>,
    Cartesian2d<plotters::coord::types::RangedCoordf64, plotters::coord::types::RangedCoordf64>,
>;

/// Axes over 0..1 and `y`.
fn square<'a, 'b>(
    area: &'a DrawingArea<BitMapBackend<'b>, Shift>,
    y: std::ops::Range<f64>,
    bottom: i32,
) -> std::result::Result<Chart<'a, 'b>, DrawingAreaErrorKind<<BitMapBackend<'static> as DrawingBackend>::ErrorType>> {
    ChartBuilder::on(area)
        .margin_left(16)
        .margin_right(22)
        .margin_top(8)
        .set_label_area_size(LabelAreaPosition::Left, 82)
        .set_label_area_size(LabelAreaPosition::Bottom, bottom + 10)
        .build_cartesian_2d(0.0..1.0, y)
}

fn mesh(chart: &mut Chart<'_, '_>, x: &str, y: &str, labels: usize) -> Drawn {
    chart
        .configure_mesh()
        .light_line_style(PAPER)
        .bold_line_style(GRID)
        .axis_style(FAINT)
        .label_style(("sans-serif", 17).into_font().color(&INK))
        .axis_desc_style(("sans-serif", 19).into_font().color(&INK))
        .x_desc(x)
        .y_desc(y)
        .x_labels(6)
        .y_labels(labels)
        .x_label_formatter(&|value| format!("{value:.1}"))
        .y_label_formatter(&|value| format!("{value:.1}"))
        .draw()
}

/// A curve without the points that nobody can tell apart.
fn visible(curve: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut kept: Vec<(f64, f64)> = Vec::new();
    for (index, &point) in curve.iter().enumerate() {
        let far = kept.last().is_none_or(|last| (point.0 - last.0).abs().max((point.1 - last.1).abs()) >= VISIBLE);
        if far || index + 1 == curve.len() {
            kept.push(point);
        }
    }
    kept
}
