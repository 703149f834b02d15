//! Which layers are wanted: all of them, the last ones, or those of these names.

use anyhow::{Result, bail};

use crate::engine::ModelSet;
use crate::nets::systems::system;
use crate::nets::{Card, Ced, Compact, ConvFsmn, Musicnn, PonsTags, Stack};

/// The name of the baseline: MFCC statistics, see [`super::Mfcc`].
pub const MFCC: &str = "mfcc";

/// The word for all layers of the voice net.
const VOICE: &str = "voice";

/// Where a layer belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// The tagger of this number.
    Tagger(usize),
    /// The voice net.
    Voice,
    /// No net: [`MFCC`].
    Mfcc,
}

/// One layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// `NET/LAYER`, or [`MFCC`].
    pub name: String,
    pub(super) source: Source,
    /// Its name within the net.
    pub(super) layer: &'static str,
}

/// Layers in the order of the nets and, within each, from first to last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layers(Vec<Layer>);

impl Layers {
    /// The layers that `words` name: `all` (every layer of every tagger), `last` (each one's embedding), `voice` (the voice
    /// net's), `mfcc`, the name of a net, of a layer (`mid1`), or of one net's layer (`musicnn-msd/mid1`).
    ///
    /// # Errors
    /// A word that names none; all names are listed.
    pub fn choose(words: &[String], models: &ModelSet) -> Result<Self> {
        let taggers = models.tagger_cards().enumerate().map(|(number, card)| (Source::Tagger(number), card));
        let nets: Vec<(Source, &Card)> = taggers.chain([(Source::Voice, models.vocal_card())]).collect();
        // Layer, its net's name, and whether it is the embedding.
        let mut known: Vec<(Layer, &str, bool)> = Vec::new();
        for (source, card) in nets {
            // Of an ensemble, the first member that shows layers shows them.
            let members = card.members.iter().chain([&card.architecture]).map(|name| of_architecture(name));
            let (layers, last) = members.into_iter().find(|(layers, _)| !layers.is_empty()).unwrap_or((&[], ""));
            known.extend(layers.iter().map(|&layer| {
                let name = format!("{}/{layer}", card.name);
                (Layer { name, source, layer }, card.name.as_str(), layer == last)
            }));
        }
        known.push((Layer { name: MFCC.to_owned(), source: Source::Mfcc, layer: MFCC }, MFCC, false));
        let mut wanted = vec![false; known.len()];
        for word in words {
            let mut found = false;
            for ((layer, net, is_last), wanted) in known.iter().zip(&mut wanted) {
                let of_tagger = matches!(layer.source, Source::Tagger(_));
                let named = match word.as_str() {
                    "all" => of_tagger,
                    "last" => of_tagger && *is_last,
                    VOICE => layer.source == Source::Voice,
                    word => layer.name == word || layer.layer == word || *net == word,
                };
                *wanted |= named;
                found |= named;
            }
            if !found {
                let mut names: Vec<&str> = vec!["all", "last", VOICE];
                for name in known.iter().map(|known| known.1).chain(known.iter().map(|known| known.0.layer)) {
                    if !names.contains(&name) {
                        names.push(name);
                    }
                }
                bail!("no layer is called {word:?}; choose from {}", names.join(", "));
            }
        }
        Ok(Self(known.into_iter().zip(wanted).filter_map(|((layer, ..), wanted)| wanted.then_some(layer)).collect()))
    }

    /// The layers.
    pub fn all(&self) -> &[Layer] {
        &self.0
    }

    /// Whether any layer belongs there.
    pub(super) fn needs(&self, source: Source) -> bool {
        self.0.iter().any(|layer| layer.source == source)
    }

    /// The place of a net's layer, if it is wanted.
    pub(super) fn place(&self, source: Source, layer: &str) -> Option<usize> {
        self.0.iter().position(|known| known.source == source && known.layer == layer)
    }
}

/// A net's layers and which of them is the embedding.
fn of_architecture(architecture: &str) -> (&'static [&'static str], &'static str) {
    match architecture {
        "ced" => (&Ced::LAYERS, "norm"),
        "musicnn" => (&Musicnn::LAYERS, "penultimate"),
        "pons_tags" => (&PonsTags::LAYERS, "embedding"),
        "compact" => (&Compact::LAYERS, "hidden"),
        "conv_fsmn" => (&ConvFsmn::LAYERS, "phrase1"),
        name if system(name).is_some() => (&Stack::LAYERS, "embedding"),
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
        assert_eq!(names(&["voice"]).expect("layers"), names(&["earmark-voice"]).expect("layers"));
        assert_eq!(names(&["voice"]).expect("layers").len(), 5);
        assert_eq!(names(&["musicnn-mtt"]).expect("layers").len(), 7);
        let error = names(&["block13"]).expect_err("no such layer").to_string();
        assert!(error.contains("block12") && error.contains("musicnn-msd") && error.contains("; choose"), "{error}");
    }
}
