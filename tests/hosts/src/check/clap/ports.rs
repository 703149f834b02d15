//! Audio ports: configurations, and hosts that do not connect them as declared.

use super::library::{Library, call};
use super::plugin::Plugin;
use super::run::{Setup, run};
use crate::Class;
use crate::check::random::Random;
use crate::check::{Check, Format, Subject, Verdict};
use anyhow::{Context, Result, ensure};
use clap_sys::audio_buffer::clap_audio_buffer;
use clap_sys::ext::audio_ports_config::{
    CLAP_EXT_AUDIO_PORTS_CONFIG, clap_audio_ports_config, clap_plugin_audio_ports_config,
};
use clap_sys::process::{CLAP_PROCESS_ERROR, clap_process};
use std::ffi::CStr;
use std::ptr;

const FRAMES: usize = 256;

pub(super) const CHECKS: &[Check] = &[
    check("layout-audio-ports-config", "every port configuration is what it says, and processes", configurations),
    check("ports-missing", "a host that leaves out side chain or key still has its audio passed", missing),
    check("ports-without-memory", "channels without memory are not touched", without_memory),
    check("ports-with-more-channels", "surplus channels are silenced, not read beyond", surplus),
];

const fn check(name: &'static str, about: &'static str, run: fn(&Subject) -> Result<Verdict>) -> Check {
    Check { format: Format::Clap, name, about, run }
}

fn configurations(subject: &Subject) -> Result<Verdict> {
    let library = Library::load(&subject.bundle)?;
    let plugin = library.plugin(subject.class.clap_id())?;
    let extension = plugin.extension::<clap_plugin_audio_ports_config>(CLAP_EXT_AUDIO_PORTS_CONFIG)?;
    let extension = extension.context("the plugin has no port configurations")?;
    let count = call!(extension, count(plugin.raw));
    ensure!(count >= 2, "{count} configurations, where mono and stereo are expected");
    for index in 0..count {
        // SAFETY: all zeros are a valid configuration.
        let mut config: clap_audio_ports_config = unsafe { std::mem::zeroed() };
        ensure!(call!(extension, get(plugin.raw, index, &raw mut config)), "configuration {index} cannot be read");
        ensure!(call!(extension, select(plugin.raw, config.id)), "configuration {index} cannot be selected");
        agrees(&plugin, &config).with_context(|| format!("configuration {index}"))?;
        run(&plugin, Setup { in_place: true, ..Setup::USUAL }, |run| run.noisy_blocks(&mut Random::new(1), 10))
            .with_context(|| format!("configuration {index}"))?;
    }
    ensure!(!call!(extension, select(plugin.raw, 9_999)), "an unknown configuration can be selected");
    Ok(Verdict::Noted(format!("{count} configurations")))
}

fn agrees(plugin: &Plugin<'_>, config: &clap_audio_ports_config) -> Result<()> {
    let [inputs, outputs] = plugin.ports()?;
    let counts = (inputs.len() as u32, outputs.len() as u32);
    let said = (config.input_port_count, config.output_port_count);
    ensure!(counts == said, "{said:?} ports, but {counts:?} are there");
    let main = (inputs.first().map_or(0, |port| port.channels), outputs.first().map_or(0, |port| port.channels));
    let said = (config.main_input_channel_count, config.main_output_channel_count);
    ensure!(config.has_main_input && config.has_main_output && main == said, "{said:?} channels, but {main:?}");
    // SAFETY: null, or a text that ends in zero.
    let kind = unsafe { config.main_input_port_type.as_ref().map(|text| CStr::from_ptr(text)) };
    let wanted = if main.0 == 1 { c"mono" } else { c"stereo" };
    ensure!(kind == Some(wanted), "{kind:?} for {} channels", main.0);
    Ok(())
}

