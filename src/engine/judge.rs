//! From what the taggers say of a window to what is said of its genre: by the names of their labels, or by a head.

use crate::nets::genre::{ByName, GENRES, GenreProbability};
use crate::nets::{Card, Head, Model, Net, Tagging, genre_name};

/// Share of a head's belief that must lie on classes that [`GENRES`] has a name for: with less, the plugin's genres
/// would speak of what is the smaller part.
const LEAST_KNOWN: f32 = 0.5;

/// The collection whose classes are all among [`GENRES`], as a coarse net's labels begin.
const COLLECTION: &str = "gtzan/";
/// How much what a coarse net says counts beside the names: a power of its probabilities. Small, because on audio it is right
/// far less often than they are.
const COARSE: f32 = 0.1;

/// What is said of one window.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// False on pure speech: there is no music to speak of, whatever the probabilities.
    pub music: bool,
    /// Whether `genre` means something: there is music, and a head's classes have names among [`GENRES`].
    pub saying: bool,
    /// Probability of each of [`GENRES`], summing to 1.
    pub genre: GenreProbability,
    /// Probability of each class of the head, summing to 1; empty without one.
    pub own: Vec<f32>,
}

/// Judges windows.
pub struct Judge {
    by_name: ByName,
    speech: Option<usize>,
    music: Option<usize>,
    coarse: Option<CoarseWords>,
    head: Option<OwnHead>,
}

/// What a net for coarse spectra says, which stands behind the taggers.
struct CoarseWords {
    tagger: usize,
    /// Label and genre.
    classes: Vec<(usize, usize)>,
}

struct OwnHead {
    head: Head,
    /// Position of each of its taggers, and the number of its features.
    taggers: Vec<(usize, usize)>,
    /// The genre of each class, where it has one.
    genres: Vec<Option<usize>>,
}

impl Judge {
    /// A judge of the words of these taggers, with those of a net for `coarse` spectra where there is one, or by `head`.
    #[must_use]
    pub fn new(cards: &[&Card], coarse: Option<&Card>, head: Option<&Model>) -> Self {
        let labels: Vec<&[String]> = cards.iter().map(|card| card.labels.as_slice()).collect();
        let first = labels.first().copied().unwrap_or_default();
        let find = |name: &str| first.iter().position(|label| label == name);
        Self {
            by_name: ByName::new(&labels),
            speech: find("Speech"),
            music: find("Music"),
            coarse: coarse.map(|card| CoarseWords::new(card, cards.len())),
            head: head.and_then(|model| OwnHead::new(model, cards)),
        }
    }

    /// Judges a window by each tagger's words (`None`: not heard yet).
    #[must_use]
    pub fn read(&self, taggings: &[Option<&Tagging>]) -> Verdict {
        let probabilities: Vec<Option<&[f32]>> =
            taggings.iter().map(|tagging| tagging.map(|t| t.probability.as_slice())).collect();
        let first = probabilities.first().copied().flatten();
        let of = |label: Option<usize>| Some(first?[label?]);
        let music = match (of(self.speech), of(self.music)) {
            (Some(speech), Some(music)) => music >= 0.1 && speech <= 4.0 * music,
            _ => true,
        };
        match &self.head {
            None => {
                let mut genre = self.by_name.read(&probabilities);
                if let Some(coarse) = &self.coarse {
                    coarse.add_to(&mut genre, &probabilities);
                }
                Verdict { music, saying: music, genre, own: Vec::new() }
            }
            Some(head) => {
                let own = head.read(taggings);
                let genre = head.genre(&own);
                Verdict { music, saying: music && genre.is_some(), genre: genre.unwrap_or_default(), own }
            }
        }
    }
}

impl CoarseWords {
    fn new(card: &Card, tagger: usize) -> Self {
        let genre = |label: &String| {
            let class = label.strip_prefix(COLLECTION)?;
            GENRES.iter().position(|genre| *genre == class)
        };
        let classes = card.labels.iter().enumerate().filter_map(|(at, label)| Some((at, genre(label)?)));
        Self { tagger, classes: classes.collect() }
    }

