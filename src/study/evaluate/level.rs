//! Level invariance: the same audio, louder or quieter, must get the same answer.

use serde::Serialize;

use super::vocal::{Figures, Report};

/// The figures at another level, beside those of the files as they are.
#[derive(Clone, Debug, Serialize)]
pub struct Level {
    /// Gain before the listener, in dB. Nothing clips.
    pub gain_db: f32,
    /// Each collection.
    pub sets: Vec<AtLevel>,
    /// All frames pooled.
    pub pooled: AtLevel,
}

/// What a set's figures become at a level.
#[derive(Clone, Debug, Serialize)]
pub struct AtLevel {
    /// The set.
    pub name: String,
    /// Share of frames judged right; absent where nothing is sung.
    pub accuracy: Option<f64>,
    /// The same less that of the files as they are.
    pub accuracy_change: Option<f64>,
    /// Share of unsung frames taken for sung.
    pub false_alarm_rate: Option<f64>,
    /// The same less that of the files as they are.
    pub false_alarm_change: Option<f64>,
    /// Area under the ROC curve.
    pub auc: Option<f64>,
}

impl Level {
    /// Compares what was measured at `gain_db` with what was measured at 0 dB over the same files.
    pub fn compare(gain_db: f32, there: &Report, here: &Report) -> Self {
        let sets = there.sets.iter().zip(&here.sets).map(|(there, here)| AtLevel::compare(there, here)).collect();
        Self { gain_db, sets, pooled: AtLevel::compare(&there.pooled, &here.pooled) }
    }
}

impl AtLevel {
    fn compare(there: &Figures, here: &Figures) -> Self {
        let change = |there: Option<f64>, here: Option<f64>| Some(there? - here?);
        Self {
            name: there.name.clone(),
            accuracy: there.accuracy,
            accuracy_change: change(there.accuracy, here.accuracy),
            false_alarm_rate: there.false_alarm_rate,
            false_alarm_change: change(there.false_alarm_rate, here.false_alarm_rate),
            auc: there.auc,
        }
    }
}
