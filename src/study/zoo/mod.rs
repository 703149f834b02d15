//! The zoo in tables: every net of a kind trained on the same data with the same budget, each cell of a table once.
//!
//! | what | where |
//! |---|---|
//! | genre of clips, on labelled spectra | [`genre`] |
//! | singing, frame by frame, on labelled songs | [`singing`] |
//! | latent factors of clips, and what filters hear | [`factors`] |
//! | tags, from a teacher's scores of real audio | [`tagging`] |
//! | how long a net is trained | [`plan`] |
//! | intervals over songs, areas of drawn songs | [`interval`], [`ranked`] |
//! | what a net costs | [`cost`] |
//! | the systems without weights, and what the published tables say of them | [`listed`], [`measured`] |

pub mod cost;
pub mod factors;
pub mod genre;
mod interval;
pub mod listed;
mod measured;
mod plan;
mod ranked;
pub mod singing;
pub mod tagging;

use std::path::Path;

use anyhow::Result;

use crate::study::outputs::replace;

/// Who watches a table.
pub trait TableProgress {
    /// A cell is trained now: net, seed, its number among all, and its steps.
    fn cell(&self, net: &str, seed: u64, number: usize, cells: usize, steps: u64);
    /// A cell is finished, perhaps since an earlier call; how good it is, in words.
    fn finished(&self, net: &str, seed: u64, figures: &str);
}

/// Writes a table as Markdown and as CSV.
fn kept_as(folder: &Path, name: &str, markdown: &str, csv: &str) -> Result<()> {
    replace(&folder.join(format!("{name}.md")), markdown.as_bytes())?;
    replace(&folder.join(format!("{name}.csv")), csv.as_bytes())
}
