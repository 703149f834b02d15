//! The systems that can be trained, as they are listed: what each is, how large, how dear, and how well it did in the tables.

use anyhow::Result;

use super::cost::ms_per_s;
use super::measured::scores;
use super::singing;
use crate::listen::FrontEnd;
use crate::nets::systems::{SYSTEMS, pons};
use crate::nets::{CARD_FORMAT, Card, Model, Task};
use crate::study::train::NetKind;

/// Classes with which the genre nets are counted, and tags of the students' teachers.
const CLASSES: usize = 10;
const TAGS: usize = 50;

/// A network that is listed.
pub struct Listed {
    /// What is known of it.
    pub card: Card,
    /// Number of weights, statistics of normalisations included.
    pub parameters: usize,
    /// Milliseconds of one core per second of audio, without the front end; `None` for what hears no audio by itself.
    pub cost_ms_per_s: Option<f64>,
}

impl From<Model> for Listed {
    fn from(model: Model) -> Self {
        // A head hears no audio by itself.
        let cost_ms_per_s = ms_per_s(&model).ok();
        Self { card: model.card, parameters: model.parameters, cost_ms_per_s }
    }
}

/// All systems, without weights, with what the tables of this version say of them.
///
/// # Errors
/// None in practice; that of a net that does not run.
pub fn untrained() -> Result<Vec<Listed>> {
    let voices = singing::NETS.into_iter().filter_map(voice);
    let genres = SYSTEMS.iter().map(|system| {
        let description = format!("{}; differs from the publication: {}", system.description, system.differs);
        genre(system.name, &description, system.designer, system.source)
    });
    let ours = genre("compact", "Our genre net for clips", "the Earmark developers", "Earmark");
    let all = voices.chain(genres).chain([ours, students()]);
    all.map(|card| {
        let mut listed = Listed::from(Model::empty(card)?);
        // It says nothing before it is trained.
        listed.card.labels.clear();
        listed.card.scores = scores(&listed.card.name)?;
        Ok(listed)
    })
    .collect()
}

/// The card of a singing detector that starts from nothing.
fn voice(kind: NetKind) -> Option<Card> {
    let card = kind.blank_card()?;
    Some(Card { description: kind.description().to_owned(), ..without_weights(kind.name(), card) })
}

fn genre(name: &str, description: &str, designer: &str, source: &str) -> Card {
    let labels = (0..CLASSES).map(|class| format!("genre/{class}")).collect();
    tagger(name, description, designer, source, FrontEnd::wide_mel_128(), labels)
}

/// Pons's net for tags.
fn students() -> Card {
    let labels = (0..TAGS).map(|tag| tag.to_string()).collect();
    let pons = pons::SYSTEM;
    tagger(pons::TAGS_NAME, pons::TAGS_DESCRIPTION, pons.designer, pons.source, FrontEnd::musicnn_mel_96(), labels)
}

fn tagger(
    name: &str,
    description: &str,
    designer: &str,
    source: &str,
    front_end: FrontEnd,
    labels: Vec<String>,
) -> Card {
    let card = Card {
        format: CARD_FORMAT,
        name: String::new(),
        architecture: name.to_owned(),
        task: Task::Tags,
        description: description.to_owned(),
        front_end,
        labels,
        voice: Vec::new(),
        look_ahead_frames: 0,
        members: Vec::new(),
        taggers: Vec::new(),
        licence: String::new(),
        attribution: designer.to_owned(),
        source: source.to_owned(),
        training_data: String::new(),
        provenance: None,
        scores: Vec::new(),
    };
    without_weights(name, card)
}

fn without_weights(name: &str, card: Card) -> Card {
    Card {
        name: name.to_owned(),
        licence: "no weights".to_owned(),
        training_data: format!("not trained; `earmark train {name}`"),
        ..card
    }
}
