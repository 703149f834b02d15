//! The mel spectrogram as a picture inside the page: grey levels, which the page colours for a light or a dark room.

use anyhow::{Context, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Serialize;

use crate::study::spectrum::Spectrum;

/// From the loudest level down to black, in dB.
const RANGE_DB: f32 = 60.0;
/// The share of levels that may lie above the brightest grey: clicks are not to darken the music.
const CLIPPED_SHARE: f64 = 0.001;

/// A spectrogram and its scales.
#[derive(Debug, Serialize)]
pub(super) struct LevelPicture {
    /// A `data:` URL of a PNG file: columns of time, the highest band on top.
    png: String,
    /// Where the first column begins, in seconds.
    start_s: f64,
    /// Time that each column stands for, in seconds.
    column_s: f64,
    /// The frequency in the middle of each band, lowest first.
    band_hz: Vec<f64>,
    /// How many dB lie between the darkest and the brightest grey.
    range_db: f32,
}

impl LevelPicture {
    /// Draws a spectrum; `None` where it holds no column.
    ///
    /// # Errors
    /// None in practice; the PNG writer's own.
    pub(super) fn of(spectrum: &Spectrum) -> Result<Option<Self>> {
        if spectrum.columns() == 0 {
            return Ok(None);
        }
        let bright_db = bright_db(spectrum.levels_db());
        let (columns, bands) = (spectrum.columns(), spectrum.bands());
        let mut grey = vec![0; columns * bands];
        for (column, levels) in spectrum.levels_db().chunks(bands).enumerate() {
            for (band, level_db) in levels.iter().enumerate() {
                let share = 1.0 + (level_db - bright_db) / RANGE_DB;
                grey[(bands - 1 - band) * columns + column] = (share.clamp(0.0, 1.0) * 255.0).round() as u8;
            }
        }
        let png =
            png(&grey, columns as u32, bands as u32).context("the spectrogram cannot be drawn; please report this")?;
        Ok(Some(Self {
            png: format!("data:image/png;base64,{}", BASE64.encode(png)),
            start_s: spectrum.start_s(),
            column_s: spectrum.column_s(),
            band_hz: spectrum.band_centres_hz().into_iter().map(f64::round).collect(),
            range_db: RANGE_DB,
        }))
    }
}

/// The level that hardly any is above.
fn bright_db(levels_db: &[f32]) -> f32 {
    let mut levels: Vec<f32> = levels_db.iter().copied().filter(|level| level.is_finite()).collect();
    let Some(last) = levels.len().checked_sub(1) else { return 0.0 };
    let place = last - (last as f64 * CLIPPED_SHARE) as usize;
    *levels.select_nth_unstable_by(place, f32::total_cmp).1
}

fn png(grey: &[u8], width: u32, height: u32) -> Result<Vec<u8>, png::EncodingError> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_filter(png::FilterType::Sub);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(grey)?;
    writer.finish()?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::listen::FrontEnd;

    #[test]
    fn loud_is_bright_and_high_is_on_top() {
        let mut spectrum = Spectrum::new(&FrontEnd::ced_mel_64());
        for frame in 0..4 {
            let mut levels = [-100.0; 64];
            levels[63] = if frame == 2 { 0.0 } else { -30.0 };
            spectrum.add(&levels);
        }
        let picture = LevelPicture::of(&spectrum).unwrap().unwrap();
        let file = BASE64.decode(picture.png.split_once(',').unwrap().1).unwrap();
        let image = image::load_from_memory(&file).unwrap().to_luma8();
        assert_eq!((image.width(), image.height()), (4, 64));
        assert_eq!([image[(2, 0)][0], image[(1, 0)][0], image[(2, 63)][0]], [255, 128, 0]);
        assert!(picture.band_hz.is_sorted() && picture.band_hz.len() == 64);
    }
}
