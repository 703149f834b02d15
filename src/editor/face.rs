//! The whole window: which part lies where at which size.

use egui::{Align, Layout, Rect, ScrollArea, Stroke, Ui, UiBuilder, pos2, vec2};

use super::control::Action;
use super::controls::{self, controls, mode_line, mode_words};
use super::engine_page::{self, engine_page, foot};
use super::export_page::{self, export_page};
use super::model_dialog::ModelDialog;
use super::now::{self, now};
use super::pass_page::{self, pass_page};
use super::settings::{Axis, Page, Settings, Span};
use super::still::{self, still};
use super::theme::{self, Palette};
use super::timeline::Timeline;
use super::top_bar::top_bar;
use super::view::View;
use super::widgets::{button, choice, note};

const MARGIN: f32 = 8.0;
const FOOT: f32 = 20.0;
/// From this size on, timeline, now and a page are seen at once.
const ROOMY: egui::Vec2 = vec2(720.0, 460.0);
/// From this width on, the pages below stand side by side.
const WIDE: f32 = 1_150.0;

/// What the window keeps from frame to frame besides the view and the settings.
#[derive(Default)]
pub struct Face {
    /// The timeline.
    pub timeline: Timeline,
    rests: bool,
    draft: String,
    dialog: ModelDialog,
}

impl Face {
    /// One that shows again what has not changed, instead of drawing it anew. Not for a screen reader: it wants every
    /// widget in every picture.
    #[must_use]
    pub fn resting() -> Self {
        Self { rests: true, ..Self::default() }
    }
}

/// Draws everything. Returns what the user wants.
pub fn draw(ui: &mut Ui, face: &mut Face, view: &View, settings: &mut Settings) -> Vec<Action> {
    let mut actions = Vec::new();
    theme::follow(ui.ctx(), settings.look);
    still::begin(ui.ctx(), face.rests);
    let palette = Palette::of(ui.ctx());
    let whole = ui.max_rect();
    ui.painter().rect_filled(whole, 0.0, palette.ground);
    let inner = whole.shrink(MARGIN);
    let roomy = whole.width() >= ROOMY.x && whole.height() >= ROOMY.y;

    let mut head = inset(ui, inner, "head");
    let problems = view.problems();
    let shows = still::shows((&settings.preset, settings.look, settings.page, view.set, &problems));
    still(&mut head, "head", shows, |head| {
        top_bar(head, view, settings, &mut face.draft, &mut actions);
        problems.iter().for_each(|problem| banner(head, problem));
        if !roomy {
            tabs(head, settings, &Page::ALL);
        }
    });
    let top = head.min_rect().max.y + 6.0;
    let body = Rect::from_min_max(pos2(inner.min.x, top), pos2(inner.max.x, inner.max.y - FOOT));
    if roomy {
        roomy_body(ui, face, view, settings, body, &mut actions);
    } else {
        small_body(ui, face, view, settings, body, &mut actions);
    }
    let place = Rect::from_min_max(pos2(inner.min.x, inner.max.y - FOOT + 4.0), inner.max);
    let mut line = inset(ui, place, "foot");
    let words = foot(view, inner.width());
    still(&mut line, "foot", still::shows((&words, mode_words(view))), |line| {
        line.with_layout(Layout::left_to_right(Align::Center), |ui| {
            note(ui, words);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| mode_line(ui, view));
        });
    });
    face.dialog.show(ui.ctx(), view, settings, &mut actions);
    actions
}

/// A part of the window with a layout of its own.
fn inset(ui: &mut Ui, rect: Rect, name: &str) -> Ui {
    let mut part = ui.new_child(UiBuilder::new().id_salt(name).max_rect(rect).layout(Layout::top_down(Align::Min)));
    part.set_clip_rect(rect.expand(MARGIN / 2.0).intersect(ui.clip_rect()));
    part
}

fn banner(ui: &mut Ui, words: &str) {
    let palette = Palette::of(ui.ctx());
    egui::Frame::NONE
        .fill(palette.panel)
        .stroke(Stroke::new(1.0, palette.warning))
        .corner_radius(4)
        .inner_margin(egui::Margin::symmetric(8, 3))
        .show(ui, |ui| {
            ui.set_min_width(ui.available_width());
            ui.add(egui::Label::new(egui::RichText::new(format!("Problem: {words}")).color(palette.warning)).wrap());
        });
}

fn tabs(ui: &mut Ui, settings: &mut Settings, pages: &[Page]) {
    still(ui, "tabs", still::shows((settings.page, pages)), |ui| {
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing = vec2(2.0, 2.0);
            for &page in pages {
                if choice(ui, settings.page == page, page.name()).clicked() {
                    settings.page = page;
                }
            }
        });
    });
}

