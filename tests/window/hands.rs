//! Mouse, keyboard and screen reader reach what can be set, and what they ask for is what leaves the window.

use std::path::{Path, PathBuf};

use earmark::editor::control::{Action, Id};
use earmark::editor::model_files;
use earmark::editor::settings::{Axis, Page};
use earmark::nets::Task;
use egui::accesskit::Role;
use egui::{Key, Modifiers, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};

use crate::raster::Textures;
use crate::scene::{Scene, singing};

fn window(page: Page) -> Harness<'static, Scene> {
    let mut scene = Scene::new(singing());
    scene.view.has_midi = true;
    scene.settings.page = page;
    let mut harness = scene.harness(vec2(1_200.0, 900.0), 1.0, &Textures::default());
    harness.run_ok();
    harness.state_mut().actions.clear();
    harness
}

fn actions(harness: &mut Harness<'static, Scene>) -> Vec<Action> {
    harness.run_ok();
    std::mem::take(&mut harness.state_mut().actions)
}

#[test]
fn every_parameter_has_a_labelled_control() {
    let harness = window(Page::Controls);
    for control in &harness.state().view.controls {
        let found = harness.query_all_by_label_contains(&control.name).count();
        assert!(found > 0, "{}", control.name);
    }
    for words in ["Threshold line", "Line at which the gate closes", "Timeline, live", "Freeze"] {
        assert_eq!(harness.query_all_by_label(words).count(), 1, "{words}");
    }
}

#[test]
fn the_modes_are_four_buttons_and_each_sets_its_own_value() {
    let mut harness = window(Page::Controls);
    for (name, value) in [("Off", 0.0), ("Write", 2.0 / 3.0), ("Read", 1.0)] {
        harness.get_all_by_label(name).next().expect("a button").click();
        let asked = actions(&mut harness);
        assert!(asked.contains(&Action::Begin(Id::Automation)), "{name}: {asked:?}");
        let set = asked.iter().find_map(|a| if let Action::Set(Id::Automation, v) = a { Some(*v) } else { None });
        assert!((set.expect("a value") - value).abs() < 1e-6, "{name}");
    }
}

#[test]
fn arrow_keys_move_a_parameter_in_a_gesture_and_backspace_puts_it_back() {
    let mut harness = window(Page::Controls);
    harness.get_by_role_and_label(Role::Slider, "Hold").focus();
    harness.run_ok();
    assert!(harness.get_by_role_and_label(Role::Slider, "Hold").is_focused(), "the keyboard reaches it");
    let before = harness.state().view.control(Id::Hold).expect("there").value;
    harness.key_press(Key::ArrowRight);
    let asked = actions(&mut harness);
    assert_eq!(asked, Action::set(Id::Hold, before + 0.01));
    harness.key_press(Key::Backspace);
    let default = harness.state().view.control(Id::Hold).expect("there").default;
    assert_eq!(actions(&mut harness), Action::set(Id::Hold, default));
}

#[test]
fn a_screen_reader_steps_a_parameter() {
    let mut harness = window(Page::Controls);
    let before = harness.state().view.control(Id::Attack).expect("there").value;
    harness.get_by_role_and_label(Role::Slider, "Attack").increment_accesskit();
    assert_eq!(actions(&mut harness), Action::set(Id::Attack, before + 0.01));
}

#[test]
fn the_tab_key_reaches_every_control() {
    let mut harness = window(Page::Controls);
    let mut reached = std::collections::BTreeSet::new();
    for _ in 0..120 {
        harness.key_press(Key::Tab);
        harness.run_ok();
        if let Some(node) = harness.root().children_recursive().find(egui_kittest::Node::is_focused) {
            reached.insert(node.accesskit_node().label().unwrap_or_default());
        }
    }
    for name in [
        "Threshold",
        "Attack",
        "Ride",
        "Off",
        "Align audio",
        "Bypass",
        "Threshold line",
        "Reset",
        "Freeze",
        "Take away",
    ] {
        assert!(reached.contains(name), "{name} is not among {reached:?}");
    }
}

