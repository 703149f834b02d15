//! A library as a map: each track a dot, alike near each other, genre by colour and shape.

use std::path::Path;

use anyhow::Result;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::canvas::{Area, Drawn, FAINT, GRID, INK};
use super::chart::{SERIES, heading, text};
use super::{register_fonts, unwritten};
use crate::say::genre::GENRES;

/// Width and height of the picture, in pixels.
const SIZE: (u32, u32) = (1400, 1180);
const HEAD: u32 = 84;
/// Room for the legend, right of the map.
const LEGEND: u32 = 210;
/// Room around the dots.
const MARGIN: f64 = 46.0;
/// Names longer than this are cut.
const LONGEST_NAME: usize = 42;
/// Room that a name takes, in pixels.
const NAME: (i32, i32) = (200, 20);

/// One track on the map.
#[derive(Clone, Debug)]
pub struct Dot {
    /// Where; units mean nothing.
    pub at: [f64; 2],
    /// Position of its likeliest class in [`GENRES`]; `None` where nothing is said.
    pub class: Option<usize>,
}

/// A dot that is pointed out.
#[derive(Clone, Debug)]
pub struct Mark {
    /// Which dot.
    pub dot: usize,
    /// What stands beside it.
    pub name: String,
    /// Whether it is what was asked about, and not an answer.
    pub asked: bool,
}

/// Draws a map into a PNG file.
///
/// # Errors
/// The file cannot be written.
pub fn save(title: &str, subtitle: &str, dots: &[Dot], marks: &[Mark], path: &Path) -> Result<()> {
    register_fonts();
    let root = BitMapBackend::new(path, SIZE).into_drawing_area();
    let draw = || -> Drawn {
        let (head, body) = root.split_vertically(HEAD);
        heading(&root, &head, title, subtitle)?;
        let (map, legend) = body.split_horizontally(SIZE.0 - LEGEND);
        let places = places(dots, map.dim_in_pixel());
        draw_dots(dots, &places, &map)?;
        draw_marks(marks, &places, &map)?;
        draw_legend(dots, &legend)?;
        root.present()
    };
    draw().map_err(|error| unwritten(path, &error))
}

/// Pixels of each dot: the same scale both ways, in the middle of the map.
fn places(dots: &[Dot], (width, height): (u32, u32)) -> Vec<(i32, i32)> {
    let range = |axis: usize| {
        dots.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), dot| {
            (low.min(dot.at[axis]), high.max(dot.at[axis]))
        })
    };
    let (x, y) = (range(0), range(1));
    let room = (f64::from(width) - 2.0 * MARGIN, f64::from(height) - 2.0 * MARGIN);
    let scale = (room.0 / (x.1 - x.0).max(1e-9)).min(room.1 / (y.1 - y.0).max(1e-9));
    let pixel = |value: f64, (low, high): (f64, f64), size: u32| {
        (f64::from(size) / 2.0 + (value - (low + high) / 2.0) * scale).round() as i32
    };
    // Heights grow downwards in a picture.
    dots.iter().map(|dot| (pixel(dot.at[0], x, width), pixel(-dot.at[1], (-y.1, -y.0), height))).collect()
}

/// Half the size of a dot: many are small.
fn radius(dots: usize) -> i32 {
    match dots {
        0..=200 => 8,
        201..=2000 => 5,
        2001..=20_000 => 3,
        _ => 2,
    }
}

fn draw_dots(dots: &[Dot], places: &[(i32, i32)], map: &Area<'_>) -> Drawn {
    let radius = radius(dots.len());
    for (dot, &at) in dots.iter().zip(places) {
        symbol(map, at, dot.class, radius)?;
    }
    Ok(())
}

/// A genre's sign: seven colours that the colour-blind tell apart, as circles and as triangles.
fn symbol(area: &Area<'_>, at: (i32, i32), class: Option<usize>, radius: i32) -> Drawn {
    let Some(class) = class else { return area.draw(&Circle::new(at, radius - 1, FAINT.stroke_width(1))) };
    let colour = SERIES[class % SERIES.len()].mix(0.85).filled();
    if class < SERIES.len() {
        area.draw(&Circle::new(at, radius, colour))
    } else {
        area.draw(&TriangleMarker::new(at, radius + radius / 2, colour))
    }
}

fn draw_marks(marks: &[Mark], places: &[(i32, i32)], map: &Area<'_>) -> Drawn {
    let (width, height) = map.dim_in_pixel();
    let mut written: Vec<(i32, i32)> = Vec::new();
    for mark in marks {
        let (x, y) = places[mark.dot];
        let (radius, stroke) = if mark.asked { (17, 4) } else { (13, 2) };
        map.draw(&Circle::new((x, y), radius, INK.stroke_width(stroke)))?;
        // Names stand where there is room for them, and below those that are there already.
        let (side, anchor) = if x < width as i32 / 2 { (radius + 6, HPos::Left) } else { (-radius - 6, HPos::Right) };
        let mut line = y;
        while written.iter().any(|other| (other.0 - x).abs() < NAME.0 && (other.1 - line).abs() < NAME.1) {
            line += NAME.1;
        }
        written.push((x, line));
        let mut name: String = mark.name.chars().take(LONGEST_NAME).collect();
        if name.len() < mark.name.len() {
            name.push('…');
        }
        let size = if mark.asked { 20 } else { 16 };
        text(map, &name, (x + side, line.clamp(12, height as i32 - 12)), (size, INK), (anchor, VPos::Center))?;
    }
    Ok(())
}

/// The genres that are there, most frequent first.
fn draw_legend(dots: &[Dot], legend: &Area<'_>) -> Drawn {
    let count = |class: Option<usize>| dots.iter().filter(|dot| dot.class == class).count();
    let mut classes: Vec<(Option<usize>, usize)> =
        (0..GENRES.len()).map(Some).chain([None]).map(|class| (class, count(class))).collect();
    classes.retain(|(_, count)| *count > 0);
    classes.sort_by_key(|&(class, count)| (class.is_none(), std::cmp::Reverse(count)));
    legend.draw(&PathElement::new([(0, 20), (0, legend.dim_in_pixel().1 as i32 - 40)], GRID.stroke_width(1)))?;
    for (line, (class, count)) in classes.into_iter().enumerate() {
        let y = 40 + 36 * line as i32;
        symbol(legend, (28, y), class, 9)?;
        let name = class.map_or("nothing said", |class| GENRES[class]);
        text(legend, name, (50, y), (19, INK), (HPos::Left, VPos::Center))?;
        text(legend, &count.to_string(), (190, y), (17, FAINT), (HPos::Right, VPos::Center))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dot_lies_on_the_map() {
        let dot = |x: f64, y: f64| Dot { at: [x, y], class: None };
        for dots in [vec![], vec![dot(3.0, 4.0)], vec![dot(-1e6, 0.0), dot(1e6, 5.0), dot(0.0, -7.0)]] {
            for (x, y) in places(&dots, (1000, 800)) {
                assert!((0..1000).contains(&x) && (0..800).contains(&y), "{x} {y}");
            }
        }
        let apart = places(&[dot(0.0, 0.0), dot(1.0, 1.0)], (1000, 800));
        assert!(apart[1].0 > apart[0].0 && apart[1].1 < apart[0].1, "up is up");
    }
}
