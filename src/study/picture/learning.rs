//! Learning curves: figures over the steps of a training run, one panel below the other.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Result;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::canvas::{Area, Drawn, GRID, INK, PAPER};
use super::chart::{SERIES, heading, text};
use super::{register_fonts, unwritten};

const WIDTH: u32 = 1200;
const HEAD: u32 = 84;
const PANEL: u32 = 300;
/// Width of the legend beside a panel.
const LEGEND: u32 = 280;

/// One figure, for each set.
pub struct Panel {
    /// What is drawn.
    pub name: &'static str,
    /// Name and (step, value) of each line.
    pub lines: Vec<(String, Vec<(f64, f64)>)>,
}

/// Draws the panels into a PNG file. A name has the same colour in every panel.
///
/// # Errors
/// The file cannot be written.
pub fn learning(title: &str, subtitle: &str, panels: &[Panel], path: &Path) -> Result<()> {
    register_fonts();
    let names: BTreeSet<&str> = panels.iter().flat_map(|panel| &panel.lines).map(|(name, _)| name.as_str()).collect();
    let colours: BTreeMap<&str, RGBColor> = names.into_iter().zip(SERIES.into_iter().cycle()).collect();
    let root = BitMapBackend::new(path, (WIDTH, HEAD + PANEL * panels.len().max(1) as u32)).into_drawing_area();
    let draw = || -> Drawn {
        let (head, body) = root.split_vertically(HEAD);
        heading(&root, &head, title, subtitle)?;
        for (panel, area) in panels.iter().zip(body.split_evenly((panels.len().max(1), 1))) {
            draw_panel(panel, &colours, &area)?;
        }
        root.present()
    };
    draw().map_err(|error| unwritten(path, &error))
}

fn draw_panel(panel: &Panel, colours: &BTreeMap<&str, RGBColor>, area: &Area<'_>) -> Drawn {
    let (left, legend) = area.split_horizontally(WIDTH - LEGEND);
    let all = || panel.lines.iter().flat_map(|(_, points)| points);
    let last = all().map(|point| point.0).fold(1.0, f64::max);
    let (low, high) = all().fold((f64::MAX, f64::MIN), |(low, high), point| (low.min(point.1), high.max(point.1)));
    // A line that does not move still needs room around it.
    let (low, high) = if low < high { (low, high) } else { (low.min(0.0), high.max(1.0)) };
    let margin = (high - low) * 0.06;
    let mut chart = ChartBuilder::on(&left)
        .margin(10)
        .margin_left(16)
        .set_label_area_size(LabelAreaPosition::Left, 90)
        .set_label_area_size(LabelAreaPosition::Bottom, 56)
        .build_cartesian_2d(0.0..last, low - margin..high + margin)?;
    chart
        .configure_mesh()
        .light_line_style(PAPER)
        .bold_line_style(GRID)
        .label_style(("sans-serif", 17).into_font().color(&INK))
        .axis_desc_style(("sans-serif", 19).into_font().color(&INK))
        .x_desc("step")
        .y_desc(panel.name)
        .x_labels(8)
        .y_labels(5)
        .x_label_formatter(&|step| format!("{step:.0}"))
        .y_label_formatter(&|value| format!("{value:.3}"))
        .draw()?;
    for (index, (name, points)) in panel.lines.iter().enumerate() {
        let colour = colours.get(name.as_str()).copied().unwrap_or(INK);
        chart.draw_series(LineSeries::new(points.iter().copied(), colour.stroke_width(2)))?;
        chart.draw_series(points.iter().map(|&point| Circle::new(point, 3, colour.filled())))?;
        let y = 30 + 30 * index as i32;
        legend.draw(&PathElement::new([(4, y), (34, y)], colour.stroke_width(3)))?;
        text(&legend, name, (44, y), (18, INK), (HPos::Left, VPos::Center))?;
    }
    Ok(())
}
