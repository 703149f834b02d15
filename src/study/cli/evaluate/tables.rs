//! The report of `earmark evaluate vocal` for people.

use super::super::table::{aligned, share};
use crate::study::evaluate::level::{AtLevel, Level};
use crate::study::evaluate::vocal::{Figures, Report};

/// A column: its name, and what stands in it.
type Column<T> = (&'static str, fn(&T) -> String);

const FIGURES: [Column<Figures>; 12] = [
    ("files", |of| of.files.to_string()),
    ("hours", |of| format!("{:.3}", of.seconds / 3600.0)),
    ("sung", |of| share(Some(of.sung))),
    ("AUC", |of| share(of.auc)),
    ("accuracy", |of| share(of.accuracy)),
    ("F", |of| share(of.f1)),
    ("precision", |of| share(of.precision)),
    ("recall", |of| share(of.recall)),
    ("false alarms", |of| share(of.false_alarm_rate)),
    ("openings/min", |of| rate(of.false_openings_per_minute)),
    ("toggles/min", |of| rate(of.toggles_per_minute)),
    ("calibration error", |of| share(of.calibration_error)),
];

/// Of interest only where somebody speaks.
const SPEECH: Column<Figures> = ("speech alarms", |of| share(of.speech_false_alarm_rate));

const LEVELS: [Column<AtLevel>; 5] = [
    ("accuracy", |of| share(of.accuracy)),
    ("change", |of| points(of.accuracy_change)),
    ("false alarms", |of| share(of.false_alarm_rate)),
    ("change", |of| points(of.false_alarm_change)),
    ("AUC", |of| share(of.auc)),
];

/// Every file, then every set and all pooled, then the other levels.
pub(super) fn of(report: &Report) -> String {
    let mut columns = FIGURES.to_vec();
    if report.pooled.speech_false_alarm_rate.is_some() {
        columns.push(SPEECH);
    }
    let files: Vec<_> = report.files.iter().collect();
    let sets: Vec<_> = report.sets.iter().chain([&report.pooled]).collect();
    let name = |of: &Figures| of.name.clone();
    let mut text = format!(
        "{}\n{}, split {}, 10 ms frames, threshold {}\n\n{}",
        table("file", &files, name, &columns),
        report.model,
        report.split,
        report.threshold,
        table("set", &sets, name, &columns)
    );
    for Level { gain_db, sets, pooled } in &report.levels {
        let rows: Vec<_> = sets.iter().chain([pooled]).collect();
        let title = format!("{gain_db:+} dB");
        text += &format!("\n{}", table(&title, &rows, |of| of.name.clone(), &LEVELS));
    }
    text
}

fn table<T>(title: &str, rows: &[&T], name: impl Fn(&T) -> String, columns: &[Column<T>]) -> String {
    let header = [title.to_owned()].into_iter().chain(columns.iter().map(|column| column.0.to_owned()));
    let row = |of: &&T| [name(of)].into_iter().chain(columns.iter().map(|column| column.1(of))).collect();
    let lines: Vec<Vec<String>> = [header.collect()].into_iter().chain(rows.iter().map(row)).collect();
    aligned(&lines)
}

/// Events per minute.
fn rate(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.2}"))
}

/// A difference of shares.
fn points(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:+.3}"))
}
