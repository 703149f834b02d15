//! The window in a harness, filled with a view.

mod view;

use earmark::editor::pass::Report;
use earmark::editor::{Face, Settings, View, draw, theme};
use earmark::plugin::scope::{GenrePoint, Mark, Place, Point};
use earmark::say::genre::GenreState;
use egui::{UiBuilder, Vec2};
use egui_kittest::Harness;

use crate::raster::Textures;

use view::{belief, column};
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

/// The same, and then from the middle on once more, with another take of the last phrase.
pub fn second_pass() -> View {
    let mut view = singing();
    for frame in 6_000..7_600_u64 {
        let at_s = frame as f64 * 0.01;
        // Where it stands in the song, and what was heard there before.
        let song_s = at_s - 60.0 + 40.0;
        let sung = [41.5..44.0, 45.0..50.2, 52.0..60.0].iter().any(|p| p.contains(&song_s));
        let wobble = 0.08 * ((at_s * 3.1).sin() as f32);
        let probability = (if sung { 0.82 } else { 0.18 } + wobble).clamp(0.0, 1.0);
        view.history.column(&column(frame, sung), |mel| mel);
        let outputs = [probability, 0.1, 0.9];
        let point = Point { pass: 0, frame, probability, outputs, gate: sung, level: f32::from(u8::from(sung)) };
        view.history.point(&point);
        let place = Place {
            playing: true,
            song_s: Some(song_s + 32.0),
            beats: Some((song_s + 32.0) * 2.0),
            tempo: Some(120.0),
            bar_beats: Some(4.0),
            ..Place::default()
        };
        view.history.mark(&Mark { pass: 0, time_s: at_s, place });
        if frame % 100 == 99 {
            view.history.genre(&GenrePoint { pass: 0, time_s: at_s, state: belief(Some(4)), saying: true });
        }
    }
    view.pass = Report::new(&view.history, 60.0..76.0);
    view.pass_before = Some(Report::new(&view.history, 0.0..60.0));
    view
}
