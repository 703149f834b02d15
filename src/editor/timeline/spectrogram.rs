//! The mel spectrogram as a texture that is a ring of columns: new sound overwrites the oldest columns, nothing is moved.

use std::ops::Range;

use egui::epaint::{Mesh, Vertex};
use egui::{Color32, ColorImage, Context, Painter, Pos2, Rect, TextureHandle, TextureOptions, pos2};

use crate::editor::history::{History, LOWEST_DB, STEPS_PER_DB};
use crate::editor::settings::{Brightest, Settings, Span};
use crate::editor::theme::Palette;

/// From the brightest colour down to the darkest, dB.
const SHOWN_DB: f32 = 62.0;

/// Colours of all levels, the texture, and which columns of the history it holds.
#[derive(Default)]
pub struct Spectrogram {
    texture: Option<TextureHandle>,
    colours: Vec<Color32>,
    key: Option<Key>,
    /// Columns in the texture; the last one may not be full yet.
    held: Range<u64>,
}

/// What a texture was made for.
#[derive(Clone, Copy, PartialEq)]
struct Key {
    frames_per_column: u64,
    columns: usize,
    bands: usize,
    dark: bool,
    brightest: Brightest,
}

impl Key {
    fn new(history: &History, settings: &Settings, dark: bool) -> Self {
        let Settings { span, brightest, .. } = *settings;
        let frames_per_column = match span {
            Span::Short => 1,
            Span::Middle => 2,
            Span::Long => 6,
        };
        let shown = span.seconds() / history.hop_s() / frames_per_column as f64;
        // Two more, for the parts of columns at both edges.
        Self { frames_per_column, columns: shown.ceil() as usize + 2, bands: history.bands(), dark, brightest }
    }
}

impl Spectrogram {
    /// Brings the texture up to the instant at the right edge, then paints it into `area`.
    pub fn paint(&mut self, painter: &Painter, area: Rect, history: &History, settings: &Settings, right_s: f64) {
        let span = settings.span;
        let palette = Palette::of(painter.ctx());
        let key = Key::new(history, settings, painter.ctx().theme() == egui::Theme::Dark);
        let newest = history.frame_at(right_s - history.hop_s() / 2.0) / key.frames_per_column;
        self.update(painter.ctx(), history, key, newest, palette);
        let Some(texture) = &self.texture else { return };
        let column_s = history.hop_s() * key.frames_per_column as f64;
        let x = |at_s: f64| area.max.x - ((right_s - at_s) / span.seconds()) as f32 * area.width();
        let ring = key.columns as u64;
        let mut mesh = Mesh::with_texture(texture.id());
        let mut from = self.held.start.max((newest + 1).saturating_sub(ring));
        while from <= newest {
            let to = (from / ring + 1) * ring;
            let to = to.min(newest + 1);
            let (left, right) = (x(from as f64 * column_s), x(to as f64 * column_s));
            let u = |column: u64| column as f32 / ring as f32;
            let start = from % ring;
            quad(&mut mesh, [pos2(left, area.min.y), pos2(right, area.max.y)], u(start)..u(start + to - from));
            from = to;
        }
        painter.with_clip_rect(area.intersect(painter.clip_rect())).add(mesh);
    }

    fn update(&mut self, ctx: &Context, history: &History, key: Key, newest: u64, palette: &Palette) {
        let ring = key.columns as u64;
        let wanted = (newest + 1).saturating_sub(ring)..newest + 1;
        if self.key != Some(key) {
            self.key = Some(key);
            self.colours =
                (0..=u8::MAX).map(|level| palette.spectrum(shown_level(level.into(), key.brightest))).collect();
            self.held = 0..0;
            let image = ColorImage::filled([key.columns, key.bands], palette.quiet);
            self.texture = Some(ctx.load_texture("spectrogram", image, TextureOptions::LINEAR));
        }
        // The last column held may have got more frames since; what lies behind it, or far off, is painted anew.
        let known = self.held.contains(&wanted.start) || (self.held.start == 0 && wanted.start == 0);
        let near = known && self.held.end <= wanted.end && self.held.end + ring > wanted.end;
        let from = if near && self.held.end > 0 { self.held.end - 1 } else { wanted.start };
        let mut from = from.max(wanted.start);
        while from < wanted.end {
            let to = ((from / ring + 1) * ring).min(wanted.end);
            let image = self.image(history, key, from..to);
            if let Some(texture) = &mut self.texture {
                texture.set_partial([(from % ring) as usize, 0], image, TextureOptions::LINEAR);
            }
            from = to;
        }
        self.held = wanted;
    }

    /// The colours of some columns, the highest band at the top.
    fn image(&self, history: &History, key: Key, columns: Range<u64>) -> ColorImage {
        let width = (columns.end - columns.start) as usize;
        let mut levels = vec![0_u8; width * key.bands];
        for (x, column) in columns.enumerate() {
            let first = column * key.frames_per_column;
            for frame in first..first + key.frames_per_column {
                let Some(frame) = history.levels(frame) else { continue };
                for (band, &level) in frame.iter().enumerate() {
                    let at = (key.bands - 1 - band) * width + x;
                    levels[at] = levels[at].max(level);
                }
            }
        }
        let pixels = levels.into_iter().map(|level| self.colours[usize::from(level)]).collect();
        ColorImage::new([width, key.bands], pixels)
    }
}

/// Where a level of the history lies between the quietest and the loudest colour, 0..1.
pub(super) fn shown_level(level: f32, brightest: Brightest) -> f32 {
    let decibels = level / STEPS_PER_DB + LOWEST_DB;
    ((decibels - brightest.decibels()) / SHOWN_DB + 1.0).clamp(0.0, 1.0)
}

fn quad(mesh: &mut Mesh, corners: [Pos2; 2], u: Range<f32>) {
    let [min, max] = corners;
    let vertex = |pos, uv| Vertex { pos, uv, color: Color32::WHITE };
    let first = mesh.vertices.len() as u32;
    mesh.vertices.extend([
        vertex(min, pos2(u.start, 0.0)),
        vertex(pos2(max.x, min.y), pos2(u.end, 0.0)),
        vertex(max, pos2(u.end, 1.0)),
        vertex(pos2(min.x, max.y), pos2(u.start, 1.0)),
    ]);
    mesh.add_triangle(first, first + 1, first + 2);
    mesh.add_triangle(first, first + 2, first + 3);
}
