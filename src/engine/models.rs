//! Which models an engine runs, and the models themselves once they are built.

use std::path::Path;
use std::sync::Arc;

use super::judge::Judge;
use crate::listen::FrontEnd;
use crate::nets::registry::read_card;
use crate::nets::{Card, Coarse, Model, ModelError, Net, Task};

/// The models that every build carries: voice, then taggers in the order in which they are run.
const EMBEDDED_VOCAL: &[u8] = include_bytes!("../../models/earmark-voice.safetensors");
const EMBEDDED_TAGGERS: [&[u8]; 3] = [
    include_bytes!("../../models/ced-tiny.safetensors"),
    include_bytes!("../../models/musicnn-msd.safetensors"),
    include_bytes!("../../models/musicnn-mtt.safetensors"),
];

/// Hears genres through CED; see [`crate::nets::Coarse`].
const EMBEDDED_COARSE: &[u8] = include_bytes!("../../models/earmark-genre.safetensors");

/// A choice of models, cheap to make: only the cards are read.
#[derive(Clone)]
pub struct ModelSet {
    vocal: Entry,
    taggers: Vec<Entry>,
    coarse: Option<Entry>,
    head: Option<Entry>,
}

#[derive(Clone)]
struct Entry {
    card: Card,
    bytes: Bytes,
}

#[derive(Clone)]
enum Bytes {
    Embedded(&'static [u8]),
    File(Arc<[u8]>),
}

impl Entry {
    fn new(bytes: Bytes) -> Result<Self, ModelError> {
        Ok(Self { card: read_card(bytes.get())?, bytes })
    }

    /// `wanted`: the tasks that serve, the usual one first.
    fn file(path: &Path, wanted: &[Task]) -> Result<(Self, Net), ModelError> {
        let bytes: Arc<[u8]> = std::fs::read(path)?.into();
        // Built once here, so that a broken file is refused where the user named it.
        let Model { card, net, .. } = Model::from_bytes(&bytes)?;
        if !wanted.contains(&card.task) {
            let name = |task| match task {
                Task::Vocal => "vocal",
                Task::Tags => "tagging",
                Task::Genre => "genre",
            };
            let wanted = wanted.iter().map(|&task| name(task)).collect::<Vec<_>>().join(" or ");
            return Err(ModelError::WrongTask { found: name(card.task).to_owned(), wanted });
        }
        Ok((Self { card, bytes: Bytes::File(bytes) }, net))
    }
}

impl Bytes {
    fn get(&self) -> &[u8] {
        match self {
            Self::Embedded(bytes) => bytes,
            Self::File(bytes) => bytes,
        }
    }
}

impl ModelSet {
    /// The models inside this build.
    ///
    /// # Errors
    /// Only if the build itself is broken.
    pub fn embedded() -> Result<Self, ModelError> {
        let entry = |bytes: &'static [u8]| Entry::new(Bytes::Embedded(bytes));
        Ok(Self {
            vocal: entry(EMBEDDED_VOCAL)?,
            taggers: EMBEDDED_TAGGERS.into_iter().map(entry).collect::<Result<_, _>>()?,
            coarse: Some(entry(EMBEDDED_COARSE)?),
            head: None,
        })
    }

    /// The same with another voice model.
    ///
    /// # Errors
    /// If the file is no voice model that this build can run.
    pub fn with_vocal_file(mut self, path: &Path) -> Result<Self, ModelError> {
        self.vocal = Entry::file(path, &[Task::Vocal])?.0;
        Ok(self)
    }

    /// The same with one other tagger in place of all, or with a head on the taggers that are there.
    ///
    /// # Errors
    /// If the file is neither a tagger nor a head that this build can run.
    pub fn with_genre_file(mut self, path: &Path) -> Result<Self, ModelError> {
        match Entry::file(path, &[Task::Tags, Task::Genre])? {
            (entry, Net::Head(head)) => {
                self.check_taggers(&entry.card, head.width(), Card::features)?;
                self.head = Some(entry);
                // The head alone says what is said.
                self.coarse = None;
            }
            (entry, Net::Coarse(net)) => {
                self.check_taggers(&entry.card, net.width(), Coarse::features_of)?;
                self.coarse = Some(entry);
            }
            (entry, _) => {
                self.taggers = vec![entry];
                self.coarse = None;
                self.head = None;
            }
        }
        Ok(self)
    }

