//! Several voice nets side by side on the same labelled audio: how good, how late, how large, how fast.

use std::fmt::Write as _;
use std::time::Instant;

use anyhow::{Result, bail};
use serde::Serialize;

use super::evaluate::index::Entry;
use super::evaluate::vocal::{Figures, Frames, figures};
use crate::nets::{Card, Model, Net};

/// Audio that a net's speed is measured on, in seconds, and how it comes: the plugin's worker reads as often.
const TIMED_S: f64 = 20.0;
const PASS_S: f64 = 0.1;
/// Times that is measured; the best counts, because everything else on the machine only slows it down.
const REPEATS: usize = 3;

/// One net.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// Name on the card.
    pub name: String,
    /// Which file of [`crate::nets`] builds it.
    pub architecture: String,
    /// Number of weights.
    pub parameters: usize,
    /// Look-ahead and half a window, in ms: how late a frame can be known at the earliest.
    pub latency_ms: f64,
    /// Seconds of audio per second, on one thread, in passes of 0.1 s, without the front end.
    pub times_real_time: f64,
    /// Sets in which somebody sings, pooled.
    pub sung: Figures,
    /// Sets in which nobody does, pooled.
    pub unsung: Figures,
    /// Each set.
    pub sets: Vec<Figures>,
}

/// The row of a net from what it said of each file.
pub fn row(card: &Card, (parameters, times_real_time): (usize, f64), heard: &[(&Entry, Frames)]) -> Row {
    let report = super::evaluate::vocal::report(card.name.clone(), "", heard);
    let is_sung = |set: &str| report.sets.iter().any(|figures| figures.name == set && figures.sung > 0.0);
    let pooled = |name: &str, sung: bool| {
        let parts: Vec<&Frames> =
            heard.iter().filter(|(entry, _)| is_sung(&entry.set) == sung).map(|(_, frames)| frames).collect();
        figures(name, parts.len(), &Frames::pooled(parts))
    };
    Row {
        name: card.name.clone(),
        architecture: card.architecture.clone(),
        parameters,
        latency_ms: latency_ms(card),
        times_real_time,
        sung: pooled("sung", true),
        unsung: pooled("unsung", false),
        sets: report.sets,
    }
}

/// How late a frame can be known at the earliest: look-ahead and half a window, in ms.
pub(crate) fn latency_ms(card: &Card) -> f64 {
    let front_end = &card.front_end;
    let window_s = front_end.window_length as f64 / f64::from(front_end.sample_rate_hz);
    1e3 * (card.look_ahead_frames as f64 * front_end.hop_s() + window_s / 2.0)
}

/// Number of weights of a model file, and how fast its net runs.
///
/// # Errors
/// A model that is no voice net, or one that fails to run.
pub fn speed(model: &Model) -> Result<(usize, f64)> {
    let Net::Vocal(net) = &model.net else { bail!("is a tagger; give voice models") };
    // As the engine does: otherwise the first net of a table, before any engine runs, would use every core.
    crate::engine::keep_products_on_one_thread();
    let front_end = &model.card.front_end;
    let frames = |seconds: f64| ((seconds / front_end.hop_s()).round() as usize).max(1) * front_end.n_mels;
    // What it hears does not change how long it takes.
    let audio: Vec<f32> = (0..frames(TIMED_S)).map(|at| ((at * 7919) % 1000) as f32 / 100.0).collect();
    let mut best = f64::INFINITY;
    for _ in 0..REPEATS {
        let mut stream = net.stream();
        let begun = Instant::now();
        for pass in audio.chunks(frames(PASS_S)) {
            net.step(&mut [&mut stream], &[pass], false)?;
        }
        best = best.min(begun.elapsed().as_secs_f64());
    }
    Ok((model.parameters, TIMED_S / best))
}

/// The columns of the table, for people.
pub const COLUMNS: [&str; 9] = [
    "net",
    "AUC",
    "accuracy",
    "F",
    "false alarms",
    "false alarms, nobody sings",
    "latency, ms",
    "parameters, thousand",
    "times real time",
];

/// The cells of a row, in the order of [`COLUMNS`].
pub fn cells(row: &Row) -> Vec<String> {
    let share = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.3}"));
    vec![
        row.name.clone(),
        share(row.sung.auc),
        share(row.sung.accuracy),
        share(row.sung.f1),
        share(row.sung.false_alarm_rate),
        share(row.unsung.false_alarm_rate),
        format!("{:.0}", row.latency_ms),
        format!("{:.0}", row.parameters as f64 / 1e3),
        format!("{:.0}", row.times_real_time),
    ]
}

/// The table as Markdown.
pub fn markdown(rows: &[Row]) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let mut text = line(&COLUMNS.map(str::to_owned));
    text += &format!("|---{}|\n", "|--:".repeat(COLUMNS.len() - 1));
    rows.iter().for_each(|row| text += &line(&cells(row)));
    text
}

/// One line for each net and set, for scripts.
pub fn csv(rows: &[Row]) -> String {
    let mut text =
        "net,set,auc,accuracy,f1,false_alarm_rate,calibration_error,latency_ms,parameters,times_real_time\n".to_owned();
    for row in rows {
        for set in row.sets.iter().chain([&row.sung, &row.unsung]) {
            let [auc, accuracy, f1, alarms, calibration] =
                [set.auc, set.accuracy, set.f1, set.false_alarm_rate, set.calibration_error]
                    .map(|value| value.map_or_else(String::new, |value| format!("{value:.4}")));
            // Writing to a String cannot fail.
            let _ = writeln!(
                text,
                "{},{},{auc},{accuracy},{f1},{alarms},{calibration},{:.1},{},{:.1}",
                row.name, set.name, row.latency_ms, row.parameters, row.times_real_time
            );
        }
    }
    text
}
