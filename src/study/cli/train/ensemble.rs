//! `earmark train ensemble --member MODEL --member MODEL --data INDEX.csv|SPECTRA`

use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::Args;
use indicatif::ProgressBar;

use super::super::Outcome;
use super::super::console::Console;
use super::{coarse, figures};
use crate::study::evaluate::spectra::is_spectra;
use crate::study::evaluate::vocal::Report;
use crate::study::train::{
    EnsembleProgress, EnsembleSettings, GenreEnsembleProgress, GenreEnsembleSettings, Weighed, train_ensemble,
    train_genre_ensemble,
};

#[derive(Debug, Args)]
pub(in crate::study::cli) struct Arguments {
    /// Voice models (fsmn or conv_fsmn), of which the first one's labels are said; or a coarse genre model, then nets for
    /// clips such as cnn3x3. Given at least twice.
    #[arg(long, value_name = "MODEL", required = true)]
    member: Vec<PathBuf>,
    /// What to choose on. For voices, labelled songs whose split valid is heard: a CSV file with the columns file, labels,
    /// split, layout; for genres, labelled spectra. May be given several times.
    #[arg(long, value_name = "INDEX.csv|SPECTRA", required = true)]
    data: Vec<PathBuf>,
    /// For voices: take these shares of the members instead of choosing them, and calibrate nothing.
    #[arg(long, value_name = "SHARE", value_delimiter = ',')]
    shares: Option<Vec<f64>>,
    /// With --shares: added to the logit of singing; below 0, less is called sung.
    #[arg(long, value_name = "LOGIT", default_value_t = 0.0, allow_negative_numbers = true, requires = "shares")]
    offset: f64,
    /// The model file to write.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub(super) fn run(arguments: &Arguments, console: &Console) -> Result<Outcome> {
    if arguments.data.iter().all(|file| is_spectra(file)) {
        return genres(arguments, console);
    }
    let settings = EnsembleSettings {
        members: arguments.member.clone(),
        data: arguments.data.clone(),
        fixed: arguments.shares.clone().map(|shares| (shares, arguments.offset)),
        out: arguments.out.clone(),
    };
    let watch = Watch { bar: console.steps(1), console };
    train_ensemble(&settings, &watch)?;
    watch.bar.finish_and_clear();
    console.print(&format!("wrote {}\n", arguments.out.display()));
    Ok(Outcome::Done)
}

fn genres(arguments: &Arguments, console: &Console) -> Result<Outcome> {
    ensure!(
        arguments.shares.is_none(),
        "--shares is for voices; how much each genre net counts is chosen on the spectra of --data"
    );
    let settings = GenreEnsembleSettings {
        members: arguments.member.clone(),
        data: arguments.data.clone(),
        out: arguments.out.clone(),
    };
    let watch = coarse::Watch { bar: console.steps(1), console };
    let finished = train_genre_ensemble(&settings, &watch)?;
    watch.bar.finish_and_clear();
    if finished {
        console.print(&format!("wrote {}\n", arguments.out.display()));
        return Ok(Outcome::Done);
    }
    console.note(None, "stopped; the same command goes on from here");
    Ok(Outcome::Stopped)
}

/// Shows what is read and tried.
pub(super) struct Watch<'a> {
    pub(super) bar: ProgressBar,
    pub(super) console: &'a Console,
}

impl EnsembleProgress for Watch<'_> {
    fn reading(&self, done: usize, all: usize) {
        self.bar.set_length(all as u64);
        self.bar.set_position(done as u64);
        self.bar.set_message("reading songs");
    }

    fn tried(&self, shares: &[f64], report: &Report, score: f64, best: bool) {
        let shares: Vec<String> = shares.iter().map(|share| format!("{share:.2}")).collect();
        let mark = if best { "  best so far" } else { "" };
        self.console.print(&format!("shares {}: score {score:.4}; {}{mark}\n", shares.join(" "), figures(report)));
    }
}

impl GenreEnsembleProgress for coarse::Watch<'_> {
    fn weighed(&self, weighed: &Weighed) {
        let Weighed { name, powers, accuracy, cross_entropy, alone: (before, loss_before) } = weighed;
        let powers: Vec<String> = powers.iter().map(|power| format!("{power:.2}")).collect();
        self.console.print(&format!(
            "{name}: powers {}: accuracy {accuracy:.3}, cross-entropy {cross_entropy:.3}; the first net alone {before:.3}, \
             {loss_before:.3}\n",
            powers.join(" ")
        ));
    }
}
