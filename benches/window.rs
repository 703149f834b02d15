//! What a picture of the window costs its thread: layout, shapes and triangles, without the graphics driver, in
//! processor time. Sixty of them a second at 3 % of a core is half a millisecond each.
#![allow(missing_docs)] // criterion's macros

use std::time::Duration;

use cpu_time::ThreadTime;
use criterion::measurement::{Measurement, ValueFormatter, WallTime};
use criterion::{Criterion, criterion_group, criterion_main};
use earmark::editor::settings::{Page, Span};
use earmark::editor::{Face, Settings, draw, theme};
use earmark::plugin::scope::Point;
use egui::{Rect, UiBuilder, pos2, vec2};

#[path = "../tests/window/scene/view.rs"]
mod view;

/// Time that this thread was run, whatever else the machine does.
struct ProcessorTime;

impl Measurement for ProcessorTime {
    type Intermediate = ThreadTime;
    type Value = Duration;

    fn start(&self) -> ThreadTime {
        ThreadTime::now()
    }

    fn end(&self, start: ThreadTime) -> Duration {
        start.elapsed()
    }

    fn add(&self, one: &Duration, other: &Duration) -> Duration {
        *one + *other
    }

    fn zero(&self) -> Duration {
        Duration::ZERO
    }

    fn to_f64(&self, value: &Duration) -> f64 {
        WallTime.to_f64(value)
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        WallTime.formatter()
    }
}

fn pictures(criterion: &mut Criterion<ProcessorTime>) {
    // With the pointer over everything, as if at work in it; else left alone.
    for (name, rests, span, page) in [
        ("picture", true, Span::Middle, Page::Controls),
        ("picture of a minute", true, Span::Long, Page::Pass),
        ("picture, all drawn anew", false, Span::Middle, Page::Controls),
    ] {
        let ctx = egui::Context::default();
        theme::install(&ctx);
        let mut face = if rests { Face::resting() } else { Face::default() };
        let mut settings = Settings { span, page, ..Settings::default() };
        let mut view = view::singing();
        let mut frame = view.history.frames().end;
        let mut seconds = 0.0;
        criterion.bench_function(&format!("window/{name}"), |bencher| {
            bencher.iter(|| {
                // What a sixtieth of a second brings, rounded up.
                for _ in 0..2 {
                    view.history.column(&view::column(frame, true), |mel| mel);
                    let probability = 0.8 + 0.1 * (frame as f32 * 0.3).sin();
                    view.history.point(&Point { frame, probability, gate: true, ..Point::default() });
                    frame += 1;
                }
                view.standing.point.probability = 0.8 + 0.1 * (frame as f32 * 0.3).sin();
                seconds += 1.0 / 60.0;
                let size = vec2(960.0, 640.0);
                let screen = Rect::from_min_size(pos2(0.0, 0.0), size);
                let input =
                    egui::RawInput { screen_rect: Some(screen), time: Some(seconds), ..egui::RawInput::default() };
                let mut output = ctx.run_ui(input, |ui| {
                    ui.scope_builder(UiBuilder::new().max_rect(screen), |ui| draw(ui, &mut face, &view, &mut settings));
                });
                let triangles = ctx.tessellate(std::mem::take(&mut output.shapes), 1.0).len();
                output.drop_without_applying_deltas();
                triangles
            });
        });
    }
}

criterion_group!(name = benches; config = Criterion::default().with_measurement(ProcessorTime); targets = pictures);
criterion_main!(benches);
