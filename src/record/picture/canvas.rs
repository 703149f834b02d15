//! Pixels, colours and text of a picture.

use plotters::backend::BitMapBackend;
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

pub(crate) type Area<'a> = DrawingArea<BitMapBackend<'a>, Shift>;
pub(crate) type Drawn = Result<(), DrawingAreaErrorKind<<BitMapBackend<'static> as DrawingBackend>::ErrorType>>;

pub(crate) const PAPER: RGBColor = RGBColor(250, 250, 248);
pub(crate) const LANE: RGBColor = RGBColor(240, 240, 237);
pub(crate) const INK: RGBColor = RGBColor(38, 40, 46);
pub(crate) const FAINT: RGBColor = RGBColor(128, 131, 138);
pub(crate) const GRID: RGBColor = RGBColor(222, 222, 218);
/// The voice.
pub(crate) const VOICE: RGBColor = RGBColor(206, 62, 84);
/// The music around it.
pub(crate) const MUSIC: RGBColor = RGBColor(120, 134, 156);
/// What a person says is true.
pub(crate) const TRUTH: RGBColor = RGBColor(46, 125, 98);

// Verdicts, and the series of charts, in the colours of Okabe and Ito (2008), which the colour-blind tell apart too.
/// Called sung, is not.
#[cfg(feature = "cli")]
pub(crate) const FALSE_ALARM: RGBColor = RGBColor(213, 94, 0);
/// Sung, not called so.
#[cfg(feature = "cli")]
pub(crate) const MISS: RGBColor = RGBColor(0, 114, 178);
/// Spoken.
#[cfg(feature = "cli")]
pub(crate) const SPEECH: RGBColor = RGBColor(204, 121, 167);
/// Left open by the labels.
#[cfg(feature = "cli")]
pub(crate) const UNSURE: RGBColor = RGBColor(176, 178, 184);

/// Room left of the lanes for their names.
const LEFT: i32 = 112;
const RIGHT: i32 = 28;

/// One colour per genre class, told apart also side by side.
pub(crate) fn genre_colour(class: usize) -> RGBColor {
    const HUES: [(u8, u8, u8); 14] = [
        (58, 96, 160),
        (186, 156, 92),
        (190, 116, 56),
        (186, 86, 160),
        (44, 150, 168),
        (128, 148, 66),
        (222, 150, 40),
        (120, 84, 150),
        (84, 88, 98),
        (226, 108, 128),
        (64, 158, 92),
        (150, 104, 190),
        (196, 66, 52),
        (110, 132, 142),
    ];
    let (r, g, b) = HUES[class % HUES.len()];
    RGBColor(r, g, b)
}

/// A drawing area with a time axis.
pub(crate) struct Canvas<'a> {
    area: Area<'a>,
    width: i32,
    duration_s: f64,
}

impl<'a> Canvas<'a> {
    pub(crate) fn new(area: Area<'a>, width: i32, duration_s: f64) -> Self {
        // A picture of nothing still needs an axis.
        let duration_s = if duration_s.is_finite() && duration_s > 0.0 { duration_s } else { 1.0 };
        Self { area, width, duration_s }
    }

    pub(crate) fn left(&self) -> i32 {
        LEFT
    }

    pub(crate) fn right(&self) -> i32 {
        self.width - RIGHT
    }

    pub(crate) fn duration_s(&self) -> f64 {
        self.duration_s
    }

    /// The pixel column of an instant.
    pub(crate) fn x(&self, time_s: f64) -> i32 {
        let share = (time_s / self.duration_s).clamp(0.0, 1.0);
        LEFT + (share * f64::from(self.right() - LEFT)).round() as i32
    }

    /// The instant of a pixel column.
    pub(crate) fn time_s(&self, x: i32) -> f64 {
        f64::from(x - LEFT) / f64::from(self.right() - LEFT) * self.duration_s
    }

    /// Writes the picture out.
    pub(crate) fn present(&self) -> Drawn {
        self.area.present()
    }

    pub(crate) fn paper(&self) -> Drawn {
        self.area.fill(&PAPER)
    }

    /// A filled rectangle; the right column and the bottom row are part of it.
    pub(crate) fn fill(&self, left: i32, top: i32, right: i32, bottom: i32, colour: RGBAColor) -> Drawn {
        // The backend leaves out the corner itself, and everything where a side has no length.
        self.area.draw(&Rectangle::new([(left, top), (right + 1, bottom + 1)], colour.filled()))
    }

    pub(crate) fn line(&self, points: Vec<(i32, i32)>, colour: RGBAColor, width: u32) -> Drawn {
        self.area.draw(&PathElement::new(points, colour.stroke_width(width)))
    }

    /// Text whose anchor (horizontal, then vertical) stands at `at`.
    pub(crate) fn text(&self, text: &str, at: (i32, i32), size: i32, colour: RGBColor, anchor: (HPos, VPos)) -> Drawn {
        let style = ("sans-serif", size).into_text_style(&self.area).color(&colour).pos(Pos::new(anchor.0, anchor.1));
        self.area.draw(&Text::new(text.to_owned(), at, style))
    }

    /// Width of a text in pixels; 0 where it cannot be measured.
    pub(crate) fn text_width(&self, text: &str, size: i32) -> i32 {
        let style = ("sans-serif", size).into_text_style(&self.area);
        self.area.estimate_text_size(text, &style).map_or(0, |(width, _)| width as i32)
    }
}
