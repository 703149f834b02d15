//! The plugin's life cycle, and nothing else.

use std::marker::PhantomData;
use std::sync::Arc;

use nice_plug::midi::{Channel, Key, VoiceID};
use nice_plug::prelude::*;

use super::class::Class;
use super::emission::{Emission, Out};
use super::params::EarmarkParams;
use super::process::{Block, Held, Processor, Setup};
use super::scope::{Place, ScopeInput, ScopeOutput, scope};
use crate::editor::{EarmarkEditor, Instance};
use crate::say::midi::MidiMessage;

/// Earmark as a plugin of class `C`.
pub struct EarmarkPlugin<C: Class> {
    params: Arc<EarmarkParams>,
    emission: Arc<Emission>,
    scope: ScopeInput,
    window: ScopeOutput,
    processor: Option<Processor>,
    /// What the activation before has left open at the host.
    held: Held,
    /// The processor has panicked. It only passes the audio on, in time with the latency that the host knows of.
    failed: bool,
    class: PhantomData<C>,
}

impl<C: Class> Default for EarmarkPlugin<C> {
    fn default() -> Self {
        let params = Arc::new(EarmarkParams::default());
        let (scope, window) = scope();
        Self {
            emission: Emission::new(params.clone(), params.models.window(), scope.clone()),
            params,
            scope,
            window,
            processor: None,
            held: Held::default(),
            failed: false,
            class: PhantomData,
        }
    }
}

impl<C: Class> Plugin for EarmarkPlugin<C> {
    const NAME: &'static str = C::NAME;
    const VENDOR: &'static str = "Earmark";
    const URL: &'static str = "";
    const EMAIL: &'static str = "";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const AUDIO_IO_LAYOUTS: &'static [AudioIOLayout] = C::LAYOUTS;
    const MIDI_OUTPUT: MidiConfig = if C::CONTROL { MidiConfig::MidiCCs } else { MidiConfig::None };
    const SAMPLE_ACCURATE_AUTOMATION: bool = true;

    type Editor = EarmarkEditor;
    type SysExMessage = ();
    type BackgroundTask = ();

    fn params(&self) -> Arc<dyn Params> {
        self.params.clone()
    }

    fn editor(&mut self, _async_executor: AsyncExecutor<Self>) -> Option<Self::Editor> {
        let editor = || {
            EarmarkEditor::new(Instance {
                params: self.params.clone(),
                scope: self.window.clone(),
                engine: self.params.models.window(),
                has_midi: C::CONTROL,
            })
        };
        self.emission.guarded("Plugin::editor", None, || Some(editor()))
    }

    fn activate(
        &mut self,
        layout: &AudioIOLayout,
        config: &BufferConfig,
        context: &mut impl ActivateContext<Self>,
    ) -> bool {
        // Without an engine the audio still passes; the window says what is wrong.
        let emission = self.emission.clone();
        let begun = emission.guarded("Plugin::activate", false, || {
            self.begin(layout, config, context);
            true
        });
        if !begun {
            // Whatever is left knows another activation.
            self.processor = None;
        }
        true
    }

    fn reset(&mut self) {
        let Some(processor) = self.processor.as_mut().filter(|_| !self.failed) else { return };
        self.failed = self.emission.guarded_audio("Plugin::reset", || processor.reset()).is_none();
    }

    fn process(
        &mut self,
        buffer: &mut Buffer,
        aux: &mut AuxiliaryBuffers,
        context: &mut impl ProcessContext<Self>,
    ) -> ProcessStatus {
        let Some(processor) = self.processor.as_mut() else { return ProcessStatus::Normal };
        if self.failed {
            processor.pass(buffer.as_slice());
            return ProcessStatus::Normal;
        }
        let block = Block {
            main: buffer.as_slice(),
            side_chain: aux.inputs.first_mut().map_or(&[], |port| port.as_slice_immutable()),
            key: aux.outputs.first_mut().map_or(&mut [], |port| port.as_slice()),
            place: place(context.transport()),
        };
        if C::ALONE {
            self.emission.start();
        }
        // Nothing in there is meant to panic; if it does, the host must not go down with it.
        if self.emission.guarded_audio("Plugin::process", || processor.process(block)).is_none() {
            self.failed = true;
            processor.pass_rest(buffer.as_slice());
            return ProcessStatus::Normal;
        }
        if C::ALONE {
            say(&self.emission, context);
        }
        if processor.wants_restart() {
            context.request_restart();
        }
        // Automation goes on while the input is silent, so the host must keep calling.
        ProcessStatus::KeepAlive
    }

    fn deactivate(&mut self) {
        self.emission.clone().guarded("Plugin::deactivate", (), || self.end());
    }
}

