//! Figures with their intervals, one below the other.

use std::path::Path;

use anyhow::Result;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::canvas::{Drawn, FAINT, GRID, INK, MISS};
use super::chart::{heading, text};
use super::{register_fonts, unwritten};

const WIDTH: u32 = 1200;
const HEAD: u32 = 84;
const ROW: u32 = 40;
/// Room for the axis.
const FOOT: u32 = 60;
/// Room for the names on the left and for the figures on the right.
const NAMES: i32 = 300;
const FIGURES: i32 = 110;

/// One figure.
pub struct Bar {
    /// Whose.
    pub name: String,
    /// 0..=1.
    pub value: f64,
    /// Its lower and its upper end.
    pub interval: [f64; 2],
}

/// Draws the figures into a PNG file in the given order, on an axis from 0 to the highest end.
///
/// # Errors
/// The file cannot be written.
pub fn intervals(title: &str, subtitle: &str, bars: &[Bar], path: &Path) -> Result<()> {
    register_fonts();
    let height = HEAD + ROW * bars.len().max(1) as u32 + FOOT;
    let root = BitMapBackend::new(path, (WIDTH, height)).into_drawing_area();
    let draw = || -> Drawn {
        let (head, body) = root.split_vertically(HEAD);
        heading(&root, &head, title, subtitle)?;
        let highest = bars.iter().map(|bar| bar.interval[1]).fold(0.1, f64::max);
        let last = (highest * 10.0).ceil() / 10.0;
        let span = f64::from(WIDTH as i32 - NAMES - FIGURES);
        let x = |value: f64| NAMES + (value / last * span).round() as i32;
        let bottom = (ROW * bars.len().max(1) as u32) as i32;
        for tick in 0..=(last * 10.0).round() as i32 {
            let at = x(f64::from(tick) / 10.0);
            body.draw(&PathElement::new([(at, 0), (at, bottom)], GRID.stroke_width(1)))?;
            let words = format!("{:.1}", f64::from(tick) / 10.0);
            text(&body, &words, (at, bottom + 8), (18, FAINT), (HPos::Center, VPos::Top))?;
        }
        for (row, bar) in bars.iter().enumerate() {
            let y = ROW as i32 * row as i32 + ROW as i32 / 2;
            text(&body, &bar.name, (NAMES - 16, y), (20, INK), (HPos::Right, VPos::Center))?;
            let [low, high] = bar.interval.map(x);
            body.draw(&PathElement::new([(low, y), (high, y)], MISS.mix(0.6).stroke_width(5)))?;
            body.draw(&Circle::new((x(bar.value), y), 8, MISS.filled()))?;
            let words = format!("{:.3}", bar.value);
            text(&body, &words, (WIDTH as i32 - 24, y), (20, INK), (HPos::Right, VPos::Center))?;
        }
        root.present()
    };
    draw().map_err(|error| unwritten(path, &error))
}
