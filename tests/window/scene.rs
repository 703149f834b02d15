//! The window in a harness, filled with a view.

mod view;

use earmark::editor::{Face, Settings, View, draw, theme};
use earmark::plugin::scope::Point;
use earmark::say::genre::GenreState;
use egui::{UiBuilder, Vec2};
use egui_kittest::Harness;

use crate::raster::Textures;

use view::belief;
pub use view::{idle, singing};

/// Everything that a window holds.
pub struct Scene {
    pub face: Face,
    pub view: View,
    pub settings: Settings,
    /// What was asked for since the scene was made.
    pub actions: Vec<earmark::editor::control::Action>,
}

impl Scene {
    pub fn new(view: View) -> Self {
        Self { face: Face::default(), view, settings: Settings::default(), actions: Vec::new() }
    }

    /// The scene in a window of `size` points.
    pub fn harness(self, size: Vec2, scale: f32, textures: &Textures) -> Harness<'static, Self> {
        Harness::builder()
            .with_size(size)
            .with_pixels_per_point(scale)
            .with_max_steps(8)
            .with_step_dt(1.0 / 60.0)
            .renderer(textures.clone())
            .with_context_setup(theme::install)
            .build_ui_state(
                |ui, scene| {
                    let whole = ui.ctx().viewport_rect();
                    ui.set_clip_rect(whole);
                    ui.scope_builder(UiBuilder::new().max_rect(whole), |ui| {
                        ui.set_clip_rect(whole);
                        let wanted = draw(ui, &mut scene.face, &scene.view, &mut scene.settings);
                        scene.actions.extend(wanted);
                    });
                },
                self,
            )
    }
}

/// The same song in a part without a voice, of no clear genre.
pub fn instrumental() -> View {
    let mut view = singing();
    view.standing.point = Point { probability: 0.08, outputs: [0.08, 0.01, 0.97], ..Point::default() };
    view.standing.genre = GenreState { top: None, ..belief(None) };
    view.standing.gain = 1.0;
    view
}
