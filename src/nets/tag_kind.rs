//! What kind of thing a tagger's label speaks of, and from which probability on it is worth showing.
//!
//! The labels stay as their nets know them. The table is made by `examples/tag_thresholds.py`, which says how.

use std::collections::HashMap;
use std::fmt;
use std::sync::OnceLock;

use serde::Serialize;

/// `tagger`, `label`, `kind`, `threshold`, separated by tabs.
const TABLE: &str = include_str!("tag_words.tsv");

/// What a label speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Who sings, and how.
    Voice,
    /// Speech.
    Speech,
    /// What is played.
    Instrument,
    /// How it feels, how fast and how loud it is.
    Mood,
    /// Electronic or acoustic.
    Sound,
    /// An audience, a hall.
    Setting,
    /// A style or a time.
    Style,
}

impl Kind {
    /// All kinds, in the order in which they are shown.
    pub const ALL: [Self; 7] =
        [Self::Voice, Self::Speech, Self::Instrument, Self::Mood, Self::Sound, Self::Setting, Self::Style];
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Voice => "voice",
            Self::Speech => "speech",
            Self::Instrument => "instrument",
            Self::Mood => "mood",
            Self::Sound => "sound",
            Self::Setting => "setting",
            Self::Style => "style",
        })
    }
}

/// What is known of a label.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Word {
    /// What it speaks of.
    pub kind: Kind,
    /// Probability from which on it is worth showing, 0..1.
    pub threshold: f32,
}

/// What is known of a tagger's label; `None` for what says little of music (dogs, engines, "Music") and for taggers that
/// are not built in.
#[must_use]
pub fn word(tagger: &str, label: &str) -> Option<Word> {
    static WORDS: OnceLock<HashMap<(&str, &str), Word>> = OnceLock::new();
    WORDS.get_or_init(|| TABLE.lines().filter_map(read).collect()).get(&(tagger, label)).copied()
}

fn read(line: &'static str) -> Option<((&'static str, &'static str), Word)> {
    let mut fields = line.split('\t');
    let (tagger, label, kind) = (fields.next()?, fields.next()?, fields.next()?);
    let kind = Kind::ALL.into_iter().find(|known| known.to_string() == kind)?;
    Some(((tagger, label), Word { kind, threshold: fields.next()?.parse().ok()? }))
}

/// A tag that is worth showing.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// What it speaks of.
    pub kind: Kind,
    /// The tagger's own word.
    pub label: String,
    /// Probability, 0..1.
    pub probability: f32,
    /// Probability from which on it is shown, 0..1.
    pub threshold: f32,
}

impl Shown {
    /// How far above its threshold it is, 0 (at the threshold) to 1 (certain): what makes words of different nets
    /// comparable, whose probabilities are not.
    #[must_use]
    pub fn strength(&self) -> f32 {
        (1.0 - self.probability.ln() / self.threshold.ln()).clamp(0.0, 1.0)
    }

    /// Whether it says that nobody sings.
    fn denies_a_voice(&self) -> bool {
        self.kind == Kind::Voice && DENIALS.iter().any(|word| self.label.eq_ignore_ascii_case(word))
    }
}

/// Words about the voice that say there is none.
const DENIALS: [&str; 4] = ["no vocals", "no vocal", "no voice", "instrumental"];

/// The tags that are worth showing, kind by kind, at most so many of each, the strongest first; a word that several taggers
/// share stands once, and of words that contradict each other (a voice, no voice) the stronger side. `tags`: tagger, label,
/// probability.
#[must_use]
pub fn shown<'a>(tags: impl Iterator<Item = (&'a str, &'a str, f32)>, most: usize) -> Vec<Shown> {
    let mut found: Vec<Shown> = Vec::new();
    for (tagger, label, probability) in tags {
        let Some(Word { kind, threshold }) = word(tagger, label) else { continue };
        if probability < threshold {
            continue;
        }
        let tag = Shown { kind, label: label.to_owned(), probability, threshold };
        match found.iter_mut().find(|known| known.label.eq_ignore_ascii_case(label)) {
            Some(known) if known.strength() < tag.strength() => *known = tag,
            Some(_) => {}
            None => found.push(tag),
        }
    }
    found.sort_by(|a, b| a.kind.cmp(&b.kind).then(b.strength().total_cmp(&a.strength())));
    let denied = found.iter().find(|tag| tag.kind == Kind::Voice).is_some_and(Shown::denies_a_voice);
    let mut counts = [0; Kind::ALL.len()];
    found.retain(|tag| {
        if tag.kind == Kind::Voice && tag.denies_a_voice() != denied {
            return false;
        }
        let count = &mut counts[tag.kind as usize];
        *count += 1;
        *count <= most
    });
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ModelSet;

    #[test]
    fn every_line_of_the_table_is_read_and_names_a_label_that_is_there() {
        let models = ModelSet::embedded().expect("models");
        let mut kinds = Vec::new();
        for line in TABLE.lines() {
            let ((tagger, label), word) = read(line).unwrap_or_else(|| panic!("{line}"));
            let card = models.tagger_cards().find(|card| card.name == tagger);
            assert!(card.is_some_and(|card| card.labels.iter().any(|known| known == label)), "{line}");
            assert!((0.02..1.0).contains(&word.threshold), "{line}");
            kinds.push(word.kind);
        }
        assert!(Kind::ALL.iter().all(|kind| kinds.contains(kind)));
    }

    #[test]
    fn what_is_shown_is_above_its_threshold_and_stands_once() {
        let guitar = word("ced-tiny", "Guitar").expect("known").threshold;
        let tags = [
            ("musicnn-mtt", "guitar", 0.99),
            ("ced-tiny", "Guitar", guitar * 0.9),
            ("ced-tiny", "Dog", 1.0),
            ("ced-tiny", "Singing", 0.9),
        ];
        let shown: Vec<(Kind, String)> =
            shown(tags.into_iter(), 3).into_iter().map(|tag| (tag.kind, tag.label)).collect();
        assert_eq!(shown, [(Kind::Voice, "Singing".to_owned()), (Kind::Instrument, "guitar".to_owned())]);
    }

    #[test]
    fn of_a_voice_and_no_voice_the_stronger_side_is_shown() {
        let denied = word("musicnn-mtt", "no voice").expect("known").threshold;
        let said = |singing: f32| {
            let tags = [("ced-tiny", "Singing", singing), ("musicnn-mtt", "no voice", denied * 1.2)];
            shown(tags.into_iter(), 3).into_iter().map(|tag| tag.label).collect::<Vec<_>>()
        };
        assert_eq!(said(0.9), ["Singing"]);
        assert_eq!(said(0.0), ["no voice"]);
        assert_eq!(said(0.0201), ["no voice"]);
    }

    #[test]
    fn strength_is_nothing_at_the_threshold_and_one_when_certain() {
        let tag = |probability| Shown { kind: Kind::Mood, label: String::new(), probability, threshold: 0.05 };
        assert!(tag(0.05).strength().abs() < 1e-6 && (tag(1.0).strength() - 1.0).abs() < 1e-6);
        assert!(tag(0.1).strength() < tag(0.2).strength());
    }
}