    /// The product of both opinions; a genre that the coarse net does not know gets its average opinion.
    fn add_to(&self, genre: &mut GenreProbability, probabilities: &[Option<&[f32]>]) {
        let Some(said) = probabilities.get(self.tagger).copied().flatten() else { return };
        let log = |p: f32| p.max(1e-6).ln();
        let known: Vec<(usize, f32)> = self.classes.iter().map(|&(label, genre)| (genre, log(said[label]))).collect();
        let average = known.iter().map(|(_, log)| log).sum::<f32>() / known.len().max(1) as f32;
        for (at, p) in genre.iter_mut().enumerate() {
            let opinion = known.iter().find(|(genre, _)| *genre == at).map_or(average, |(_, log)| *log);
            *p = (log(*p) + COARSE * opinion).exp();
        }
        let sum: f32 = genre.iter().sum();
        genre.iter_mut().for_each(|p| *p /= sum);
    }
}

impl OwnHead {
    /// `None` if `model` is no head on these taggers; a model set holds no such head.
    fn new(model: &Model, taggers: &[&Card]) -> Option<Self> {
        let Net::Head(head) = &model.net else { return None };
        let place = |name: &String| {
            let at = taggers.iter().position(|card| card.name == *name)?;
            Some((at, taggers[at].features()))
        };
        Some(Self {
            head: head.clone(),
            taggers: model.card.taggers.iter().map(place).collect::<Option<_>>()?,
            genres: model.card.labels.iter().map(|label| genre_name::known(label)).collect(),
        })
    }

    fn read(&self, taggings: &[Option<&Tagging>]) -> Vec<f32> {
        let tagging = |&(at, width): &(usize, usize)| (width, taggings.get(at).copied().flatten());
        self.head.read(&self.taggers.iter().map(tagging).collect::<Vec<_>>())
    }

    /// The classes with a name among [`GENRES`]; `None` where too little of the belief lies on them.
    fn genre(&self, own: &[f32]) -> Option<GenreProbability> {
        let mut genre = [0.0; GENRES.len()];
        for (&probability, at) in own.iter().zip(&self.genres) {
            if let Some(at) = at {
                genre[*at] += probability;
            }
        }
        let known: f32 = genre.iter().sum();
        (known >= LEAST_KNOWN).then(|| genre.map(|probability| probability / known))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use candle_core::{DType, Device, Tensor};
    use candle_nn::VarBuilder;

    use super::*;

    #[test]
    fn the_plugin_hears_of_classes_that_it_has_names_for() {
        let tensor = |shape: &[usize]| Tensor::zeros(shape, DType::F32, &Device::Cpu).expect("zeros");
        let tensors = HashMap::from([
            ("weight".to_owned(), tensor(&[4, 1])),
            ("mean".to_owned(), tensor(&[1])),
            ("bias".to_owned(), tensor(&[4])),
        ]);
        let vb = VarBuilder::from_tensors(tensors, DType::F32, &Device::Cpu);
        let names = ["Hip-Hop", "Rap", "Jazz", "Zydeco"];
        let own = OwnHead {
            head: Head::new(4, &vb).expect("the shapes fit"),
            taggers: Vec::new(),
            genres: names.map(genre_name::known).to_vec(),
        };
        let at = |name: &str| GENRES.iter().position(|genre| *genre == name).expect("a genre");
        let genre = own.genre(&[0.3, 0.1, 0.4, 0.2]).expect("most of it has a name");
        assert!((genre[at("hiphop")] - 0.5).abs() < 1e-6 && (genre[at("jazz")] - 0.5).abs() < 1e-6, "{genre:?}");
        assert!(own.genre(&[0.1, 0.1, 0.1, 0.7]).is_none(), "nothing is said of what has no name");
    }
}
