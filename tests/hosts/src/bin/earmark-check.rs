//! `earmark-check`: puts the built plugins through what plugin validators ask.
//!
//! `cargo xtask host-check` builds and starts it.

use anyhow::{Context, Result, ensure};
use clap::{Parser, ValueEnum};
use earmark_hosts::check::runner::{Outcome, Task, class_name, format_name, run_all, run_here};
use earmark_hosts::check::{Format, Subject, Verdict, all};
use earmark_hosts::{Class, bundle, program};
use std::path::PathBuf;
use std::process::ExitCode;

/// Puts the built plugins through what plugin validators ask of them.
#[derive(Parser)]
#[command(name = "earmark-check", max_term_width = 100)]
struct Arguments {
    /// Check this format alone
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Check this plugin of the bundle alone
    #[arg(long, value_enum)]
    class: Option<Class>,
    /// Run only checks with this text in their name
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// List the checks and what they expect
    #[arg(long)]
    list: bool,
    /// Bundle to check, of the format given [default: the built ones]
    #[arg(long, value_name = "FILE", requires = "format")]
    plugin: Option<PathBuf>,
    /// Run one check in this process
    #[arg(long, hide = true, requires = "plugin", requires = "class")]
    child: Option<String>,
}

fn main() -> ExitCode {
    program::run(|| run(&Arguments::parse()))
}

fn run(arguments: &Arguments) -> Result<ExitCode> {
    if let (Some(name), Some(format), Some(class), Some(plugin)) =
        (&arguments.child, arguments.format, arguments.class, &arguments.plugin)
    {
        run_here(format, name, &Subject { bundle: plugin.clone(), class })?;
        return Ok(ExitCode::SUCCESS);
    }
    let formats: Vec<_> = Format::value_variants()
        .iter()
        .copied()
        .filter(|format| arguments.format.is_none_or(|f| f == *format))
        .collect();
    let wanted = |name: &str| arguments.only.as_ref().is_none_or(|only| name.contains(only.as_str()));
    if arguments.list {
        for format in formats {
            for check in all(format).iter().filter(|check| wanted(check.name)) {
                println!("{} {:38} {}", format_name(format), check.name, check.about);
            }
        }
        return Ok(ExitCode::SUCCESS);
    }
    let mut tasks = Vec::new();
    for format in formats {
        let built = match format {
            Format::Clap => bundle::clap(),
            Format::Vst3 => bundle::vst3(),
        };
        let bundle = arguments.plugin.clone().or(built).context("no plugin is built yet: run `cargo xtask bundle`")?;
        for class in Class::value_variants().iter().copied().filter(|class| arguments.class.is_none_or(|c| c == *class))
        {
            let subject = Subject { bundle: bundle.clone(), class };
            let checks = all(format).into_iter().filter(|check| wanted(check.name));
            tasks.extend(checks.map(|check| Task { format, name: check.name, subject: subject.clone() }));
        }
    }
    ensure!(!tasks.is_empty(), "no check has that text in its name; --list shows them all");
    let outcomes = run_all(tasks, print);
    let count =
        |wanted: fn(&Result<Verdict>) -> bool| outcomes.iter().filter(|outcome| wanted(&outcome.result)).count();
    let (failed, skipped) = (count(Result::is_err), count(|result| matches!(result, Ok(Verdict::Skipped(_)))));
    println!("{} passed, {failed} failed, {skipped} skipped", outcomes.len() - failed - skipped);
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print(outcome: &Outcome) {
    let (word, text) = match &outcome.result {
        Ok(Verdict::Passed) => ("ok", String::new()),
        Ok(Verdict::Noted(note)) => ("ok", note.clone()),
        Ok(Verdict::Skipped(reason)) => ("skipped", reason.clone()),
        Err(error) => ("FAILED", format!("{error:#}")),
    };
    let Task { format, name, subject } = &outcome.task;
    let (format, class) = (format_name(*format), class_name(subject.class));
    println!("{word:7} {format} {class:7} {name:38} {:5.1} s  {text}", outcome.took_s);
}
