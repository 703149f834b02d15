//! The dialog in which a model file is chosen: a folder's sub folders and model files, walked through by pointer or
//! keyboard. It lies inside the window. A dialog of the system needs a thread, and on Linux a bus, that would outlive a
//! plugin that the host unloads.

use std::path::{Path, PathBuf};

use egui::accesskit::Role;
use egui::{
    Align, Align2, Context, EventFilter, FontId, Id, Key, Layout, Modal, Rect, Response, ScrollArea, Sense, TextEdit,
    Ui, WidgetInfo, vec2,
};

use super::control::Action;
use super::export;
use super::model_files::{EXTENSION, Files};
use super::settings::Settings;
use super::theme::Palette;
use super::view::View;
use super::widgets::{button, focus_ring, note, title};

/// Largest size, points.
const MOST: egui::Vec2 = vec2(640.0, 520.0);
/// Room for a file's size.
const SIZE: f32 = 64.0;
/// Folders that are remembered.
const RECENT: usize = 6;

/// What the dialog keeps from picture to picture.
#[derive(Default)]
pub struct ModelDialog {
    open: bool,
    /// What stands in the field.
    path: String,
    /// The folder that the field and the chosen entry belong to.
    folder: PathBuf,
    /// The entry chosen, folders first.
    chosen: Option<usize>,
    /// The keyboard goes to the list with the next picture.
    grab: bool,
    /// It was just opened: the folder is to be listed anew.
    ask: bool,
}

/// Where a step leads.
enum Step {
    /// Into a folder.
    Go(PathBuf),
    /// A file is what was looked for.
    Load(PathBuf),
}

impl ModelDialog {
    /// Opens it with the next picture.
    pub fn open(&mut self) {
        *self = Self { open: true, ask: true, grab: true, ..Self::default() };
    }

    /// Draws it over the window, while it is open.
    pub fn show(&mut self, ctx: &Context, view: &View, settings: &mut Settings, actions: &mut Vec<Action>) {
        if !self.open {
            return;
        }
        if std::mem::take(&mut self.ask) {
            actions.push(Action::ListModels(start(view, settings)));
        }
        let nothing = Files::default();
        let files = view.model_files.as_ref().unwrap_or(&nothing);
        if self.folder != files.folder {
            self.folder.clone_from(&files.folder);
            self.path = files.folder.display().to_string();
            (self.chosen, self.grab) = (None, true);
            ctx.request_repaint();
        }
        let room = ctx.content_rect().size();
        let size = (room - vec2(32.0, 32.0)).min(MOST);
        // In the middle, by its size to be: by that of the picture before it would settle before the eyes.
        let place = ((room - size) / 2.0).round();
        let area = Modal::default_area(Id::unique("model dialog")).anchor(Align2::LEFT_TOP, place);
        let modal = Modal::new(area.layer().id).area(area).show(ctx, |ui| {
            ui.set_width(size.x - 16.0);
            self.contents(ui, size.y - 16.0, files, settings)
        });
        match &modal.inner {
            Some(Step::Go(folder)) => actions.push(Action::ListModels(folder.clone())),
            Some(Step::Load(file)) => {
                remember(&mut settings.model_folders, file);
                actions.push(Action::LoadModel(file.clone()));
                self.open = false;
            }
            None => {}
        }
        if modal.should_close() {
            self.open = false;
        }
    }

