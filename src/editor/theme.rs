//! The colours, light and dark, and the contrast they keep. Voice, gate and verdicts are from the palette of Okabe and
//! Ito, which colour-blind eyes tell apart; nothing is said by colour alone.

use egui::style::{Selection, WidgetVisuals};
use egui::{Color32, Context, CornerRadius, FontFamily, FontId, Stroke, TextStyle, Theme, Visuals};

use super::settings::Look;

/// The colours of one look.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Palette {
    /// Behind everything.
    pub ground: Color32,
    /// Behind a group.
    pub panel: Color32,
    /// Behind what can be pressed.
    pub raised: Color32,
    /// Behind what is pressed or chosen.
    pub chosen: Color32,
    /// Text on what is chosen.
    pub on_chosen: Color32,
    /// Borders.
    pub outline: Color32,
    /// Text.
    pub text: Color32,
    /// Text of lesser weight.
    pub faint: Color32,
    /// The keyboard's focus.
    pub focus: Color32,
    /// The voice.
    pub voice: Color32,
    /// The gate.
    pub gate: Color32,
    /// Something to know.
    pub warning: Color32,
    /// Behind the spectrogram, the quietest.
    pub quiet: Color32,
    /// The spectrogram's middle.
    pub middle: Color32,
    /// The spectrogram's loudest.
    pub loud: Color32,
    /// Around lines over the spectrogram.
    pub casing: Color32,
    /// Lines to be dragged.
    pub handle: Color32,
}

const fn rgb(hex: u32) -> Color32 {
    Color32::from_rgb((hex >> 16) as u8, (hex >> 8) as u8, hex as u8)
}

/// Light on dark.
pub const DARK: Palette = Palette {
    ground: rgb(0x121417),
    panel: rgb(0x1a1d22),
    raised: rgb(0x2a2f37),
    chosen: rgb(0x1f5f99),
    on_chosen: rgb(0xffffff),
    outline: rgb(0x6f7783),
    text: rgb(0xe9ebee),
    faint: rgb(0xafb6c0),
    focus: rgb(0x8cc8ff),
    voice: rgb(0xf0a830),
    gate: rgb(0x56b4e9),
    warning: rgb(0xffb86b),
    quiet: rgb(0x0c0e11),
    middle: rgb(0x27405c),
    loud: rgb(0x86aecb),
    casing: rgb(0x0c0e11),
    handle: rgb(0xffffff),
};

/// Dark on light.
pub const LIGHT: Palette = Palette {
    ground: rgb(0xeceef1),
    panel: rgb(0xf8f9fa),
    raised: rgb(0xe1e5ea),
    chosen: rgb(0x14568f),
    on_chosen: rgb(0xffffff),
    outline: rgb(0x7c8590),
    text: rgb(0x17191c),
    faint: rgb(0x4d545c),
    focus: rgb(0x0b57d0),
    voice: rgb(0xa34a00),
    gate: rgb(0x0068a8),
    warning: rgb(0x8f3d00),
    quiet: rgb(0xffffff),
    middle: rgb(0xc3d0de),
    loud: rgb(0x7f9ab4),
    casing: rgb(0xffffff),
    handle: rgb(0x17191c),
};

/// One colour per genre, told apart also side by side; names always stand with them.
const GENRES: [Color32; 14] = [
    rgb(0x3a60a0),
    rgb(0xba9c5c),
    rgb(0xbe7438),
    rgb(0xba56a0),
    rgb(0x2c96a8),
    rgb(0x809442),
    rgb(0xde9628),
    rgb(0x785496),
    rgb(0x6b7080),
    rgb(0xe26c80),
    rgb(0x409e5c),
    rgb(0x9668be),
    rgb(0xc44234),
    rgb(0x6e848e),
];

