//! Which layers are wanted: all of them, the last ones, or those of these names.

use anyhow::{Result, bail};

use crate::engine::ModelSet;
use crate::nets::{Card, Ced, Compact, Musicnn};

/// The name of the baseline: MFCC statistics, see [`super::Mfcc`].
pub const MFCC: &str = "mfcc";

/// One layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// `NET/LAYER`, or [`MFCC`].
    pub name: String,
    /// The tagger's number; none for [`MFCC`].
    pub(super) tagger: Option<usize>,
    /// Its name within the net.
    pub(super) layer: &'static str,
}

/// Layers in the order of the nets and, within each, from first to last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layers(Vec<Layer>);

impl Layers {
    /// The layers that `words` name: `all` (every layer of every tagger), `last` (each one's embedding), `mfcc`, the name of
    /// a net, of a layer (`mid1`), or of one net's layer (`musicnn-msd/mid1`).
    ///
    /// # Errors
    /// A word that names none; all names are listed.
    pub fn choose(words: &[String], models: &ModelSet) -> Result<Self> {
        let cards: Vec<&Card> = models.tagger_cards().collect();
        let mut known: Vec<(Layer, bool)> = Vec::new();
        for (number, card) in cards.iter().enumerate() {
            let (layers, last) = of_architecture(&card.architecture);
            known.extend(layers.iter().map(|&layer| {
                let name = format!("{}/{layer}", card.name);
                (Layer { name, tagger: Some(number), layer }, layer == last)
            }));
        }
        known.push((Layer { name: MFCC.to_owned(), tagger: None, layer: MFCC }, false));
        let mut wanted = vec![false; known.len()];
        for word in words {
            let mut found = false;
            for ((layer, is_last), wanted) in known.iter().zip(&mut wanted) {
                let net = layer.tagger.map(|number| cards[number].name.as_str());
                let named = match word.as_str() {
                    "all" => net.is_some(),
                    "last" => *is_last,
                    word => layer.name == word || layer.layer == word || net == Some(word),
                };
                *wanted |= named;
                found |= named;
            }
            if !found {
                let nets: Vec<&str> = cards.iter().map(|card| card.name.as_str()).collect();
                let mut names: Vec<&str> = Vec::new();
                for (Layer { layer, .. }, _) in &known {
                    if !names.contains(layer) {
                        names.push(layer);
                    }
                }
                bail!("no layer is called {word:?}; choose all, last, {}, or {}", nets.join(", "), names.join(", "));
            }
        }
        Ok(Self(known.into_iter().zip(wanted).filter_map(|((layer, _), wanted)| wanted.then_some(layer)).collect()))
    }

    /// The layers.
    pub fn all(&self) -> &[Layer] {
        &self.0
    }

    /// Whether any is this tagger's (none: [`MFCC`]).
    pub(super) fn needs(&self, tagger: Option<usize>) -> bool {
        self.0.iter().any(|layer| layer.tagger == tagger)
    }
}

/// A net's layers and which of them is the embedding.
fn of_architecture(architecture: &str) -> (&'static [&'static str], &'static str) {
    match architecture {
        "ced" => (&Ced::LAYERS, "norm"),
        "musicnn" => (&Musicnn::LAYERS, "penultimate"),
        "compact" => (&Compact::LAYERS, "hidden"),
        _ => (&[], ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(words: &[&str]) -> Result<Vec<String>> {
        let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
        let models = ModelSet::embedded().expect("the build is whole");
        Ok(Layers::choose(&words, &models)?.0.into_iter().map(|layer| layer.name).collect())
    }

    #[test]
    fn words_choose_layers_in_the_nets_order() {
        assert_eq!(names(&["all"]).expect("layers").len(), 15 + 7 + 7);
        assert_eq!(
            names(&["last"]).expect("layers"),
            ["ced-tiny/norm", "musicnn-msd/penultimate", "musicnn-mtt/penultimate"]
        );
        assert_eq!(
            names(&["mfcc", "mid1", "ced-tiny/block3", "mid1"]).expect("layers"),
            ["ced-tiny/block3", "musicnn-msd/mid1", "musicnn-mtt/mid1", "mfcc"]
        );
        assert_eq!(names(&["musicnn-mtt"]).expect("layers").len(), 7);
        let error = names(&["block13"]).expect_err("no such layer").to_string();
        assert!(error.contains("block12") && error.contains("musicnn-msd") && error.contains("; choose"), "{error}");
    }
}
