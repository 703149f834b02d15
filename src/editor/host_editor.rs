//! What a host is given: opens the window at the size it had, as often as the host likes.

use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};

use nice_plug::context::gui::GuiContext;
use nice_plug::editor::dpi::{LogicalSize, NativeSize};
use nice_plug::editor::{Editor, HostMethods, ParentWindowHandle, ResizeHint, SizeConstraints, SpawnedEditor};
use nice_plug_egui::{EguiEditor, EguiEditorHandle, EguiEditorState, EguiNiceSettings, create_egui_editor};

use super::settings::{LEAST_SIZE, MOST_SIZE, Settings};
use super::window::{Instance, Memory, Window};
use crate::plugin::guard::guarded;

/// The editor of one instance. See the module's text.
pub struct EarmarkEditor {
    instance: Instance,
    memory: Arc<Mutex<Memory>>,
    /// The window that is open, or was last, and its state.
    window: Mutex<Option<(EguiEditor<Window>, Arc<EguiEditorState>)>>,
}

impl EarmarkEditor {
    /// An editor for `instance`.
    #[must_use]
    pub fn new(instance: Instance) -> Self {
        Self { instance, memory: Arc::default(), window: Mutex::default() }
    }

    fn fresh(&self) -> Option<(EguiEditor<Window>, Arc<EguiEditorState>)> {
        let (width, height) = self.instance.params.settings().fitting_size();
        let size = LogicalSize::new(f64::from(width), f64::from(height));
        let state = EguiEditorState::from_size(size, 1.0);
        let settings = EguiNiceSettings::new().with_tile("Earmark").with_resize_hint(self.resize_hint());
        let editor = create_egui_editor(
            state.clone(),
            self.instance.scope.repaint_notifier(),
            settings,
            Window::new(self.instance.clone(), self.memory.clone()),
        )?;
        Some((editor, state))
    }
}

impl Editor for EarmarkEditor {
    type Handle = EguiEditorHandle;

    fn spawn(
        &self,
        parent: Option<ParentWindowHandle>,
        wait_for_parent: bool,
        fallback_scale_factor: Option<f64>,
        gui_context: GuiContext,
        host: Option<HostMethods>,
    ) -> Result<SpawnedEditor<Self::Handle>, Box<dyn Error>> {
        let spawn = || {
            let (window, state) = self.fresh().ok_or("the window cannot be made")?;
            let spawned = window.spawn(parent, wait_for_parent, fallback_scale_factor, gui_context, host)?;
            *self.window.lock().unwrap_or_else(PoisonError::into_inner) = Some((window, state));
            Ok(spawned)
        };
        guarded("Editor::spawn", Err("the window has failed".into()), spawn)
    }

    fn size(&self) -> NativeSize<u32> {
        let whole = |(width, height): (f32, f32)| NativeSize::new(width.round() as u32, height.round() as u32);
        let usual = whole(Settings::default().fitting_size());
        guarded("Editor::size", usual, || {
            let window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
            match &*window {
                Some((window, state)) if state.is_open() => window.size(),
                _ => whole(self.instance.params.settings().fitting_size()),
            }
        })
    }

    fn resize_hint(&self) -> ResizeHint {
        let size = |(width, height)| Some(LogicalSize::new(width, height));
        ResizeHint {
            size_constraints: SizeConstraints::logical(size(LEAST_SIZE), size(MOST_SIZE)),
            ..ResizeHint::RESIZABLE
        }
    }
}
