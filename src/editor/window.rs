//! The window itself: collects a view of where things stand and lays out the widgets.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use egui::{Align, Layout, Ui, vec2};
use nice_plug::context::gui::GuiContext;
use nice_plug::prelude::{ParamSetter, ResizeHint};
use nice_plug_egui::widgets::ParamSlider;
use nice_plug_egui::{
    EguiEditor, EguiEditorState, EguiNiceSettings, Frame, NiceEguiApp, RepaintNotifier, create_egui_editor,
};

use super::{EngineSlot, bars, curve, standing};
use crate::engine::Status;
use crate::plugin::params::EarmarkParams;
use crate::plugin::scope::{Point, ScopeOutput, Standing};

/// Size at first, in points.
const SIZE: (f64, f64) = (720.0, 460.0);
/// Points of the curve that are kept: 15 s.
const KEPT: usize = 1_500;
/// Time from picture to picture while the window is open.
const REFRESH: Duration = Duration::from_millis(33);

/// The editor type that hosts are given.
pub type EarmarkEditor = EguiEditor<Window>;

/// Everything that is drawn.
#[derive(Default)]
pub struct View {
    /// The curve, oldest first.
    pub points: VecDeque<Point>,
    /// Where things stand.
    pub standing: Standing,
    /// The engine.
    pub status: Status,
    /// Threshold of the gate.
    pub threshold: f32,
    /// Automation mode, in words.
    pub automation: String,
}

/// The window of one instance.
pub struct Window {
    params: Arc<EarmarkParams>,
    scope: ScopeOutput,
    engine: EngineSlot,
    view: View,
    context: Option<GuiContext>,
}

/// A window for the instance behind `params`, `scope` and `engine`.
#[must_use]
pub fn create_editor(params: Arc<EarmarkParams>, scope: ScopeOutput, engine: EngineSlot) -> Option<EarmarkEditor> {
    let size = nice_plug_egui::baseview::dpi::LogicalSize::new(SIZE.0, SIZE.1);
    create_egui_editor(
        EguiEditorState::from_size(size, 1.0),
        RepaintNotifier::default(),
        EguiNiceSettings::new()
            .with_tile("Earmark")
            .with_resize_hint(ResizeHint { can_resize: true, ..ResizeHint::default() }),
        Window { params, scope, engine, view: View::default(), context: None },
    )
}

impl NiceEguiApp for Window {
    fn build(
        &mut self,
        _ctx: egui::Context,
        context: GuiContext,
        _frame: &mut Frame,
    ) -> Result<(), nice_plug_egui::baseview::HandlerError> {
        self.context = Some(context);
        self.view.points.clear();
        self.scope.set_open(true);
        Ok(())
    }

    fn ui(&mut self, ui: &mut Ui, _frame: &mut Frame) {
        self.look();
        ui.ctx().request_repaint_after(REFRESH);
        egui::CentralPanel::default().show(ui, |ui| {
            draw(ui, &self.view);
            ui.separator();
            if let Some(context) = &self.context {
                controls(ui, &self.params, &context.param_setter());
            }
        });
    }

    fn editor_closed(&mut self) {
        self.scope.set_open(false);
        self.context = None;
    }
}

impl Window {
    fn look(&mut self) {
        let view = &mut self.view;
        while let Some(point) = self.scope.next_point() {
            // A reset of the instance starts its clock anew.
            if view.points.back().is_some_and(|last| point.time_s < last.time_s) {
                view.points.clear();
            }
            if view.points.len() == KEPT {
                view.points.pop_front();
            }
            view.points.push_back(point);
        }
        view.standing = self.scope.standing();
        view.status = self.engine.status();
        view.threshold = self.params.detect.threshold.value();
        view.automation = self.params.emit.automation.to_string();
    }
}

/// Draws the view: curve on the left, genres on the right, where things stand below.
pub fn draw(ui: &mut Ui, view: &View) {
    let height = (ui.available_height() * 0.6).max(160.0);
    ui.allocate_ui_with_layout(vec2(ui.available_width(), height), Layout::left_to_right(Align::Min), |ui| {
        let bars_width = 190.0;
        curve::curve(ui, view, vec2((ui.available_width() - bars_width - 12.0).max(120.0), height));
        bars::bars(ui, &view.standing.genre, vec2(bars_width, height));
    });
    standing::standing(ui, view);
}

fn controls(ui: &mut Ui, params: &EarmarkParams, setter: &ParamSetter<'_>) {
    let width = 74.0;
    egui::ScrollArea::vertical().show(ui, |ui| {
        egui::Grid::new("controls").num_columns(6).spacing(vec2(10.0, 6.0)).show(ui, |ui| {
            macro_rules! row {
                ($($name:literal: $param:expr),*) => {
                    $(ui.label($name); ui.add(ParamSlider::for_param($param, setter).with_width(width));)*
                    ui.end_row();
                };
            }
            row!("Automation": &params.emit.automation, "Threshold": &params.detect.threshold, "Attack": &params.shape.attack);
            row!("Source": &params.detect.source, "Hysteresis": &params.detect.hysteresis, "Hold": &params.shape.hold);
            row!("Ride": &params.shape.ride, "Genre window": &params.detect.genre_window, "Release": &params.shape.release);
            row!("MIDI": &params.emit.midi, "Align audio": &params.emit.align, "Bypass": &params.bypass);
        });
    });
}
