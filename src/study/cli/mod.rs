//! The command line: what it takes, and which part of it does the work.
//!
//! One file per subcommand. Answers go to stdout; progress, notes and errors to stderr, one line each.
//! Exit codes: 0 all went well, 1 something failed, 2 wrong usage, 130 stopped by Ctrl-C.

mod analyze;
mod compare;
mod console;
mod dataset;
mod evaluate;
mod features;
mod index;
mod inputs;
mod library;
mod many;
mod map;
mod models;
mod similar;
mod stop;
mod summary;
mod table;
mod tag;
mod tags;
mod threads;
mod train;
mod zoo;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use super::guard;
use console::Console;

/// Hears who sings and what kind of music it is.
#[derive(Debug, Parser)]
#[command(name = "earmark", version, propagate_version = true, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Say of audio files who sings when, the genre, and what else is heard.
    Analyze(analyze::Arguments),
    /// Hear a directory of music once, and keep what was heard in an index file.
    Index(index::Arguments),
    /// Find the tracks of a library that sound most like a file.
    Similar(similar::Arguments),
    /// Measure the networks on labelled audio.
    #[command(subcommand)]
    Evaluate(evaluate::Command),
    /// Compare voice networks on labelled audio in one table.
    Compare(compare::Arguments),
    /// Train a network on labelled audio, or a head for genres of your own on your library.
    Train(Box<train::Arguments>),
    /// Write genres into the files of a library; without --write it says what it would write.
    Tag(tag::Arguments),
    /// List the networks: size, front end, source, licence, scores.
    Zoo(zoo::Arguments),
    /// Export the networks' layers over whole files, for classifiers of your own.
    Features(features::Arguments),
    /// List the names of all tags.
    Tags(tags::Arguments),
}

impl Command {
    /// Whether candle's gradients are where the time goes.
    fn trains(&self) -> bool {
        matches!(self, Self::Train(_)) || matches!(self, Self::Zoo(arguments) if arguments.makes_table())
    }
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Done,
    Failed,
    Stopped,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Done => Self::SUCCESS,
            Outcome::Failed => Self::FAILURE,
            // 128 + SIGINT, as shells have it.
            Outcome::Stopped => Self::from(130),
        }
    }
}

/// Runs the command line of this process.
pub fn run() -> ExitCode {
    guard::install();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(usage) => {
            // A closed pipe behind `--help` is no error.
            let _ = usage.print();
            return ExitCode::from(u8::try_from(usage.exit_code()).unwrap_or(2));
        }
    };
    if cli.command.trains() {
        threads::settle();
    }
    stop::install();
    let console = Console::new();
    let result = guard::guard(|| match cli.command {
        Command::Analyze(arguments) => analyze::run(&arguments, &console),
        Command::Index(arguments) => index::run(&arguments, &console),
        Command::Similar(arguments) => similar::run(&arguments, &console),
        Command::Evaluate(command) => evaluate::run(&command, &console),
        Command::Compare(arguments) => compare::run(&arguments, &console),
        Command::Train(arguments) => train::run(&arguments, &console),
        Command::Tag(arguments) => tag::run(&arguments, &console),
        Command::Zoo(arguments) => zoo::run(&arguments, &console),
        Command::Features(arguments) => features::run(&arguments, &console),
        Command::Tags(arguments) => tags::run(&arguments, &console),
    });
    let outcome = result.unwrap_or_else(|error| {
        console.error(None, &error);
        Outcome::Failed
    });
    if stop::requested() { Outcome::Stopped.into() } else { outcome.into() }
}
