//! Voice nets of one architecture as one net: the mean of their weights (arXiv 2203.05482). It costs what one of them costs. Nets
//! that began with the same weights lie in one valley, whose middle is often better on what none of them has heard.

use std::collections::HashMap;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use candle_core::{DType, Tensor};

use super::calibrate::Platt;
use super::ensemble::{EnsembleProgress, Member};
use super::export::{halved, scores, write_model};
use super::run::read_songs;
use super::validate::{Validation, score};
use super::weights::is_fixed;
use crate::nets::{Card, Model, Net, VocalNet};
use crate::study::model_file;
use crate::study::outputs::stem;

/// What is averaged, and how it is calibrated.
#[derive(Debug, Clone)]
pub struct AverageSettings {
    /// Voice models of one architecture.
    pub members: Vec<PathBuf>,
    /// The indices of labelled songs, whose split `valid` is heard.
    pub data: Vec<PathBuf>,
    /// How much each member counts beside the others; alike if absent.
    pub shares: Option<Vec<f64>>,
    /// What is added to the logit of the first label; if absent, its logit is scaled and shifted on `valid`.
    pub offset: Option<f64>,
    /// The model file to write.
    pub out: PathBuf,
}

/// Averages the members and writes the net to `settings.out`.
///
/// # Errors
/// Unreadable data, members that do not fit one another, a full disk.
pub fn train_average(settings: &AverageSettings, progress: &impl EnsembleProgress) -> Result<()> {
    let members: Vec<Member> = settings.members.iter().map(|path| Member::read(path, None)).collect::<Result<_>>()?;
    ensure!(members.len() > 1, "an average needs at least two members");
    let first = &members[0];
    for other in &members[1..] {
        ensure!(
            first.fits(other),
            "{} cannot be averaged with {}: members must be of one architecture, with the same front end, look-ahead and sizes",
            other.card.name,
            first.card.name
        );
    }
    let shares = shares(settings.shares.as_deref(), members.len())?;
    let songs = read_songs(&settings.data, "valid", &|done, all| progress.reading(done, all))?;
    let validation = Validation::new(first.card.front_end.clone(), &songs);

    let mut tensors = mean(&members, &shares)?;
    let platt = match settings.offset {
        Some(offset) => Platt { factor: 1.0, offset },
        None => Platt::fit(validation.sets(), &validation.heard_by(&net(&first.card, &tensors)?)?),
    };
    platt.fold(&mut tensors)?;
    let tensors = halved(&tensors)?;
    let report = validation.report("training", validation.heard_by(&net(&first.card, &tensors)?)?);
    progress.tried(&shares, &report, score(&report), true);

    let each: Vec<String> = members
        .iter()
        .zip(&shares)
        .map(|(Member { card, .. }, share)| format!("{share:.2} of {}: {}", card.name, card.training_data))
        .collect();
    let name = stem(&settings.out);
    let training_data = format!("the mean of the weights of {} nets. {}", members.len(), each.join(". "));
    let card = Card { name, training_data, scores: scores(&report, true), ..first.card.clone() };
    write_model(&settings.out, &card, tensors.iter())
}

impl Member {
    /// Whether the two have the same tensors, which mean the same.
    fn fits(&self, other: &Self) -> bool {
        let sizes = |member: &Self| -> HashMap<String, Vec<usize>> {
            member.tensors.iter().map(|(name, tensor)| (name.clone(), tensor.dims().to_vec())).collect()
        };
        self.card.architecture == other.card.architecture
            && self.card.front_end == other.card.front_end
            && self.card.labels == other.card.labels
            && self.card.look_ahead_frames == other.card.look_ahead_frames
            && sizes(self) == sizes(other)
    }
}

/// Parts of a whole.
fn shares(given: Option<&[f64]>, members: usize) -> Result<Vec<f64>> {
    let given = given.map_or_else(|| vec![1.0; members], <[f64]>::to_vec);
    ensure!(given.len() == members, "{} shares for {members} members; give one for each", given.len());
    let whole: f64 = given.iter().sum();
    ensure!(given.iter().all(|&share| share >= 0.0) && whole > 0.0, "shares are numbers above 0");
    Ok(given.into_iter().map(|share| share / whole).collect())
}

/// Weights are averaged; statistics of the data are the first member's.
fn mean(members: &[Member], shares: &[f64]) -> Result<HashMap<String, Tensor>> {
    let average = |(name, first): (&String, &Tensor)| {
        if is_fixed(name) {
            return Ok((name.clone(), first.clone()));
        }
        let mut sum = first.zeros_like()?.to_dtype(DType::F32)?;
        for (member, &share) in members.iter().zip(shares) {
            let tensor = member.tensors.get(name).context("members fit one another")?;
            sum = (sum + (tensor.to_dtype(DType::F32)? * share)?)?;
        }
        Ok((name.clone(), sum))
    };
    members[0].tensors.iter().map(average).collect()
}

/// A net with these weights.
fn net(card: &Card, tensors: &HashMap<String, Tensor>) -> Result<VocalNet> {
    match Model::from_bytes(&model_file::bytes(card, tensors)?)?.net {
        Net::Vocal(net) => Ok(net),
        _ => anyhow::bail!("{} is no voice net", card.name),
    }
}

#[cfg(test)]
mod tests {
    use super::shares;

    #[test]
    fn shares_are_parts_of_a_whole() {
        assert_eq!(shares(None, 4).unwrap(), [0.25; 4]);
        assert_eq!(shares(Some(&[3.0, 1.0]), 2).unwrap(), [0.75, 0.25]);
        assert!(shares(Some(&[1.0]), 2).is_err());
        assert!(shares(Some(&[0.0, 0.0]), 2).is_err());
        assert!(shares(Some(&[2.0, -1.0]), 2).is_err());
        assert!(shares(Some(&[f64::NAN, 1.0]), 2).is_err());
    }
}
