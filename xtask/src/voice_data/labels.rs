//! What is known about each stretch of a file, as a `.lab` file says it.

use super::files;
use anyhow::Result;
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;
use std::path::Path;

/// What a stretch of audio holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nobody sings or speaks.
    Nosing,
    /// Somebody speaks.
    Speech,
    /// Nobody knows; nothing should be learnt from it.
    Unsure,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Nosing => "nosing",
            Self::Speech => "speech",
            Self::Unsure => "unsure",
        }
    }
}

/// A stretch in seconds, its end not included.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stretch {
    /// Where it begins.
    pub start_s: f64,
    /// Where it ends.
    pub end_s: f64,
}

/// Seconds of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Seconds {
    /// Without a voice.
    pub nosing: f64,
    /// Spoken.
    pub speech: f64,
    /// Not known.
    pub unsure: f64,
}

impl Seconds {
    /// Adds another's seconds, kind by kind.
    pub fn add(&mut self, other: Self) {
        self.nosing += other.nosing;
        self.speech += other.speech;
        self.unsure += other.unsure;
    }
}

/// A file's labels, in order and without a gap.
#[derive(Clone, Debug, PartialEq)]
pub struct Labels(Vec<(Stretch, Kind)>);

impl Labels {
    /// `rest` everywhere but in the `marked` stretches, which may overlap, come in any order and stand beyond the ends.
    pub fn marking(duration_s: f64, rest: Kind, marked: &[Stretch], mark: Kind) -> Self {
        let mut labels = Vec::new();
        let mut now_s = 0.0;
        for stretch in union(marked) {
            let (start_s, end_s) = (stretch.start_s.clamp(now_s, duration_s), stretch.end_s.min(duration_s));
            if start_s > now_s {
                labels.push((Stretch { start_s: now_s, end_s: start_s }, rest));
            }
            if end_s > start_s {
                labels.push((Stretch { start_s, end_s }, mark));
            }
            now_s = now_s.max(end_s);
        }
        if duration_s > now_s {
            labels.push((Stretch { start_s: now_s, end_s: duration_s }, rest));
        }
        Self(labels)
    }

    /// Seconds of each kind.
    pub fn seconds(&self) -> Seconds {
        let mut seconds = Seconds::default();
        for (stretch, kind) in &self.0 {
            let sum = match kind {
                Kind::Nosing => &mut seconds.nosing,
                Kind::Speech => &mut seconds.speech,
                Kind::Unsure => &mut seconds.unsure,
            };
            *sum += stretch.end_s - stretch.start_s;
        }
        seconds
    }

    /// Writes `start end kind`, one stretch a line.
    ///
    /// # Errors
    /// One line naming the path.
    pub fn write(&self, path: &Path) -> Result<()> {
        files::write_text(path, &self.text())
    }

    fn text(&self) -> String {
        let mut text = String::new();
        for (Stretch { start_s, end_s }, kind) in &self.0 {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{start_s:.3} {end_s:.3} {}", kind.word());
        }
        text
    }
}

/// The same time, in order and without overlaps.
pub fn union(stretches: &[Stretch]) -> Vec<Stretch> {
    let mut sorted = stretches.to_vec();
    sorted.sort_by(|a, b| a.start_s.total_cmp(&b.start_s));
    let mut union: Vec<Stretch> = Vec::new();
    for stretch in sorted {
        match union.last_mut() {
            Some(last) if stretch.start_s <= last.end_s => last.end_s = last.end_s.max(stretch.end_s),
            _ => union.push(stretch),
        }
    }
    union
}

#[cfg(test)]
mod tests {
    use super::{Kind, Labels, Stretch};

    fn stretch(start_s: f64, end_s: f64) -> Stretch {
        Stretch { start_s, end_s }
    }

    #[test]
    fn labels_are_in_order_without_gap_or_overlap_whatever_is_marked() {
        let marked = [stretch(4.0, 99.0), stretch(-1.0, 0.5), stretch(2.0, 3.0), stretch(2.5, 3.5)];
        let labels = Labels::marking(5.0, Kind::Nosing, &marked, Kind::Unsure);
        assert_eq!(
            labels.text(),
            "0.000 0.500 unsure\n0.500 2.000 nosing\n2.000 3.500 unsure\n3.500 4.000 nosing\n4.000 5.000 unsure\n"
        );
        assert_eq!(labels.seconds().unsure, 3.0);
        assert_eq!(labels.seconds().nosing, 2.0);
    }

    #[test]
    fn nothing_marked_is_one_stretch() {
        assert_eq!(Labels::marking(2.0, Kind::Speech, &[], Kind::Nosing).text(), "0.000 2.000 speech\n");
    }
}
