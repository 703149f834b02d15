//! A render in numbers and words.

use crate::{Kind, Render};
use std::fmt::Write;

/// A stretch of time, in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    /// Where it starts.
    pub start_s: f64,
    /// Where it ends.
    pub end_s: f64,
}

/// The stretches in which `vocal_gate` was open.
pub fn phrases(render: &Render) -> Vec<Span> {
    upper(render, "vocal_gate")
}

/// The stretches in which a value was in the upper half of 0 to 1.
pub(crate) fn upper(render: &Render, id: &str) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    for (span, _) in held(render, id).into_iter().filter(|(_, value)| *value >= 0.5) {
        match spans.last_mut() {
            Some(last) if last.end_s == span.start_s => last.end_s = span.end_s,
            _ => spans.push(span),
        }
    }
    spans
}

/// The genre over time: each stretch with the name that the plugin shows.
pub fn genres(render: &Render) -> Vec<(Span, String)> {
    let texts = render.parameter("genre").map_or(&[][..], |parameter| &parameter.texts);
    let name = |value: f64| texts.get(value.round() as usize).cloned().unwrap_or_else(|| value.to_string());
    held(render, "genre").into_iter().map(|(span, value)| (span, name(value))).collect()
}

/// The part of the input in which somebody sang, 0..1.
pub fn sung_share(render: &Render) -> f64 {
    let sung = phrases(render).iter().fold(0.0, |sung, span| sung + span.end_s - span.start_s);
    if render.frames == 0 { 0.0 } else { sung / render.duration_s() }
}

/// A stepped parameter's values, each with the time it was held. The last one is held to the input's end.
pub(crate) fn held(render: &Render, id: &str) -> Vec<(Span, f64)> {
    let mut spans: Vec<(Span, f64)> = Vec::new();
    let end_s = render.duration_s();
    for (time_s, value) in render.curve(id) {
        let time_s = time_s.min(end_s);
        match spans.last_mut() {
            Some((_, last)) if *last == value => continue,
            Some((span, _)) => span.end_s = time_s,
            None => {}
        }
        spans.push((Span { start_s: time_s, end_s }, value));
    }
    spans.retain(|(span, _)| span.end_s > span.start_s);
    spans
}

/// The summary that `cargo xtask host` prints.
pub fn summary(render: &Render) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: String| {
        // Writing to memory cannot fail.
        let _ = writeln!(text, "{name:9} {value}");
    };
    let plugin = &render.plugin;
    line("plugin", format!("{} {} ({})", plugin.name, plugin.version, plugin.id));
    line("audio", format!("{:.2} s at {} Hz", render.duration_s(), render.rate_hz));
    line("latency", format!("{} samples", render.latency_samples));
    let counts = Kind::ALL.map(|kind| (kind, render.of(kind).count()));
    let counts: Vec<_> = counts.iter().filter(|(_, n)| *n > 0).map(|(kind, n)| format!("{n} {kind}")).collect();
    line("events", if counts.is_empty() { "none".to_owned() } else { counts.join(", ") });
    line("sung", format!("{:.1} % of the time", 100.0 * sung_share(render)));
    for span in phrases(render) {
        line("  phrase", seconds(span));
    }
    for (index, (span, name)) in genres(render).into_iter().enumerate() {
        line(if index == 0 { "genre" } else { "" }, format!("{} {name}", seconds(span)));
    }
    for fault in &render.faults {
        line("FAULT", fault.clone());
    }
    text
}

fn seconds(span: Span) -> String {
    format!("{:7.2} s to {:7.2} s", span.start_s, span.end_s)
}
