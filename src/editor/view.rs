//! Everything that is drawn, as plain data: no host, no thread. Tests fill one; the window fills its own from the
//! instance.

use super::control::{Control, Id};
use super::history::History;
use super::model_files::Files;
use super::pass::Report;
use crate::engine::Status;
use crate::nets::tag_kind::Shown as Tag;
use crate::plugin::models::Shown;
use crate::plugin::scope::Standing;

/// See the module's text.
pub struct View {
    /// The last ten minutes.
    pub history: History,
    /// Where things stand.
    pub standing: Standing,
    /// The engine.
    pub status: Status,
    /// The parameters, in the order of [`Id::ALL`].
    pub controls: Vec<Control>,
    /// Threshold of the gate, 0..1.
    pub threshold: f32,
    /// Hysteresis, of the same scale.
    pub hysteresis: f32,
    /// The largest hysteresis.
    pub most_hysteresis: f32,
    /// Whether MIDI can leave: the plugin is Earmark Control.
    pub has_midi: bool,
    /// Names of the voice net's outputs.
    pub voice_labels: Vec<String>,
    /// The frequency in the middle of each mel band, Hz.
    pub band_centres_hz: Vec<f64>,
    /// What the taggers hear besides, kind by kind, the strongest first.
    pub tags: Vec<Tag>,
    /// The models in use.
    pub models: Vec<ModelCard>,
    /// Files that the user has chosen in their place.
    pub chosen_models: Shown,
    /// The folder that was listed last, to choose a model from.
    pub model_files: Option<Files>,
    /// The pass so far.
    pub pass: Report,
    /// The pass before, where it is still remembered.
    pub pass_before: Option<Report>,
    /// The user's own presets.
    pub own_presets: Vec<String>,
    /// Which of the two sets is heard.
    pub set: Set,
    /// The folder that files go to.
    pub folder: String,
    /// What came of the last thing asked for: files written, or why not.
    pub outcome: Option<Result<String, String>>,
}

/// One of two sets of parameters to compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Set {
    /// The first.
    #[default]
    A,
    /// The second.
    B,
}

/// What a model's card says.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ModelCard {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub role: String,
    /// One sentence.
    pub description: String,
    /// What it was trained on, who made it, under which licence.
    pub facts: Vec<(String, String)>,
    /// Measured figures: what, and the value.
    pub scores: Vec<(String, f64)>,
}

impl Default for View {
    fn default() -> Self {
        Self {
            history: History::new(0.01, 80),
            standing: Standing { gain: 1.0, silent: true, ..Standing::default() },
            status: Status::default(),
            controls: Vec::new(),
            threshold: 0.5,
            hysteresis: 0.1,
            most_hysteresis: 0.5,
            has_midi: false,
            voice_labels: Vec::new(),
            band_centres_hz: Vec::new(),
            tags: Vec::new(),
            models: Vec::new(),
            chosen_models: Shown::default(),
            model_files: None,
            pass: Report::default(),
            pass_before: None,
            own_presets: Vec::new(),
            set: Set::A,
            folder: String::new(),
            outcome: None,
        }
    }
}

impl View {
    /// A parameter.
    #[must_use]
    pub fn control(&self, id: Id) -> Option<&Control> {
        self.controls.iter().find(|control| control.id == id)
    }

    /// Problems, each in words with its remedy.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if self.standing.failed {
            problems
                .push("Processing failed. The audio passes through; switch the plugin off and on again.".to_owned());
        }
        if let Some(note) = &self.status.note {
            problems.push(note.clone());
        }
        problems.extend(self.chosen_models.refusal.clone());
        if self.status.worker_load > 0.9 {
            let load = self.status.worker_load * 100.0;
            problems.push(format!(
                "Voices are read late: the engine is busy to {load:.0} % of a core with them. Use fewer instances, or set those you do not need to Off."
            ));
        }
        if self.standing.sample_rate_hz == 0.0 && self.status.device.is_empty() && self.status.note.is_none() {
            problems.push("The host has not switched the plugin on yet.".to_owned());
        }
        problems
    }
}
