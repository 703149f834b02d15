//! egui's triangles as pixels, on the CPU, the same on every machine: pictures need no graphics driver.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use egui::epaint::{ImageDelta, Primitive, Vertex};
use egui::{ClippedPrimitive, Color32, ColorImage, Pos2, Rect, TextureId, TexturesDelta};
use egui_kittest::TestRenderer;

/// Positions are rounded to this part of a pixel, so that neighbouring triangles share their edges exactly.
const SUBPIXELS: f32 = 256.0;

/// The textures that egui has handed over.
#[derive(Clone, Default)]
pub struct Textures(Arc<Mutex<HashMap<TextureId, ColorImage>>>);

impl TestRenderer for Textures {
    fn handle_delta(&mut self, delta: &mut TexturesDelta) {
        let mut textures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (id, deltas) in delta.set.drain() {
            for ImageDelta { image, pos, .. } in deltas {
                let egui::ImageData::Color(image) = image;
                match (pos, textures.get_mut(&id)) {
                    (Some([left, top]), Some(whole)) => {
                        for row in 0..image.height() {
                            let to = (top + row) * whole.width() + left;
                            let from = row * image.width();
                            whole.pixels[to..to + image.width()]
                                .copy_from_slice(&image.pixels[from..][..image.width()]);
                        }
                    }
                    _ => {
                        textures.insert(id, (*image).clone());
                    }
                }
            }
        }
        for id in delta.free.drain() {
            textures.remove(&id);
        }
    }
}

/// Draws `primitives` on black; `scale` is pixels per point.
pub fn draw(textures: &Textures, primitives: &[ClippedPrimitive], size: [usize; 2], scale: f32) -> ColorImage {
    let textures = textures.0.lock().unwrap_or_else(PoisonError::into_inner);
    let mut picture = ColorImage::filled(size, Color32::BLACK);
    for primitive in primitives {
        let Primitive::Mesh(mesh) = &primitive.primitive else { continue };
        let Some(texture) = textures.get(&mesh.texture_id) else { continue };
        let clip = Rect::from_min_max(
            (primitive.clip_rect.min.to_vec2() * scale).to_pos2().round(),
            (primitive.clip_rect.max.to_vec2() * scale).to_pos2().round(),
        );
        for triangle in mesh.indices.chunks_exact(3) {
            let corners = [0, 1, 2].map(|corner| mesh.vertices[triangle[corner] as usize]);
            fill(&mut picture, texture, corners, clip, scale);
        }
    }
    picture
}

fn fill(picture: &mut ColorImage, texture: &ColorImage, corners: [Vertex; 3], clip: Rect, scale: f32) {
    let fixed = |pos: Pos2| [pos.x, pos.y].map(|value| (value * scale * SUBPIXELS).round() as i64);
    let mut corners = corners;
    let area = |a: [i64; 2], b: [i64; 2], c: [i64; 2]| (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
    if area(fixed(corners[0].pos), fixed(corners[1].pos), fixed(corners[2].pos)) < 0 {
        corners.swap(1, 2);
    }
    let points = corners.map(|corner| fixed(corner.pos));
    let whole = area(points[0], points[1], points[2]);
    if whole == 0 {
        return;
    }
    let range = |axis: usize, low: f32, high: f32, size: usize| {
        let values = points.map(|point| point[axis] as f32 / SUBPIXELS);
        let least = values.into_iter().fold(f32::INFINITY, f32::min).max(low).max(0.0);
        let most = values.into_iter().fold(f32::NEG_INFINITY, f32::max).min(high).min(size as f32);
        least.floor() as i64..most.ceil() as i64
    };
    // A pixel on an edge belongs to the triangle whose top or left edge it is.
    let owned = |a: [i64; 2], b: [i64; 2]| if b[1] < a[1] || (b[1] == a[1] && b[0] > a[0]) { 0 } else { -1 };
    let width = picture.width();
    for y in range(1, clip.min.y, clip.max.y, picture.height()) {
        for x in range(0, clip.min.x, clip.max.x, width) {
            let centre = [x, y].map(|value| value * SUBPIXELS as i64 + SUBPIXELS as i64 / 2);
            let weights = [(1, 2), (2, 0), (0, 1)]
                .map(|(a, b)| (area(points[a], points[b], centre), owned(points[a], points[b])));
            if weights.iter().any(|(weight, bias)| weight + bias < 0) {
                continue;
            }
            let share = weights.map(|(weight, _)| weight as f32 / whole as f32);
            let mean = |of: &dyn Fn(&Vertex) -> f32| share.iter().zip(&corners).map(|(s, c)| s * of(c)).sum::<f32>();
            let texel = sample(texture, mean(&|c| c.uv.x), mean(&|c| c.uv.y));
            let source: [f32; 4] =
                std::array::from_fn(|channel| mean(&|c| f32::from(c.color[channel])) * texel[channel] / 255.0);
            let pixel = &mut picture.pixels[y as usize * width + x as usize];
            let left = 1.0 - source[3] / 255.0;
            let blend = |channel: usize| (source[channel] + f32::from(pixel[channel]) * left).round().min(255.0) as u8;
            *pixel = Color32::from_rgb(blend(0), blend(1), blend(2));
        }
    }
}

/// The texture between its four nearest texels.
fn sample(texture: &ColorImage, u: f32, v: f32) -> [f32; 4] {
    let place = |share: f32, size: usize| (share * size as f32 - 0.5).clamp(0.0, size as f32 - 1.0);
    let (x, y) = (place(u, texture.width()), place(v, texture.height()));
    let (left, top) = (x as usize, y as usize);
    let (right, bottom) = ((left + 1).min(texture.width() - 1), (top + 1).min(texture.height() - 1));
    let (across, down) = (x - left as f32, y - top as f32);
    let texel = |x: usize, y: usize| texture.pixels[y * texture.width() + x];
    std::array::from_fn(|channel| {
        let mix = |a: Color32, b: Color32, share: f32| {
            f32::from(a[channel]) + (f32::from(b[channel]) - f32::from(a[channel])) * share
        };
        let (upper, lower) =
            (mix(texel(left, top), texel(right, top), across), mix(texel(left, bottom), texel(right, bottom), across));
        upper + (lower - upper) * down
    })
}
