//! Where words go: answers to stdout, progress bars, notes and errors to stderr.

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::stop;
use crate::study::hear::Watch;

/// Steps of a file's bar per second of audio.
const STEPS_PER_S: f64 = 10.0;

/// The terminal, shared by all threads.
pub(super) struct Console {
    bars: MultiProgress,
    closed: AtomicBool,
}

impl Console {
    pub(super) fn new() -> Self {
        let terminal = std::io::stderr().is_terminal();
        let target = if terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        Self { bars: MultiProgress::with_draw_target(target), closed: AtomicBool::new(false) }
    }

    /// Prints to stdout, as is. Once the reader has closed the pipe, nothing is printed any more.
    pub(super) fn print(&self, text: &str) {
        if self.is_closed() {
            return;
        }
        let written = self.bars.suspend(|| {
            let mut stdout = std::io::stdout().lock();
            stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush())
        });
        if let Err(error) = written {
            self.closed.store(true, Ordering::Relaxed);
            // `earmark ... | head` is not an error; a full disk behind `>` is.
            if error.kind() != std::io::ErrorKind::BrokenPipe {
                self.error(None, &anyhow::anyhow!("cannot write the answer ({error}); check the free space"));
            }
        }
    }

    /// Whether nobody reads stdout any more.
    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    /// One line on stderr: `error: FILE: what; remedy`.
    pub(super) fn error(&self, file: Option<&Path>, error: &anyhow::Error) {
        self.stderr("error", file, &format!("{error:#}"));
    }

    /// One line on stderr about something odd that stopped nothing.
    pub(super) fn note(&self, file: Option<&Path>, text: &str) {
        self.stderr("note", file, text);
    }

    fn stderr(&self, kind: &str, file: Option<&Path>, text: &str) {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let line = match file {
            Some(file) => format!("{kind}: {}: {text}\n", file.display()),
            None => format!("{kind}: {text}\n"),
        };
        // Nothing is left to tell when stderr is gone too.
        let _ = self.bars.suspend(|| std::io::stderr().lock().write_all(line.as_bytes()));
    }

    /// A bar that counts whole files, shown when there are several.
    pub(super) fn count(&self, files: usize) -> ProgressBar {
        if files < 2 {
            return ProgressBar::hidden();
        }
        let style = "{bar:32} {pos}/{len} files  {elapsed}  {eta} left";
        self.add(ProgressBar::new(files as u64), style)
    }

    /// Watches one file, with a bar for it.
    pub(super) fn watch(&self, file: &Path) -> FileWatch {
        let bar = self.add(ProgressBar::no_length(), "{bar:32.red} {msg}");
        FileWatch { bar, started: Instant::now(), name: crate::study::outputs::stem(file) }
    }

    /// A bar that counts the steps of a training run.
    pub(super) fn steps(&self, steps: u64) -> ProgressBar {
        self.add(ProgressBar::new(steps), "{bar:32} {pos}/{len}  {elapsed}  {eta} left  {msg}")
    }

    fn add(&self, bar: ProgressBar, template: &str) -> ProgressBar {
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("━━─"));
        }
        self.bars.add(bar)
    }
}

/// Shows how far one file is, and passes Ctrl-C on.
pub(super) struct FileWatch {
    bar: ProgressBar,
    started: Instant,
    name: String,
}

impl Watch for FileWatch {
    fn progress(&self, done_s: f64, total_s: Option<f64>) {
        if self.bar.is_hidden() {
            return;
        }
        if let Some(total_s) = total_s {
            self.bar.set_length((total_s.max(done_s) * STEPS_PER_S) as u64);
        }
        let speed = done_s / self.started.elapsed().as_secs_f64().max(1e-3);
        self.bar.set_message(format!("{}  {done_s:.0} s  {speed:.0}x real time", self.name));
        self.bar.set_position((done_s * STEPS_PER_S) as u64);
    }

    fn stopped(&self) -> bool {
        stop::requested()
    }
}

impl Drop for FileWatch {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
