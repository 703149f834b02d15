//! What lies over and under the spectrogram: the gate's lane, the genre's ribbon.

use egui::{Align2, FontId, Painter, Rect, pos2};

use super::Frame;
use crate::editor::history::Belief;
use crate::editor::theme::{Palette, ink_on};
use crate::say::genre::GENRES;

/// A reading holds no longer than this, seconds: in eco they come every four.
const HOLDS_S: f64 = 6.0;
/// What a reading with none before it speaks of, seconds.
const SPEAKS_OF_S: f64 = 1.0;

/// Where the gate is open.
pub(super) fn gate(painter: &Painter, frame: &Frame<'_>, lane: Rect) {
    let palette = Palette::of(painter.ctx());
    painter.rect_filled(lane, 2.0, palette.quiet);
    let hop_s = frame.history.hop_s();
    let first = frame.history.frame_at(frame.time_s(lane.min.x));
    for open in frame.history.gates().iter().rev().take_while(|open| open.end > first) {
        let x = |number: u64| frame.x(number as f64 * hop_s).clamp(lane.min.x, lane.max.x);
        let (from, to) = (x(open.start), x(open.end));
        if to > lane.min.x && from < lane.max.x {
            let rect = Rect::from_min_max(pos2(from, lane.min.y + 1.0), pos2(to.max(from + 1.0), lane.max.y - 1.0));
            painter.rect_filled(rect, 2.0, palette.gate);
        }
    }
}

/// A stretch of one genre.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stretch {
    /// Where it begins, seconds.
    pub start_s: f64,
    /// Where it ends, seconds.
    pub end_s: f64,
    /// What is said: a genre, or nothing.
    pub said: Said,
    /// Mean confidence.
    pub confidence: f32,
}

/// What a genre reading comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Said {
    /// A genre.
    Genre(usize),
    /// There is music, but no genre stands out.
    Unsure,
    /// Silence or speech.
    NoMusic,
}

impl Said {
    /// Of a reading.
    #[must_use]
    pub fn of(belief: &Belief) -> Self {
        match belief.state.top {
            Some(top) if belief.saying => Self::Genre(top),
            None if belief.saying => Self::Unsure,
            _ => Self::NoMusic,
        }
    }
}

/// Readings as stretches that touch, equal neighbours made one; `end_s` is now.
#[must_use]
pub fn stretches<'a>(beliefs: impl Iterator<Item = &'a Belief>, end_s: f64) -> Vec<Stretch> {
    let mut stretches: Vec<(Stretch, u32)> = Vec::new();
    for belief in beliefs {
        let said = Said::of(belief);
        match stretches.last_mut() {
            Some((last, count)) if belief.at_s - last.end_s <= HOLDS_S && last.said == said => {
                last.end_s = belief.at_s;
                last.confidence += belief.state.confidence;
                *count += 1;
            }
            last => {
                let alone_s = (belief.at_s - SPEAKS_OF_S).max(0.0);
                let start_s = match last {
                    Some((last, _)) if belief.at_s - last.end_s <= HOLDS_S => last.end_s,
                    _ => alone_s,
                };
                let confidence = belief.state.confidence;
                stretches.push((Stretch { start_s, end_s: belief.at_s, said, confidence }, 1));
            }
        }
    }
    if let Some((last, _)) = stretches.last_mut() {
        last.end_s = end_s.min(last.end_s + HOLDS_S).max(last.end_s);
    }
    let mean = |(stretch, count): (Stretch, u32)| Stretch { confidence: stretch.confidence / count as f32, ..stretch };
    stretches.into_iter().map(mean).collect()
}

/// What kind of music it is, with names where they fit.
pub(super) fn ribbon(painter: &Painter, frame: &Frame<'_>, lane: Rect) {
    let palette = Palette::of(painter.ctx());
    painter.rect_filled(lane, 2.0, palette.quiet);
    let left_s = frame.time_s(lane.min.x);
    let shown = frame
        .history
        .beliefs()
        .filter(|belief| belief.at_s > left_s - HOLDS_S && belief.at_s < frame.right_s + HOLDS_S);
    for stretch in stretches(shown, frame.history.end_s()) {
        let x = |at_s: f64| frame.x(at_s).clamp(lane.min.x, lane.max.x);
        let rect = Rect::from_min_max(pos2(x(stretch.start_s), lane.min.y), pos2(x(stretch.end_s), lane.max.y));
        if rect.width() <= 0.5 {
            continue;
        }
        let (fill, name) = match stretch.said {
            Said::Genre(genre) => (palette.genre(genre, stretch.confidence), GENRES[genre]),
            Said::Unsure => (palette.raised, "unsure"),
            Said::NoMusic => (palette.quiet, "no music"),
        };
        painter.rect_filled(rect.shrink2(egui::vec2(0.5, 0.0)), 2.0, fill);
        let galley = painter.layout_no_wrap(name.to_owned(), FontId::proportional(11.5), ink_on(fill));
        if galley.size().x + 8.0 <= rect.width() {
            let at = Align2::CENTER_CENTER.anchor_size(rect.center(), galley.size()).min;
            painter.galley(at, galley, ink_on(fill));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::say::genre::GenreState;

    #[test]
    fn readings_become_stretches_that_touch_and_gaps_stay_open() {
        let belief = |at_s, top, saying| {
            let state = GenreState { top, confidence: 0.5, ..GenreState::default() };
            Belief { at_s, state, saying }
        };
        let beliefs = [
            belief(1.0, Some(9), true),
            belief(2.0, Some(9), true),
            belief(3.0, None, true),
            belief(4.0, None, false),
            belief(20.0, Some(7), true),
        ];
        let found = stretches(beliefs.iter(), 21.0);
        let spans: Vec<_> = found.iter().map(|s| (s.start_s, s.end_s, s.said)).collect();
        assert_eq!(
            spans,
            [
                (0.0, 2.0, Said::Genre(9)),
                (2.0, 3.0, Said::Unsure),
                (3.0, 4.0, Said::NoMusic),
                (19.0, 21.0, Said::Genre(7)),
            ]
        );
    }
}
