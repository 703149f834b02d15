//! The timeline: the sound of the last seconds with what was heard in it, on one time axis, and below it all that is
//! remembered. Wheel or drag scrolls back, the threshold's lines can be dragged, and the pointer reads values.

mod axis;
mod curve;
mod handles;
mod lanes;
mod overview;
mod spectrogram;
mod spectrum;

pub use axis::{Count, clock, count, words};
pub use lanes::{Said, Stretch, stretches};

use egui::{Align2, FontId, Key, Rect, Sense, Shape, Stroke, Ui, pos2, vec2};

use self::curve::Curve;
use self::spectrogram::Spectrogram;
use super::control::Action;
use super::history::{History, LOWEST_DB, STEPS_PER_DB};
use super::settings::Settings;
use super::still::{self, still};
use super::theme::Palette;
use super::view::View;
use super::widgets::focus_ring;

const RIBBON: f32 = 20.0;
const LANE: f32 = 12.0;
const AXIS: f32 = 18.0;
const OVERVIEW: f32 = 10.0;
const GAP: f32 = 3.0;
/// Room for the scale of the likelihood, and for that of the frequency.
const LEFT: f32 = 36.0;
const RIGHT: f32 = 34.0;

/// From this width on, the spectrum of one moment stands beside the spectrogram.
const ROOMY: f32 = 560.0;

/// What the timeline keeps from frame to frame.
#[derive(Default)]
pub struct Timeline {
    /// The instant at the right edge, while it does not follow the sound.
    held_s: Option<f64>,
    spectrogram: Spectrogram,
    curve: Curve,
    before: Curve,
}

/// How time lies on the screen.
struct Frame<'a> {
    history: &'a History,
    /// The instant at the right edge.
    right_s: f64,
    span_s: f64,
    /// Edges of the plot.
    left: f32,
    right: f32,
}

impl Frame<'_> {
    fn x(&self, at_s: f64) -> f32 {
        self.right - ((self.right_s - at_s) / self.span_s) as f32 * (self.right - self.left)
    }

    fn time_s(&self, x: f32) -> f64 {
        self.right_s - f64::from((self.right - x) / (self.right - self.left)) * self.span_s
    }
}