#[test]
fn dragging_the_threshold_line_is_one_gesture() {
    let mut harness = window(Page::Controls);
    let line = harness.get_by_label("Threshold line").rect();
    harness.hover_at(line.center());
    harness.run_ok();
    harness.drag_at(line.center());
    harness.run_ok();
    harness.hover_at(line.center() - vec2(0.0, 20.0));
    harness.run_ok();
    harness.drop_at(line.center() - vec2(0.0, 20.0));
    let asked = actions(&mut harness);
    assert_eq!(asked.first(), Some(&Action::Begin(Id::Threshold)), "{asked:?}");
    assert_eq!(asked.last(), Some(&Action::End(Id::Threshold)), "{asked:?}");
    let highest = asked.iter().filter_map(|a| if let Action::Set(Id::Threshold, v) = a { Some(*v) } else { None });
    assert!(highest.fold(0.0, f32::max) > 0.5, "up is more: {asked:?}");
}

#[test]
fn a_double_click_puts_a_parameter_back_and_shift_moves_finely() {
    let mut harness = window(Page::Controls);
    let track = harness.get_by_role_and_label(Role::Slider, "Release").rect();
    let drag = |harness: &mut Harness<'static, Scene>, modifiers: Modifiers| {
        harness.event(egui::Event::ModifiersChanged(modifiers));
        harness.hover_at(track.center());
        harness.run_ok();
        harness.drag_at(track.center());
        harness.run_ok();
        harness.hover_at(track.center() + vec2(20.0, 0.0));
        harness.run_ok();
        harness.drop_at(track.center() + vec2(20.0, 0.0));
        let asked = actions(harness);
        let values: Vec<f32> =
            asked.iter().filter_map(|a| if let Action::Set(Id::Release, v) = a { Some(*v) } else { None }).collect();
        values.iter().fold(f32::NEG_INFINITY, |m, v| m.max(*v))
    };
    let now = harness.state().view.control(Id::Release).expect("there").value;
    let fine = drag(&mut harness, Modifiers::SHIFT) - now;
    assert!(fine > 0.0 && fine < 0.03, "a tenth of the way: {fine}");
    let default = harness.state().view.control(Id::Release).expect("there").default;
    for _ in 0..2 {
        harness.get_by_role_and_label(Role::Slider, "Release").click();
        harness.step();
    }
    assert!(actions(&mut harness).ends_with(&Action::set(Id::Release, default)));
}

#[test]
fn a_typed_value_leaves_as_it_was_typed() {
    let mut harness = window(Page::Controls);
    harness.get_by_label("Attack, type a value").click();
    harness.run_ok();
    let field = harness.get_by_label("Attack, value");
    field.focus();
    harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    harness.run_ok();
    harness.get_by_label("Attack, value").type_text("85 ms");
    harness.run_ok();
    harness.key_press(Key::Enter);
    assert_eq!(actions(&mut harness), [Action::Type(Id::Attack, "85 ms".to_owned())]);
}

#[test]
fn a_click_on_a_phrase_shows_it_in_the_timeline() {
    let mut harness = window(Page::Pass);
    assert!(harness.state().face.timeline.is_live());
    harness
        .get_all_by_label_contains(" s")
        .find(|node| node.rect().height() < 24.0 && node.accesskit_node().label().is_some_and(|l| l.starts_with("0:5")))
        .expect("a phrase of the song's first minute")
        .click();
    harness.run_ok();
    assert!(!harness.state().face.timeline.is_live());
}

#[test]
fn freezing_and_going_back_to_now_are_one_button() {
    let mut harness = window(Page::Controls);
    harness.get_by_label("Freeze").click();
    harness.run_ok();
    assert!(!harness.state().face.timeline.is_live());
    harness.get_by_label("Back to now").click();
    harness.run_ok();
    assert!(harness.state().face.timeline.is_live());
}

