//! Draws what was heard: waveform, vocal curve with its phrases, genre ribbon, one above the other on one time axis.

pub(crate) mod axis;
pub(crate) mod canvas;
pub(crate) mod lanes;

use std::path::Path;
use std::sync::Once;

use anyhow::{Error, Result, anyhow};
use plotters::prelude::*;
use plotters::style::register_font;

use super::Segment;
use super::overview::Overview;
use canvas::Canvas;

/// Width of a picture, in pixels.
pub(crate) const WIDTH: u32 = 1600;

/// Makes the fonts known to plotters under the names `sans-serif` and `monospace`. Call it before any
/// drawing with text; further calls do nothing.
pub fn register_fonts() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        for (name, font) in
            [("sans-serif", epaint_default_fonts::UBUNTU_LIGHT), ("monospace", epaint_default_fonts::HACK_REGULAR)]
        {
            // The fonts are compiled in and valid; without them text is left out, nothing worse.
            let _ = register_font(name, FontStyle::Normal, font);
        }
    });
}

/// A stretch of the genre ribbon.
#[derive(Clone, Debug, PartialEq)]
pub struct GenreSpan {
    /// Where it begins, in seconds.
    pub start_s: f64,
    /// Where it ends, in seconds.
    pub end_s: f64,
    /// Position of the class in [`Picture::classes`]; `None` where nothing is said.
    pub class: Option<usize>,
    /// Its probability, 0..=1; pale where low.
    pub probability: f32,
}

/// What a picture shows. Times are in seconds from the start of the audio.
pub struct Picture<'a> {
    /// First line.
    pub title: &'a str,
    /// Second line, smaller; may be empty.
    pub subtitle: &'a str,
    /// Right edge of the time axis.
    pub duration_s: f64,
    /// Waveform and its sample rate in Hz.
    pub waveform: Option<(&'a Overview, f64)>,
    /// (instant, probability 0..=1), in order.
    pub vocal: &'a [(f64, f32)],
    /// Drawn as a dashed line across the vocal curve.
    pub threshold: f32,
    /// Where the gate is open.
    pub phrases: &'a [Segment],
    /// Where someone truly sings, if that is known.
    pub truth: Option<&'a [Segment]>,
    /// Names of the genre classes.
    pub classes: &'a [&'a str],
    /// Genre over time; empty leaves the lane out.
    pub genre: &'a [GenreSpan],
}

impl Picture<'_> {
    /// Draws the picture into a PNG file, replacing it.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn save(&self, path: &Path) -> Result<()> {
        register_fonts();
        let lanes = lanes::Layout::of(self);
        let height = lanes.height();
        let root = BitMapBackend::new(path, (WIDTH, height)).into_drawing_area();
        let canvas = Canvas::new(root, WIDTH as i32, self.duration_s);
        let drawn = lanes.draw(self, &canvas).and_then(|()| canvas.present());
        drawn.map_err(|error| unwritten(path, &error))
    }
}

/// What is said where a picture could not be written.
pub(crate) fn unwritten(path: &Path, error: &dyn std::fmt::Display) -> Error {
    anyhow!("cannot write {} ({error}); check the directory and the free space", path.display())
}
