//! The two plugin classes in the binary. Extra ports change a track in many hosts, so the class for most uses has none.

use nice_plug::prelude::*;

/// What distinguishes a class.
pub trait Class: Send + Sync + 'static {
    /// Name in the host.
    const NAME: &'static str;
    /// CLAP id; never changes.
    const CLAP_ID: &'static str;
    /// VST3 class id; never changes.
    const VST3_CLASS_ID: [u8; 16];
    /// MIDI out and the key bus.
    const CONTROL: bool;
    /// Ports.
    const LAYOUTS: &'static [AudioIOLayout];
    /// CLAP features.
    const CLAP_FEATURES: &'static [ClapFeature];
}

/// Plain stereo or mono in and out, with a side-chain input.
pub struct EarmarkClass;

/// The same plus MIDI output and the key bus.
pub struct ControlClass;

const STEREO: u32 = 2;
const MONO: u32 = 1;
const STEREO_PORT: &[NonZeroU32] = &[new_nonzero_u32(STEREO)];
const MONO_PORT: &[NonZeroU32] = &[new_nonzero_u32(MONO)];

const fn layout(channels: u32, control: bool) -> AudioIOLayout {
    AudioIOLayout {
        main_input_channels: NonZeroU32::new(channels),
        main_output_channels: NonZeroU32::new(channels),
        // nice-plug 0.4.2 compares a VST3 host's main bus with the side chain's width, so they must agree for a mono track
        // to be accepted. Control's key bus is stereo by its nature; it stays refused on mono VST3 tracks.
        aux_input_ports: if channels == MONO && !control { MONO_PORT } else { STEREO_PORT },
        aux_output_ports: if control { STEREO_PORT } else { &[] },
        names: PortNames {
            layout: Some(if channels == MONO { "Mono" } else { "Stereo" }),
            main_input: Some("Input"),
            main_output: Some("Output"),
            aux_inputs: &["Side chain"],
            aux_outputs: if control { &["Key"] } else { &[] },
        },
    }
}

impl Class for EarmarkClass {
    const NAME: &'static str = "Earmark";
    const CLAP_ID: &'static str = "earmark.earmark";
    const VST3_CLASS_ID: [u8; 16] = *b"EarmarkPluginEar";
    const CONTROL: bool = false;
    const LAYOUTS: &'static [AudioIOLayout] = &[layout(STEREO, false), layout(MONO, false)];
    const CLAP_FEATURES: &'static [ClapFeature] =
        &[ClapFeature::AudioEffect, ClapFeature::Analyzer, ClapFeature::Stereo, ClapFeature::Mono];
}

impl Class for ControlClass {
    const NAME: &'static str = "Earmark Control";
    const CLAP_ID: &'static str = "earmark.control";
    const VST3_CLASS_ID: [u8; 16] = *b"EarmarkPluginCtl";
    const CONTROL: bool = true;
    const LAYOUTS: &'static [AudioIOLayout] = &[layout(STEREO, true), layout(MONO, true)];
    const CLAP_FEATURES: &'static [ClapFeature] = &[
        ClapFeature::AudioEffect,
        ClapFeature::Analyzer,
        ClapFeature::NoteDetector,
        ClapFeature::Stereo,
        ClapFeature::Mono,
    ];
}
