//! What is heard now: gate and meter, singing, speech and music, the genre with its fourteen bars, tags.

use egui::{Align, Align2, FontId, Layout, Rect, RichText, Sense, Stroke, Ui, vec2};

use super::control::Action;
use super::history::Maxima;
use super::still::{self, still};
use super::theme::{Palette, ink_on};
use super::view::View;
use super::widgets::{bar, focus_ring, group, note, title};
use crate::say::genre::GENRES;

/// Width that the panel asks for beside the timeline.
pub const WIDTH: f32 = 228.0;

/// The highest likelihood is marked on the meter for so long, seconds.
const HELD_S: f64 = 2.0;

/// Room for the genre's heading and for the tags, points.
const LEFT_FOR_TAGS: f32 = 190.0;

/// From this width on, the genre stands beside the meter.
const TWO_COLUMNS: f32 = 430.0;

/// Draws the panel into what room there is.
pub fn now(ui: &mut Ui, view: &View, actions: &mut Vec<Action>) {
    let whole = ui.available_width();
    if whole < TWO_COLUMNS {
        part(ui, |ui| meter(ui, view, actions));
        still_part(ui, view, "genre", genre_shows(view), genre);
        still_part(ui, view, "tags", tags_show(view), tags);
        return;
    }
    let half = (whole - 8.0) / 2.0;
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = 8.0;
        let mut column = |draw: &mut dyn FnMut(&mut Ui)| {
            ui.allocate_ui_with_layout(vec2(half, 0.0), Layout::top_down(Align::Min), |ui| {
                ui.set_width(half);
                draw(ui);
            });
        };
        column(&mut |ui| {
            part(ui, |ui| meter(ui, view, actions));
            still_part(ui, view, "tags", tags_show(view), tags);
        });
        column(&mut |ui| still_part(ui, view, "genre", genre_shows(view), genre));
    });
}

/// A part that changes a few times a second at most.
fn still_part(ui: &mut Ui, view: &View, name: &str, shows: u64, draw: fn(&mut Ui, &View)) {
    still(ui, name, shows, |ui| part(ui, |ui| draw(ui, view)));
}

fn genre_shows(view: &View) -> u64 {
    let now = &view.standing;
    let beliefs = now.genre.probability.map(f32::to_bits);
    still::shows((genre_words(view).0, beliefs, now.genre.confidence.to_bits(), now.genre.top, now.saying))
}

fn tags_show(view: &View) -> u64 {
    still::shows(view.tags.iter().map(|tag| (&tag.label, tag.probability.to_bits())).collect::<Vec<_>>())
}

fn part(ui: &mut Ui, draw: impl FnOnce(&mut Ui)) {
    group(ui, |ui| {
        ui.set_min_width(ui.available_width());
        draw(ui);
    });
}

/// In one word, what is heard.
#[must_use]
pub fn verdict(view: &View) -> &'static str {
    let now = &view.standing;
    if now.point.gate {
        "VOICE"
    } else if now.silent {
        "silence"
    } else {
        "no voice"
    }
}

fn meter(ui: &mut Ui, view: &View, actions: &mut Vec<Action>) {
    let palette = Palette::of(ui.ctx());
    let now = &view.standing;
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 26.0), Sense::hover());
    let spoken = format!("{}, {:.2}", verdict(view), now.point.probability);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Status, true, &spoken));
    let painter = ui.painter();
    let lamp = Rect::from_min_size(rect.min, vec2(86.0, rect.height()));
    let (fill, ink) =
        if now.point.gate { (palette.gate, ink_on(palette.gate)) } else { (palette.raised, palette.text) };
    painter.rect(lamp, 4.0, fill, Stroke::new(1.0, palette.outline), egui::StrokeKind::Inside);
    painter.text(lamp.center(), Align2::CENTER_CENTER, verdict(view), FontId::proportional(14.0), ink);
    let value = format!("{:.2}", now.point.probability);
    painter.text(rect.right_center(), Align2::RIGHT_CENTER, value, FontId::proportional(20.0), palette.text);
    let middle = format!("level {}", percent(now.point.level));
    let at = egui::pos2(lamp.max.x + 8.0, rect.center().y);
    painter.text(at, Align2::LEFT_CENTER, middle, FontId::proportional(11.0), palette.faint);

    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 22.0), Sense::hover());
    let painter = ui.painter();
    let probability = Rect::from_min_size(rect.min, vec2(rect.width(), 13.0));
    let level = Rect::from_min_size(rect.min + vec2(0.0, 16.0), vec2(rect.width(), 5.0));
    for (area, value, colour) in
        [(probability, now.point.probability, palette.voice), (level, now.point.level, palette.gate)]
    {
        painter.rect_filled(area, 2.0, palette.quiet);
        let filled = Rect::from_min_size(area.min, vec2(area.width() * value.clamp(0.0, 1.0), area.height()));
        painter.rect_filled(filled, 2.0, colour);
    }
    let held = view.history.highest(HELD_S).clamp(0.0, 1.0);
    if held > 0.0 {
        let x = (probability.min.x + held * probability.width() - 1.0).max(probability.min.x);
        painter.vline(x, probability.y_range(), Stroke::new(2.0, palette.voice));
    }
    for (at, width) in [(view.threshold, 2.0), ((view.threshold - view.hysteresis).max(0.0), 1.0)] {
        let x = probability.min.x + at * probability.width();
        painter.vline(x, probability.y_range().expand(1.0), Stroke::new(width + 2.0, palette.casing));
        painter.vline(x, probability.y_range().expand(1.0), Stroke::new(width, palette.handle));
    }
    maxima(ui, view, actions);
    for (label, value) in view.voice_labels.iter().zip(now.point.outputs) {
        let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 15.0), Sense::hover());
        bar(ui, rect, label, value, palette.faint, false, 58.0);
    }
}

