//! The time axis, in the song's seconds or bars, or in seconds of the pass where the host gives no position.

use egui::{Align2, FontId, Painter, Rect, Stroke, pos2};

use super::Frame;
use crate::editor::history::History;
use crate::editor::theme::Palette;
use crate::plugin::scope::Place;

/// Least distance of labels, points.
const APART: f64 = 64.0;

/// What the axis counts at an instant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Count {
    /// Seconds, of the song or of the pass.
    Seconds(f64),
    /// Bars of the song, from 0.
    Bars(f64),
}

/// The count at an instant; bars where wanted and known.
#[must_use]
pub fn count(history: &History, at_s: f64, bars: bool) -> Count {
    let place = history.place_at(at_s);
    if bars && let Some(bar) = place.as_ref().and_then(bar) {
        return Count::Bars(bar);
    }
    if let Some(song_s) = place.and_then(|place| place.song_s) {
        return Count::Seconds(song_s);
    }
    let pass = history.passes().iter().rev().find(|&&start| start <= at_s).copied().unwrap_or(0.0);
    Count::Seconds(at_s - pass)
}

/// The bar, from 0, with its fraction.
fn bar(place: &Place) -> Option<f64> {
    let (beats, length) = (place.beats?, place.bar_beats.filter(|length| *length > 0.0)?);
    Some(match place.bar {
        Some((number, start)) => f64::from(number) + (beats - start) / length,
        None => beats / length,
    })
}

/// As people read it.
#[must_use]
pub fn words(count: Count, fine: bool) -> String {
    match count {
        Count::Bars(bar) if fine => format!("bar {:.2}", bar + 1.0),
        Count::Bars(bar) => format!("{}", bar.round() as i64 + 1),
        Count::Seconds(seconds) => clock(seconds, fine),
    }
}

/// `m:ss`, or `m:ss.s`.
#[must_use]
pub fn clock(seconds: f64, fine: bool) -> String {
    let sign = if seconds < -0.05 { "-" } else { "" };
    let tenths = (seconds.abs() * 10.0).round() as u64;
    let (minutes, rest) = (tenths / 600, tenths % 600);
    if fine {
        format!("{sign}{minutes}:{:02}.{}", rest / 10, rest % 10)
    } else {
        format!("{sign}{minutes}:{:02}", rest / 10)
    }
}

/// Draws ticks and labels into `area`, and faint lines up through `plot`.
pub(super) fn paint(painter: &Painter, frame: &Frame<'_>, area: Rect, plot: Rect, bars: bool) {
    let palette = Palette::of(painter.ctx());
    let history = frame.history;
    let value = |at_s: f64| match count(history, at_s, bars) {
        Count::Bars(bar) => (bar, true),
        Count::Seconds(seconds) => (seconds, false),
    };
    // Bars last as long as the tempo says; two seconds will do where it is not known.
    let bar_s = history.place_at(frame.right_s).and_then(|p| Some(p.bar_beats? * 60.0 / p.tempo?)).unwrap_or(2.0);
    let per_second = f64::from(plot.width()) / frame.span_s;
    let steps = [0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0];
    let seconds = steps.into_iter().find(|step| step * per_second >= APART).unwrap_or(60.0);
    let many = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0];
    let bars_step = many.into_iter().find(|step| step * bar_s * per_second >= APART / 2.0).unwrap_or(32.0);
    let font = FontId::proportional(11.0);
    let mut before: Option<(f64, bool)> = None;
    let mut free_from = area.min.x;
    let mut x = plot.min.x;
    while x < plot.max.x {
        let at_s = frame.time_s(x);
        if at_s >= history.start_s() {
            let (now, is_bar) = value(at_s);
            let step = if is_bar { bars_step } else { seconds };
            let tick = (now / step + 1e-6).floor();
            let moved = before.is_some_and(|(was, bar)| bar == is_bar && tick > (was / step + 1e-6).floor());
            if moved && before.is_some_and(|(was, _)| now - was < step) {
                let label =
                    if is_bar { words(Count::Bars(tick * step), false) } else { clock(tick * step, step < 1.0) };
                painter.vline(x, plot.y_range(), Stroke::new(1.0, palette.text.gamma_multiply(0.12)));
                painter.vline(x, area.min.y..=area.min.y + 4.0, Stroke::new(1.0, palette.faint));
                let galley = painter.layout_no_wrap(label, font.clone(), palette.faint);
                let place = Align2::CENTER_TOP.anchor_size(pos2(x, area.min.y + 3.0), galley.size());
                if place.min.x >= free_from && place.max.x <= area.max.x {
                    free_from = place.max.x + 8.0;
                    painter.galley(place.min, galley, palette.faint);
                }
            }
            before = Some((now, is_bar));
        }
        x += 1.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_as_clocks() {
        assert_eq!(clock(0.0, false), "0:00");
        assert_eq!(clock(75.26, true), "1:15.3");
        assert_eq!(clock(59.98, true), "1:00.0");
        assert_eq!(clock(-1.5, true), "-0:01.5");
    }

    #[test]
    fn bars_count_from_one_and_follow_the_hosts_number() {
        let place = Place { beats: Some(9.0), bar_beats: Some(3.0), bar: Some((2, 6.0)), ..Place::default() };
        assert_eq!(words(Count::Bars(bar(&place).expect("known")), true), "bar 4.00");
        assert_eq!(bar(&Place { beats: Some(9.0), ..Place::default() }), None, "no length of a bar, no bars");
    }
}
