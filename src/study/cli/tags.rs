//! `earmark tags`

use anyhow::Result;
use clap::Args;

use super::Outcome;
use super::console::Console;
use crate::engine::ModelSet;

#[derive(Debug, Args)]
pub(super) struct Arguments {}

/// Prints each label with its net, one a line, in the order of the JSON of `analyze`.
pub(super) fn run(_arguments: &Arguments, console: &Console) -> Result<Outcome> {
    let models = ModelSet::embedded()?;
    let mut text = String::new();
    for card in models.tagger_cards() {
        for label in &card.labels {
            text += &format!("{}/{label}\n", card.name);
        }
    }
    console.print(&text);
    Ok(Outcome::Done)
}
