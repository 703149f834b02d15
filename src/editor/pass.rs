//! The pass so far, as a mixing engineer asks for it: how much is sung, where phrases and breaks lie, which genre holds
//! in which section, and what changed since the pass before.

use std::hash::{Hash, Hasher};
use std::ops::Range;

use super::history::History;
use super::timeline::{Said, Stretch, stretches};
use crate::say::genre::GENRES;

/// An instrumental stretch between two phrases is a break from this length on, seconds.
const SHORTEST_BREAK_S: f64 = 4.0;
/// A section of the genre is worth a line from this length on, seconds.
const SHORTEST_SECTION_S: f64 = 3.0;
/// A share counts as changed from this difference on.
const CHANGE: f64 = 0.02;

/// See the module's text. Times are on the history's clock.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Report {
    /// From when to when, seconds.
    pub range_s: Range<f64>,
    /// Time of which the voice is known, seconds.
    pub known_s: f64,
    /// Time sung, seconds.
    pub sung_s: f64,
    /// Where somebody sings.
    pub phrases: Vec<Range<f64>>,
    /// Where nobody does for a while between phrases.
    pub breaks: Vec<Range<f64>>,
    /// Genre by section.
    pub sections: Vec<Stretch>,
}

impl Hash for Report {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for span in self.phrases.iter().chain(&self.breaks).chain([&self.range_s]) {
            (span.start.to_bits(), span.end.to_bits()).hash(state);
        }
        for Stretch { start_s, end_s, said, confidence } in &self.sections {
            (start_s.to_bits(), end_s.to_bits(), said, confidence.to_bits()).hash(state);
        }
        (self.phrases.len(), self.breaks.len(), self.known_s.to_bits(), self.sung_s.to_bits()).hash(state);
    }
}

impl Report {
    /// What was heard within `range_s`.
    #[must_use]
    pub fn new(history: &History, range_s: Range<f64>) -> Self {
        let hop_s = history.hop_s();
        let mut phrases: Vec<Range<f64>> = Vec::new();
        let mut open: Option<f64> = None;
        let (mut known, mut sung) = (0_u64, 0_u64);
        let frames = history.frame_at(range_s.start + hop_s / 2.0)..history.frame_at(range_s.end + hop_s / 2.0);
        for number in frames.clone() {
            let Some(voice) = history.voice(number) else { continue };
            known += 1;
            sung += u64::from(voice.gate);
            let at_s = number as f64 * hop_s;
            match (voice.gate, open) {
                (true, None) => open = Some(at_s),
                (false, Some(from)) => {
                    phrases.push(from..at_s);
                    open = None;
                }
                _ => {}
            }
        }
        if let Some(from) = open {
            phrases.push(from..range_s.end);
        }
        let breaks = phrases.windows(2).map(|pair| pair[0].end..pair[1].start);
        let breaks = breaks.filter(|gap| gap.end - gap.start >= SHORTEST_BREAK_S).collect();
        let within = history.beliefs().filter(|belief| belief.at_s > range_s.start && belief.at_s <= range_s.end + 1.0);
        let sections = stretches(within, range_s.end)
            .into_iter()
            .map(|stretch| Stretch { start_s: stretch.start_s.max(range_s.start), ..stretch })
            .filter(|stretch| stretch.end_s - stretch.start_s >= SHORTEST_SECTION_S)
            .collect();
        Self { known_s: known as f64 * hop_s, sung_s: sung as f64 * hop_s, phrases, breaks, sections, range_s }
    }

    /// Share sung, 0..1; `None` while nothing is known.
    #[must_use]
    pub fn sung(&self) -> Option<f64> {
        (self.known_s > 0.0).then(|| self.sung_s / self.known_s)
    }

    /// The genre that holds for most of the time.
    #[must_use]
    pub fn top(&self) -> Option<usize> {
        let mut held_s = [0.0; GENRES.len()];
        for section in &self.sections {
            if let Said::Genre(genre) = section.said {
                held_s[genre] += section.end_s - section.start_s;
            }
        }
        let longest = (0..held_s.len()).max_by(|&a, &b| held_s[a].total_cmp(&held_s[b]))?;
        (held_s[longest] > 0.0).then_some(longest)
    }

    /// What differs from the pass before, in words; empty where nothing does.
    #[must_use]
    pub fn changes(&self, before: &Self) -> Vec<String> {
        let mut changes = Vec::new();
        if let (Some(now), Some(then)) = (self.sung(), before.sung())
            && (now - then).abs() >= CHANGE
        {
            changes.push(format!("sung {:.0} % of the time, was {:.0} %", now * 100.0, then * 100.0));
        }
        if self.phrases.len() != before.phrases.len() {
            changes.push(format!("phrases {}, were {}", self.phrases.len(), before.phrases.len()));
        }
        let name = |top: Option<usize>| top.map_or("no genre", |genre| GENRES[genre]);
        if self.top() != before.top() {
            changes.push(format!("reads as {}, was {}", name(self.top()), name(before.top())));
        }
        changes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin::scope::{GenrePoint, Point};
    use crate::say::genre::GenreState;

    /// Sung from 2 to 5 s and from 12 to 14 s of 20 s.
    fn history(pass: u32, shift: u64, top: usize) -> History {
        let mut history = History::new(0.01, 4);
        for frame in 0..2_000_u64 {
            let gate = (200 + shift..500 + shift).contains(&frame) || (1_200..1_400).contains(&frame);
            history.point(&Point { pass, frame, gate, ..Point::default() });
            if frame % 100 == 99 {
                let state = GenreState { top: Some(top), confidence: 0.5, ..GenreState::default() };
                history.genre(&GenrePoint { pass, time_s: frame as f64 * 0.01, state, saying: true });
            }
        }
        history
    }

    #[test]
    fn phrases_breaks_and_shares_are_those_of_the_gate() {
        let report = Report::new(&history(0, 0, 9), 0.0..20.0);
        assert_eq!(report.phrases, [2.0..5.0, 12.0..14.0]);
        assert_eq!(report.breaks, [5.0..12.0]);
        assert!((report.sung().expect("known") - 0.25).abs() < 1e-9);
        assert_eq!((report.top(), report.sections.len()), (Some(9), 1));
    }

    #[test]
    fn changes_are_said_and_sameness_is_not() {
        let before = Report::new(&history(0, 0, 9), 0.0..20.0);
        assert!(before.changes(&before).is_empty());
        let after = Report::new(&history(0, 0, 12), 0.0..10.0);
        assert_eq!(
            after.changes(&before),
            ["sung 30 % of the time, was 25 %", "phrases 1, were 2", "reads as rock, was pop"]
        );
    }
}
