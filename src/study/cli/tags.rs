//! `earmark tags`

use anyhow::Result;
use clap::Args;
use serde::Serialize;

use super::Outcome;
use super::console::Console;
use crate::engine::ModelSet;
use crate::nets::tag_kind::{Kind, word};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Print JSON, with what each label speaks of and from which probability on it is shown.
    #[arg(long)]
    json: bool,
}

/// A label. The field names are a promise to scripts.
#[derive(Serialize)]
struct Label<'a> {
    tagger: &'a str,
    label: &'a str,
    kind: Option<Kind>,
    threshold: Option<f32>,
}

/// Prints each label with its net, one a line, in the order of the JSON of `analyze`.
pub(super) fn run(arguments: &Arguments, console: &Console) -> Result<Outcome> {
    let models = ModelSet::embedded()?;
    if arguments.json {
        let labels = models.tagger_cards().flat_map(|card| {
            card.labels.iter().map(|label| {
                let word = word(&card.name, label);
                let (kind, threshold) = (word.map(|word| word.kind), word.map(|word| word.threshold));
                Label { tagger: &card.name, label, kind, threshold }
            })
        });
        console.print(&(serde_json::to_string(&labels.collect::<Vec<_>>())? + "\n"));
        return Ok(Outcome::Done);
    }
    let mut text = String::new();
    for card in models.tagger_cards() {
        for label in &card.labels {
            text += &format!("{}/{label}\n", card.name);
        }
    }
    console.print(&text);
    Ok(Outcome::Done)
}
