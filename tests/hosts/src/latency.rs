//! How long after a voice starts or ends the gate says so: truth against the moves of `vocal_gate`.

use crate::Render;
use crate::report;
use earmark::study::lab::{Kind, Labels, Segment};

/// A phrase, and the pause beside it, are at least this long, in seconds.
const LEAST_PHRASE_S: f64 = 0.3;
const LEAST_PAUSE_S: f64 = 0.5;
/// A move of the gate belongs to an instant of the truth from so long before it to so long after it, in seconds.
const BEFORE_S: f64 = 0.3;
const AFTER_S: f64 = 2.0;

/// An instant at which the gate should move.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Turn {
    /// When, in seconds.
    pub time_s: f64,
    /// Where the next phrase starts, whose own moves those after it are; infinite after the last.
    pub until_s: f64,
}

/// What became of the turns of one direction.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answers {
    /// Seconds from each turn to the gate's move, negative where it came first.
    pub delays_s: Vec<f64>,
    /// Turns that no move belongs to.
    pub missed: usize,
    /// Turns for which the gate already stood as it should.
    pub already: usize,
}

impl Answers {
    /// All turns.
    pub fn turns(&self) -> usize {
        self.delays_s.len() + self.missed + self.already
    }

    /// Adds those of another file.
    pub fn add(&mut self, other: Self) {
        self.delays_s.extend(other.delays_s);
        self.missed += other.missed;
        self.already += other.already;
    }

    /// The delay, in seconds, that `percent` of the answered turns do not exceed (nearest rank); `None` without any.
    pub fn percentile_s(&self, percent: f64) -> Option<f64> {
        let mut delays_s = self.delays_s.clone();
        delays_s.sort_by(f64::total_cmp);
        let rank = (percent / 100.0 * delays_s.len() as f64).ceil().max(1.0) as usize;
        delays_s.get(rank - 1).copied()
    }
}

/// Where phrases start after a pause, and where they end before one: `(onsets, offsets)`.
pub fn turns(labels: &Labels) -> (Vec<Turn>, Vec<Turn>) {
    let phrases = joined(&labels.of_kind(Kind::Sing));
    let pauses = joined(&labels.of_kind(Kind::NoSing));
    let touches = |a: f64, b: f64| (a - b).abs() < 1e-6;
    let long_pauses = || pauses.iter().filter(|pause| pause.duration_s() >= LEAST_PAUSE_S - 1e-9);
    let (mut onsets, mut offsets) = (Vec::new(), Vec::new());
    for (index, phrase) in phrases.iter().enumerate() {
        if phrase.duration_s() < LEAST_PHRASE_S - 1e-9 {
            continue;
        }
        let until_s = phrases.get(index + 1).map_or(f64::INFINITY, |next| next.start_s);
        if long_pauses().any(|pause| touches(pause.end_s, phrase.start_s)) {
            onsets.push(Turn { time_s: phrase.start_s, until_s });
        }
        if long_pauses().any(|pause| touches(pause.start_s, phrase.end_s)) {
            offsets.push(Turn { time_s: phrase.end_s, until_s });
        }
    }
    (onsets, offsets)
}

/// Spans that touch, as one.
fn joined(spans: &[Segment]) -> Vec<Segment> {
    let mut joined: Vec<Segment> = Vec::new();
    for span in spans {
        match joined.last_mut() {
            Some(last) if span.start_s - last.end_s < 1e-6 => last.end_s = span.end_s,
            _ => joined.push(*span),
        }
    }
    joined
}

/// The moves of the gate to `opens`, or away from it, that answer the turns. The gate is open in `open`, in order.
pub fn answers(turns: &[Turn], open: &[report::Span], opens: bool) -> Answers {
    let mut answers = Answers::default();
    for turn in turns {
        let from_s = turn.time_s - BEFORE_S;
        let is_open = open.iter().any(|span| span.start_s < from_s && from_s <= span.end_s);
        if is_open == opens {
            answers.already += 1;
            continue;
        }
        let until_s = turn.until_s.min(turn.time_s + AFTER_S);
        let moves = open.iter().map(|span| if opens { span.start_s } else { span.end_s });
        match moves.into_iter().find(|time_s| (from_s..=until_s).contains(time_s)) {
            Some(time_s) => answers.delays_s.push(time_s - turn.time_s),
            None => answers.missed += 1,
        }
    }
    answers
}

/// The stretches in which a value, `vocal_gate` or `vocal`, was in its upper half. A gate that is open at the end never
/// closed: its stretch has no end.
pub fn open(render: &Render, id: &str) -> Vec<report::Span> {
    let mut open = report::upper(render, id);
    if let Some(last) = open.last_mut()
        && last.end_s >= render.duration_s()
    {
        last.end_s = f64::INFINITY;
    }
    open
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(spans: &[(f64, f64)]) -> Vec<report::Span> {
        spans.iter().map(|&(start_s, end_s)| report::Span { start_s, end_s }).collect()
    }

    #[test]
    fn turns_have_a_pause_and_a_phrase_beside_them() {
        let labels = "0 1 sing\n1 1.4 nosing\n1.4 2 sing\n2 2.5 nosing\n2.5 2.7 sing\n2.7 4 nosing\n4 4.5 sing\n\
                      4.5 5 sing\n5 5.2 unsure\n5.2 6 nosing\n6 7 sing\n7 8 speech\n";
        let (onsets, offsets) = turns(&Labels::parse(labels).unwrap());
        let times = |turns: &[Turn]| turns.iter().map(|turn| (turn.time_s, turn.until_s)).collect::<Vec<_>>();
        assert_eq!(times(&onsets), [(4.0, 6.0), (6.0, f64::INFINITY)]);
        assert_eq!(times(&offsets), [(2.0, 2.5)]);
    }

    #[test]
    fn each_turn_is_answered_missed_or_needless() {
        let turn = |time_s: f64, until_s: f64| Turn { time_s, until_s };
        let open = spans(&[(0.95, 2.3), (5.1, 6.0), (9.0, f64::INFINITY)]);
        let onsets = answers(&[turn(1.0, 3.0), turn(3.0, 5.0), turn(5.39, 9.0), turn(5.5, 9.0)], &open, true);
        assert_eq!((onsets.missed, onsets.already, onsets.turns()), (1, 1, 4));
        assert!((onsets.delays_s[0] + 0.05).abs() < 1e-9 && (onsets.delays_s[1] + 0.29).abs() < 1e-9);
        let offsets = answers(&[turn(2.0, 5.0), turn(4.0, 5.0), turn(9.5, f64::INFINITY)], &open, false);
        assert_eq!((offsets.missed, offsets.already), (1, 1));
        assert!((offsets.delays_s[0] - 0.3).abs() < 1e-9);
    }

    #[test]
    fn percentiles_are_those_of_the_nearest_rank() {
        let delays_s = (1..=20).rev().map(f64::from).collect();
        let answers = Answers { delays_s, ..Answers::default() };
        assert_eq!([50.0, 90.0, 95.0, 100.0].map(|p| answers.percentile_s(p)), [10.0, 18.0, 19.0, 20.0].map(Some));
        assert_eq!(Answers::default().percentile_s(50.0), None);
    }
}
