//! What a host is asked to do.

use crate::Audio;
use crate::check::random::Random;

/// Which of the two plugins in the bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum Class {
    /// Plain stereo or mono in and out, with a side chain.
    Earmark,
    /// The same with MIDI output and the key bus.
    Control,
}

impl Class {
    /// The CLAP plugin id.
    pub fn clap_id(self) -> &'static str {
        match self {
            Self::Earmark => "earmark.earmark",
            Self::Control => "earmark.control",
        }
    }

    /// The VST3 class id, as it stands in the source; Windows shows the first half in another byte order.
    pub fn vst3_id(self) -> [u8; 16] {
        match self {
            Self::Earmark => *b"EarmarkPluginEar",
            Self::Control => *b"EarmarkPluginCtl",
        }
    }

    /// The name that hosts list.
    pub fn name(self) -> &'static str {
        match self {
            Self::Earmark => "Earmark",
            Self::Control => "Earmark Control",
        }
    }
}

/// How the audio is cut into blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blocks {
    /// All of this length, the last one shorter.
    Of(usize),
    /// Lengths between 1 and `longest`, from a generator started with `seed`.
    Random {
        /// No block is longer.
        longest: usize,
        /// The same seed gives the same lengths.
        seed: u64,
    },
}

impl Blocks {
    /// The longest block there can be.
    pub fn longest(self) -> usize {
        match self {
            Self::Of(frames) => frames,
            Self::Random { longest, .. } => longest,
        }
        .max(1)
    }

    /// The lengths, without end.
    pub fn lengths(self) -> impl Iterator<Item = usize> {
        let mut random = Random::new(if let Self::Random { seed, .. } = self { seed } else { 0 });
        std::iter::repeat_with(move || match self {
            Self::Of(frames) => frames.max(1),
            Self::Random { longest, .. } => 1 + random.below(longest as u64) as usize,
        })
    }
}

/// A parameter's value, as a person or as a host gives it.
#[derive(Clone, Debug, PartialEq)]
pub enum Setting {
    /// What the plugin shows for it: `"Write"`, `"-6 dB"`, `"On"`.
    Text(String),
    /// As CLAP has it: 0..1, or the step's index.
    Value(f64),
}

impl From<&str> for Setting {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<f64> for Setting {
    fn from(value: f64) -> Self {
        Self::Value(value)
    }
}

/// A point of the host's own automation lane, played to the plugin.
#[derive(Clone, Debug, PartialEq)]
pub struct LanePoint {
    /// Samples since the start of the render.
    pub time_samples: u64,
    /// The parameter's string id.
    pub id: String,
    /// Its new value.
    pub setting: Setting,
}

/// What the transport does from a moment on, until the next such moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stand {
    /// Samples since the start of the render.
    pub time_samples: u64,
    /// It rolls; else it stands, and the host goes on with blocks as an open mixer does.
    pub playing: bool,
    /// Where in the song it is at that moment, in samples.
    pub song_samples: u64,
}

/// One render.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The plugin to load.
    pub class: Class,
    /// Sample rate to activate with, in Hz.
    pub rate_hz: f64,
    /// How the audio is cut.
    pub blocks: Blocks,
    /// The longest block that the host announces, where that is not the truth.
    pub announced_frames: Option<usize>,
    /// An empty block goes before every block, as some hosts flush parameters.
    pub empty_blocks: bool,
    /// Offline, as a bounce; else paced by the clock, as playback.
    pub offline: bool,
    /// Meanwhile the host says offline and real time by turns, as one that switches to freewheeling in mid-stream.
    pub flips_mode: bool,
    /// It is activated for real time all the same, and the host says offline only then, as one that freewheels without
    /// activating anew.
    pub freewheels: bool,
    /// What the transport does, in order of time; where it is empty, it rolls from the song's start.
    pub transport: Vec<Stand>,
    /// The main output shares the main input's memory.
    pub in_place: bool,
    /// A saved state to load before anything else.
    pub state: Option<Vec<u8>>,
    /// Parameters to set before activation, by string id.
    pub settings: Vec<(String, Setting)>,
    /// Automation to play, in order of time.
    pub lane: Vec<LanePoint>,
    /// What the side chain hears; silence if there is nothing.
    pub side_chain: Audio,
}

impl Plan {
    /// An offline render at this rate, in blocks of 512, with every parameter at its default.
    pub fn new(class: Class, rate_hz: f64) -> Self {
        Self {
            class,
            rate_hz,
            blocks: Blocks::Of(512),
            announced_frames: None,
            empty_blocks: false,
            offline: true,
            flips_mode: false,
            freewheels: false,
            transport: Vec::new(),
            in_place: false,
            state: None,
            settings: Vec::new(),
            lane: Vec::new(),
            side_chain: Audio::new(),
        }
    }

    /// The transport at a sample of the render: whether it rolls, where in the song it is, and until when that holds.
    pub(crate) fn stand(&self, now: u64) -> (bool, u64, u64) {
        let next = self.transport.partition_point(|stand| stand.time_samples <= now);
        let until = self.transport.get(next).map_or(u64::MAX, |stand| stand.time_samples);
        let Some(stand) = next.checked_sub(1).map(|index| self.transport[index]) else { return (true, now, until) };
        let rolled = if stand.playing { now - stand.time_samples } else { 0 };
        (stand.playing, stand.song_samples + rolled, until)
    }

    /// Whether the plugin is activated to render offline.
    pub(crate) fn activates_offline(&self) -> bool {
        self.offline && !self.freewheels
    }

    /// What the host announces as the longest block.
    pub(crate) fn announced(&self) -> usize {
        self.announced_frames.unwrap_or_else(|| self.blocks.longest())
    }

    /// The same with a parameter set.
    #[must_use]
    pub fn with(mut self, id: &str, setting: impl Into<Setting>) -> Self {
        self.settings.push((id.to_owned(), setting.into()));
        self
    }

    /// The same with other blocks.
    #[must_use]
    pub fn in_blocks(mut self, blocks: Blocks) -> Self {
        self.blocks = blocks;
        self
    }
}