impl Palette {
    /// The colours of egui's present theme.
    #[must_use]
    pub fn of(ctx: &Context) -> &'static Self {
        match ctx.theme() {
            Theme::Dark => &DARK,
            Theme::Light => &LIGHT,
        }
    }

    /// A genre's colour, paler where it is less sure (0..1).
    #[must_use]
    pub fn genre(&self, genre: usize, confidence: f32) -> Color32 {
        let strength = 0.35 + 0.65 * confidence.clamp(0.0, 1.0).sqrt();
        mix(self.panel, GENRES[genre % GENRES.len()], strength)
    }

    /// The spectrogram's colour of a level 0..1.
    #[must_use]
    pub fn spectrum(&self, level: f32) -> Color32 {
        if level < 0.5 {
            mix(self.quiet, self.middle, level * 2.0)
        } else {
            mix(self.middle, self.loud, level * 2.0 - 1.0)
        }
    }
}

/// `share` of the way from one colour to another.
#[must_use]
pub fn mix(from: Color32, to: Color32, share: f32) -> Color32 {
    let share = share.clamp(0.0, 1.0);
    let channel = |from: u8, to: u8| (f32::from(from) + (f32::from(to) - f32::from(from)) * share).round() as u8;
    Color32::from_rgb(channel(from.r(), to.r()), channel(from.g(), to.g()), channel(from.b(), to.b()))
}

/// Black or white, whichever is easier to read on a colour; one of them always has a contrast of 4.58 or more.
#[must_use]
pub fn ink_on(ground: Color32) -> Color32 {
    if contrast(Color32::BLACK, ground) >= contrast(Color32::WHITE, ground) { Color32::BLACK } else { Color32::WHITE }
}

