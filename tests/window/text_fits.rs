//! No text is cut off, at any size, also with labels as long as German ones.

use earmark::editor::settings::Page;
use egui::epaint::{ClippedShape, Shape};
use egui::{Vec2, vec2};
use egui_kittest::kittest::Queryable;

use crate::raster::Textures;
use crate::scene::{Scene, singing};

/// Texts that leave their clip rectangle to the left or right, or were shortened.
fn cut_off(shapes: &[ClippedShape]) -> Vec<String> {
    fn look(shape: &Shape, clip: egui::Rect, found: &mut Vec<String>) {
        match shape {
            Shape::Vec(shapes) => shapes.iter().for_each(|shape| look(shape, clip, found)),
            Shape::Text(text) => {
                let rect = text.galley.rect.translate(text.pos.to_vec2());
                let seen = rect.max.y > clip.min.y + 1.0 && rect.min.y < clip.max.y - 1.0;
                let outside = rect.min.x < clip.min.x - 0.5 || rect.max.x > clip.max.x + 0.5;
                if (seen && outside) || text.galley.elided {
                    found.push(text.galley.text().to_owned());
                }
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    shapes.iter().for_each(|ClippedShape { clip_rect, shape, .. }| look(shape, *clip_rect, &mut found));
    found
}

fn at(size: Vec2, page: Page, longer: bool) -> Vec<String> {
    let mut scene = Scene::new(singing());
    scene.settings.page = page;
    if longer {
        for control in &mut scene.view.controls {
            control.name = format!("{}begrenzungswert", control.name);
            control.choices.iter_mut().for_each(|choice| *choice = format!("{choice}einstellung"));
        }
        scene.view.own_presets = vec!["Lieblingssängerinneneinstellung (Studio)".to_owned()];
        scene.settings.preset = "Lieblingssängerinneneinstellung".to_owned();
        scene.view.folder = "/home/anna/Aufnahmen und Mischungen/Zwischenstände/Gesangserkennung".to_owned();
        let folder = std::path::PathBuf::from(&scene.view.folder);
        let name = "Lieblingssängerinnenerkennungsmodell (zweite Fassung).safetensors";
        scene.view.chosen_models.in_use.voice = Some(folder.join(name));
        scene.view.chosen_models.in_use.genre = Some(folder.join(name));
        scene.view.chosen_models.loading = true;
        scene.view.chosen_models.refusal = Some(format!("{}/{name} enthält keine Gewichte", scene.view.folder));
        scene.view.model_files = Some(earmark::editor::model_files::Files {
            folder: folder.clone(),
            folders: vec!["Gesangserkennungsmodelle vom letzten Jahr".to_owned(); 12],
            models: vec![(name.to_owned(), 98_765_432); 3],
            problem: Some("Dieser Ordner kann nicht gelesen werden: Zugriff verweigert.".to_owned()),
        });
        scene.settings.model_folders = vec![folder];
        scene.view.status.note = Some("die Modelldatei ist beschädigt; bitte das Plugin neu installieren".to_owned());
    }
    let mut harness = scene.harness(size, 1.0, &Textures::default());
    harness.run_ok();
    if let Some(list) = harness.query_by_label("Load another model") {
        list.click_accesskit();
        harness.run_ok();
    }
    cut_off(&harness.output().shapes)
}

#[test]
fn nothing_is_cut_off_from_the_smallest_to_the_largest_window() {
    let sizes = [(480.0, 320.0), (560.0, 700.0), (720.0, 460.0), (960.0, 640.0), (1_600.0, 900.0), (3_840.0, 2_160.0)];
    for (width, height) in sizes {
        for page in Page::ALL {
            for longer in [false, true] {
                let found = at(vec2(width, height), page, longer);
                assert!(found.is_empty(), "{width} x {height}, {page:?}, longer: {longer}: {found:?}");
            }
        }
    }
}