/// Folders with model files, as a user has them; gone when dropped.
struct Nets(PathBuf);

impl Nets {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("earmark-{name}-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("older")).expect("can be made");
        for file in ["my-voice.safetensors", "My-genres.safetensors", "notes.txt", "older/first.safetensors"] {
            std::fs::write(folder.join(file), [0; 1_000]).expect("can be written");
        }
        Self(folder)
    }
}

impl Drop for Nets {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).expect("was made here");
    }
}

/// The dialog over the page of the engine, with `folder` listed.
fn dialog(folder: &Path) -> Harness<'static, Scene> {
    let mut harness = window(Page::Engine);
    harness.get_by_label("Load another model").click_accesskit();
    assert!(matches!(actions(&mut harness)[..], [Action::ListModels(_)]), "the list begins somewhere");
    list(&mut harness, folder);
    harness
}

/// What the window does when it is asked for a folder.
fn list(harness: &mut Harness<'static, Scene>, folder: &Path) {
    harness.state_mut().view.model_files = Some(model_files::list(folder));
    harness.run_ok();
}

fn is_open(harness: &Harness<'static, Scene>) -> bool {
    harness.query_by_role_and_label(Role::MultilineTextInput, "File or folder").is_some()
}

#[test]
fn a_person_opens_a_folder_picks_a_file_and_the_model_is_asked_for() {
    let nets = Nets::new("pointer");
    let mut harness = dialog(&nets.0);
    assert_eq!(harness.query_all_by_label("notes.txt").count(), 0, "only models are listed");
    harness.get_by_label("older/").click();
    assert_eq!(actions(&mut harness), [Action::ListModels(nets.0.join("older"))]);
    list(&mut harness, &nets.0.join("older"));
    harness.get_by_label("first.safetensors").click();
    assert!(actions(&mut harness).is_empty() && is_open(&harness), "one click chooses");
    harness.get_by_label("Load this file").click();
    assert_eq!(actions(&mut harness), [Action::LoadModel(nets.0.join("older/first.safetensors"))]);
    assert!(!is_open(&harness), "nothing more to choose");
    // The next time the folder is at hand.
    assert_eq!(harness.state().settings.model_folders, [nets.0.join("older")]);
    harness.get_by_label("Load another model").click();
    assert_eq!(actions(&mut harness), [Action::ListModels(nets.0.join("older"))], "where the user was last");
    harness.get_by_label("Folder above").click();
    assert_eq!(actions(&mut harness), [Action::ListModels(nets.0.clone())]);
    list(&mut harness, &nets.0);
    harness.get_by_label("Recent folders").click();
    harness.run_ok();
    harness.get_by_label(&nets.0.join("older").display().to_string()).click();
    assert_eq!(actions(&mut harness), [Action::ListModels(nets.0.join("older"))]);
}

#[test]
fn a_session_that_is_opened_again_begins_where_a_file_was_last_loaded_from() {
    let mut harness = window(Page::Engine);
    harness.state_mut().settings.model_folders = vec!["/home/anna/nets".into(), "/home/anna".into()];
    harness.get_by_label("Load another model").click_accesskit();
    assert_eq!(actions(&mut harness), [Action::ListModels("/home/anna/nets".into())]);
}

#[test]
fn a_double_click_loads_a_file() {
    let nets = Nets::new("double");
    let mut harness = dialog(&nets.0);
    for _ in 0..2 {
        harness.get_by_label("my-voice.safetensors").click();
        harness.step();
    }
    assert_eq!(actions(&mut harness), [Action::LoadModel(nets.0.join("my-voice.safetensors"))]);
}