/// Contrast of two opaque colours, 1..21 (WCAG 2.2, "contrast ratio").
#[must_use]
pub fn contrast(one: Color32, other: Color32) -> f32 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// Relative luminance, 0..1 (WCAG 2.2).
fn luminance(colour: Color32) -> f32 {
    let linear = |channel: u8| {
        let value = f32::from(channel) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * linear(colour.r()) + 0.7152 * linear(colour.g()) + 0.0722 * linear(colour.b())
}

/// Gives egui our colours and sizes. Once per window.
pub fn install(ctx: &Context) {
    ctx.set_visuals_of(Theme::Dark, visuals(Visuals::dark(), &DARK));
    ctx.set_visuals_of(Theme::Light, visuals(Visuals::light(), &LIGHT));
    ctx.all_styles_mut(|style| {
        let size = |size| FontId::new(size, FontFamily::Proportional);
        style.text_styles = [
            (TextStyle::Heading, size(17.0)),
            (TextStyle::Body, size(13.0)),
            (TextStyle::Button, size(13.0)),
            (TextStyle::Small, size(11.0)),
            (TextStyle::Monospace, FontId::new(12.0, FontFamily::Monospace)),
        ]
        .into();
        style.spacing.item_spacing = egui::vec2(6.0, 4.0);
        style.spacing.button_padding = egui::vec2(8.0, 3.0);
        style.spacing.interact_size.y = 22.0;
        style.interaction.selectable_labels = false;
        style.interaction.tooltip_delay = 0.4;
    });
}

/// Follows the user's choice.
pub fn follow(ctx: &Context, look: Look) {
    ctx.set_theme(match look {
        Look::System => egui::ThemePreference::System,
        Look::Light => egui::ThemePreference::Light,
        Look::Dark => egui::ThemePreference::Dark,
    });
}

fn visuals(mut visuals: Visuals, palette: &Palette) -> Visuals {
    let widget = |fill: Color32, text: Color32, border: Stroke| WidgetVisuals {
        bg_fill: fill,
        weak_bg_fill: fill,
        bg_stroke: border,
        corner_radius: CornerRadius::same(4),
        fg_stroke: Stroke::new(1.0, text),
        expansion: 0.0,
    };
    let border = Stroke::new(1.0, palette.outline);
    let hovered = mix(palette.raised, palette.text, 0.12);
    visuals.widgets.noninteractive = widget(palette.panel, palette.text, Stroke::new(1.0, palette.raised));
    visuals.widgets.inactive = widget(palette.raised, palette.text, Stroke::NONE);
    visuals.widgets.hovered = widget(hovered, palette.text, border);
    visuals.widgets.active = widget(hovered, palette.text, Stroke::new(2.0, palette.focus));
    visuals.widgets.open = widget(hovered, palette.text, border);
    visuals.selection = Selection { bg_fill: palette.chosen, stroke: Stroke::new(1.0, palette.on_chosen) };
    visuals.weak_text_color = Some(palette.faint);
    visuals.hyperlink_color = palette.focus;
    visuals.panel_fill = palette.ground;
    visuals.window_fill = palette.panel;
    visuals.window_stroke = border;
    visuals.extreme_bg_color = palette.quiet;
    visuals.faint_bg_color = palette.panel;
    visuals.warn_fg_color = palette.warning;
    visuals.window_corner_radius = CornerRadius::same(6);
    visuals.menu_corner_radius = CornerRadius::same(6);
    visuals
}

#[cfg(test)]
mod tests {
    use super::*;

    /// WCAG 2.2 AA: text, success criterion 1.4.3; parts of controls and graphics, 1.4.11.
    const TEXT: f32 = 4.5;
    const GRAPHIC: f32 = 3.0;

    #[test]
    fn every_text_and_every_line_has_the_contrast_of_wcag_aa() {
        for (name, p) in [("dark", DARK), ("light", LIGHT)] {
            let hovered = mix(p.raised, p.text, 0.12);
            for ground in [p.ground, p.panel, p.raised, hovered] {
                for ink in [p.text, p.faint] {
                    assert!(contrast(ink, ground) >= TEXT, "{name}: {ink:?} on {ground:?}: {}", contrast(ink, ground));
                }
            }
            for ground in [p.ground, p.panel] {
                for ink in [p.voice, p.gate, p.warning, p.focus] {
                    assert!(contrast(ink, ground) >= TEXT, "{name}: {ink:?} on {ground:?}: {}", contrast(ink, ground));
                }
                assert!(contrast(p.outline, ground) >= GRAPHIC, "{name}: borders on {ground:?}");
            }
            assert!(contrast(p.on_chosen, p.chosen) >= TEXT, "{name}: chosen");
            // A line over the spectrogram stands out from its casing, whatever is below.
            for line in [p.voice, p.handle] {
                assert!(contrast(line, p.casing) >= GRAPHIC, "{name}: {line:?} in its casing");
            }
        }
    }

    #[test]
    fn names_on_genre_colours_are_readable_however_pale() {
        for p in [DARK, LIGHT] {
            for genre in 0..GENRES.len() {
                for confidence in [0.0, 0.1, 0.3, 0.6, 1.0] {
                    let ground = p.genre(genre, confidence);
                    assert!(contrast(ink_on(ground), ground) >= TEXT, "{genre} at {confidence}");
                }
            }
        }
    }

    #[test]
    fn voice_and_gate_differ_for_colour_blind_eyes() {
        // Machado, Oliveira and Fernandes (2009), severity 1, on linear light.
        const KINDS: [(&str, [[f32; 3]; 3]); 3] = [
            (
                "protan",
                [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
            ),
            (
                "deutan",
                [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
            ),
            (
                "tritan",
                [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
            ),
        ];
        let linear = |c: Color32| [c.r(), c.g(), c.b()].map(|v| (f32::from(v) / 255.0).powf(2.2));
        for (look, p) in [("dark", DARK), ("light", LIGHT)] {
            for (kind, matrix) in KINDS {
                let seen = |c: Color32| matrix.map(|row| row.iter().zip(linear(c)).map(|(m, v)| m * v).sum::<f32>());
                let (voice, gate) = (seen(p.voice), seen(p.gate));
                let distance = voice.iter().zip(gate).map(|(a, b)| (a - b).powi(2)).sum::<f32>().sqrt();
                assert!(distance > 0.15, "{look}, {kind}: {distance}");
            }
        }
    }
}
