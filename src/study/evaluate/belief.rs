//! How the plugin's belief about the genre behaves while a song plays: how soon it settles, how often it changes, how
//! often it is right.

use serde::Serialize;

use crate::engine::GenreReading;
use crate::say::genre::{Belief, GENRES};

/// One file's course.
#[derive(Clone, Debug, Serialize)]
pub struct Course {
    /// File name.
    pub file: String,
    /// What its name says.
    pub truth: &'static str,
    /// The genre said at the end; `None` if nothing was.
    pub last: Option<&'static str>,
    /// From when on that was said without a break, in seconds.
    pub settled_s: Option<f64>,
    /// Times that the genre said became another one.
    pub changes: u32,
    /// Seconds without a genre said.
    pub unsure_s: f64,
    /// Seconds in which the genre said was the right one.
    pub right_s: f64,
    /// Seconds heard.
    pub heard_s: f64,
}

/// All files together.
#[derive(Clone, Debug, Serialize)]
pub struct BeliefReport {
    /// Time over which readings are averaged, in seconds.
    pub window_s: f32,
    /// Median of [`Course::settled_s`].
    pub settled_p50_s: Option<f64>,
    /// Its 95th percentile.
    pub settled_p95_s: Option<f64>,
    /// Changes of the genre said per minute.
    pub changes_per_minute: f64,
    /// Share of the time without a genre said.
    pub unsure: f64,
    /// Share of the time with one in which it was the right one.
    pub right: f64,
    /// Each file.
    pub files: Vec<Course>,
}

/// Lets the plugin's belief follow the readings of one file, `period_s` apart.
pub fn course(file: String, truth: usize, readings: &[GenreReading], period_s: f64, window_s: f32) -> Course {
    let mut belief = Belief::new();
    let said: Vec<Option<usize>> = readings
        .iter()
        .map(|reading| belief.advance(reading.saying.then_some(&reading.probability), window_s, period_s as f32).top)
        .collect();
    let last = said.last().copied().flatten();
    let settled = last.map(|last| said.iter().rposition(|&top| top != Some(last)).map_or(0, |before| before + 1));
    let known: Vec<usize> = said.iter().copied().flatten().collect();
    let time_s = |count: usize| count as f64 * period_s;
    Course {
        file,
        truth: GENRES[truth],
        last: last.map(|top| GENRES[top]),
        settled_s: settled.map(|index| time_s(index + 1)),
        changes: known.windows(2).filter(|pair| pair[0] != pair[1]).count() as u32,
        unsure_s: time_s(said.len() - known.len()),
        right_s: time_s(known.iter().filter(|&&top| top == truth).count()),
        heard_s: time_s(said.len()),
    }
}

/// Puts the courses together.
pub fn report(files: Vec<Course>, window_s: f32) -> BeliefReport {
    let mut settled: Vec<f64> = files.iter().filter_map(|course| course.settled_s).collect();
    settled.sort_by(f64::total_cmp);
    let percentile = |share: f64| {
        let at = (share * settled.len() as f64).ceil() as usize;
        settled.get(at.saturating_sub(1)).copied()
    };
    let sum = |part: fn(&Course) -> f64| files.iter().map(part).sum::<f64>();
    let (heard_s, unsure_s) = (sum(|c| c.heard_s), sum(|c| c.unsure_s));
    BeliefReport {
        window_s,
        settled_p50_s: percentile(0.5),
        settled_p95_s: percentile(0.95),
        changes_per_minute: 60.0 * sum(|c| f64::from(c.changes)) / heard_s.max(1e-9),
        unsure: unsure_s / heard_s.max(1e-9),
        right: sum(|c| c.right_s) / (heard_s - unsure_s).max(1e-9),
        files,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_course_says_when_it_settled_and_how_often_it_changed() {
        let reading = |top: Option<usize>| {
            let mut probability = [0.0; GENRES.len()];
            if let Some(top) = top {
                probability[top] = 1.0;
            }
            GenreReading { epoch: 0, time_s: 0.0, known_at: 0, step_s: 1.0, probability, saying: top.is_some() }
        };
        // Without averaging the belief is the reading itself.
        let readings = [None, Some(2), Some(5), Some(5), Some(5)].map(reading);
        let course = course("a".into(), 5, &readings, 1.0, 1.0);
        assert_eq!((course.settled_s, course.changes, course.last), (Some(3.0), 1, Some(GENRES[5])));
        assert_eq!((course.unsure_s, course.right_s, course.heard_s), (1.0, 3.0, 5.0));
        let report = report(vec![course], 1.0);
        assert_eq!((report.settled_p50_s, report.changes_per_minute), (Some(3.0), 12.0));
        assert!((report.right - 0.75).abs() < 1e-9 && (report.unsure - 0.2).abs() < 1e-9);
    }
}
