//! What a picture of the window costs its thread: layout, shapes and triangles, without the graphics driver. Sixty of
//! them a second at 3 % of a core is half a millisecond each.
#![allow(missing_docs)] // criterion's macros

use criterion::{Criterion, criterion_group, criterion_main};
use earmark::editor::{Face, Settings, draw, theme};
use earmark::plugin::scope::Point;
use egui::{Rect, UiBuilder, pos2, vec2};

#[path = "../tests/window/scene/view.rs"]
mod view;

fn picture(criterion: &mut Criterion) {
    let ctx = egui::Context::default();
    theme::install(&ctx);
    let (mut face, mut settings, mut view) = (Face::default(), Settings::default(), view::singing());
    let mut frame = view.history.frames().end;
    let mut seconds = 0.0;
    criterion.bench_function("window/picture", |bencher| {
        bencher.iter(|| {
            // What a sixtieth of a second brings, rounded up.
            for _ in 0..2 {
                view.history.column(&view::column(frame, true), |mel| mel);
                view.history.point(&Point { frame, probability: 0.8, gate: true, ..Point::default() });
                frame += 1;
            }
            seconds += 1.0 / 60.0;
            let size = vec2(960.0, 640.0);
            let screen = Rect::from_min_size(pos2(0.0, 0.0), size);
            let input = egui::RawInput { screen_rect: Some(screen), time: Some(seconds), ..egui::RawInput::default() };
            let output = ctx.run_ui(input, |ui| {
                ui.scope_builder(UiBuilder::new().max_rect(screen), |ui| draw(ui, &mut face, &view, &mut settings));
            });
            let triangles = ctx.tessellate(output.shapes.clone(), 1.0).len();
            output.drop_without_applying_deltas();
            triangles
        });
    });
}

criterion_group!(benches, picture);
criterion_main!(benches);
