//! Filters of a net as small pictures of what they answer to.

use std::path::Path;

use anyhow::Result;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::canvas::{Drawn, INK, MISS};
use super::chart::{heading, text};
use super::{register_fonts, unwritten};

/// Filters in a row.
const ACROSS: usize = 8;
/// Size of a filter's field, of one of its values, and of the head, in pixels.
const FIELD: [i32; 2] = [170, 330];
const CELL: [i32; 2] = [24, 4];
const HEAD: u32 = 84;

/// One filter.
pub struct Field {
    /// `[frames][bands]`, low bands first.
    pub values: Vec<f32>,
    /// What stands below.
    pub words: String,
}

/// Draws filters of so many `bands` into a PNG file: bands upwards, frames to the right, each as strong as its largest value.
///
/// # Errors
/// The file cannot be written.
pub fn filters(title: &str, subtitle: &str, fields: &[Field], bands: usize, path: &Path) -> Result<()> {
    register_fonts();
    let rows = fields.len().div_ceil(ACROSS).max(1);
    let size = (FIELD[0] as u32 * ACROSS as u32, HEAD + FIELD[1] as u32 * rows as u32);
    let root = BitMapBackend::new(path, size).into_drawing_area();
    let draw = || -> Drawn {
        let (head, body) = root.split_vertically(HEAD);
        heading(&root, &head, title, subtitle)?;
        for (at, field) in fields.iter().enumerate() {
            let (left, top) = ((at % ACROSS) as i32 * FIELD[0] + 16, (at / ACROSS) as i32 * FIELD[1]);
            let largest = field.values.iter().fold(1e-9_f32, |most, value| most.max(value.abs()));
            for (position, value) in field.values.iter().enumerate() {
                let (frame, band) = ((position / bands) as i32, (position % bands) as i32);
                let (x, y) = (left + frame * CELL[0], top + (bands as i32 - 1 - band) * CELL[1]);
                let strength = f64::from(value.abs() / largest);
                let colour = if *value > 0.0 { MISS.mix(strength) } else { INK.mix(strength) };
                body.draw(&Rectangle::new([(x, y), (x + CELL[0] - 1, y + CELL[1] - 1)], colour.filled()))?;
            }
            let below = top + bands as i32 * CELL[1] + 8;
            text(&body, &field.words, (left, below), (16, INK), (HPos::Left, VPos::Top))?;
        }
        root.present()
    };
    draw().map_err(|error| unwritten(path, &error))
}
