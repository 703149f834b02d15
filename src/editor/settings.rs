//! What the window remembers from session to session: size, looks, what is shown. No parameters: hosts do not see them.

use std::path::PathBuf;

use serde::{Deserialize, Deserializer, Serialize};

/// Size at first, in points.
pub const SIZE: (f32, f32) = (960.0, 640.0);
/// Smallest size, in points.
pub const LEAST_SIZE: (f32, f32) = (480.0, 320.0);
/// Largest size, in points: a 4K screen.
pub const MOST_SIZE: (f32, f32) = (3840.0, 2160.0);

/// Light or dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Look {
    /// As the system says; dark where it does not.
    #[default]
    System,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

/// Time across the timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Span {
    /// 5 s.
    Short,
    /// 15 s.
    #[default]
    Middle,
    /// 60 s.
    Long,
}

impl Span {
    /// From short to long.
    pub const ALL: [Self; 3] = [Self::Short, Self::Middle, Self::Long];

    /// In seconds.
    #[must_use]
    pub fn seconds(self) -> f64 {
        match self {
            Self::Short => 5.0,
            Self::Middle => 15.0,
            Self::Long => 60.0,
        }
    }
}

/// What the time axis counts, where it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Axis {
    /// Seconds of the song, else of the pass.
    #[default]
    Seconds,
    /// Bars of the song.
    Bars,
    /// The time of day at which it was heard.
    Clock,
}

impl Axis {
    /// In the order of their buttons.
    pub const ALL: [Self; 3] = [Self::Seconds, Self::Bars, Self::Clock];

    /// Its button's words, and what they mean.
    #[must_use]
    pub fn name(self) -> (&'static str, &'static str) {
        match self {
            Self::Seconds => ("Seconds", "The time axis counts seconds of the song"),
            Self::Bars => ("Bars", "The time axis counts bars of the song"),
            Self::Clock => ("Clock", "The time axis shows the time of day at which it was heard"),
        }
    }

    /// Older builds kept whether the axis counts bars.
    fn stored<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Stored {
            Bars(bool),
            Axis(Axis),
        }
        Ok(match Stored::deserialize(from)? {
            Stored::Bars(true) => Self::Bars,
            Stored::Bars(false) => Self::Seconds,
            Stored::Axis(axis) => axis,
        })
    }
}

/// The level of a mel band that is drawn in the brightest colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Brightest {
    /// For a mastered song.
    Loud,
    /// For a mix in the making.
    #[default]
    Usual,
    /// For a quiet track.
    Quiet,
}

impl Brightest {
    /// In dB re full scale.
    #[must_use]
    pub fn decibels(self) -> f32 {
        match self {
            Self::Loud => -22.0,
            Self::Usual => -34.0,
            Self::Quiet => -52.0,
        }
    }

    /// The one after it; after the last the first.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Loud => Self::Usual,
            Self::Usual => Self::Quiet,
            Self::Quiet => Self::Loud,
        }
    }
}

/// What the part below the timeline (or, in a small window, all of it) shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Page {
    /// The timeline; a page of its own in a small window only.
    Timeline,
    /// What is heard now; likewise.
    Now,
    /// The parameters.
    #[default]
    Controls,
    /// The pass so far.
    Pass,
    /// Engine and models.
    Engine,
    /// Files to take away.
    Export,
}

impl Page {
    /// In the order of their tabs.
    pub const ALL: [Self; 6] = [Self::Timeline, Self::Now, Self::Controls, Self::Pass, Self::Engine, Self::Export];

    /// Its tab's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Timeline => "Timeline",
            Self::Now => "Now",
            Self::Controls => "Controls",
            Self::Pass => "This pass",
            Self::Engine => "Engine",
            Self::Export => "Take away",
        }
    }
}

/// See the module's text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Width and height, in points.
    pub size: (f32, f32),
    /// Light or dark.
    pub look: Look,
    /// Time across the timeline.
    pub span: Span,
    /// Brightness of the sound in the timeline.
    pub brightest: Brightest,
    /// What the time axis counts.
    #[serde(alias = "bars", deserialize_with = "Axis::stored")]
    pub axis: Axis,
    /// The page shown.
    pub page: Page,
    /// Where files are written; empty: see [`super::export::default_folder`].
    pub folder: String,
    /// Name of the preset chosen last; empty where there is none.
    pub preset: String,
    /// Folders that model files were loaded from, the last one first.
    pub model_folders: Vec<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            size: SIZE,
            look: Look::default(),
            span: Span::default(),
            brightest: Brightest::default(),
            axis: Axis::default(),
            page: Page::default(),
            folder: String::new(),
            preset: String::new(),
            model_folders: Vec::new(),
        }
    }
}

impl Settings {
    /// The size, brought within what the window can be.
    #[must_use]
    pub fn fitting_size(&self) -> (f32, f32) {
        let fit = |size: f32, least: f32, most: f32, usual: f32| {
            if size.is_finite() { size.clamp(least, most) } else { usual }
        };
        (fit(self.size.0, LEAST_SIZE.0, MOST_SIZE.0, SIZE.0), fit(self.size.1, LEAST_SIZE.1, MOST_SIZE.1, SIZE.1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_stored_size_opens_within_the_limits() {
        for (stored, opens) in
            [((10.0, 1e9), (480.0, 2160.0)), ((f32::NAN, f32::INFINITY), SIZE), ((1000.0, 700.0), (1000.0, 700.0))]
        {
            assert_eq!(Settings { size: stored, ..Settings::default() }.fitting_size(), opens);
        }
    }

    #[test]
    fn settings_of_an_older_build_are_read() {
        let read: Settings = serde_json::from_str(r#"{"look":"Light","not_there_any_more":3}"#).expect("readable");
        assert_eq!(read, Settings { look: Look::Light, ..Settings::default() });
        for (stored, axis) in [
            (r#"{"bars":true}"#, Axis::Bars),
            (r#"{"bars":false}"#, Axis::Seconds),
            (r#"{"axis":"Clock"}"#, Axis::Clock),
        ] {
            let read: Settings = serde_json::from_str(stored).expect("readable");
            assert_eq!(read.axis, axis, "{stored}");
        }
    }
}