impl Timeline {
    /// Whether it follows the sound.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.held_s.is_none()
    }

    /// Stands still, or follows the sound again.
    pub fn set_live(&mut self, live: bool, history: &History) {
        self.held_s = (!live).then(|| history.end_s());
    }

    /// Shows an instant in the middle and stands still there.
    pub fn show_instant(&mut self, at_s: f64, span_s: f64, history: &History) {
        self.hold(at_s + span_s / 2.0, span_s, history);
    }

    /// Puts the right edge at an instant; at the newest one the timeline follows again.
    fn hold(&mut self, right_s: f64, span_s: f64, history: &History) {
        let oldest = (history.start_s() + span_s).min(history.end_s());
        self.held_s = (right_s < history.end_s()).then_some(right_s.max(oldest));
    }

    /// Draws it into `area`.
    pub fn show(&mut self, ui: &mut Ui, area: Rect, view: &View, settings: &Settings, actions: &mut Vec<Action>) {
        let palette = Palette::of(ui.ctx());
        let history = &view.history;
        let span_s = settings.span.seconds();
        let beside = if area.width() < ROOMY { 0.0 } else { spectrum::WIDTH + GAP };
        let right = if area.width() < 420.0 { 4.0 } else { RIGHT };
        let (left, right) = (area.min.x + LEFT, area.max.x - right - beside);
        let rows = |top: f32, bottom: f32| Rect::from_min_max(pos2(left, top), pos2(right, bottom));
        let ribbon = rows(area.min.y, area.min.y + RIBBON);
        let axis_top = area.max.y - AXIS - OVERVIEW - GAP;
        let strip = rows(area.max.y - OVERVIEW, area.max.y);
        let lane = rows(axis_top - LANE, axis_top);
        let plot = rows(ribbon.max.y + GAP, lane.min.y - GAP);
        if plot.height() < 20.0 || plot.width() < 60.0 {
            return;
        }
        let whole = Rect::from_min_max(ribbon.min, pos2(right, axis_top + AXIS));
        let response = ui.interact(whole, ui.scope_id().with("timeline"), Sense::click_and_drag());
        let status = if self.is_live() { "Timeline, live" } else { "Timeline, standing still" };
        response.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Canvas, true, status));
        self.scroll(ui, &response, plot, span_s, history);

        let right_s = self.held_s.unwrap_or_else(|| history.end_s());
        let frame = Frame { history, right_s, span_s, left, right };
        let painter = ui.painter_at(area);
        painter.rect_filled(plot, 2.0, palette.quiet);
        self.spectrogram.paint(&painter, plot, history, settings, right_s);
        let below = Rect::from_min_max(pos2(left, axis_top), pos2(right, axis_top + AXIS));
        axis::paint(&painter, &frame, below, plot, settings.axis);
        let moment =
            Rect::from_min_max(pos2(right + beside - spectrum::WIDTH, plot.min.y), pos2(right + beside, plot.max.y));
        let pointed = response.hover_pos().filter(|at| plot.contains(*at));
        if beside > 0.0 {
            let frames = match pointed {
                Some(at) => history.frame_at(frame.time_s(at.x))..history.frame_at(frame.time_s(at.x)) + 1,
                None => history.frame_at(right_s - spectrum::MOMENT_S)..history.frame_at(right_s),
            };
            spectrum::paint(&painter, moment, history, frames, settings.brightest);
            if let Some(at) = pointed {
                painter.hline(moment.x_range(), at.y, Stroke::new(1.0, palette.handle));
            }
        }
        let shows = still::shows((
            still::bits(plot),
            view.band_centres_hz.len(),
            view.band_centres_hz.last().map(|hz| hz.to_bits()),
        ));
        still(ui, "scales", shows, |ui| {
            let painter = ui.painter_at(area);
            scales(&painter, view, plot, plot.max.x + beside, area);
            for (lane, name) in [(ribbon, "genre"), (lane, "gate")] {
                let at = pos2(left - 4.0, lane.center().y);
                painter.text(at, Align2::RIGHT_CENTER, name, FontId::proportional(10.5), palette.faint);
            }
        });
        let inside = painter.with_clip_rect(plot);
        for &start in history.passes().iter().filter(|&&start| start > 0.0 && plot.x_range().contains(frame.x(start))) {
            let x = frame.x(start);
            inside.extend(Shape::dashed_line(
                &[pos2(x, plot.min.y), pos2(x, plot.max.y)],
                Stroke::new(1.0, palette.faint),
                3.0,
                3.0,
            ));
        }
        self.before.paint_before(&inside, &frame, plot);
        self.curve.paint(&inside, &frame, plot);
        lanes::gate(&painter, &frame, lane);
        lanes::ribbon(&painter, &frame, ribbon);
        if history.frames().is_empty() {
            let words = "Waiting for audio: start the transport";
            let at = pos2(plot.center().x, plot.min.y + plot.height() * 0.25);
            painter.text(at, Align2::CENTER_CENTER, words, FontId::proportional(14.0), palette.text);
        }
        handles::show(ui, plot, view, actions);
        if history.end_s() - history.start_s() > 1.0 {
            let shown_s = frame.right_s - span_s..frame.right_s;
            let (over, asked_s) = overview::show(ui, strip, history, &shown_s);
            focus_ring(ui, &over, strip);
            if let Some(at_s) = asked_s {
                self.show_instant(at_s, span_s, history);
            }
        }
        focus_ring(ui, &response, plot);
        if let Some(at) =
            response.hover_pos().filter(|at| plot.contains(*at) || ribbon.contains(*at) || lane.contains(*at))
        {
            read_values(&painter, &frame, view, settings, plot, at);
        }
    }

    fn scroll(&mut self, ui: &Ui, response: &egui::Response, plot: Rect, span_s: f64, history: &History) {
        let mut by_s = 0.0;
        let per_point = span_s / f64::from(plot.width());
        if response.dragged() {
            by_s -= f64::from(response.drag_delta().x) * per_point;
        }
        if response.hovered() {
            let wheel = ui.input(|input| input.smooth_scroll_delta());
            by_s -= f64::from(wheel.x + wheel.y) * per_point * 2.0;
        }
        if response.clicked() {
            response.request_focus();
        }
        let mut jump = None;
        if response.has_focus() {
            ui.memory_mut(|memory| {
                let filter = egui::EventFilter { horizontal_arrows: true, ..egui::EventFilter::default() };
                memory.set_focus_lock_filter(response.id, filter);
            });
            ui.input(|input| {
                by_s += span_s / 10.0
                    * (input.num_presses(Key::ArrowRight) as f64 - input.num_presses(Key::ArrowLeft) as f64);
                if input.key_pressed(Key::Home) {
                    jump = Some(history.start_s());
                }
                if input.key_pressed(Key::End) {
                    jump = Some(history.end_s());
                }
                if input.key_pressed(Key::Space) || input.key_pressed(Key::Enter) {
                    jump = Some(if self.held_s.is_some() { history.end_s() } else { history.end_s() - 1e-9 });
                }
            });
        }
        if let Some(to_s) = jump {
            self.hold(to_s, span_s, history);
        } else if by_s != 0.0 {
            let right_s = self.held_s.unwrap_or_else(|| history.end_s());
            self.hold(right_s + by_s, span_s, history);
        }
    }
}

