//! A confusion table as a picture: rows are what songs are, columns what they are taken for.

use std::path::Path;

use anyhow::Result;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::canvas::{Drawn, INK, LANE, MISS, PAPER};
use super::chart::{heading, text};
use super::{register_fonts, unwritten};

const HEAD: u32 = 84;
/// Room for the names of rows and columns, in pixels.
const NAMES: i32 = 190;
const FOOT: i32 = 70;
/// Side of a cell, in pixels: small where there are many.
const CELLS: (i32, i32) = (28, 74);
const MOST_SIDE: i32 = 1100;
/// Letters of a name at most.
const MOST_LETTERS: usize = 18;

/// Draws `counts[truth][answer]` into a PNG file; cells are as dark as their share of the row.
///
/// # Errors
/// The file cannot be written.
pub fn confusion(title: &str, subtitle: &str, classes: &[String], counts: &[Vec<u32>], path: &Path) -> Result<()> {
    register_fonts();
    let number = classes.len().max(1) as i32;
    let cell = (MOST_SIDE / number).clamp(CELLS.0, CELLS.1);
    let side = cell * number;
    let width = (NAMES + side + NAMES).max(900) as u32;
    let root = BitMapBackend::new(path, (width, HEAD + (side + NAMES + FOOT) as u32)).into_drawing_area();
    let draw = || -> Drawn {
        let (head, body) = root.split_vertically(HEAD);
        heading(&root, &head, title, subtitle)?;
        let size = (cell / 3).clamp(11, 18);
        for (truth, row) in counts.iter().enumerate() {
            let top = 10 + truth as i32 * cell;
            let middle = top + cell / 2;
            text(&body, &short(&classes[truth]), (NAMES - 12, middle), (size, INK), (HPos::Right, VPos::Center))?;
            let all: u32 = row.iter().sum();
            for (answer, &songs) in row.iter().enumerate() {
                let left = NAMES + answer as i32 * cell;
                let share = f64::from(songs) / f64::from(all.max(1));
                let corners = [(left, top), (left + cell - 1, top + cell - 1)];
                body.draw(&Rectangle::new(corners, LANE.filled()))?;
                body.draw(&Rectangle::new(corners, MISS.mix(share).filled()))?;
                if songs > 0 {
                    let ink = if share > 0.5 { PAPER } else { INK };
                    let at = (left + cell / 2, middle);
                    text(&body, &songs.to_string(), at, (size, ink), (HPos::Center, VPos::Center))?;
                }
            }
        }
        for (answer, class) in classes.iter().enumerate() {
            let at = (NAMES + answer as i32 * cell + cell / 2, 10 + side + 10);
            let style = ("sans-serif", size).into_font().transform(FontTransform::Rotate90).color(&INK);
            body.draw(&Text::new(short(class), (at.0 + size / 2, at.1), style))?;
        }
        root.present()
    };
    draw().map_err(|error| unwritten(path, &error))
}

fn short(name: &str) -> String {
    if name.chars().count() <= MOST_LETTERS {
        return name.to_owned();
    }
    name.chars().take(MOST_LETTERS - 1).chain(['…']).collect()
}
