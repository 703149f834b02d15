//! A CLAP host; without a window, except where [`window`] opens one.

mod handlers;
mod parameters;
pub mod player;
mod processor;
#[cfg(target_os = "linux")]
pub mod window;

use crate::buses::Layout;
use crate::stream::{self, Change, Streamed};
use crate::{Audio, Class, Parameter, Plan, PluginInfo, Render};
use anyhow::{Context, Result, anyhow, bail, ensure};
use clack_extensions::audio_ports::{AudioPortInfoBuffer, PluginAudioPorts};
use clack_extensions::audio_ports_config::{AudioPortsConfigBuffer, PluginAudioPortsConfig};
use clack_extensions::latency::PluginLatency;
use clack_extensions::params::PluginParams;
use clack_extensions::render::{PluginRender, RenderMode};
use clack_extensions::state::PluginState;
use clack_host::events::event_types::ParamValueEvent;
use clack_host::plugin::PluginDescriptor;
use clack_host::prelude::*;
use handlers::{Host, Shared};
use processor::ClapProcessor;
use std::ffi::CStr;
use std::path::Path;
use std::time::Duration;

type Instance = PluginInstance<Host>;

/// The plugins in a bundle.
///
/// # Errors
/// The file cannot be loaded, or is no CLAP plugin.
pub fn list(bundle: &Path) -> Result<Vec<PluginInfo>> {
    let entry = load(bundle)?;
    let factory = entry.get_plugin_factory().context("the bundle has no plugin factory")?;
    Ok(factory.plugin_descriptors().map(info).collect())
}

/// Runs a plan: loads the bundle's plugin, streams `input` (one channel selects the plugin's mono ports) through it.
///
/// # Errors
/// The bundle cannot be loaded, or the plugin refuses something that it must not refuse.
pub fn render(bundle: &Path, plan: &Plan, input: &Audio) -> Result<Render> {
    renders(bundle, std::slice::from_ref(plan), input)?.pop().context("one plan gives one render")
}

/// Runs plans one after the other on the same instance, each an activation of its own.
///
/// # Errors
/// As [`render`]; there is no plan, or they differ in class.
pub fn renders(bundle: &Path, plans: &[Plan], input: &Audio) -> Result<Vec<Render>> {
    let class = plans.first().context("nothing is planned")?.class;
    ensure!(plans.iter().all(|plan| plan.class == class), "one instance is of one class");
    let entry = load(bundle)?;
    let factory = entry.get_plugin_factory().context("the bundle has no plugin factory")?;
    let id = class.clap_id();
    let descriptor = factory
        .plugin_descriptors()
        .find(|descriptor| text(descriptor.id()) == id)
        .with_context(|| format!("{} has no plugin \"{id}\"", bundle.display()))?;
    let mut instance = instantiate(&entry, class)?;
    plans.iter().map(|plan| activation(&mut instance, plan, input, info(descriptor))).collect()
}

/// Everything from a saved state to the deactivation.
fn activation(instance: &mut Instance, plan: &Plan, input: &Audio, plugin: PluginInfo) -> Result<Render> {
    let state_taken = match &plan.state {
        Some(state) => load_state(instance, state),
        None => true,
    };
    let extension = parameters::extension(instance)?;
    let listed = parameters::list(&extension, instance);
    let (settings, lane) = {
        let handle = instance.plugin_handle();
        let read = |parameter: &Parameter, text: &str| parameters::read(&extension, &handle, parameter, text);
        (stream::settings(plan, &listed, &read)?, stream::lane(plan, &listed, &read)?)
    };
    set(instance, &extension, &settings)?;
    set_render_mode(instance, plan.activates_offline());
    let layout = layout(instance, input.len().max(1))?;

    let longest = u32::try_from(plan.announced()).context("a block is too long for CLAP")?;
    let configuration =
        PluginAudioConfiguration { sample_rate: plan.rate_hz, min_frames_count: 1, max_frames_count: longest };
    let stopped = instance.activate(|_, _| (), configuration).map_err(|error| anyhow!("cannot activate: {error}"))?;
    let latency_samples = latency(instance);
    set_render_mode(instance, plan.offline);
    let Streamed { ledger, outputs } = run(instance, stopped, plan, input, &layout, &lane)?;
    instance.try_deactivate().map_err(|error| anyhow!("cannot deactivate: {error}"))?;

    Ok(Render {
        plugin,
        values: parameters::values(&extension, instance, &listed),
        parameters: listed,
        rate_hz: plan.rate_hz,
        frames: stream::frames(input),
        latency_samples,
        state_taken,
        events: ledger.events,
        edits: Vec::new(),
        outputs,
        state: save_state(instance)?,
        faults: ledger.faults,
    })
}

fn load(bundle: &Path) -> Result<PluginEntry> {
    // SAFETY: loading runs the library's code; the caller names a plugin that it trusts as any host must.
    unsafe { PluginEntry::load(bundle) }.map_err(|error| anyhow!("cannot load {}: {error}", bundle.display()))
}