/// The scale of the likelihood on the left of the plot, that of the frequency from `right` on.
fn scales(painter: &egui::Painter, view: &View, plot: Rect, right: f32, area: Rect) {
    let palette = Palette::of(painter.ctx());
    let font = FontId::proportional(10.5);
    for value in [0.0, 0.5, 1.0] {
        let y = plot.max.y - value * plot.height();
        let text = pos2(plot.min.x - 4.0, y.clamp(plot.min.y + 5.0, plot.max.y - 5.0));
        painter.text(text, Align2::RIGHT_CENTER, format!("{value:.1}"), font.clone(), palette.faint);
    }
    if area.max.x - right < 20.0 {
        return;
    }
    let mut free = f32::INFINITY;
    for hz in [100.0_f64, 250.0, 500.0, 1_000.0, 2_000.0, 4_000.0, 8_000.0] {
        let Some(band) = view.band_centres_hz.iter().position(|centre| *centre >= hz) else { continue };
        let y = plot.max.y - (band as f32 + 0.5) / view.band_centres_hz.len() as f32 * plot.height();
        if free - y < 14.0 || y < plot.min.y + 4.0 {
            continue;
        }
        free = y;
        let name = if hz < 1_000.0 { format!("{hz:.0}") } else { format!("{:.0}k", hz / 1_000.0) };
        painter.text(pos2(right + 4.0, y), Align2::LEFT_CENTER, name, font.clone(), palette.faint);
    }
}

/// A line at the pointer and what was heard there.
fn read_values(
    painter: &egui::Painter,
    frame: &Frame<'_>,
    view: &View,
    settings: &Settings,
    plot: Rect,
    at: egui::Pos2,
) {
    let palette = Palette::of(painter.ctx());
    let history = frame.history;
    let at_s = frame.time_s(at.x);
    if at_s < history.start_s() || at_s > history.end_s() {
        return;
    }
    painter.vline(at.x, plot.y_range(), Stroke::new(1.0, palette.handle));
    let number = history.frame_at(at_s);
    let mut lines = vec![words(count(history, at_s, settings.axis), true)];
    if let Some(voice) = history.voice(number) {
        let gate = if voice.gate { "open" } else { "closed" };
        lines.push(format!("voice {:.2}, gate {gate}", voice.probability));
    }
    if let Some((_, shift_s)) = history.pass_before(at_s).filter(|(heard, shift_s)| heard.contains(&(at_s + shift_s)))
        && let Some(voice) = history.voice(history.frame_at(at_s + shift_s))
    {
        lines.push(format!("pass before {:.2}", voice.probability));
    }
    if let Some(belief) = history.belief_at(at_s) {
        lines.push(match Said::of(belief) {
            Said::Genre(genre) => {
                format!("{} {:.0} %", crate::say::genre::GENRES[genre], belief.state.confidence * 100.0)
            }
            Said::Unsure => "genre unsure".to_owned(),
            Said::NoMusic => "no music".to_owned(),
        });
    }
    let bands = view.band_centres_hz.len();
    if plot.contains(at) && bands > 0 {
        let band = (((plot.max.y - at.y) / plot.height() * bands as f32) as usize).min(bands - 1);
        let level = history.levels(number).and_then(|levels| levels.get(band)).copied().unwrap_or(0);
        let decibels = f32::from(level) / STEPS_PER_DB + LOWEST_DB;
        lines.push(format!("{:.0} Hz, {decibels:.0} dB", view.band_centres_hz[band]));
    }
    let galley = painter.layout_no_wrap(lines.join("\n"), FontId::proportional(12.0), palette.text);
    let size = galley.size() + vec2(12.0, 8.0);
    let x = if at.x + 12.0 + size.x < plot.max.x { at.x + 12.0 } else { (at.x - 12.0 - size.x).max(plot.min.x) };
    let y = (at.y - size.y / 2.0).clamp(plot.min.y, (plot.max.y - size.y).max(plot.min.y));
    let rect = Rect::from_min_size(pos2(x, y), size);
    painter.rect(rect, 4.0, palette.panel, Stroke::new(1.0, palette.outline), egui::StrokeKind::Inside);
    painter.galley(rect.min + vec2(6.0, 4.0), galley, palette.text);
}
