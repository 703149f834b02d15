//! What each filter hears: the clips that excite it most, as a table, and the filters of the first layer as a picture.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Result;

use crate::study::picture::filters::{Field, filters};
use crate::study::spectra::Spectra;
use crate::study::train::Asked;

/// Clips that are named for each filter.
const NAMED: usize = 5;
/// Filters that are shown.
const SHOWN: usize = 24;

/// A filter with the clips that excite it most.
struct Excited {
    layer: usize,
    filter: usize,
    /// Clip and answer, the largest first.
    clips: Vec<(usize, f32)>,
}

impl Excited {
    fn of(asked: &Asked, layer: usize, filter: usize) -> Self {
        let mut clips: Vec<(usize, f32)> =
            asked.excited.iter().map(|layers| layers[layer][filter]).enumerate().collect();
        clips.sort_by(|a, b| b.1.total_cmp(&a.1));
        clips.truncate(NAMED);
        Self { layer, filter, clips }
    }

    /// The class that most of its clips have, and how many of them.
    fn class(&self, spectra: &Spectra) -> (usize, usize) {
        let count = |class: usize| self.clips.iter().filter(|&&(clip, _)| spectra.labels[clip] == class).count();
        (0..spectra.classes.len())
            .map(|class| (class, count(class)))
            .max_by_key(|&(_, count)| count)
            .unwrap_or_default()
    }
}

/// Every filter of every layer that answers at all.
fn all(asked: &Asked) -> impl Iterator<Item = Excited> {
    let layers = asked.excited.first().map_or(&[][..], Vec::as_slice);
    let filters = layers.iter().enumerate().flat_map(|(layer, answers)| (0..answers.len()).map(move |at| (layer, at)));
    filters
        .map(|(layer, filter)| Excited::of(asked, layer, filter))
        .filter(|e| e.clips.first().is_some_and(|c| c.1 > 0.0))
}

/// One line for each filter and clip.
pub(super) fn csv(asked: &Asked, spectra: &Spectra) -> String {
    let mut text = "layer,filter,rank,clip,class,answer\n".to_owned();
    for Excited { layer, filter, clips } in all(asked) {
        for (rank, (clip, answer)) in clips.into_iter().enumerate() {
            let class = &spectra.classes[spectra.labels[clip]];
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{layer},{filter},{},{},{class},{answer:.4}", rank + 1, spectra.ids[clip]);
        }
    }
    text
}

/// How many filters of each layer are excited by one class alone, in words.
pub(super) fn purity(asked: &Asked, spectra: &Spectra) -> Vec<String> {
    let layers = asked.excited.first().map_or(0, Vec::len);
    let of = |layer: usize| {
        let all: Vec<Excited> = all(asked).filter(|excited| excited.layer == layer).collect();
        let pure = all.iter().filter(|excited| excited.class(spectra).1 == NAMED).count();
        format!("layer {layer}: {pure} of {} filters", all.len())
    };
    (0..layers).map(of).collect()
}

/// Draws the filters of the first layer that answer most, each with the class of the clips that excite it.
///
/// # Errors
/// The file cannot be written.
pub(super) fn draw(asked: &Asked, spectra: &Spectra, bands: usize, path: &Path) -> Result<()> {
    let mut first: Vec<Excited> = all(asked).filter(|excited| excited.layer == 0).collect();
    first.sort_by(|a, b| b.clips[0].1.total_cmp(&a.clips[0].1));
    first.truncate(SHOWN);
    let field = |excited: &Excited| {
        let (class, count) = excited.class(spectra);
        Field {
            values: asked.first_filters[excited.filter].clone(),
            words: format!("{}: {} {count}/{}", excited.filter, spectra.classes[class], excited.clips.len()),
        }
    };
    let fields: Vec<Field> = first.iter().map(field).collect();
    let subtitle =
        "Blue answers to energy, black to its absence; below, the class that most of the five most exciting clips have";
    filters("What the first layer's filters hear", subtitle, &fields, bands, path)
}
