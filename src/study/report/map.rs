//! A map of files: what sounds alike lies close together, as on the map of a library.

use crate::study::similar::layout;
use crate::study::similar::search::Search;
use crate::study::similar::space::Space;

/// Where each embedding lies on the map, both coordinates from -1 to 1; `None` for one that is empty, not finite or of
/// another width than `parts` together, the widths of the parts with an equal say.
pub fn places(embeddings: &[&[f32]], parts: &[usize]) -> Vec<Option<[f32; 2]>> {
    let width: usize = parts.iter().sum();
    let fits =
        |embedding: &[f32]| width > 0 && embedding.len() == width && embedding.iter().all(|value| value.is_finite());
    let values: Vec<f32> = embeddings.iter().copied().filter(|e| fits(e)).flatten().copied().collect();
    if values.is_empty() {
        return vec![None; embeddings.len()];
    }
    let space = Space::fit(&values, parts);
    let rows = values.chunks_exact(width).flat_map(|row| space.place(row)).collect();
    let mut flat = layout::flat(&Search::new(rows, width)).into_iter();
    let place = |embedding: &&[f32]| if fits(embedding) { flat.next() } else { None };
    let mut places: Vec<Option<[f32; 2]>> =
        embeddings.iter().map(place).map(|place| place.map(|place| place.map(|value| value as f32))).collect();
    // One scale for both axes: distances are to mean the same in every direction.
    let furthest = places.iter().flatten().flatten().fold(0.0_f32, |far, value| far.max(value.abs()));
    if furthest > 0.0 {
        places.iter_mut().flatten().flatten().for_each(|value| *value /= furthest);
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_sets_have_a_map_too() {
        assert_eq!(places(&[], &[2]), []);
        assert_eq!(places(&[&[], &[]], &[]), [None, None]);
        assert_eq!(places(&[&[], &[]], &[2]), [None, None]);
        assert_eq!(places(&[&[1.0, 2.0], &[1.0], &[1.0, f32::NAN]], &[2])[1..], [None, None]);
        let line = places(&[&[0.0, 0.0], &[], &[1.0, 1.0]], &[1, 1]);
        assert!(line[1].is_none() && line[0] != line[2]);
        assert!(line.iter().flatten().flatten().all(|value| (-1.0..=1.0).contains(value)));
    }
}
