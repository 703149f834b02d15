//! One line of the table of promises.

use serde_json::json;

/// Whether a promise is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The figure is within the bar.
    Kept,
    /// It is not.
    Missed,
    /// There is no bar, or nothing was measured.
    Open,
}

/// A promise and its figure.
#[derive(Clone, Debug)]
pub struct Row {
    /// What is promised.
    pub promise: String,
    /// What was measured.
    pub figure: String,
    /// What it must be.
    pub bar: String,
    /// Whether it is.
    pub verdict: Verdict,
}

impl Row {
    /// A row whose bar is met or not.
    pub fn new(promise: impl Into<String>, figure: impl Into<String>, bar: impl Into<String>, kept: bool) -> Self {
        let verdict = if kept { Verdict::Kept } else { Verdict::Missed };
        Self { promise: promise.into(), figure: figure.into(), bar: bar.into(), verdict }
    }

    /// A row without a bar.
    pub fn open(promise: impl Into<String>, figure: impl Into<String>) -> Self {
        Self { promise: promise.into(), figure: figure.into(), bar: String::new(), verdict: Verdict::Open }
    }

    /// Prints it as a line of JSON, for `cargo xtask proof`.
    pub fn print(&self) {
        let kept = match self.verdict {
            Verdict::Kept => Some(true),
            Verdict::Missed => Some(false),
            Verdict::Open => None,
        };
        println!("{}", json!({"promise": self.promise, "figure": self.figure, "bar": self.bar, "kept": kept}));
    }
}