    /// What a model file is for, by its card.
    ///
    /// # Errors
    /// If it cannot be read or has no card.
    pub fn task_of(path: &Path) -> Result<Task, ModelError> {
        Ok(read_card(&std::fs::read(path)?)?.task)
    }

    /// Whether both are the same models, to the byte.
    #[must_use]
    pub fn same_as(&self, other: &Self) -> bool {
        self.entries().eq(other.entries())
    }

    fn entries(&self) -> impl Iterator<Item = &[u8]> {
        let entries = [&self.vocal].into_iter().chain(&self.taggers);
        entries.chain(&self.coarse).chain(&self.head).map(|entry| entry.bytes.get())
    }

    /// Whether a head's or a coarse net's taggers are there and give as many features as it takes, `of` each.
    fn check_taggers(&self, card: &Card, found: usize, of: impl Fn(&Card) -> usize) -> Result<(), ModelError> {
        let mut wanted = 0;
        for name in &card.taggers {
            let tagger = self.tagger_cards().find(|tagger| tagger.name == *name);
            wanted += of(tagger.ok_or_else(|| ModelError::UnknownTagger(name.clone()))?);
        }
        if wanted == found { Ok(()) } else { Err(ModelError::OtherFeatures { found, wanted }) }
    }

    /// The voice model's card.
    #[must_use]
    pub fn vocal_card(&self) -> &Card {
        &self.vocal.card
    }

    /// The taggers' cards.
    pub fn tagger_cards(&self) -> impl Iterator<Item = &Card> {
        self.taggers.iter().map(|entry| &entry.card)
    }

    /// The card of the head on the taggers, where there is one.
    #[must_use]
    pub fn head_card(&self) -> Option<&Card> {
        self.head.as_ref().map(|entry| &entry.card)
    }

    /// The card of the net for coarse spectra, where there is one.
    #[must_use]
    pub fn coarse_card(&self) -> Option<&Card> {
        self.coarse.as_ref().map(|entry| &entry.card)
    }

    /// A judge of what these taggers have said, without building them.
    ///
    /// # Errors
    /// As [`Model::from_bytes`], for the head.
    pub fn judge(&self) -> Result<Judge, ModelError> {
        let head = self.head.as_ref().map(|entry| Model::from_bytes(entry.bytes.get())).transpose()?;
        Ok(Judge::new(&self.tagger_cards().collect::<Vec<_>>(), self.coarse_card(), head.as_ref()))
    }

    /// What each stream to the worker carries: the voice model's front end, then one for each distinct front end of the
    /// taggers.
    pub(super) fn streams(&self) -> Vec<FrontEnd> {
        let mut streams = vec![self.vocal.card.front_end.clone()];
        for card in self.tagger_cards().chain(self.coarse_card()) {
            if !streams[1..].contains(&card.front_end) {
                streams.push(card.front_end.clone());
            }
        }
        streams
    }

    /// The bytes of the voice model's file and of each tagger's.
    pub(super) fn files(&self) -> (&[u8], impl Iterator<Item = &[u8]>) {
        (self.vocal.bytes.get(), self.taggers.iter().map(|entry| entry.bytes.get()))
    }

    /// Builds all nets. Takes a while; the engine does it on its worker.
    ///
    /// # Errors
    /// As [`Model::from_bytes`], and if the voice model is no frame-wise net.
    pub fn build(&self) -> Result<Models, ModelError> {
        let vocal = Model::from_bytes(self.vocal.bytes.get())?;
        if !matches!(vocal.net, Net::Vocal(_)) {
            return Err(ModelError::WrongTask { found: vocal.card.architecture, wanted: "vocal".into() });
        }
        let taggers =
            self.taggers.iter().map(|entry| Model::from_bytes(entry.bytes.get())).collect::<Result<_, _>>()?;
        let head = self.head.as_ref().map(|entry| Model::from_bytes(entry.bytes.get())).transpose()?;
        let coarse = self.coarse.as_ref().map(|entry| Model::from_bytes(entry.bytes.get())).transpose()?;
        Ok(Models { vocal, taggers, coarse, head })
    }
}

/// The nets, one copy per engine.
pub struct Models {
    /// Frame-wise voice net.
    pub vocal: Model,
    /// Window-wise taggers.
    pub taggers: Vec<Model>,
    /// Genres heard through CED.
    pub coarse: Option<Model>,
    /// Classes of somebody's own on the taggers' words.
    pub head: Option<Model>,
}