fn instantiate(entry: &PluginEntry, class: Class) -> Result<Instance> {
    let host = HostInfo::new("Earmark test host", "Earmark", "", env!("CARGO_PKG_VERSION"))?;
    let id = std::ffi::CString::new(class.clap_id())?;
    Instance::new(|_| Shared::default(), |_| handlers::MainThread, entry, &id, &host)
        .map_err(|error| anyhow!("cannot instantiate {}: {error}", class.clap_id()))
}

fn info(descriptor: &PluginDescriptor) -> PluginInfo {
    PluginInfo {
        id: text(descriptor.id()),
        name: text(descriptor.name()),
        vendor: text(descriptor.vendor()),
        version: text(descriptor.version()),
    }
}

fn text(text: Option<&CStr>) -> String {
    text.map_or_else(String::new, |text| text.to_string_lossy().into_owned())
}

/// Sets parameters while the plugin is not active.
fn set(instance: &mut Instance, extension: &PluginParams, settings: &[Change]) -> Result<()> {
    let mut events = EventBuffer::new();
    for setting in settings {
        events.push(&ParamValueEvent::new(0, setting.number.into(), Pckn::match_all(), setting.value));
    }
    let mut answers = EventBuffer::new();
    let mut handle = instance.inactive_plugin_handle().context("the plugin is active already")?;
    extension.flush(&mut handle, &events.as_input(), &mut answers.as_output());
    Ok(())
}

fn set_render_mode(instance: &mut Instance, offline: bool) {
    let handle = instance.plugin_handle();
    if let Some(render) = handle.get_extension::<PluginRender>() {
        let mode = if offline { RenderMode::Offline } else { RenderMode::Realtime };
        // A plugin may refuse: it then renders as it always does.
        let _ = render.set(&handle, mode);
    }
}

/// Selects the ports whose main input has so many channels, and says what they are.
fn layout(instance: &mut Instance, channels: usize) -> Result<Layout> {
    let handle = instance.plugin_handle();
    let ports = handle.get_extension::<PluginAudioPorts>().context("the plugin has no audio ports")?;
    let current =
        || Layout { inputs: channel_counts(&ports, &handle, true), outputs: channel_counts(&ports, &handle, false) };
    if current().inputs.first() == Some(&channels) {
        return Ok(current());
    }
    let configurations = handle.get_extension::<PluginAudioPortsConfig>().context("the plugin's ports are fixed")?;
    for index in 0..configurations.count(&handle) {
        let mut buffer = AudioPortsConfigBuffer::new();
        let Some(configuration) = configurations.get(&handle, index, &mut buffer) else { continue };
        if configuration.main_input.is_some_and(|main| main.channel_count as usize == channels) {
            configurations
                .select(&handle, configuration.id)
                .map_err(|_| anyhow!("cannot select its {channels} channel ports"))?;
            return Ok(current());
        }
    }
    bail!("the plugin takes no input of {channels} channels")
}

fn channel_counts(ports: &PluginAudioPorts, handle: &PluginMainThreadHandle, is_input: bool) -> Vec<usize> {
    let mut buffer = AudioPortInfoBuffer::new();
    (0..ports.count(handle, is_input))
        .filter_map(|index| ports.get(handle, index, is_input, &mut buffer).map(|port| port.channel_count as usize))
        .collect()
}

fn latency(instance: &mut Instance) -> u32 {
    let handle = instance.plugin_handle();
    handle.get_extension::<PluginLatency>().map_or(0, |latency| latency.get(&handle))
}

/// Runs the loop on a thread of its own, as hosts do, and meanwhile answers the plugin's calls for the main thread.
fn run(
    instance: &mut Instance,
    stopped: StoppedPluginAudioProcessor<Host>,
    plan: &Plan,
    input: &Audio,
    layout: &Layout,
    lane: &[Change],
) -> Result<Streamed> {
    std::thread::scope(|scope| {
        let audio = scope.spawn(|| {
            let started = stopped.start_processing().map_err(|error| anyhow!("cannot start: {error}"))?;
            let mut processor = ClapProcessor::new(started);
            let streamed = stream::stream(plan, input, layout, lane, &mut processor);
            processor.stop();
            streamed
        });
        let mut offline = plan.offline;
        while !audio.is_finished() {
            if plan.flips_mode {
                offline = !offline;
                set_render_mode(instance, offline);
            }
            if instance.access_shared_handler(Shared::take_callback_request) {
                instance.call_on_main_thread_callback();
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        audio.join().map_err(|_| anyhow!("the audio thread panicked"))?
    })
}

fn load_state(instance: &mut Instance, state: &[u8]) -> bool {
    let handle = instance.plugin_handle();
    let Some(extension) = handle.get_extension::<PluginState>() else { return false };
    extension.load(&handle, &mut &state[..]).is_ok()
}

fn save_state(instance: &mut Instance) -> Result<Vec<u8>> {
    let handle = instance.plugin_handle();
    let extension = handle.get_extension::<PluginState>().context("the plugin has no state")?;
    let mut state = Vec::new();
    extension.save(&handle, &mut state).context("saving the plugin's state")?;
    Ok(state)
}
