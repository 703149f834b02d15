//! The window of one instance: takes in what crosses from the audio thread, has it drawn, carries out what the user
//! wants. Runs only while it is open.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use egui::Ui;
use nice_plug::context::gui::GuiContext;
use nice_plug_egui::baseview::{HandlerError, WindowSize};
use nice_plug_egui::{Frame, NiceEguiApp};

use super::control::{Action, Id};
use super::face::{Face, draw};
use super::history::History;
use super::pass::Report;
use super::view::{ModelCard, Set, View};
use super::{EngineSlot, bridge, export, model_files, presets, theme};
use crate::engine::{ModelSet, Tags};
use crate::listen::FrontEnd;
use crate::nets::tag_kind::shown;
use crate::nets::{Card, Task};
use crate::plugin::guard::guarded;
use crate::plugin::params::{EarmarkParams, MAX_HYSTERESIS};
use crate::plugin::scope::ScopeOutput;

/// Time between looks at what changes slowly: engine, tags, the pass as a whole.
const SLOW: Duration = Duration::from_millis(500);
/// Tags of each kind that are shown, and of all kinds.
const TAGS_OF_EACH_KIND: usize = 2;
const MOST_TAGS: usize = 6;

/// What the window looks at and acts on.
#[derive(Clone)]
pub struct Instance {
    /// The parameters, and the window's own settings in them.
    pub params: Arc<EarmarkParams>,
    /// What crosses from the audio thread.
    pub scope: ScopeOutput,
    /// The engine.
    pub engine: EngineSlot,
    /// The plugin is Earmark Control.
    pub has_midi: bool,
}

/// What outlives the window, so that it is there when it opens again.
#[derive(Default)]
pub struct Memory {
    view: View,
    other_set: Option<Vec<(Id, f32)>>,
    tags: Tags,
    cards: Vec<Card>,
    front_end: Option<FrontEnd>,
}

/// See the module's text.
pub struct Window {
    instance: Instance,
    memory: Arc<Mutex<Memory>>,
    face: Face,
    context: Option<GuiContext>,
    looked: Option<Instant>,
    /// Drawing has panicked since it opened.
    failed: bool,
}

impl Window {
    /// A window that is not open yet.
    #[must_use]
    pub fn new(instance: Instance, memory: Arc<Mutex<Memory>>) -> Self {
        Self { instance, memory, face: Face::default(), context: None, looked: None, failed: false }
    }
}

impl NiceEguiApp for Window {
    fn build(&mut self, ctx: egui::Context, context: GuiContext, _frame: &mut Frame) -> Result<(), HandlerError> {
        self.failed = guarded("Window::build", true, || {
            theme::install(&ctx);
            self.context = Some(context);
            self.looked = None;
            self.face = Face::resting();
            self.instance.scope.set_open(true);
            false
        });
        Ok(())
    }

    fn ui(&mut self, ui: &mut Ui, _frame: &mut Frame) {
        let failed = self.failed
            || guarded("Window::ui", true, || {
                self.show(ui);
                false
            });
        self.failed = failed;
        if failed {
            ui.label("The window has failed. Close it and open it again; what is heard and said goes on without it.");
        }
    }

    fn resized(&mut self, size: WindowSize) {
        guarded("Window::resized", (), || {
            let mut settings = self.instance.params.settings();
            settings.size = (size.logical.width as f32, size.logical.height as f32);
            self.instance.params.set_settings(settings);
        });
    }

    fn editor_closed(&mut self) {
        guarded("Window::editor_closed", (), || self.close());
    }
}

impl Window {
    /// One picture, and what the user wants of it.
    fn show(&mut self, ui: &mut Ui) {
        let memory = self.memory.clone();
        let mut memory = memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.look(&self.instance);
        if self.looked.is_none() {
            memory.view.own_presets = own_presets();
        }
        if self.looked.is_none_or(|at| at.elapsed() >= SLOW) {
            self.looked = Some(Instant::now());
            memory.look_slowly(&self.instance);
        }
        // What moves asks for a picture by itself; the rest may be a little late.
        ui.ctx().request_repaint_after(2 * SLOW);
        let before = self.instance.params.settings();
        let mut settings = before.clone();
        memory.view.folder = folder(&settings.folder).display().to_string();
        let actions = draw(ui, &mut self.face, &memory.view, &mut settings);
        if !actions.is_empty() {
            // What was changed is to be seen at once.
            ui.ctx().request_repaint();
        }
        for action in actions {
            match &action {
                Action::Load(name) => settings.preset.clone_from(name),
                Action::Save(name) => settings.preset.clone_from(name),
                Action::Reset => settings.preset.clear(),
                _ => {}
            }
            if let Some(context) = &self.context {
                memory.carry_out(&self.instance, context, action, &settings.folder);
            }
        }
        if settings != before {
            self.instance.params.set_settings(settings);
        }
    }