    fn contents(&mut self, ui: &mut Ui, height: f32, files: &Files, settings: &Settings) -> Option<Step> {
        let top = ui.cursor().min.y;
        let mut step = None;
        title(ui, "Load another model");
        ui.horizontal_wrapped(|ui| {
            let above = files.folder.parent();
            ui.add_enabled_ui(above.is_some(), |ui| {
                if button(ui, "Folder above").on_hover_text("Also: Backspace").clicked() {
                    step = above.map(|folder| Step::Go(folder.to_owned()));
                }
            });
            if let Some(home) = home()
                && button(ui, "Home").clicked()
            {
                step = Some(Step::Go(home));
            }
            if !settings.model_folders.is_empty() {
                let most = ui.max_rect().width() - 16.0;
                let menu = ui.menu_button("Recent folders", |ui| {
                    ui.set_max_width(most);
                    for folder in &settings.model_folders {
                        let entry = egui::Button::new(folder.display().to_string()).wrap();
                        if ui.add(entry).clicked() {
                            step = Some(Step::Go(folder.clone()));
                            ui.close();
                        }
                    }
                });
                focus_ring(ui, &menu.response, menu.response.rect);
            }
        });
        // All of a long path is to be read, so it may take more than one line.
        let field = TextEdit::multiline(&mut self.path).desired_rows(1).return_key(None);
        let field = ui.add(field.hint_text("Path of a file or folder").desired_width(f32::INFINITY));
        let field = field.accessible_name("File or folder");
        if field.has_focus() && ui.input(|input| input.key_pressed(Key::Enter)) && !self.path.trim().is_empty() {
            let typed = PathBuf::from(self.path.trim());
            step = Some(if typed.is_dir() { Step::Go(typed) } else { Step::Load(typed) });
        }
        const FOOT: f32 = 30.0;
        let room = (height - (ui.cursor().min.y - top) - FOOT).max(40.0);
        if let Some(taken) = self.list(ui, room, files) {
            step = Some(taken);
        }
        let foot = vec2(ui.available_width(), ui.spacing().interact_size.y);
        ui.allocate_ui_with_layout(foot, Layout::right_to_left(Align::Center), |ui| {
            if button(ui, "Cancel").clicked() {
                ui.close();
            }
            let file = self.chosen.and_then(|at| model(files, at));
            ui.add_enabled_ui(file.is_some(), |ui| {
                if button(ui, "Load this file").clicked() {
                    step = file.map(Step::Load);
                }
            });
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| note(ui, words(files)));
        });
        step
    }

    /// The entries. Returns where the user goes with one.
    fn list(&mut self, ui: &mut Ui, height: f32, files: &Files) -> Option<Step> {
        let mut step = None;
        let palette = Palette::of(ui.ctx());
        let frame = egui::Frame::NONE.fill(palette.quiet).corner_radius(4).inner_margin(4);
        frame.show(ui, |ui| {
            let list = ScrollArea::vertical().max_height(height - 8.0).auto_shrink([false, false]);
            list.show(ui, |ui| {
                ui.set_max_width(ui.available_width() - 6.0);
                ui.spacing_mut().item_spacing.y = 1.0;
                if let Some(why) = &files.problem {
                    ui.label(egui::RichText::new(why).color(palette.warning));
                }
                let moved = self.keys(ui, files, &mut step);
                for at in 0..files.folders.len() + files.models.len() {
                    let response = self.entry(ui, files, at);
                    if moved && self.chosen == Some(at) {
                        response.scroll_to_me(None);
                    }
                    if response.clicked() {
                        let again = self.chosen.replace(at) == Some(at);
                        response.request_focus();
                        step = match model(files, at) {
                            None => Some(Step::Go(files.folder.join(&files.folders[at]))),
                            Some(file) => again.then_some(Step::Load(file)),
                        };
                    }
                }
            });
        });
        step
    }

    /// What the keyboard asks of the list. Whether another entry is chosen.
    fn keys(&mut self, ui: &Ui, files: &Files, step: &mut Option<Step>) -> bool {
        let count = files.folders.len() + files.models.len();
        if std::mem::take(&mut self.grab) && count > 0 {
            ui.memory_mut(|memory| memory.request_focus(row(0)));
        }
        let at = self.chosen.unwrap_or(0);
        if !ui.memory(|memory| memory.has_focus(row(at))) {
            return false;
        }
        ui.memory_mut(|memory| {
            let filter = EventFilter { vertical_arrows: true, ..EventFilter::default() };
            memory.set_focus_lock_filter(row(at), filter);
        });
        let pressed = |key| ui.input(|input| input.key_pressed(key));
        if pressed(Key::Backspace) {
            *step = files.folder.parent().map(|folder| Step::Go(folder.to_owned()));
        }
        let last = count.saturating_sub(1);
        let to = match self.chosen {
            // The first arrow chooses what has the focus.
            None if pressed(Key::ArrowDown) || pressed(Key::ArrowUp) => 0,
            _ if pressed(Key::ArrowDown) => (at + 1).min(last),
            _ if pressed(Key::ArrowUp) => at.saturating_sub(1),
            _ if pressed(Key::PageDown) => (at + 10).min(last),
            _ if pressed(Key::PageUp) => at.saturating_sub(10),
            _ if pressed(Key::Home) => 0,
            _ if pressed(Key::End) => last,
            _ => return false,
        };
        self.chosen = Some(to);
        ui.memory_mut(|memory| memory.request_focus(row(to)));
        true
    }

    /// One line of the list. Of all, only one is a stop for the Tab key.
    fn entry(&self, ui: &mut Ui, files: &Files, at: usize) -> Response {
        let palette = Palette::of(ui.ctx());
        let file = at.checked_sub(files.folders.len()).and_then(|at| files.models.get(at));
        let (name, size) = match file {
            Some((name, bytes)) => (name.clone(), megabytes(*bytes)),
            None => (format!("{}/", files.folders[at]), String::new()),
        };
        let chosen = self.chosen == Some(at);
        let ink = match (chosen, file) {
            (true, _) => palette.on_chosen,
            (false, Some(_)) => palette.text,
            (false, None) => palette.faint,
        };
        let width = ui.available_width();
        let galley = ui.painter().layout(name.clone(), FontId::proportional(13.0), ink, width - SIZE - 12.0);
        let (_, rect) = ui.allocate_space(vec2(width, galley.size().y + 4.0));
        let stop = self.chosen.unwrap_or(0) == at;
        let response = ui.interact(rect, row(at), if stop { Sense::CLICK | Sense::FOCUSABLE } else { Sense::CLICK });
        response.widget_info(|| WidgetInfo::selected(Role::ListBoxOption, true, chosen, &name));
        if !ui.is_rect_visible(rect) {
            return response;
        }
        let painter = ui.painter();
        if chosen {
            painter.rect_filled(rect, 3.0, palette.chosen);
        } else if response.hovered() {
            painter.rect_filled(rect, 3.0, palette.raised);
        }
        painter.galley(rect.min + vec2(6.0, 2.0), galley, ink);
        let ink = if chosen { palette.on_chosen } else { palette.faint };
        let place = Rect::from_min_max(rect.min, rect.max - vec2(6.0, 0.0)).right_center();
        painter.text(place, Align2::RIGHT_CENTER, size, FontId::proportional(11.5), ink);
        focus_ring(ui, &response, rect);
        response
    }
}

