//! The window looks as it did when somebody last looked at it. Where it is meant to have changed:
//! `EARMARK_UPDATE_PICTURES=1 cargo test --release --test window`, and look.

use std::fs::File;
use std::io::BufWriter;
use std::path::PathBuf;

use earmark::editor::model_files::Files;
use earmark::editor::settings::{Axis, Look, Page, Span};
use egui::{ColorImage, Vec2, pos2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;

use crate::raster::{Textures, draw};
use crate::scene::{Scene, idle, instrumental, second_pass, singing};

/// A channel may differ by this much, 0..255: rounding differs from processor to processor.
const TOLERANCE: u8 = 24;
/// Share of pixels that may differ by more.
const MOST_DIFFERENT: f64 = 0.002;

fn picture(scene: Scene, size: Vec2, scale: f32) -> ColorImage {
    let textures = Textures::default();
    let mut harness = scene.harness(size, scale, &textures);
    harness.run_ok();
    drawn(&mut harness, &textures, size, scale)
}

fn drawn(harness: &mut Harness<'static, Scene>, textures: &Textures, size: Vec2, scale: f32) -> ColorImage {
    let pixels = [(size.x * scale) as usize, (size.y * scale) as usize];
    let primitives = harness.ctx.tessellate(harness.output().shapes.clone(), scale);
    draw(textures, &primitives, pixels, scale)
}

fn keeps(name: &str, scene: Scene, size: Vec2, scale: f32) {
    keeps_picture(name, &picture(scene, size, scale));
}

fn keeps_picture(name: &str, drawn: &ColorImage) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/window/pictures").join(format!("{name}.png"));
    if std::env::var_os("EARMARK_UPDATE_PICTURES").is_some() {
        save(&path, drawn);
        return;
    }
    let kept = image::open(&path).expect("a kept picture").to_rgb8();
    assert_eq!([kept.width() as usize, kept.height() as usize], drawn.size, "{name}");
    let differs = |(kept, drawn): &(&image::Rgb<u8>, &egui::Color32)| {
        (0..3).any(|channel| kept.0[channel].abs_diff(drawn[channel]) > TOLERANCE)
    };
    let different = kept.pixels().zip(&drawn.pixels).filter(differs).count() as f64 / drawn.pixels.len() as f64;
    if different > MOST_DIFFERENT {
        let beside = std::env::temp_dir().join(format!("earmark-window-{name}.png"));
        save(&beside, drawn);
        panic!("{name}: {:.2} % of it differs; it now looks like {}", different * 100.0, beside.display());
    }
}

fn save(path: &std::path::Path, picture: &ColorImage) {
    let file = BufWriter::new(File::create(path).expect("can be written"));
    let mut encoder = png::Encoder::new(file, picture.width() as u32, picture.height() as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_compression(png::Compression::Best);
    encoder.set_adaptive_filter(png::AdaptiveFilterType::Adaptive);
    let rows: Vec<u8> = picture.pixels.iter().flat_map(|pixel| [pixel.r(), pixel.g(), pixel.b()]).collect();
    encoder.write_header().expect("can be written").write_image_data(&rows).expect("can be written");
}

fn with(view: earmark::editor::View, change: impl FnOnce(&mut earmark::editor::Settings)) -> Scene {
    let mut scene = Scene::new(view);
    scene.settings.look = Look::Dark;
    change(&mut scene.settings);
    scene
}

const USUAL: Vec2 = vec2(960.0, 640.0);
const SMALL: Vec2 = vec2(480.0, 320.0);

#[test]
fn idle_in_the_dark() {
    keeps("idle", with(idle(), |_| {}), USUAL, 1.0);
}

#[test]
fn singing_in_the_dark() {
    keeps("singing", with(singing(), |_| {}), USUAL, 1.0);
}

#[test]
fn singing_in_the_light_over_a_minute() {
    keeps(
        "singing-light",
        with(singing(), |s| (s.look, s.span, s.axis) = (Look::Light, Span::Long, Axis::Bars)),
        USUAL,
        1.0,
    );
}

#[test]
fn an_instrumental_part_with_the_pass_below() {
    keeps("instrumental", with(instrumental(), |s| (s.page, s.span) = (Page::Pass, Span::Long)), USUAL, 1.0);
}

#[test]
fn a_second_pass_with_the_first_behind_it() {
    keeps("second-pass", with(second_pass(), |s| s.page = Page::Pass), USUAL, 1.0);
}

/// The dialog for a model file, with a folder listed.
fn choosing(look: Look, size: Vec2) -> ColorImage {
    let mut view = singing();
    view.chosen_models.in_use.voice = Some("/home/anna/nets/my-voice.safetensors".into());
    view.model_files = Some(Files {
        folder: "/home/anna/nets".into(),
        folders: vec!["older".into(), "tries".into()],
        models: vec![
            ("my-genres.safetensors".into(), 12_400_000),
            ("my-voice.safetensors".into(), 980_000),
            ("my-voice-2.safetensors".into(), 1_010_000),
        ],
        problem: None,
    });
    let scene = with(view, |s| {
        (s.page, s.look) = (Page::Engine, look);
        s.model_folders = vec!["/home/anna/nets".into()];
    });
    let textures = Textures::default();
    let mut harness = scene.harness(size, 1.0, &textures);
    harness.run_ok();
    harness.get_by_label("Load another model").click_accesskit();
    harness.run_ok();
    harness.get_by_label("my-voice-2.safetensors").click_accesskit();
    harness.run_ok();
    drawn(&mut harness, &textures, size, 1.0)
}

#[test]
fn another_model_being_chosen_in_the_light() {
    keeps_picture("models-light", &choosing(Look::Light, USUAL));
}

#[test]
fn another_model_being_chosen_in_the_dark_and_small() {
    keeps_picture("models-small", &choosing(Look::Dark, SMALL));
}

/// Where the pointer is, values are read and the spectrum is that moment's.
#[test]
fn values_under_the_pointer_by_the_clock() {
    let textures = Textures::default();
    let mut harness = with(singing(), |s| s.axis = Axis::Clock).harness(USUAL, 1.0, &textures);
    harness.run_ok();
    harness.hover_at(pos2(330.0, 190.0));
    harness.run_ok();
    keeps_picture("pointer", &drawn(&mut harness, &textures, USUAL, 1.0));
}

#[test]
fn a_problem_with_the_engine_below() {
    let mut view = singing();
    view.status.note = Some("a model is damaged (weights are not finite); reinstall the plugin".to_owned());
    keeps("problem", with(view, |s| s.page = Page::Engine), USUAL, 1.0);
}

#[test]
fn small_with_the_timeline_alone() {
    keeps("small-timeline", with(singing(), |s| s.page = Page::Timeline), SMALL, 1.0);
}

#[test]
fn small_with_the_controls_in_the_light() {
    keeps("small-controls", with(singing(), |s| (s.page, s.look) = (Page::Controls, Look::Light)), SMALL, 1.0);
}

#[test]
fn small_at_twice_the_pixels() {
    keeps("small-2x", with(singing(), |s| s.page = Page::Now), SMALL, 2.0);
}

#[test]
fn large() {
    keeps("large", with(singing(), |s| s.page = Page::Export), vec2(1_480.0, 820.0), 1.0);
}
