//! What a section has found, as it is kept: docs/promises/SECTION.json.

use super::Section;
use crate::workspace;
use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// One promise and its figure; programs print it as a line of JSON.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Row {
    pub promise: String,
    pub figure: String,
    #[serde(default)]
    pub bar: String,
    /// Nothing where there is no bar, or nothing was measured.
    #[serde(default)]
    pub kept: Option<bool>,
    #[serde(default)]
    pub command: String,
    /// When and of which commit, where that is not the section's own.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub measured: String,
}

impl Row {
    pub fn new(promise: impl Into<String>, figure: impl Into<String>, bar: &str, kept: Option<bool>) -> Self {
        let (promise, figure) = (promise.into(), figure.into());
        Self { promise, figure, bar: bar.to_owned(), kept, command: String::new(), measured: String::new() }
    }

    pub fn not_measured(error: &anyhow::Error) -> Self {
        Self::new("not measured", format!("{error:#}"), "", None)
    }

    pub fn by(mut self, command: &str) -> Self {
        command.clone_into(&mut self.command);
        self
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match self.kept {
            Some(true) => "kept  ",
            Some(false) => "MISSED",
            None => "      ",
        };
        write!(f, "{verdict} {}: {}", self.promise, self.figure)?;
        if self.bar.is_empty() { Ok(()) } else { write!(f, " ({})", self.bar) }
    }
}

/// A section's rows and the circumstances.
#[derive(Serialize, Deserialize)]
pub struct Record {
    pub section: String,
    /// Date of the measurement, UTC.
    pub date: String,
    /// The commit that was measured.
    #[serde(default)]
    pub revision: String,
    pub machine: String,
    /// Processes that wanted to run when it began, over one minute: what else the machine was doing.
    pub load_before: f64,
    pub took_s: f64,
    pub rows: Vec<Row>,
}

impl Record {
    pub fn begin(section: Section) -> Self {
        Self {
            section: section.name(),
            date: said("date", &["-u", "+%Y-%m-%d"]),
            revision: said("git", &["describe", "--always", "--dirty"]),
            machine: machine(),
            load_before: load(),
            took_s: 0.0,
            rows: Vec::new(),
        }
    }

    /// Takes over the rows of an earlier record that are to stay.
    pub fn keep(&mut self, earlier: Option<Self>, stays: impl Fn(&Row) -> bool) {
        let Some(Self { date, revision, rows, .. }) = earlier else { return };
        let when = if revision.is_empty() { date } else { format!("{date}, revision {revision}") };
        for mut row in rows.into_iter().filter(|row| stays(row)) {
            if row.measured.is_empty() {
                row.measured.clone_from(&when);
            }
            self.rows.push(row);
        }
    }

    pub fn write(&self) -> Result<()> {
        let path = path(&self.section);
        std::fs::create_dir_all(folder())?;
        let json = serde_json::to_string_pretty(self)? + "\n";
        std::fs::write(&path, json).with_context(|| format!("cannot write {}", path.display()))
    }

    /// What was found the last time, if ever.
    pub fn read(section: Section) -> Result<Option<Self>> {
        let path = path(&section.name());
        match std::fs::read_to_string(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| path.display().to_string()),
            Ok(text) => serde_json::from_str(&text).with_context(|| path.display().to_string()),
        }
    }
}

pub fn folder() -> PathBuf {
    workspace::root().join("docs/promises")
}

fn path(section: &str) -> PathBuf {
    folder().join(format!("{section}.json"))
}

/// Runs a program that prints rows among other things; what is no row is passed on.
pub fn rows(command: &mut Command, what: &str) -> Result<Vec<Row>> {
    let mut child = command.stdout(Stdio::piped()).spawn().with_context(|| format!("{what} does not start"))?;
    let mut rows = Vec::new();
    for line in BufReader::new(child.stdout.take().context("no output")?).lines() {
        let line = line?;
        match line.find("{\"").map(|at| serde_json::from_str::<Row>(&line[at..])) {
            Some(Ok(row)) => rows.push(row),
            _ => println!("   {line}"),
        }
    }
    let status = child.wait()?;
    ensure!(status.success(), "{what} failed ({status}) after {} rows", rows.len());
    Ok(rows)
}

/// What a program prints, or nothing.
pub fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map_or_else(|_| String::new(), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn machine() -> String {
    let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": ")).map(|(_, name)| name);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{} ({}), {cores} cores", name.unwrap_or("unknown processor"), std::env::consts::OS)
}

fn load() -> f64 {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().and_then(|load| load.parse().ok()).unwrap_or(f64::NAN)
}

#[cfg(test)]
mod checks {
    use super::{Record, Row, rows};
    use std::process::Command;

    #[test]
    fn rows_that_stay_say_when_they_were_measured() {
        let record = |date: &str, commands: &[&str]| Record {
            section: String::new(),
            date: date.to_owned(),
            revision: "r".to_owned(),
            machine: String::new(),
            load_before: 0.0,
            took_s: 0.0,
            rows: commands.iter().map(|command| Row::new("p", "1", "", None).by(command)).collect(),
        };
        let mut new = record("tuesday", &[]);
        new.keep(Some(record("monday", &["a", "b"])), |row| row.command != "a");
        let mut newer = record("wednesday", &[]);
        newer.keep(Some(new), |_| true);
        let kept: Vec<_> = newer.rows.iter().map(|row| (row.command.as_str(), row.measured.as_str())).collect();
        assert_eq!(kept, [("b", "monday, revision r")]);
    }

    #[test]
    fn rows_are_found_among_other_lines() {
        let line = r#"test x ... {"promise":"p","figure":"1","bar":"0","kept":false}"#;
        let found = rows(Command::new("printf").arg(format!("hello\\n{line}\\n")), "printf").unwrap();
        assert_eq!((found.len(), found[0].promise.as_str(), found[0].kept), (1, "p", Some(false)));
    }
}