#[test]
fn a_model_is_chosen_by_keyboard_alone() {
    let nets = Nets::new("keyboard");
    let mut harness = dialog(&nets.0);
    harness.key_press(Key::Enter);
    assert_eq!(actions(&mut harness), [Action::ListModels(nets.0.join("older"))], "the list has the keyboard");
    list(&mut harness, &nets.0.join("older"));
    harness.key_press(Key::Backspace);
    assert_eq!(actions(&mut harness), [Action::ListModels(nets.0.clone())]);
    list(&mut harness, &nets.0);
    for key in [Key::ArrowDown, Key::ArrowDown, Key::ArrowDown, Key::ArrowDown, Key::ArrowUp] {
        harness.key_press(key);
        harness.run_ok();
    }
    harness.key_press(Key::Enter);
    // Below the folder the two files, whatever their names' capitals.
    assert_eq!(actions(&mut harness), [Action::LoadModel(nets.0.join("My-genres.safetensors"))]);
    assert!(!is_open(&harness));
}

#[test]
fn escape_leaves_the_dialog_and_nothing_changes() {
    let nets = Nets::new("escape");
    let mut harness = dialog(&nets.0);
    harness.key_press(Key::ArrowDown);
    harness.run_ok();
    harness.key_press(Key::Escape);
    assert!(actions(&mut harness).is_empty() && !is_open(&harness));
}

#[test]
fn a_folder_that_cannot_be_read_is_said_and_can_be_left() {
    let nets = Nets::new("unreadable");
    let mut harness = dialog(&nets.0.join("not there"));
    assert_eq!(harness.query_all_by_label_contains("This folder cannot be read").count(), 1);
    harness.get_by_label("Folder above").click();
    assert_eq!(actions(&mut harness), [Action::ListModels(nets.0.clone())]);
}

#[test]
fn a_models_path_can_be_typed() {
    let nets = Nets::new("typed");
    let mut harness = dialog(&nets.0);
    for (typed, asked) in [
        (nets.0.join("older"), Action::ListModels(nets.0.join("older"))),
        ("/tmp/x.safetensors".into(), Action::LoadModel("/tmp/x.safetensors".into())),
    ] {
        harness.get_by_role_and_label(Role::MultilineTextInput, "File or folder").focus();
        harness.run_ok();
        harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
        harness.run_ok();
        harness
            .get_by_role_and_label(Role::MultilineTextInput, "File or folder")
            .type_text(&typed.display().to_string());
        harness.run_ok();
        harness.key_press(Key::Enter);
        assert_eq!(actions(&mut harness), [asked]);
    }
}

#[test]
fn maxima_are_shown_and_a_click_resets_them() {
    let mut harness = window(Page::Controls);
    let maxima = harness.state().view.history.maxima();
    assert!(maxima.probability > 0.9 && maxima.peak > 0.0, "{maxima:?}");
    harness.get_by_label_contains("max 0.97").click();
    assert_eq!(actions(&mut harness), [Action::ResetMaxima]);
}

#[test]
fn the_time_axis_counts_seconds_bars_or_the_time_of_day() {
    let mut harness = window(Page::Controls);
    for (name, axis) in [("Bars", Axis::Bars), ("Clock", Axis::Clock), ("Seconds", Axis::Seconds)] {
        harness.get_by_label(name).click();
        harness.run_ok();
        assert_eq!(harness.state().settings.axis, axis);
    }
}

#[test]
fn what_was_loaded_is_named_and_can_be_undone() {
    let mut harness = window(Page::Engine);
    harness.state_mut().view.chosen_models.in_use.genre = Some("/home/anna/nets/my-genres.safetensors".into());
    harness.run_ok();
    assert_eq!(harness.query_all_by_label("Genre: my-genres.safetensors").count(), 1);
    harness.get_by_label("Genre: built-in model").click_accesskit();
    assert_eq!(actions(&mut harness), [Action::BuiltInModel(Task::Tags)]);
    harness.state_mut().view.chosen_models.refusal = Some("x.safetensors holds no weights.".into());
    harness.run_ok();
    assert!(harness.query_all_by_label_contains("holds no weights").count() >= 2, "in the head and beside the button");
}