/// The highest values since somebody reset them.
fn maxima(ui: &mut Ui, view: &View, actions: &mut Vec<Action>) {
    let palette = Palette::of(ui.ctx());
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 16.0), Sense::click());
    let words = maxima_words(view.history.maxima());
    let response = response.on_hover_text(
        "Highest likelihood and peak (mono, as the net hears it) while this window was open; a click resets them",
    );
    let spoken = format!("{words}, reset");
    response.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Button, true, &spoken));
    let painter = ui.painter();
    let ink = if response.hovered() { palette.text } else { palette.faint };
    let font = FontId::proportional(11.0);
    painter.text(rect.left_center(), Align2::LEFT_CENTER, words, font.clone(), ink);
    painter.text(rect.right_center(), Align2::RIGHT_CENTER, "reset", font, ink);
    focus_ring(ui, &response, rect);
    if response.clicked() {
        actions.push(Action::ResetMaxima);
    }
}

fn maxima_words(maxima: Maxima) -> String {
    let Maxima { probability, peak } = maxima;
    if peak > 0.0 {
        format!("max {probability:.2}   peak {:.1} dB", 20.0 * peak.log10())
    } else {
        format!("max {probability:.2}   peak none")
    }
}

/// The genre in words, and how sure it is.
#[must_use]
pub fn genre_words(view: &View) -> (String, Option<f32>) {
    let now = &view.standing;
    match now.genre.top {
        Some(top) if now.saying => (GENRES[top].to_owned(), Some(now.genre.confidence)),
        None if now.saying => ("unsure".to_owned(), None),
        _ if now.silent => ("silence".to_owned(), None),
        _ if view.history.beliefs().len() == 0 => ("listening".to_owned(), None),
        _ => ("no music".to_owned(), None),
    }
}

fn genre(ui: &mut Ui, view: &View) {
    let palette = Palette::of(ui.ctx());
    let (words, confidence) = genre_words(view);
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new(&words).size(18.0).strong());
        if let Some(confidence) = confidence {
            ui.label(RichText::new(percent(confidence)).size(14.0).color(palette.faint));
        }
    });
    let now = &view.standing;
    // The panel is as high as it is; all fourteen stay in sight where that is possible, and in a large window they use
    // what the tags below leave.
    let room = |left: f32| (ui.available_height() - left) / GENRES.len() as f32;
    let height = room(64.0).clamp(12.0, 18.0).max(room(LEFT_FOR_TAGS).min(28.0));
    ui.spacing_mut().item_spacing.y = 0.0;
    for (genre, name) in GENRES.iter().enumerate() {
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
        let value = if now.saying { now.genre.probability[genre] } else { 0.0 };
        let spoken = format!("{name} {}", percent(value));
        response.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Meter, true, &spoken));
        let top = now.genre.top == Some(genre) && now.saying;
        bar(ui, rect, name, value, palette.genre(genre, if top { 1.0 } else { 0.6 }), top, 62.0);
    }
}

fn tags(ui: &mut Ui, view: &View) {
    let palette = Palette::of(ui.ctx());
    title(ui, "Also heard");
    if view.tags.is_empty() {
        note(ui, "Nothing yet");
        return;
    }
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(4.0, 4.0);
        for tag in &view.tags {
            let galley = ui.painter().layout_no_wrap(tag.label.clone(), FontId::proportional(11.5), palette.text);
            let (rect, response) = ui.allocate_exact_size(galley.size() + vec2(12.0, 6.0), Sense::hover());
            let words = format!("{}, strength {}", tag.label, percent(tag.strength()));
            response.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Label, true, &words));
            ui.painter().rect_filled(rect, 6.0, palette.raised);
            ui.painter().galley(rect.min + vec2(6.0, 2.0), galley, palette.text);
            let line = Rect::from_min_max(rect.left_bottom() + vec2(6.0, -4.0), rect.right_bottom() - vec2(6.0, 2.0));
            ui.painter().rect_filled(line, 1.0, palette.quiet);
            let filled = Rect::from_min_size(line.min, vec2(line.width() * tag.strength(), line.height()));
            ui.painter().rect_filled(filled, 1.0, palette.faint);
            response.on_hover_text(format!(
                "{} {}: {}; shown from {} on. The line says how far above that it is: nets differ in what they give.",
                tag.kind,
                tag.label,
                finer_percent(tag.probability),
                finer_percent(tag.threshold),
            ));
        }
    });
}

fn percent(value: f32) -> String {
    format!("{:.0} %", value * 100.0)
}

/// With a decimal, for what is rarely much.
fn finer_percent(value: f32) -> String {
    format!("{:.1} %", value * 100.0)
}