fn roomy_body(
    ui: &mut Ui,
    face: &mut Face,
    view: &View,
    settings: &mut Settings,
    body: Rect,
    actions: &mut Vec<Action>,
) {
    let now_width = now::WIDTH.max(body.width() * 0.16).min(340.0);
    let left = Rect::from_min_max(body.min, pos2(body.max.x - now_width - MARGIN, body.max.y));
    // The page below gets what the controls take, as long as the timeline keeps the larger part.
    let controls_height = if view.has_midi { 260.0 } else { 212.0 };
    let page_height = (body.height() * 0.38).clamp(150.0, controls_height);
    let upper = Rect::from_min_max(left.min, pos2(left.max.x, left.max.y - page_height - MARGIN));
    let lower = Rect::from_min_max(pos2(left.min.x, left.max.y - page_height), left.max);
    timeline_part(ui, face, view, settings, upper, actions);
    let side = Rect::from_min_max(pos2(left.max.x + MARGIN, body.min.y), body.max);
    let mut part = inset(ui, side, "now");
    scrolled(&mut part, "now", |ui| now(ui, view, actions));

    if matches!(settings.page, Page::Timeline | Page::Now) {
        settings.page = Page::Controls;
    }
    if lower.width() >= WIDE {
        let width = (lower.width() * 0.5).max(controls::WIDTH);
        let split = lower.min.x + width;
        let left = Rect::from_min_max(lower.min, pos2(split, lower.max.y));
        page_part(ui, face, view, settings, left, Page::Controls, actions);
        let rest = Rect::from_min_max(pos2(split + MARGIN, lower.min.y), lower.max);
        let mut head = inset(ui, rest, "tabs");
        if settings.page == Page::Controls {
            settings.page = Page::Pass;
        }
        tabs(&mut head, settings, &[Page::Pass, Page::Engine, Page::Export]);
        let below = Rect::from_min_max(pos2(rest.min.x, head.min_rect().max.y + 4.0), rest.max);
        page_part(ui, face, view, settings, below, settings.page, actions);
        return;
    }
    let mut head = inset(ui, lower, "tabs");
    tabs(&mut head, settings, &[Page::Controls, Page::Pass, Page::Engine, Page::Export]);
    let below = Rect::from_min_max(pos2(lower.min.x, head.min_rect().max.y + 4.0), lower.max);
    page_part(ui, face, view, settings, below, settings.page, actions);
}

fn small_body(
    ui: &mut Ui,
    face: &mut Face,
    view: &View,
    settings: &mut Settings,
    body: Rect,
    actions: &mut Vec<Action>,
) {
    match settings.page {
        Page::Timeline => timeline_part(ui, face, view, settings, body, actions),
        page => {
            if page_part(ui, face, view, settings, body, page, actions) {
                settings.page = Page::Timeline;
            }
        }
    }
}

/// Draws a page. Whether it sent the timeline somewhere.
fn page_part(
    ui: &mut Ui,
    face: &mut Face,
    view: &View,
    settings: &mut Settings,
    rect: Rect,
    page: Page,
    actions: &mut Vec<Action>,
) -> bool {
    let mut part = inset(ui, rect, page.name());
    let axis = settings.axis;
    let mut clicked = None;
    let shows = match page {
        Page::Timeline => None,
        // It has still parts of its own.
        Page::Now => {
            scrolled(&mut part, page.name(), |ui| now(ui, view, actions));
            None
        }
        Page::Controls => Some(controls::shows(view)),
        Page::Pass => Some(pass_page::shows(view, axis)),
        Page::Engine => Some(engine_page::shows(view)),
        Page::Export => Some(export_page::shows(view, settings)),
    };
    if let Some(shows) = shows {
        still(&mut part, page.name(), shows, |ui| {
            scrolled(ui, page.name(), |ui| match page {
                Page::Timeline | Page::Now => {}
                Page::Controls => controls(ui, view, actions),
                Page::Pass => clicked = pass_page(ui, view, axis, actions),
                Page::Engine => engine_page(ui, view, &mut face.dialog, actions),
                Page::Export => export_page(ui, view, settings, actions),
            });
        });
    }
    if let Some(at_s) = clicked {
        face.timeline.show_instant(at_s, settings.span.seconds(), &view.history);
    }
    clicked.is_some()
}

fn scrolled(ui: &mut Ui, name: &str, add: impl FnOnce(&mut Ui)) {
    ScrollArea::vertical().id_salt(name).auto_shrink([false, false]).show(ui, |ui| {
        // Room for the scroll bar.
        ui.set_max_width(ui.available_width() - 6.0);
        add(ui);
    });
}

fn timeline_part(
    ui: &mut Ui,
    face: &mut Face,
    view: &View,
    settings: &mut Settings,
    rect: Rect,
    actions: &mut Vec<Action>,
) {
    let mut head = inset(ui, rect, "timeline head");
    let shows = still::shows((settings.span, settings.axis, settings.brightest, face.timeline.is_live()));
    still(&mut head, "head", shows, |head| timeline_head(head, face, view, settings));

    let area = Rect::from_min_max(pos2(rect.min.x, head.min_rect().max.y + 4.0), rect.max);
    face.timeline.show(&mut inset(ui, area, "timeline"), area, view, settings, actions);
}

/// Span, axis, freezing.
fn timeline_head(ui: &mut Ui, face: &mut Face, view: &View, settings: &mut Settings) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(2.0, 2.0);
        for span in Span::ALL {
            let words = format!("{:.0} s", span.seconds());
            if choice(ui, settings.span == span, &words).on_hover_text("Time across the timeline").clicked() {
                settings.span = span;
            }
        }
        ui.add_space(8.0);
        for axis in Axis::ALL {
            let (words, help) = axis.name();
            if choice(ui, settings.axis == axis, words).on_hover_text(help).clicked() {
                settings.axis = axis;
            }
        }
        ui.add_space(8.0);
        let words = format!("to {:.0} dB", settings.brightest.decibels());
        let help = "Level that is drawn in the brightest colour; a click goes on to the next";
        if button(ui, &words).on_hover_text(help).clicked() {
            settings.brightest = settings.brightest.next();
        }
        ui.add_space(8.0);
        let live = face.timeline.is_live();
        let words = if live { "Freeze" } else { "Back to now" };
        let help = "Stand still, or follow the sound; wheel and drag scroll back";
        if button(ui, words).on_hover_text(help).clicked() {
            face.timeline.set_live(!live, &view.history);
        }
    });
}
