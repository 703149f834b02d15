//! The pass so far as a page; a click on a time scrolls the timeline there.

use std::ops::Range;

use egui::{RichText, Ui, vec2};

use super::control::Action;
use super::settings::Axis;
use super::still;
use super::theme::Palette;
use super::timeline::{Said, count, words};
use super::view::View;
use super::widgets::{button, group, note, title};
use crate::say::genre::GENRES;

/// Draws the page. Returns the instant that was clicked.
pub fn pass_page(ui: &mut Ui, view: &View, axis: Axis, actions: &mut Vec<Action>) -> Option<f64> {
    let mut clicked = None;
    let pass = &view.pass;
    group(ui, |ui| {
        ui.set_min_width(ui.available_width());
        ui.horizontal_wrapped(|ui| {
            title(ui, "This pass");
            if button(ui, "Begin a new pass").clicked() {
                actions.push(Action::BeginPass);
            }
        });
        match pass.sung() {
            None => note(ui, "Nothing heard yet."),
            Some(sung) => {
                let (phrases, breaks) = (many(pass.phrases.len(), "phrase"), many(pass.breaks.len(), "break"));
                ui.label(format!(
                    "Sung {:.0} % of {:.0} s, in {phrases} with {breaks}; reads as {}.",
                    sung * 100.0,
                    pass.known_s,
                    pass.top().map_or("no genre", |genre| GENRES[genre])
                ));
            }
        }
        if let Some(before) = &view.pass_before {
            let changes = pass.changes(before);
            let words = if changes.is_empty() { "nothing that matters".to_owned() } else { changes.join("; ") };
            note(ui, format!("Changed since the pass before: {words}."));
        }
    });
    let mut list = |ui: &mut Ui, name: &str, spans: &[(Range<f64>, String)]| {
        if spans.is_empty() {
            return;
        }
        group(ui, |ui| {
            ui.set_min_width(ui.available_width());
            title(ui, name);
            ui.horizontal_wrapped(|ui| {
                ui.spacing_mut().item_spacing = vec2(4.0, 4.0);
                for (span, what) in spans {
                    let from = words(count(&view.history, span.start, axis), true);
                    let text = format!("{from}  {what}");
                    let ink = Palette::of(ui.ctx()).text;
                    if button_small(ui, RichText::new(text).size(12.0).color(ink)).clicked() {
                        clicked = Some(span.start);
                    }
                }
            });
        });
    };
    let lengths = |spans: &[Range<f64>]| -> Vec<(Range<f64>, String)> {
        spans.iter().map(|span| (span.clone(), format!("{:.1} s", span.end - span.start))).collect()
    };
    list(ui, "Phrases", &lengths(&pass.phrases));
    list(ui, "Breaks", &lengths(&pass.breaks));
    let sections: Vec<(Range<f64>, String)> = pass
        .sections
        .iter()
        .map(|section| {
            let name = match section.said {
                Said::Genre(genre) => format!("{} {:.0} %", GENRES[genre], section.confidence * 100.0),
                Said::Unsure => "unsure".to_owned(),
                Said::NoMusic => "no music".to_owned(),
            };
            (section.start_s..section.end_s, format!("{name}, {:.0} s", section.end_s - section.start_s))
        })
        .collect();
    list(ui, "Sections", &sections);
    clicked
}

/// What the page shows; see [`super::still`].
#[must_use]
pub fn shows(view: &View, axis: Axis) -> u64 {
    // Where the song's time is known later, the times change with the marks that are kept.
    still::shows((&view.pass, &view.pass_before, axis))
}

fn button_small(ui: &mut Ui, text: RichText) -> egui::Response {
    let response = ui.add(egui::Button::new(text).small()).on_hover_text("Show in the timeline");
    super::widgets::focus_ring(ui, &response, response.rect);
    response
}

fn many(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
