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
    /// No export of ours stands around the plugin, so it says itself what leaves.
    const ALONE: bool = false;
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

/// `key`: channels of the key bus, if there is one. A mono layout whose other buses are mono too is what nice-plug sees
/// of a mono VST3 track, because it compares their widths with the main bus's; the export makes up for the difference.
const fn layout(channels: u32, side_chain: u32, key: Option<u32>) -> AudioIOLayout {
    AudioIOLayout {
        main_input_channels: NonZeroU32::new(channels),
        main_output_channels: NonZeroU32::new(channels),
        aux_input_ports: if side_chain == MONO { MONO_PORT } else { STEREO_PORT },
        aux_output_ports: match key {
            Some(MONO) => MONO_PORT,
            Some(_) => STEREO_PORT,
            None => &[],
        },
        names: PortNames {
            layout: Some(match (channels, key) {
                (MONO, Some(MONO)) => "Mono, key level only",
                (MONO, _) => "Mono",
                _ => "Stereo",
            }),
            // Called "Input" and "Output" where they have no name. nice-plug 0.4.2 gives the output the input's name, and the
            // standalone cannot register two ports of one name.
            main_input: None,
            main_output: None,
            aux_inputs: &["Side chain"],
            aux_outputs: if key.is_some() { &["Key"] } else { &[] },
        },
    }
}

impl Class for EarmarkClass {
    const NAME: &'static str = "Earmark";
    const CLAP_ID: &'static str = "earmark.earmark";
    const VST3_CLASS_ID: [u8; 16] = *b"EarmarkPluginEar";
    const CONTROL: bool = false;
    const LAYOUTS: &'static [AudioIOLayout] = &[layout(STEREO, STEREO, None), layout(MONO, MONO, None)];
    const CLAP_FEATURES: &'static [ClapFeature] =
        &[ClapFeature::AudioEffect, ClapFeature::Analyzer, ClapFeature::Stereo, ClapFeature::Mono];
}

impl Class for ControlClass {
    const NAME: &'static str = "Earmark Control";
    const CLAP_ID: &'static str = "earmark.control";
    const VST3_CLASS_ID: [u8; 16] = *b"EarmarkPluginCtl";
    const CONTROL: bool = true;
    const LAYOUTS: &'static [AudioIOLayout] =
        &[layout(STEREO, STEREO, Some(STEREO)), layout(MONO, STEREO, Some(STEREO)), layout(MONO, MONO, Some(MONO))];
    const CLAP_FEATURES: &'static [ClapFeature] = &[
        ClapFeature::AudioEffect,
        ClapFeature::Analyzer,
        ClapFeature::NoteDetector,
        ClapFeature::Stereo,
        ClapFeature::Mono,
    ];
}

/// Earmark Control without a host.
#[cfg(feature = "standalone")]
pub struct StandaloneClass;

#[cfg(feature = "standalone")]
impl Class for StandaloneClass {
    const NAME: &'static str = "Earmark";
    const CLAP_ID: &'static str = "earmark.standalone";
    const VST3_CLASS_ID: [u8; 16] = *b"EarmarkPluginOwn";
    const CONTROL: bool = true;
    const ALONE: bool = true;
    const LAYOUTS: &'static [AudioIOLayout] = ControlClass::LAYOUTS;
    const CLAP_FEATURES: &'static [ClapFeature] = ControlClass::CLAP_FEATURES;
}