/// Processes blocks with tables that the check makes itself; `look` sees what the host's memory holds after each.
fn with_tables(
    subject: &Subject,
    inputs: impl Fn(&mut [Vec<f32>]) -> Vec<Vec<*mut f32>>,
    outputs: impl Fn(&mut [Vec<f32>]) -> Vec<Vec<*mut f32>>,
    look: impl Fn(&[Vec<f32>], &[Vec<f32>]) -> Result<()>,
) -> Result<Verdict> {
    let library = Library::load(&subject.bundle)?;
    let plugin = library.plugin(subject.class.clap_id())?;
    ensure!(call!(plugin.raw, activate(plugin.raw, 48_000.0, 1, FRAMES as u32)), "activate() gives false");
    ensure!(call!(plugin.raw, start_processing(plugin.raw)), "start_processing() gives false");
    let mut random = Random::new(2);
    let (mut lent_in, mut lent_out) = (vec![vec![0.0; FRAMES]; 8], vec![vec![7.0; FRAMES]; 8]);
    for _ in 0..20 {
        lent_in.iter_mut().for_each(|channel| random.noise(channel));
        let before = lent_in.clone();
        let (mut ins, mut outs) = (inputs(&mut lent_in), outputs(&mut lent_out));
        let buffers = |tables: &mut [Vec<*mut f32>]| -> Vec<clap_audio_buffer> {
            let buffer = |table: &mut Vec<*mut f32>| clap_audio_buffer {
                data32: if table.is_empty() { ptr::null_mut() } else { table.as_mut_ptr() },
                data64: ptr::null_mut(),
                channel_count: table.len() as u32,
                latency: 0,
                constant_mask: 0,
            };
            tables.iter_mut().map(buffer).collect()
        };
        let (in_buffers, mut out_buffers) = (buffers(&mut ins), buffers(&mut outs));
        let block = clap_process {
            steady_time: -1,
            frames_count: FRAMES as u32,
            transport: ptr::null(),
            audio_inputs: if in_buffers.is_empty() { ptr::null() } else { in_buffers.as_ptr() },
            audio_outputs: if out_buffers.is_empty() { ptr::null_mut() } else { out_buffers.as_mut_ptr() },
            audio_inputs_count: in_buffers.len() as u32,
            audio_outputs_count: out_buffers.len() as u32,
            in_events: ptr::null(),
            out_events: ptr::null(),
        };
        let status = call!(plugin.raw, process(plugin.raw, &raw const block));
        ensure!(status != CLAP_PROCESS_ERROR, "process() gives CLAP_PROCESS_ERROR");
        ensure!(lent_in == before, "an input was written to");
        look(&lent_in, &lent_out)?;
    }
    call!(plugin.raw, stop_processing(plugin.raw));
    call!(plugin.raw, deactivate(plugin.raw));
    plugin.faultless()?;
    Ok(Verdict::Passed)
}

fn pointers(channels: &mut [Vec<f32>]) -> Vec<*mut f32> {
    channels.iter_mut().map(|channel| channel.as_mut_ptr()).collect()
}

fn passed(inputs: &[Vec<f32>], outputs: &[Vec<f32>]) -> Result<()> {
    ensure!(inputs[..2] == outputs[..2], "the audio did not pass through");
    Ok(())
}

fn missing(subject: &Subject) -> Result<Verdict> {
    with_tables(subject, |memory| vec![pointers(&mut memory[..2])], |memory| vec![pointers(&mut memory[..2])], passed)?;
    with_tables(
        subject,
        |_| Vec::new(),
        |memory| vec![pointers(&mut memory[..2])],
        |_, outputs| {
            ensure!(outputs[..2].iter().flatten().all(|sample| *sample == 0.0), "no input, but an output");
            Ok(())
        },
    )?;
    with_tables(subject, |memory| vec![pointers(&mut memory[..2])], |_| Vec::new(), |_, _| Ok(()))
}

fn without_memory(subject: &Subject) -> Result<Verdict> {
    let null = ptr::null_mut();
    with_tables(
        subject,
        |memory| vec![pointers(&mut memory[..2]), vec![null, null]],
        |memory| vec![pointers(&mut memory[..2]), vec![null, null]],
        passed,
    )?;
    with_tables(
        subject,
        |memory| vec![pointers(&mut memory[..2]), Vec::new()],
        |memory| vec![pointers(&mut memory[..2]), Vec::new()],
        passed,
    )
}

fn surplus(subject: &Subject) -> Result<Verdict> {
    let key = subject.class == Class::Control;
    with_tables(
        subject,
        |memory| vec![pointers(&mut memory[..4]), pointers(&mut memory[4..7])],
        |memory| vec![pointers(&mut memory[..4]), pointers(&mut memory[4..7])],
        |inputs, outputs| {
            passed(inputs, outputs)?;
            ensure!(outputs[2..4].iter().flatten().all(|sample| *sample == 0.0), "surplus channels are not silent");
            ensure!(!key || outputs[6].iter().all(|sample| *sample == 0.0), "a surplus key channel is not silent");
            Ok(())
        },
    )
}
