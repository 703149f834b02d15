//! Where things stand, in words: voice, genre, device, drops; a problem with its remedy.

use egui::{RichText, Ui};

use super::View;
use crate::say::genre::GENRES;

/// Draws the lines of `view`.
pub fn standing(ui: &mut Ui, view: &View) {
    let now = &view.standing;
    ui.horizontal_wrapped(|ui| {
        let voice = if now.gate { "voice" } else { "no voice" };
        ui.label(RichText::new(format!("{voice} {:.2}", now.probability)).strong());
        ui.separator();
        match now.genre.top {
            Some(top) => {
                ui.label(RichText::new(format!("{} {:.0} %", GENRES[top], now.genre.confidence * 100.0)).strong())
            }
            None => ui.label("no genre to name"),
        };
        ui.separator();
        ui.label(format!("automation: {}", view.automation));
        ui.separator();
        let device = if view.status.device.is_empty() { "models loading" } else { &view.status.device };
        ui.label(format!(
            "{device}, load {:.0} %, {} instances, {} frames dropped, {:.1} kHz",
            view.status.load * 100.0,
            view.status.instances,
            now.dropped,
            now.sample_rate_hz / 1000.0
        ));
        if (now.gain - 1.0).abs() > 1e-3 {
            ui.separator();
            ui.label(format!("ride {:+.1} dB", 20.0 * now.gain.log10()));
        }
    });
    if now.failed {
        let problem = "processing failed; the audio passes through; switch the plugin off and on again";
        ui.colored_label(ui.visuals().warn_fg_color, problem);
    }
    if let Some(note) = &view.status.note {
        ui.colored_label(ui.visuals().warn_fg_color, note);
    }
}