    fn close(&mut self) {
        self.instance.scope.set_open(false);
        self.context = None;
        // Its texture belongs to the window that closes.
        self.face = Face::default();
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        self.close();
    }
}

fn own_presets() -> Vec<String> {
    presets::folder().map(|folder| presets::names(&folder)).unwrap_or_default()
}

/// The system's clock where the user is, seconds since a midnight.
fn time_of_day_s() -> f64 {
    chrono::Local::now().naive_local().and_utc().timestamp_micros() as f64 * 1e-6
}

/// The folder that files go to.
fn folder(chosen: &str) -> PathBuf {
    if chosen.trim().is_empty() { export::default_folder() } else { PathBuf::from(chosen.trim()) }
}

impl Memory {
    /// Takes in everything that has crossed since the last picture.
    fn look(&mut self, instance: &Instance) {
        let Self { view, front_end, .. } = self;
        let scope = &instance.scope;
        let from_s = view.history.end_s();
        while let Some(column) = scope.next_column() {
            if let Some(front_end) = front_end {
                let full_db = front_end.full_scale_db();
                view.history.column(&column, |mel| front_end.log.decibels(mel) - full_db);
            }
        }
        while let Some(mark) = scope.next_mark() {
            view.history.mark(&mark);
        }
        while let Some(point) = scope.next_point() {
            view.history.point(&point);
        }
        while let Some(genre) = scope.next_genre() {
            view.history.genre(&genre);
        }
        view.history.heard(from_s, time_of_day_s());
        view.standing = scope.standing();
        bridge::refresh(&instance.params, &mut view.controls);
        view.threshold = instance.params.detect.threshold.value();
        view.hysteresis = instance.params.detect.hysteresis.value();
        view.most_hysteresis = MAX_HYSTERESIS;
        view.has_midi = instance.has_midi;
    }

    fn look_slowly(&mut self, instance: &Instance) {
        self.view.status = instance.engine.status();
        self.view.chosen_models = instance.params.models.shown();
        if let Some(models) = instance.engine.models() {
            self.learn(&models);
        }
        if instance.engine.take_tags(&mut self.tags) {
            let tags = self.tags.labels.iter().zip(&self.tags.probability);
            let tags = tags.map(|((tagger, label), &p)| (tagger.as_str(), label.as_str(), p));
            self.view.tags = shown(tags, TAGS_OF_EACH_KIND);
            self.view.tags.truncate(MOST_TAGS);
        }
        let (now, before) = self.view.history.pass_s();
        self.view.pass = Report::new(&self.view.history, now);
        // The pass before does not change any more.
        if self.view.pass_before.as_ref().map(|report| &report.range_s) != before.as_ref() {
            self.view.pass_before = before.map(|range_s| Report::new(&self.view.history, range_s));
        }
    }

    /// Takes the cards of the models in; once, and again should they change.
    fn learn(&mut self, models: &ModelSet) {
        let vocal = models.vocal_card();
        let cards = [vocal].into_iter().chain(models.tagger_cards());
        let cards: Vec<&Card> = cards.chain(models.coarse_card()).chain(models.head_card()).collect();
        if self.cards.iter().eq(cards.iter().copied()) {
            return;
        }
        self.cards = cards.into_iter().cloned().collect();
        self.view.models = self.cards.iter().map(model_card).collect();
        self.view.voice_labels.clone_from(&vocal.labels);
        if self.front_end.as_ref() != Some(&vocal.front_end) {
            self.view.band_centres_hz = vocal.front_end.band_centres_hz();
            self.view.history = History::new(vocal.front_end.hop_s(), vocal.front_end.n_mels);
            self.front_end = Some(vocal.front_end.clone());
        }
    }