impl<C: Class> EarmarkPlugin<C> {
    fn begin(&mut self, layout: &AudioIOLayout, config: &BufferConfig, context: &mut impl ActivateContext<Self>) {
        self.end();
        self.failed = false;
        let offline = config.process_mode == ProcessMode::Offline;
        match self.params.models.activate(f64::from(config.sample_rate), offline) {
            Ok(ear) => {
                let setup = Setup {
                    sample_rate_hz: config.sample_rate,
                    max_block: config.max_buffer_size,
                    channels: layout.main_output_channels.map_or(0, |channels| channels.get() as usize),
                    offline,
                    control: C::CONTROL,
                };
                let (params, emission) = (self.params.clone(), self.emission.clone());
                let held = std::mem::take(&mut self.held);
                let processor = Processor::new(ear, params, emission, self.scope.clone(), setup, held);
                context.set_latency_samples(processor.latency());
                self.processor = Some(processor);
            }
            Err(error) => self.params.models.window().fail(error.to_string()),
        }
    }

    fn end(&mut self) {
        self.emission.set_writing(false);
        if let Some(processor) = self.processor.take() {
            self.held = processor.hold();
        }
        self.params.models.deactivate();
    }
}

/// Says what the exports say otherwise: values to their parameters, which the window shows, and notes and controllers.
fn say<P: Plugin<SysExMessage = ()>>(emission: &Emission, context: &mut impl ProcessContext<P>) {
    while let Some(out) = emission.pop() {
        let Out::Midi { message, time: timing } = out else { continue };
        let voice_id = VoiceID::Wildcard;
        let event = match message {
            MidiMessage::NoteOn { channel, note } => {
                let (channel, key) = (Channel::Number(channel), Key::Number(note));
                NoteEvent::NoteOn { timing, voice_id, channel, key, velocity: 1.0 }
            }
            MidiMessage::NoteOff { channel, note } => {
                let (channel, key) = (Channel::Number(channel), Key::Number(note));
                NoteEvent::NoteOff { timing, voice_id, channel, key, velocity: 0.0 }
            }
            MidiMessage::Controller { channel, controller, value } => {
                NoteEvent::MidiCC { timing, channel, cc: controller, value: f32::from(value) / 127.0 }
            }
        };
        // Ports that are full or not there lose it; there is nobody to tell.
        let _ = context.try_send_event(event);
    }
}

/// Where the transport stands; a host that does not say counts as playing.
fn place(transport: &Transport) -> Place {
    let silent_host = transport.pos_samples.is_none() && transport.pos_beats.is_none() && transport.tempo.is_none();
    let quarters = |numerator: i32, denominator: i32| f64::from(numerator) * 4.0 / f64::from(denominator.max(1));
    Place {
        playing: transport.playing || silent_host,
        recording: transport.recording,
        song_s: transport.pos_seconds(),
        beats: transport.pos_beats(),
        tempo: transport.tempo,
        bar: transport.bar_number().zip(transport.bar_start_pos_beats()),
        bar_beats: transport.time_sig_numerator.zip(transport.time_sig_denominator).map(|(n, d)| quarters(n, d)),
    }
}

impl<C: Class> ClapPlugin for EarmarkPlugin<C> {
    const CLAP_ID: &'static str = C::CLAP_ID;
    const CLAP_DESCRIPTION: Option<&'static str> =
        Some("Hears who sings and what kind of music it is, and says it as automation");
    const CLAP_MANUAL_URL: Option<&'static str> = None;
    const CLAP_SUPPORT_URL: Option<&'static str> = None;
    const CLAP_FEATURES: &'static [ClapFeature] = C::CLAP_FEATURES;

    fn remote_controls(&self, context: &mut impl RemoteControlsContext) {
        self.emission.guarded("ClapPlugin::remote_controls", (), || {
            let params = &*self.params;
            context.add_section("Earmark", |section| {
                section.add_page("Essentials", |page| {
                    page.add_param(&params.vocal);
                    page.add_param(&params.vocal_gate);
                    page.add_param(&params.genre);
                    page.add_param(&params.genre_confidence);
                    page.add_param(&params.detect.threshold);
                    page.add_param(&params.shape.hold);
                    page.add_param(&params.shape.ride);
                    page.add_param(&params.emit.automation);
                });
            });
        });
    }
}

impl<C: Class> Vst3Plugin for EarmarkPlugin<C> {
    const VST3_CLASS_ID: [u8; 16] = C::VST3_CLASS_ID;
    const VST3_SUBCATEGORIES: &'static [Vst3SubCategory] = &[Vst3SubCategory::Fx, Vst3SubCategory::Analyzer];
}
