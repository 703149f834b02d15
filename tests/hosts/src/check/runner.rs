//! Runs checks, each in a process of its own, and prints what came of them.

use super::{Format, Subject, Verdict, find};
use crate::Class;
use anyhow::{Context, Result, anyhow};
use std::collections::VecDeque;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A check that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(120);
/// Checks that run side by side.
const SIDE_BY_SIDE: usize = 2;
/// What a child prints before its verdict.
const MARK: &str = "host-check:";

/// One check to be run.
#[derive(Clone)]
pub struct Task {
    /// Format of the check.
    pub format: Format,
    /// Its name.
    pub name: &'static str,
    /// What it is run on.
    pub subject: Subject,
}

/// What came of a task.
pub struct Outcome {
    /// The task.
    pub task: Task,
    /// The verdict, or what was found instead of what was expected.
    pub result: Result<Verdict>,
    /// Seconds it took.
    pub took_s: f64,
}

/// Runs a check in this very process and prints its verdict for the parent.
///
/// # Errors
/// There is no such check.
pub fn run_here(format: Format, name: &str, subject: &Subject) -> Result<()> {
    let check = find(format, name).with_context(|| format!("there is no check \"{name}\""))?;
    let (word, text) = match (check.run)(subject) {
        Ok(Verdict::Passed) => ("passed", String::new()),
        Ok(Verdict::Noted(note)) => ("noted", note),
        Ok(Verdict::Skipped(reason)) => ("skipped", reason),
        Err(error) => ("failed", format!("{error:#}")),
    };
    println!("\n{MARK}{word}:{}", text.replace('\n', " "));
    Ok(())
}

/// Runs all tasks, some side by side; `done` sees each outcome as it comes.
pub fn run_all(tasks: Vec<Task>, done: impl Fn(&Outcome) + Sync) -> Vec<Outcome> {
    let (waiting, outcomes) = (Mutex::new(VecDeque::from(tasks)), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..SIDE_BY_SIDE {
            scope.spawn(|| {
                loop {
                    let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                    let Some(task) = next else { return };
                    let start = Instant::now();
                    let result = run_apart(&task);
                    let outcome = Outcome { task, result, took_s: start.elapsed().as_secs_f64() };
                    done(&outcome);
                    outcomes.lock().unwrap_or_else(PoisonError::into_inner).push(outcome);
                }
            });
        }
    });
    outcomes.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// Runs a check in a process of its own.
fn run_apart(task: &Task) -> Result<Verdict> {
    let mut child = Command::new(std::env::current_exe()?)
        .args(["--child", task.name, "--format", format_name(task.format), "--class", class_name(task.subject.class)])
        .arg("--plugin")
        .arg(&task.subject.bundle)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot start a process for the check")?;
    // Read while it runs: a full pipe would stop it.
    let (stdout, stderr) = (reader(child.stdout.take()), reader(child.stderr.take()));
    let start = Instant::now();
    let status = loop {
        match child.try_wait()? {
            Some(status) => break Some(status),
            None if start.elapsed() > PATIENCE => {
                child.kill()?;
                child.wait()?;
                break None;
            }
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    let (said, complained) = (stdout.join().unwrap_or_default(), stderr.join().unwrap_or_default());
    let last_words = complained.lines().rev().take(3).collect::<Vec<_>>().join(" | ");
    let Some(status) = status else { return Err(anyhow!("still not done after {} s", PATIENCE.as_secs())) };
    let verdict = said.lines().rev().find_map(|line| line.strip_prefix(MARK)?.split_once(':'));
    if !status.success() {
        let after = verdict.map_or_else(String::new, |(word, _)| format!(" after \"{word}\""));
        return Err(anyhow!("the process ended abnormally{after} ({status}): {last_words}"));
    }
    match verdict {
        Some(("passed", _)) => Ok(Verdict::Passed),
        Some(("noted", note)) => Ok(Verdict::Noted(note.to_owned())),
        Some(("skipped", reason)) => Ok(Verdict::Skipped(reason.to_owned())),
        Some((_, found)) => Err(anyhow!("{found}")),
        None => Err(anyhow!("no verdict: {last_words}")),
    }
}

fn reader(pipe: Option<impl std::io::Read + Send + 'static>) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        // What was read before an error is still worth showing.
        let _ = pipe.map(|mut pipe| pipe.read_to_end(&mut bytes));
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// As options name it.
pub fn format_name(format: Format) -> &'static str {
    match format {
        Format::Clap => "clap",
        Format::Vst3 => "vst3",
    }
}

/// As options name it.
pub fn class_name(class: Class) -> &'static str {
    match class {
        Class::Earmark => "earmark",
        Class::Control => "control",
    }
}
