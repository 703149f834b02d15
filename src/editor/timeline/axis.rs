//! The time axis, in the song's seconds or bars, or in seconds of the pass where the host gives no position; or the time
//! of day.

use egui::{Align2, FontId, Painter, Rect, Stroke, pos2};

use super::Frame;
use crate::editor::history::History;
use crate::editor::settings::Axis;
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
    /// The time of day, seconds since any midnight.
    Clock(f64),
}

/// The count at an instant; bars and clock where wanted and known.
#[must_use]
pub fn count(history: &History, at_s: f64, axis: Axis) -> Count {
    if axis == Axis::Clock
        && let Some(clock_s) = history.clock_at(at_s)
    {
        return Count::Clock(clock_s);
    }
    // A transport that stands says where it stands, not when something was heard.
    let place = history.place_at(at_s).filter(|place| place.playing);
    if axis == Axis::Bars
        && let Some(bar) = place.as_ref().and_then(bar)
    {
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
        Count::Clock(seconds) => time_of_day(seconds, fine),
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

/// `hh:mm:ss`, or `hh:mm:ss.s`.
fn time_of_day(seconds: f64, fine: bool) -> String {
    let tenths = (seconds * 10.0).round().rem_euclid(864_000.0) as u64;
    let (hours, minutes, rest) = (tenths / 36_000, tenths / 600 % 60, tenths % 600);
    let words = format!("{hours:02}:{minutes:02}:{:02}", rest / 10);
    if fine { format!("{words}.{}", rest % 10) } else { words }
}

/// Draws ticks and labels into `area`, and faint lines up through `plot`.
pub(super) fn paint(painter: &Painter, frame: &Frame<'_>, area: Rect, plot: Rect, axis: Axis) {
    let palette = Palette::of(painter.ctx());
    let history = frame.history;
    // Bars last as long as the tempo says; two seconds will do where it is not known.
    let bar_s = history.place_at(frame.right_s).and_then(|p| Some(p.bar_beats? * 60.0 / p.tempo?)).unwrap_or(2.0);
    let per_second = f64::from(plot.width()) / frame.span_s;
    let steps = [0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0];
    let seconds = steps.into_iter().find(|step| step * per_second >= APART).unwrap_or(60.0);
    let many = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0];
    let bars_step = many.into_iter().find(|step| step * bar_s * per_second >= APART / 2.0).unwrap_or(32.0);
    let font = FontId::proportional(11.0);
    let mut free_from = area.min.x;
    for run in runs(frame, axis) {
        let step = if run.of == Axis::Bars { bars_step } else { seconds };
        for (at_s, tick) in run.ticks(step) {
            let x = frame.x(at_s);
            let label = match run.of {
                Axis::Bars => words(Count::Bars(tick * step), false),
                Axis::Seconds => words(Count::Seconds(tick * step), step < 1.0),
                Axis::Clock => words(Count::Clock(tick * step), step < 1.0),
            };
            painter.vline(x, plot.y_range(), Stroke::new(1.0, palette.text.gamma_multiply(0.12)));
            painter.vline(x, area.min.y..=area.min.y + 4.0, Stroke::new(1.0, palette.faint));
            let galley = painter.layout_no_wrap(label, font.clone(), palette.faint);
            let place = Align2::CENTER_TOP.anchor_size(pos2(x, area.min.y + 3.0), galley.size());
            if place.min.x >= free_from && place.max.x <= area.max.x {
                free_from = place.max.x + 8.0;
                painter.galley(place.min, galley, palette.faint);
            }
        }
    }
}

/// A stretch over which the count goes on without a jump: instants, seconds, and the count at each.
#[derive(Default)]
struct Run {
    of: Axis,
    knots: Vec<(f64, f64)>,
}

/// The count may be off by this much from mark to mark, seconds or bars, and still be the same run.
const LOOSE: f64 = 0.02;

/// What the timeline shows, as runs.
fn runs(frame: &Frame<'_>, axis: Axis) -> Vec<Run> {
    let history = frame.history;
    let (from_s, to_s) = (frame.time_s(frame.left).max(history.start_s()), frame.time_s(frame.right));
    let mut edges = vec![from_s];
    if axis == Axis::Clock {
        edges.extend(history.clock_turns_s(from_s..to_s));
    } else {
        edges.extend(history.turns_s(from_s..to_s));
    }
    edges.push(to_s);
    let value = |at_s: f64| match count(history, at_s, axis) {
        Count::Bars(bar) => (Axis::Bars, bar),
        Count::Seconds(seconds) => (Axis::Seconds, seconds),
        Count::Clock(seconds) => (Axis::Clock, seconds),
    };
    let mut runs: Vec<Run> = Vec::new();
    for edge in edges.windows(2).filter(|edge| edge[1] > edge[0]) {
        let (of, first) = value(edge[0]);
        // Just before the next turn this one still holds.
        let (_, last) = value(edge[1] - (edge[1] - edge[0]) * 1e-9);
        match runs.last_mut() {
            Some(run) if run.of == of && run.knots.last().is_some_and(|knot| (knot.1 - first).abs() < LOOSE) => {
                run.knots.push((edge[1], last));
            }
            _ => runs.push(Run { of, knots: vec![(edge[0], first), (edge[1], last)] }),
        }
    }
    runs
}

impl Run {
    /// Instants at which the count is a multiple of `step`, and which multiple.
    fn ticks(&self, step: f64) -> Vec<(f64, f64)> {
        let mut ticks = Vec::new();
        let mut next = self.knots.first().map_or(0.0, |knot| (knot.1 / step - 1e-6).ceil());
        for pair in self.knots.windows(2) {
            let ((from_s, from), (to_s, to)) = (pair[0], pair[1]);
            // A transport that stands has no ticks.
            while to > from && next * step <= to {
                let share = ((next * step - from) / (to - from)).clamp(0.0, 1.0);
                ticks.push((from_s + share * (to_s - from_s), next));
                next += 1.0;
            }
        }
        ticks
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
    fn every_multiple_of_the_step_is_one_tick_whatever_the_marks_say() {
        use crate::editor::history::History;
        use crate::plugin::scope::{Column, Mark};
        let mut history = History::new(0.01, 4);
        for frame in 0..3_000_u64 {
            let mels = [0.0; crate::listen::MAX_MELS];
            history.column(&Column { pass: 0, frame, peak: 0.5, mels }, |_| -60.0);
            let at_s = frame as f64 * 0.01;
            // Plays from 100 s on, with a host that rounds; jumps to 200 s after twenty seconds.
            let song_s = if at_s < 20.0 { 100.0 + (at_s * 50.0).floor() / 50.0 } else { 180.0 + at_s };
            let place = Place { playing: true, song_s: Some(song_s), ..Place::default() };
            history.mark(&Mark { pass: 0, time_s: at_s, place });
        }
        // Its edges lie between two seconds.
        let frame = Frame { history: &history, right_s: 29.5, span_s: 15.0, left: 0.0, right: 600.0 };
        let ticks: Vec<f64> =
            runs(&frame, Axis::Seconds).iter().flat_map(|run| run.ticks(1.0)).map(|(_, tick)| tick).collect();
        assert_eq!(ticks, [115, 116, 117, 118, 119, 200, 201, 202, 203, 204, 205, 206, 207, 208, 209].map(f64::from));
    }

    #[test]
    fn what_is_heard_while_the_transport_stands_counts_from_the_pass() {
        use crate::editor::history::History;
        use crate::plugin::scope::{Column, Mark};
        let mut history = History::new(0.01, 4);
        for frame in 0..1_000_u64 {
            let mels = [0.0; crate::listen::MAX_MELS];
            history.column(&Column { pass: 0, frame, peak: 0.5, mels }, |_| -60.0);
            let place = Place { song_s: Some(7.0), ..Place::default() };
            history.mark(&Mark { pass: 0, time_s: frame as f64 * 0.01, place });
        }
        assert_eq!(count(&history, 4.0, Axis::Seconds), Count::Seconds(4.0));
    }

    #[test]
    fn the_clock_is_the_time_at_which_an_instant_was_heard() {
        use crate::editor::history::History;
        use crate::plugin::scope::Column;
        let mut history = History::new(0.01, 4);
        let mut hear = |frames: std::ops::Range<u64>, now_s: f64| {
            let from_s = history.end_s();
            let mels = [0.0; crate::listen::MAX_MELS];
            frames.for_each(|frame| history.column(&Column { pass: 0, frame, peak: 0.5, mels }, |_| -60.0));
            history.heard(from_s, now_s);
        };
        // Ten seconds up to midnight, and five more a minute later.
        hear(0..1_000, 86_400.0);
        hear(1_000..1_500, 86_465.0);
        assert_eq!(words(count(&history, 7.5, Axis::Clock), true), "23:59:57.5");
        assert_eq!(words(count(&history, 12.0, Axis::Clock), false), "00:01:02");
        let frame = Frame { history: &history, right_s: 15.0, span_s: 15.0, left: 0.0, right: 600.0 };
        let ticks: Vec<f64> =
            runs(&frame, Axis::Clock).iter().flat_map(|run| run.ticks(4.0)).map(|(at_s, _)| at_s.round()).collect();
        // 23:59:52 and :56, then 00:01:00 and :04.
        assert_eq!(ticks, [2.0, 6.0, 10.0, 14.0], "both sides of the pause have their own");
    }

    #[test]
    fn bars_count_from_one_and_follow_the_hosts_number() {
        let place = Place { beats: Some(9.0), bar_beats: Some(3.0), bar: Some((2, 6.0)), ..Place::default() };
        assert_eq!(words(Count::Bars(bar(&place).expect("known")), true), "bar 4.00");
        assert_eq!(bar(&Place { beats: Some(9.0), ..Place::default() }), None, "no length of a bar, no bars");
    }
}
