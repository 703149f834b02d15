//! A VST3 host without a window.
//!
//! As in a DAW the audio runs on a thread of its own, and after every block the values that the processor has
//! put out are shown to the controller on the main thread, which may answer with edits.

pub(crate) mod com;
mod handler;
pub(crate) mod module;
mod parameters;
mod processor;
pub(crate) mod state;

use crate::buses::Layout;
use crate::ledger::Ledger;
use crate::stream::{self, Change, Streamed};
use crate::{Audio, Edit, EditKind, Event, Kind, Parameter, Plan, PluginInfo, Render};
use ::vst3::Steinberg::Vst::{
    BusDirections_, IAudioProcessor, IAudioProcessorTrait, IComponent, IComponentHandler, IComponentTrait,
    IEditController, IEditControllerTrait, MediaTypes_, ProcessModes_, ProcessSetup, SpeakerArr, SpeakerArrangement,
    SymbolicSampleSizes_,
};
use ::vst3::Steinberg::{IPluginBaseTrait, kResultOk, tresult};
use ::vst3::{ComPtr, ComWrapper};
use anyhow::{Context, Result, anyhow, ensure};
use handler::Handler;
use module::Module;
pub use module::binary;
use processor::Vst3Processor;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

/// The output values of one block, for the controller: numbers and normalized values.
type Shown = Vec<(u32, f64)>;

/// The plugins in a bundle.
///
/// # Errors
/// The bundle cannot be loaded, or is no VST3 plugin.
pub fn list(bundle: &Path) -> Result<Vec<PluginInfo>> {
    Ok(Module::load(bundle)?.classes().into_iter().map(|(_, info)| info).collect())
}

/// Runs a plan: loads the bundle's plugin, streams `input` (one channel asks for the plugin's mono buses) through it.
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
    let plan = plans.first().context("nothing is planned")?;
    ensure!(plans.iter().all(|other| other.class == plan.class), "one instance is of one class");
    let module = Module::load(bundle)?;
    let (id, info) = module
        .classes()
        .into_iter()
        .find(|(_, info)| info.name == plan.class.name())
        .with_context(|| format!("{} has no plugin \"{}\"", bundle.display(), plan.class.name()))?;
    let component = module.create::<IComponent>(id)?;
    // SAFETY: the component is new; a plugin must bear a host that gives no context.
    done(unsafe { component.initialize(std::ptr::null_mut()) }, "initialize the component")?;
    let plugin = Plugin {
        processor: component.cast::<IAudioProcessor>().context("the plugin processes no audio")?,
        controller: component.cast::<IEditController>().context("the plugin's controller is another object")?,
        component,
    };
    let rendered = plans.iter().map(|plan| plugin.render(plan, input, info.clone())).collect();
    // SAFETY: the plugin is not active any more, and nothing is called after this.
    unsafe { plugin.component.terminate() };
    rendered
}

struct Plugin {
    component: ComPtr<IComponent>,
    processor: ComPtr<IAudioProcessor>,
    controller: ComPtr<IEditController>,
}

impl Plugin {
    fn render(&self, plan: &Plan, input: &Audio, info: PluginInfo) -> Result<Render> {
        let edits = Arc::default();
        let handler = ComWrapper::new(Handler::new(Arc::clone(&edits)));
        let handler = handler.to_com_ptr::<IComponentHandler>().context("the handler has its interface")?;
        // SAFETY: the plugin counts its own reference to the handler.
        done(unsafe { self.controller.setComponentHandler(handler.as_ptr()) }, "take the component handler")?;

        let state_taken = plan.state.as_ref().is_none_or(|state| state::load(&self.component, &self.controller, state));
        let listed = parameters::list(&self.controller);
        let read = |parameter: &Parameter, text: &str| parameters::read(&self.controller, parameter, text);
        let settings = stream::settings(plan, &listed, &read)?;
        let mut lane = settings.clone();
        lane.extend(stream::lane(plan, &listed, &read)?);
        for setting in &settings {
            // SAFETY: a plain call on the main thread.
            unsafe { self.controller.setParamNormalized(setting.number, setting.normalized) };
        }

        let layout = self.arrange(input.len().max(1))?;
        self.activate(plan)?;
        // SAFETY: a plain call on the main thread, while active.
        let latency_samples = unsafe { self.processor.getLatencySamples() };
        let streamed = self.run(plan, input, &layout, &lane, &listed, &handler::Edits::clone(&edits));
        // SAFETY: the audio thread has ended.
        unsafe {
            self.processor.setProcessing(0);
            self.component.setActive(0);
        }
        let Streamed { mut ledger, outputs } = streamed?;
        let edits = handler::take(&edits, &listed);
        add_gestures(&mut ledger, &edits);
        Ok(Render {
            plugin: info,
            values: parameters::values(&self.controller, &listed),
            parameters: listed,
            rate_hz: plan.rate_hz,
            frames: stream::frames(input),
            latency_samples,
            state_taken,
            events: ledger.events,
            edits,
            outputs,
            state: state::save(&self.component)?,
            faults: ledger.faults,
        })
    }

