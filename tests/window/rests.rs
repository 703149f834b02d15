//! What stands still is shown again instead of drawn anew, and nobody can tell: it looks the same to the pixel, answers a
//! click that comes out of the blue, and wakes when what it shows changes.

use earmark::editor::control::{Action, Id};
use earmark::editor::settings::Page;
use earmark::editor::{Face, Settings, View, draw, theme};
use earmark::plugin::scope::Point;
use egui::epaint::Shape;
use egui::{ColorImage, Event, Modifiers, PointerButton, Pos2, Rect, UiBuilder, Vec2, vec2};
use egui_kittest::TestRenderer;

use crate::raster::{Textures, draw as rasterize};
use crate::scene::singing;

/// A window without a screen reader, in which time passes.
struct Window {
    ctx: egui::Context,
    face: Face,
    view: View,
    settings: Settings,
    textures: Textures,
    size: Vec2,
    seconds: f64,
    actions: Vec<Action>,
    /// Texts in the last picture that were laid out for it.
    texts: usize,
}

impl Window {
    fn new(size: Vec2, page: Page, rests: bool) -> Self {
        let ctx = egui::Context::default();
        theme::install(&ctx);
        let face = if rests { Face::resting() } else { Face::default() };
        let settings = Settings { page, ..Settings::default() };
        let textures = Textures::default();
        Self { ctx, face, view: singing(), settings, textures, size, seconds: 0.0, actions: Vec::new(), texts: 0 }
    }

    fn picture(&mut self, events: Vec<Event>) -> ColorImage {
        let triangles = self.triangles(events);
        rasterize(&self.textures, &triangles, [self.size.x as usize, self.size.y as usize], 1.0)
    }

    fn triangles(&mut self, events: Vec<Event>) -> Vec<egui::ClippedPrimitive> {
        self.seconds += 1.0 / 60.0;
        let screen = Rect::from_min_size(Pos2::ZERO, self.size);
        let input = egui::RawInput {
            screen_rect: Some(screen),
            time: Some(self.seconds),
            events,
            focused: true,
            ..egui::RawInput::default()
        };
        let Self { ctx, face, view, settings, actions, .. } = self;
        let mut output = ctx.run_ui(input, |ui| {
            ui.scope_builder(UiBuilder::new().max_rect(screen), |ui| actions.extend(draw(ui, face, view, settings)));
        });
        self.textures.handle_delta(&mut output.textures_delta);
        self.texts = output.shapes.iter().filter(|clipped| matches!(clipped.shape, Shape::Text(_))).count();
        ctx.tessellate(std::mem::take(&mut output.shapes), 1.0)
    }

    /// Lets a second pass, in which a voice goes on.
    fn settle(&mut self) -> ColorImage {
        for _ in 0..60 {
            let frame = self.view.history.frames().end;
            self.view.history.point(&Point { frame, probability: 0.8, gate: true, ..Point::default() });
            self.triangles(Vec::new());
        }
        self.picture(Vec::new())
    }
}

fn same(one: &ColorImage, other: &ColorImage) -> bool {
    let near = |(a, b): (&egui::Color32, &egui::Color32)| (0..3).all(|channel| a[channel].abs_diff(b[channel]) <= 1);
    one.size == other.size && one.pixels.iter().zip(&other.pixels).all(near)
}

#[test]
fn what_stands_still_looks_as_if_it_were_drawn() {
    for (size, pages) in [
        (vec2(760.0, 470.0), &[Page::Controls, Page::Pass, Page::Engine, Page::Export][..]),
        (vec2(480.0, 320.0), &Page::ALL[..]),
    ] {
        for &page in pages {
            let (mut resting, mut drawn) = (Window::new(size, page, true), Window::new(size, page, false));
            let (one, other) = (resting.settle(), drawn.settle());
            assert!(same(&one, &other), "{size:?}, {page:?}");
            // The timeline's own texts are few; those of a page are not laid out any more.
            assert!(
                resting.texts < 40 && resting.texts < drawn.texts,
                "{page:?}: {} of {}",
                resting.texts,
                drawn.texts
            );
            // What it shows changes.
            for window in [&mut resting, &mut drawn] {
                window.view.standing.genre.top = Some(2);
                window.view.controls.iter_mut().for_each(|control| control.value = 0.25);
                window.view.status.load = 0.95;
            }
            assert!(same(&resting.picture(Vec::new()), &drawn.picture(Vec::new())), "{size:?}, {page:?}, changed");
        }
    }
}

#[test]
fn a_click_out_of_the_blue_reaches_what_rests() {
    let mut window = Window::new(vec2(960.0, 640.0), Page::Controls, true);
    window.settle();
    let laid_out = window.texts;
    // Looks where "Write" lies, with a window that is awake.
    let mut awake = Window::new(vec2(960.0, 640.0), Page::Controls, false);
    awake.settle();
    let input = egui::RawInput {
        screen_rect: Some(Rect::from_min_size(Pos2::ZERO, awake.size)),
        time: Some(9.0),
        ..egui::RawInput::default()
    };
    let Window { ctx, face, view, settings, .. } = &mut awake;
    let output = ctx.run_ui(input, |ui| {
        draw(ui, face, view, settings);
    });
    let write = output.shapes.iter().find_map(|clipped| match &clipped.shape {
        Shape::Text(text) if text.galley.text() == "Write" => Some(text.pos + text.galley.rect.center().to_vec2()),
        _ => None,
    });
    let at = write.expect("a button");
    output.drop_without_applying_deltas();
    let button = |pressed| Event::PointerButton {
        pos: at,
        button: PointerButton::Primary,
        pressed,
        modifiers: Modifiers::default(),
    };
    // Pointer, press and release all arrive before the next picture.
    window.picture(vec![Event::PointerMoved(at), button(true), button(false)]);
    window.picture(Vec::new());
    let set = window.actions.iter().any(|action| matches!(action, Action::Set(Id::Automation, _)));
    assert!(set, "{:?}", window.actions);
    assert!(window.texts > laid_out, "and it is awake");
}
