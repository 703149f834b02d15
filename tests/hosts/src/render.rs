//! What a host has seen and heard.

use crate::{Audio, Event, Kind, ids};
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;

/// How a plugin presents itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PluginInfo {
    /// CLAP: the plugin id. VST3: the class id in hexadecimal.
    pub id: String,
    /// The name that hosts list.
    pub name: String,
    /// Who made it.
    pub vendor: String,
    /// Its version.
    pub version: String,
}

/// A parameter as the plugin declares it.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// The string id; for one that is not in the design, its number.
    pub id: String,
    /// The number that stands for it between host and plugin.
    pub number: u32,
    /// The name that hosts show.
    pub name: String,
    /// The group that it is shown in; empty if none.
    pub module: String,
    /// A host may automate it.
    pub automatable: bool,
    /// A host must not change it.
    pub read_only: bool,
    /// A host must not show it.
    pub hidden: bool,
    /// It is the plugin's bypass.
    pub bypass: bool,
    /// Steps between least and greatest value; zero for a continuous parameter.
    pub steps: u32,
    /// Default, as CLAP has it: 0..1, or the step's index.
    pub default: f64,
    /// What the plugin shows for each step, or for the least and the greatest value.
    pub texts: Vec<String>,
}

impl Parameter {
    /// The greatest value that CLAP knows of it.
    pub fn greatest(&self) -> f64 {
        if self.steps == 0 { 1.0 } else { f64::from(self.steps) }
    }

    /// A value as CLAP has it, on VST3's scale 0..1.
    pub fn normalized(&self, value: f64) -> f64 {
        value / self.greatest()
    }

    /// A value on VST3's scale 0..1, as CLAP has it.
    pub fn plain(&self, normalized: f64) -> f64 {
        normalized * self.greatest()
    }
}

/// What a VST3 controller did to its host's parameters on the user interface's thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EditKind {
    /// `beginEdit`
    Begin,
    /// `performEdit`
    Perform,
    /// `endEdit`
    End,
}

/// One call of the controller's component handler.
#[derive(Clone, Debug, PartialEq)]
pub struct Edit {
    /// Where the render was: the end of the block that the call followed.
    pub time_samples: u64,
    /// Which call.
    pub kind: EditKind,
    /// The parameter's string id.
    pub id: String,
    /// The value, as CLAP has it; zero but for `performEdit`.
    pub value: f64,
}

/// All that came of a [`Plan`](crate::Plan).
#[derive(Clone, Debug)]
pub struct Render {
    /// The plugin that was loaded.
    pub plugin: PluginInfo,
    /// Its parameters.
    pub parameters: Vec<Parameter>,
    /// Sample rate of the render, in Hz.
    pub rate_hz: f64,
    /// Samples of input. One short block follows with the transport stopped; it is in the events only.
    pub frames: u64,
    /// The latency that the plugin reports once active, in samples.
    pub latency_samples: u32,
    /// Whether the plugin took the plan's state; true where there was none.
    pub state_taken: bool,
    /// All that it said, in the order of time.
    pub events: Vec<Event>,
    /// What its VST3 controller did on the user interface's thread, gestures included; empty for CLAP.
    pub edits: Vec<Edit>,
    /// Output ports x channels x samples.
    pub outputs: Vec<Audio>,
    /// Every parameter's value at the end, by string id.
    pub values: BTreeMap<String, f64>,
    /// The state as saved at the end.
    pub state: Vec<u8>,
    /// What the plugin did that its format forbids, in words.
    pub faults: Vec<String>,
}

impl Render {
    /// The parameter of this string id.
    ///
    /// # Errors
    /// The plugin has none such.
    pub fn parameter(&self, id: &str) -> Result<&Parameter> {
        self.parameters.iter().find(|p| p.id == id).with_context(|| format!("the plugin has no parameter \"{id}\""))
    }

    /// All events of a kind.
    pub fn of(&self, kind: Kind) -> impl Iterator<Item = &Event> {
        self.events.iter().filter(move |event| event.kind == kind)
    }

    /// The values that one parameter took: instants in seconds, values as CLAP has them.
    pub fn curve(&self, id: &str) -> Vec<(f64, f64)> {
        let values = self.of(Kind::Value).filter(|event| event.id == id);
        values.map(|event| (self.seconds(event.time_samples), event.value)).collect()
    }

    /// An instant of the render in seconds.
    pub fn seconds(&self, time_samples: u64) -> f64 {
        time_samples as f64 / self.rate_hz
    }

    /// The length of the input in seconds.
    pub fn duration_s(&self) -> f64 {
        self.seconds(self.frames)
    }
}

/// The parameter that a setting or a lane names.
///
/// # Errors
/// The plugin has none such; the message tells an id of the design from a misspelt one.
pub(crate) fn find<'a>(parameters: &'a [Parameter], id: &str) -> Result<&'a Parameter> {
    match parameters.iter().find(|parameter| parameter.id == id) {
        Some(parameter) => Ok(parameter),
        None if ids::all().any(|known| known == id) => bail!("the plugin lacks its parameter \"{id}\""),
        None => bail!("there is no parameter \"{id}\""),
    }
}