    fn carry_out(&mut self, instance: &Instance, context: &GuiContext, action: Action, chosen_folder: &str) {
        let params = &*instance.params;
        let setter = context.param_setter();
        let apply = |values: &[(Id, f32)]| {
            for (id, value) in values {
                bridge::change(params, &setter, *id, *value);
            }
        };
        match action {
            Action::Begin(id) => bridge::begin(params, &setter, id),
            Action::Set(id, value) => bridge::set(params, &setter, id, value),
            Action::End(id) => bridge::end(params, &setter, id),
            Action::Type(id, text) => match bridge::parse(params, id, &text) {
                Some(value) => bridge::change(params, &setter, id, value),
                None => self.view.outcome = Some(Err(format!("\"{text}\" is no value here; type a number"))),
            },
            Action::Reset => {
                let defaults = Id::ALL.map(|id| (id, bridge::default(params, id)));
                apply(&defaults);
            }
            Action::SwapSets => {
                let now = bridge::snapshot(params);
                if let Some(other) = self.other_set.replace(now) {
                    apply(&other);
                }
                self.view.set = if self.view.set == Set::A { Set::B } else { Set::A };
            }
            Action::CopySet => self.other_set = Some(bridge::snapshot(params)),
            Action::Load(name) => {
                let loaded = bridge::preset_folder().and_then(|folder| presets::load(&folder, &name));
                match loaded {
                    Ok(values) => {
                        let text = |id| values.iter().find(|(known, _)| *known == id).map(|(_, text)| text.as_str());
                        let value = |id| text(id).and_then(|text| bridge::parse(params, id, text));
                        apply(&presets::SETS.map(|id| (id, value(id).unwrap_or_else(|| bridge::default(params, id)))));
                    }
                    Err(error) => self.view.outcome = Some(Err(format!("{error:#}"))),
                }
            }
            Action::Save(name) => {
                let saved = bridge::preset_folder().and_then(|at| presets::save(&at, &name, &self.view.controls));
                self.tell(saved.map(|()| format!("Saved as {name}.")));
                self.view.own_presets = own_presets();
            }
            Action::Delete(name) => {
                let deleted = bridge::preset_folder().and_then(|at| presets::delete(&at, &name));
                self.tell(deleted.map(|()| format!("{name} is deleted.")));
                self.view.own_presets = own_presets();
            }
            Action::BeginPass => self.view.history.begin_pass(),
            Action::ResetMaxima => self.view.history.reset_maxima(),
            Action::LoadModel(file) => {
                params.models.load(&file);
                self.view.chosen_models = params.models.shown();
            }
            Action::BuiltInModel(task) => {
                params.models.built_in(task);
                self.view.chosen_models = params.models.shown();
            }
            Action::ListModels(folder) => self.view.model_files = Some(model_files::list(&folder)),
            Action::Export(kind) => {
                let (now, _) = self.view.history.pass_s();
                let pass = Report::new(&self.view.history, now);
                let to = folder(chosen_folder);
                self.tell(self.export(kind, &pass, &to).map(|path| format!("Written: {}", path.display())));
            }
        }
    }

    fn export(&self, kind: export::Kind, pass: &Report, to: &Path) -> anyhow::Result<PathBuf> {
        export::write(kind, &self.view.history, pass, self.view.threshold, to)
    }

    fn tell(&mut self, outcome: anyhow::Result<String>) {
        self.view.outcome = Some(outcome.map_err(|error| format!("{error:#}")));
    }
}

fn model_card(card: &Card) -> ModelCard {
    let role = match card.task {
        Task::Vocal => "voice",
        Task::Tags => "tags and genre",
        Task::Genre => "genres of one's own",
    };
    let mut facts = vec![
        ("Trained on".to_owned(), card.training_data.clone()),
        ("Made by".to_owned(), card.attribution.clone()),
        ("Source".to_owned(), card.source.clone()),
        ("Licence".to_owned(), card.licence.clone()),
    ];
    if let Some(provenance) = &card.provenance {
        facts.push(("Weights from".to_owned(), format!("{} {}", provenance.package, provenance.version)));
    }
    ModelCard {
        name: card.name.clone(),
        role: role.to_owned(),
        description: card.description.clone(),
        facts,
        scores: card.scores.iter().map(|s| (format!("{}, {}", s.metric, s.data), s.value)).collect(),
    }
}