    /// Asks for a main bus of so many channels, all others as they are, and says what came of it.
    fn arrange(&self, channels: usize) -> Result<Layout> {
        let [mut inputs, mut outputs] =
            [BusDirections_::kInput, BusDirections_::kOutput].map(|way| self.arrangement(way));
        let wanted = if channels == 1 { SpeakerArr::kMono } else { SpeakerArr::kStereo };
        if let (Some(input), Some(output)) = (inputs.first_mut(), outputs.first_mut())
            && *input != wanted
        {
            (*input, *output) = (wanted, wanted);
            let counts = (inputs.len() as i32, outputs.len() as i32);
            // SAFETY: both arrays are as long as their counts say.
            let result = unsafe {
                self.processor.setBusArrangements(inputs.as_mut_ptr(), counts.0, outputs.as_mut_ptr(), counts.1)
            };
            done(result, &format!("take buses of {channels} channels"))?;
        }
        let count = |way| self.arrangement(way).iter().map(|speakers| speakers.count_ones() as usize).collect();
        let layout = Layout { inputs: count(BusDirections_::kInput), outputs: count(BusDirections_::kOutput) };
        ensure!(layout.inputs.first() == Some(&channels), "the plugin takes no input of {channels} channels");
        Ok(layout)
    }

    fn arrangement(&self, direction: u32) -> Vec<SpeakerArrangement> {
        let direction = direction as i32;
        // SAFETY: plain calls; the arrangement is written into a valid place.
        unsafe {
            let buses = self.component.getBusCount(MediaTypes_::kAudio as i32, direction);
            let mut arrangements = vec![0; buses as usize];
            for (index, arrangement) in arrangements.iter_mut().enumerate() {
                self.processor.getBusArrangement(direction, index as i32, arrangement);
            }
            arrangements
        }
    }

    /// Sets up once, as hosts do, switches every bus on and starts.
    fn activate(&self, plan: &Plan) -> Result<()> {
        let mode = if plan.activates_offline() { ProcessModes_::kOffline } else { ProcessModes_::kRealtime };
        let mut setup = ProcessSetup {
            processMode: mode as i32,
            symbolicSampleSize: SymbolicSampleSizes_::kSample32 as i32,
            maxSamplesPerBlock: i32::try_from(plan.announced()).context("a block is too long for VST3")?,
            sampleRate: plan.rate_hz,
        };
        // SAFETY: plain calls on the main thread, in the order that VST3 wants.
        unsafe {
            done(self.processor.setupProcessing(&raw mut setup), "set up processing")?;
            for media in [MediaTypes_::kAudio, MediaTypes_::kEvent] {
                for direction in [BusDirections_::kInput, BusDirections_::kOutput] {
                    let (media, direction) = (media as i32, direction as i32);
                    for index in 0..self.component.getBusCount(media, direction) {
                        self.component.activateBus(media, direction, index, 1);
                    }
                }
            }
            done(self.component.setActive(1), "activate")?;
            self.processor.setProcessing(1);
        }
        Ok(())
    }

    fn run(
        &self,
        plan: &Plan,
        input: &Audio,
        layout: &Layout,
        lane: &[Change],
        parameters: &[Parameter],
        edits: &handler::Edits,
    ) -> Result<Streamed> {
        let (to_controller, shown): (Sender<(u64, Shown)>, Receiver<_>) = channel();
        let (to_audio, answered) = channel();
        std::thread::scope(|scope| {
            let audio = scope.spawn(move || {
                let mut processor =
                    Vst3Processor::new(self.processor.clone(), parameters, plan, to_controller, answered)?;
                stream::stream(plan, input, layout, lane, &mut processor)
            });
            for (now, values) in shown {
                edits.lock().map_err(|_| anyhow!("the handler panicked"))?.now = now;
                for (number, normalized) in values {
                    // SAFETY: a plain call on the main thread.
                    unsafe { self.controller.setParamNormalized(number, normalized) };
                }
                // The audio thread is gone only after a failure, which it reports itself.
                let _ = to_audio.send(());
            }
            audio.join().map_err(|_| anyhow!("the audio thread panicked"))?
        })
    }
}

/// VST3's gestures come from the controller; in the book they stand among the processor's events.
fn add_gestures(ledger: &mut Ledger, edits: &[Edit]) {
    for edit in edits {
        let kind = match edit.kind {
            EditKind::Begin => Kind::GestureBegin,
            EditKind::End => Kind::GestureEnd,
            EditKind::Perform => continue,
        };
        ledger.events.push(Event { time_samples: edit.time_samples, kind, id: edit.id.clone(), value: 0.0 });
    }
    ledger.events.sort_by_key(|event| event.time_samples);
}

/// A call that must succeed.
fn done(result: tresult, what: &str) -> Result<()> {
    ensure!(result == kResultOk, "the plugin does not {what} ({result})");
    Ok(())
}