fn row(at: usize) -> Id {
    Id::unique(("model row", at))
}

/// The file of an entry; `None` for a folder.
fn model(files: &Files, at: usize) -> Option<PathBuf> {
    let (name, _) = files.models.get(at.checked_sub(files.folders.len())?)?;
    Some(files.folder.join(name))
}

/// Where the user was last, else where a file was last loaded from, else at a file in use, else at home.
fn start(view: &View, settings: &Settings) -> PathBuf {
    let in_use = &view.chosen_models.in_use;
    let last = view.model_files.as_ref().map(|files| &files.folder).or_else(|| settings.model_folders.first());
    let known = last.or(in_use.voice.as_ref()).or(in_use.genre.as_ref());
    known.cloned().or_else(home).unwrap_or_default()
}

fn home() -> Option<PathBuf> {
    export::default_folder().parent().map(Path::to_owned)
}

/// Puts the file's folder before all others.
fn remember(folders: &mut Vec<PathBuf>, file: &Path) {
    let Some(folder) = file.parent() else { return };
    folders.retain(|known| known != folder);
    folders.insert(0, folder.to_owned());
    folders.truncate(RECENT);
}

/// What the list holds.
fn words(files: &Files) -> String {
    match files.models.len() {
        _ if files.problem.is_some() => String::new(),
        0 => format!("No file here ends in .{EXTENSION}."),
        1 => "One model file.".to_owned(),
        many => format!("{many} model files."),
    }
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folders_of_the_last_files_are_remembered_once_each() {
        let mut folders = Vec::new();
        for file in ["/a/1", "/b/1", "/a/2", "/c/1", "/d/1", "/e/1", "/f/1", "/g/1"] {
            remember(&mut folders, Path::new(file));
        }
        let names: Vec<_> = folders.iter().map(|folder| folder.display().to_string()).collect();
        assert_eq!(names, ["/g", "/f", "/e", "/d", "/c", "/a"]);
    }
}
