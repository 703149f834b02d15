//! Reading `.lab` files: who sings when, as a person (or a stem's energy) says it.
//!
//! One span a line, `start end WORD`, seconds, in order; blank lines and `#` comments pass. The word is `sing`,
//! `nosing`, `speech` (someone speaks, nobody sings) or `unsure` (to be left out of training and of every figure).

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

pub use crate::record::Segment;

/// What a label says of its span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A voice sings; rap counts as singing.
    Sing,
    /// Nobody sings.
    NoSing,
    /// Somebody speaks and nobody sings.
    Speech,
    /// Nobody could say.
    Unsure,
}

impl Kind {
    fn of(word: &str) -> Option<Self> {
        match word {
            "sing" => Some(Self::Sing),
            "nosing" => Some(Self::NoSing),
            "speech" => Some(Self::Speech),
            "unsure" => Some(Self::Unsure),
            _ => None,
        }
    }

    /// The word of a `.lab` file.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Sing => "sing",
            Self::NoSing => "nosing",
            Self::Speech => "speech",
            Self::Unsure => "unsure",
        }
    }
}

/// The labelled spans of a file, sorted and without overlap, and where the labels end.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Labels {
    spans: Vec<(Segment, Kind)>,
    end_s: f64,
}

impl Labels {
    /// Reads a `.lab` file.
    ///
    /// # Errors
    /// One line naming the file's fault and its line number, with the remedy.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("labels {} cannot be read; check the path", path.display()))?;
        Self::parse(&text).with_context(|| format!("labels {}", path.display()))
    }

    /// Parses the text of a `.lab` file.
    ///
    /// # Errors
    /// The first line that is not `start end WORD` with a known word and times in order.
    pub fn parse(text: &str) -> Result<Self> {
        let mut labels = Self::default();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            labels.add(line).with_context(|| format!("line {}", index + 1))?;
        }
        Ok(labels)
    }

    fn add(&mut self, line: &str) -> Result<()> {
        let mut words = line.split_whitespace();
        let (Some(start), Some(end), Some(kind), None) = (words.next(), words.next(), words.next(), words.next())
        else {
            bail!("{line:?} is not `start end sing|nosing|speech|unsure`; write times in seconds and one word");
        };
        let time = |word: &str| {
            word.parse::<f64>()
                .ok()
                .filter(|t| t.is_finite() && *t >= 0.0)
                .with_context(|| format!("{word:?} is not a time; write seconds such as 12.34"))
        };
        let (start_s, end_s) = (time(start)?, time(end)?);
        ensure!(
            end_s >= start_s && start_s >= self.end_s - 1e-6,
            "{line:?} goes back in time; sort the spans and let none overlap"
        );
        let kind =
            Kind::of(kind).with_context(|| format!("{kind:?} is not a label; use sing, nosing, speech or unsure"))?;
        // What was rounded may begin a little early; the spans themselves must not overlap.
        let start_s = start_s.max(self.end_s);
        if end_s > start_s {
            self.spans.push((Segment { start_s, end_s }, kind));
        }
        self.end_s = start_s.max(end_s);
        Ok(())
    }

    /// The sung spans, in order.
    pub fn sung(&self) -> Vec<Segment> {
        self.of_kind(Kind::Sing)
    }

    /// The spans that carry this label, in order.
    pub fn of_kind(&self, kind: Kind) -> Vec<Segment> {
        self.spans.iter().filter(|span| span.1 == kind).map(|span| span.0).collect()
    }

    /// Where the last label ends, in seconds. What comes after it is unlabelled.
    pub fn end_s(&self) -> f64 {
        self.end_s
    }

    /// Whether a voice sings at this instant (seconds; a span's end is not part of it).
    pub fn sings_at(&self, time_s: f64) -> bool {
        self.at(time_s) == Some(Kind::Sing)
    }

    /// Whether somebody speaks at this instant, and nobody sings.
    pub fn speaks_at(&self, time_s: f64) -> bool {
        self.at(time_s) == Some(Kind::Speech)
    }

    /// Whether the labels leave this instant open.
    pub fn is_unsure_at(&self, time_s: f64) -> bool {
        self.at(time_s) == Some(Kind::Unsure)
    }

    /// The label at this instant; `None` where no span covers it.
    pub fn at(&self, time_s: f64) -> Option<Kind> {
        let after = self.spans.partition_point(|(span, _)| span.start_s <= time_s);
        let (span, kind) = self.spans.get(after.checked_sub(1)?)?;
        (time_s < span.end_s).then_some(*kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_half_open_and_unsung_outside() {
        let labels = Labels::parse("0 1.5 nosing\n1.5 2 sing\n\n# a note\n2 3 nosing\n").unwrap();
        assert_eq!(labels.sung(), [Segment { start_s: 1.5, end_s: 2.0 }]);
        assert_eq!(labels.end_s(), 3.0);
        for (time_s, sings) in [(0.0, false), (1.49, false), (1.5, true), (1.99, true), (2.0, false), (9.0, false)] {
            assert_eq!(labels.sings_at(time_s), sings, "at {time_s}");
        }
    }

    #[test]
    fn each_word_holds_in_its_own_span_alone() {
        let labels = Labels::parse("0 1 speech\n1 2 sing\n2 2 unsure\n2 3 unsure\n4 5 nosing\n").unwrap();
        for (time_s, kind) in [
            (0.5, Some(Kind::Speech)),
            (1.5, Some(Kind::Sing)),
            (2.0, Some(Kind::Unsure)),
            (3.0, None),
            (3.5, None),
            (4.5, Some(Kind::NoSing)),
            (5.0, None),
        ] {
            assert_eq!(labels.at(time_s), kind, "at {time_s}");
            assert_eq!(labels.sings_at(time_s), kind == Some(Kind::Sing));
            assert_eq!(labels.speaks_at(time_s), kind == Some(Kind::Speech));
            assert_eq!(labels.is_unsure_at(time_s), kind == Some(Kind::Unsure));
        }
        assert_eq!(labels.sung(), [Segment { start_s: 1.0, end_s: 2.0 }]);
        assert_eq!(labels.of_kind(Kind::Unsure), [Segment { start_s: 2.0, end_s: 3.0 }]);
        assert_eq!(labels.end_s(), 5.0);
    }

    #[test]
    fn spans_that_overlap_by_rounding_do_not_overlap_once_read() {
        let labels = Labels::parse("0.0000005 0.0000006 sing\n0 1 sing\n0.9999996 0.9999998 sing\n1 2 sing\n").unwrap();
        let sung = labels.sung();
        assert!(sung.windows(2).all(|pair| pair[0].end_s <= pair[1].start_s), "{sung:?}");
        assert_eq!((sung.len(), labels.end_s()), (3, 2.0));
        assert!(labels.sings_at(5e-7) && labels.sings_at(0.5) && labels.sings_at(0.999_999_7));
    }

    #[test]
    fn a_bad_line_is_named() {
        for (text, part) in [
            ("0 1 sing\n1 2", "line 2"),
            ("0 x sing", "not a time"),
            ("0 1 hum", "not a label"),
            ("2 3 sing\n0 1 sing", "goes back"),
            ("3 2 sing", "goes back"),
            ("0 nan sing", "not a time"),
        ] {
            let error = format!("{:#}", Labels::parse(text).unwrap_err());
            assert!(error.contains(part), "{text:?}: {error}");
        }
    }
}
