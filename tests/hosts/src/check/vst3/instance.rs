//! One plugin instance, and blocks through it.

use crate::Audio;
use crate::check::Subject;
use crate::check::random::Random;
use crate::vst3::com::{Changes, Events};
use crate::vst3::module::Module;
use ::vst3::Steinberg::Vst::{
    AudioBusBuffers, AudioBusBuffers__type0, BusDirections_, Event, IAudioProcessor, IAudioProcessorTrait, IComponent,
    IComponentHandler, IComponentHandlerTrait, IComponentTrait, IEditController, IEditControllerTrait, IEventList,
    IParameterChanges, MediaTypes_, ParamID, ParamValue, ParameterInfo, ProcessData, ProcessModes_, ProcessSetup,
    SpeakerArrangement, SymbolicSampleSizes_,
};
use ::vst3::Steinberg::{IPluginBaseTrait, int32, kResultOk, tresult};
use ::vst3::{Class, ComPtr, ComWrapper};
use anyhow::{Context, Result, ensure};
use std::cell::RefCell;
use std::sync::atomic::{AtomicI32, Ordering};
use std::thread::ThreadId;

/// What an output holds before a plugin writes it: no signal has these bits.
const UNWRITTEN: u32 = 0x7fc0_1234;

/// See the module's text. Terminated when dropped.
pub(super) struct Instance {
    pub(super) component: ComPtr<IComponent>,
    pub(super) processor: ComPtr<IAudioProcessor>,
    pub(super) controller: ComPtr<IEditController>,
    pub(super) handler: ComWrapper<Handler>,
    /// What the last block put into the host's event list.
    pub(super) heard: RefCell<Vec<Event>>,
    // Dropped last: the objects' code is in it.
    _module: Module,
}

// SAFETY: the checks call from one thread at a time, or from those threads that VST3 names for a function.
unsafe impl Sync for Instance {}

/// A component handler that notes from which thread it is asked for a restart.
pub(super) struct Handler {
    home: ThreadId,
    pub(super) restarts: AtomicI32,
    pub(super) strange_threads: AtomicI32,
}

impl Class for Handler {
    type Interfaces = (IComponentHandler,);
}

impl IComponentHandlerTrait for Handler {
    unsafe fn beginEdit(&self, _: ParamID) -> tresult {
        kResultOk
    }

    unsafe fn performEdit(&self, _: ParamID, _: ParamValue) -> tresult {
        kResultOk
    }

    unsafe fn endEdit(&self, _: ParamID) -> tresult {
        kResultOk
    }

    unsafe fn restartComponent(&self, _: int32) -> tresult {
        self.restarts.fetch_add(1, Ordering::AcqRel);
        if std::thread::current().id() != self.home {
            self.strange_threads.fetch_add(1, Ordering::AcqRel);
        }
        kResultOk
    }
}

pub(super) const IN: i32 = BusDirections_::kInput as i32;
pub(super) const OUT: i32 = BusDirections_::kOutput as i32;
pub(super) const AUDIO: i32 = MediaTypes_::kAudio as i32;
pub(super) const EVENT: i32 = MediaTypes_::kEvent as i32;

/// What is lent for a block beyond audio.
#[derive(Default)]
pub(super) struct Lent {
    /// Parameter, offset, normalised value.
    pub(super) changes: Vec<(u32, i32, f64)>,
    /// Set on every bus before the block.
    pub(super) silence_flags: u64,
}

/// What a block gave.
pub(super) struct Given {
    pub(super) outputs: Vec<Audio>,
    pub(super) silence_flags: Vec<u64>,
}

impl Instance {
    /// Created and initialised, with a component handler.
    pub(super) fn new(subject: &Subject) -> Result<Self> {
        let instance = Self::uninitialized(subject)?;
        // SAFETY: the component is new; a plugin must bear a host that gives no context.
        ok(unsafe { instance.component.initialize(std::ptr::null_mut()) }, "initialize()")?;
        let handler = instance.handler.to_com_ptr::<IComponentHandler>().context("the handler has its interface")?;
        // SAFETY: the plugin counts its own reference.
        ok(unsafe { instance.controller.setComponentHandler(handler.as_ptr()) }, "setComponentHandler()")?;
        Ok(instance)
    }

    /// Created, no more.
    pub(super) fn uninitialized(subject: &Subject) -> Result<Self> {
        let module = Module::load(&subject.bundle)?;
        let class = module.classes().into_iter().find(|(_, info)| info.name == subject.class.name());
        let (id, _) = class.with_context(|| format!("there is no class \"{}\"", subject.class.name()))?;
        let component = module.create::<IComponent>(id)?;
        Ok(Self {
            processor: component.cast().context("the component processes no audio")?,
            controller: component.cast().context("the component is no controller")?,
            component,
            heard: RefCell::default(),
            handler: ComWrapper::new(Handler {
                home: std::thread::current().id(),
                restarts: AtomicI32::new(0),
                strange_threads: AtomicI32::new(0),
            }),
            _module: module,
        })
    }

    /// All parameters.
    pub(super) fn infos(&self) -> Result<Vec<ParameterInfo>> {
        // SAFETY: plain calls; the place is valid.
        unsafe {
            (0..self.controller.getParameterCount())
                .map(|index| {
                    let mut info = std::mem::zeroed();
                    ok(self.controller.getParameterInfo(index, &raw mut info), "getParameterInfo()")?;
                    Ok(info)
                })
                .collect()
        }
    }

    /// The parameter with a string id of ours.
    pub(super) fn number(&self, id: &str) -> u32 {
        crate::ids::number(id)
    }

    pub(super) fn value(&self, number: u32) -> f64 {
        // SAFETY: a plain call.
        unsafe { self.controller.getParamNormalized(number) }
    }

    pub(super) fn setup(&self, rate_hz: f64, longest: i32) -> tresult {
        let mut setup = ProcessSetup {
            processMode: ProcessModes_::kRealtime as i32,
            symbolicSampleSize: SymbolicSampleSizes_::kSample32 as i32,
            maxSamplesPerBlock: longest,
            sampleRate: rate_hz,
        };
        // SAFETY: a plain call.
        unsafe { self.processor.setupProcessing(&raw mut setup) }
    }

    pub(super) fn set_active(&self, active: bool) -> tresult {
        // SAFETY: a plain call.
        unsafe { self.component.setActive(u8::from(active)) }
    }

    pub(super) fn set_processing(&self, processing: bool) -> tresult {
        // SAFETY: a plain call.
        unsafe { self.processor.setProcessing(u8::from(processing)) }
    }

    /// Set up, active and processing.
    pub(super) fn start(&self, rate_hz: f64, longest: i32) -> Result<()> {
        ok(self.setup(rate_hz, longest), &format!("setupProcessing({rate_hz} Hz, {longest})"))?;
        ok(self.set_active(true), "setActive(true)")?;
        self.set_processing(true);
        Ok(())
    }

    /// Not processing and not active any more.
    pub(super) fn stop(&self) -> Result<()> {
        self.set_processing(false);
        ok(self.set_active(false), "setActive(false)")
    }

    pub(super) fn bus_count(&self, media: i32, direction: i32) -> i32 {
        // SAFETY: a plain call.
        unsafe { self.component.getBusCount(media, direction) }
    }

    /// The arrangements of one direction's audio buses.
    pub(super) fn arrangements(&self, direction: i32) -> Result<Vec<SpeakerArrangement>> {
        (0..self.bus_count(AUDIO, direction))
            .map(|index| {
                let mut speakers = 0;
                // SAFETY: a plain call; the place is valid.
                let result = unsafe { self.processor.getBusArrangement(direction, index, &raw mut speakers) };
                ok(result, "getBusArrangement()")?;
                Ok(speakers)
            })
            .collect()
    }

    pub(super) fn arrange(&self, mut inputs: Vec<SpeakerArrangement>, mut outputs: Vec<SpeakerArrangement>) -> tresult {
        let counts = (inputs.len() as i32, outputs.len() as i32);
        // SAFETY: both arrays are as long as their counts say.
        unsafe { self.processor.setBusArrangements(inputs.as_mut_ptr(), counts.0, outputs.as_mut_ptr(), counts.1) }
    }

    /// Noise for every input as it is arranged.
    pub(super) fn noise(&self, random: &mut Random, frames: usize) -> Result<Vec<Audio>> {
        let noise = |random: &mut Random| {
            let mut channel = vec![0.0; frames];
            random.noise(&mut channel);
            channel
        };
        let arrangements = self.arrangements(IN)?;
        Ok(arrangements.iter().map(|speakers| (0..speakers.count_ones()).map(|_| noise(random)).collect()).collect())
    }

    /// One block with every bus as it is arranged, and a look at what comes back.
    pub(super) fn block(&self, frames: usize, inputs: &[Audio], lent: &Lent) -> Result<Given> {
        let widths: Vec<_> = self.arrangements(OUT)?.iter().map(|speakers| speakers.count_ones() as usize).collect();
        let mut memory = inputs.to_vec();
        let mut outputs: Vec<Audio> =
            widths.iter().map(|width| vec![vec![f32::from_bits(UNWRITTEN); frames]; *width]).collect();
        let (result, flags) = self.process(frames, &mut memory, &mut outputs, lent)?;
        ok(result, &format!("process() of {frames} frames"))?;
        ensure!(memory == inputs, "an input was written to");
        for (bus, audio) in outputs.iter().enumerate() {
            for (channel, samples) in audio.iter().enumerate() {
                for (frame, sample) in samples.iter().enumerate() {
                    let place = format!("output {bus}, channel {channel}, frame {frame} of {frames}");
                    ensure!(sample.to_bits() != UNWRITTEN, "{place} was left unwritten");
                    ensure!(sample.is_finite() && !sample.is_subnormal(), "{place} is {sample:e}");
                }
                let silent = samples.iter().all(|sample| *sample == 0.0);
                let flagged = flags[bus] & (1 << channel) != 0;
                ensure!(silent == flagged, "output {bus}, channel {channel}: silent {silent}, flagged {flagged}");
            }
        }
        Ok(Given { outputs, silence_flags: flags })
    }

    /// One block with whatever buses the caller makes up; result and silence flags.
    pub(super) fn process(
        &self,
        frames: usize,
        inputs: &mut [Audio],
        outputs: &mut [Audio],
        lent: &Lent,
    ) -> Result<(tresult, Vec<u64>)> {
        let tables = |buses: &mut [Audio]| -> Vec<Vec<*mut f32>> {
            buses.iter_mut().map(|bus| bus.iter_mut().map(|channel| channel.as_mut_ptr()).collect()).collect()
        };
        let (mut ins, mut outs) = (tables(inputs), tables(outputs));
        self.process_tables(frames, &mut ins, &mut outs, lent)
    }

    /// The same with pointers.
    pub(super) fn process_tables(
        &self,
        frames: usize,
        inputs: &mut [Vec<*mut f32>],
        outputs: &mut [Vec<*mut f32>],
        lent: &Lent,
    ) -> Result<(tresult, Vec<u64>)> {
        let buffers = |tables: &mut [Vec<*mut f32>]| -> Vec<AudioBusBuffers> {
            let buffer = |table: &mut Vec<*mut f32>| AudioBusBuffers {
                numChannels: table.len() as i32,
                silenceFlags: lent.silence_flags,
                __field0: AudioBusBuffers__type0 {
                    channelBuffers32: if table.is_empty() { std::ptr::null_mut() } else { table.as_mut_ptr() },
                },
            };
            tables.iter_mut().map(buffer).collect()
        };
        let (mut ins, mut outs) = (buffers(inputs), buffers(outputs));
        let changes = ComWrapper::new(Changes::default());
        lent.changes.iter().for_each(|(number, offset, value)| changes.push(*number, *offset, *value));
        let (out_changes, heard) = (ComWrapper::new(Changes::default()), ComWrapper::new(Events::default()));
        let interface = |changes: &ComWrapper<Changes>| changes.to_com_ptr::<IParameterChanges>();
        let in_changes = interface(&changes).context("changes have their interface")?;
        let out_changes = interface(&out_changes).context("changes have their interface")?;
        let out_events = heard.to_com_ptr::<IEventList>().context("events have their interface")?;
        let mut data = ProcessData {
            processMode: ProcessModes_::kRealtime as i32,
            symbolicSampleSize: SymbolicSampleSizes_::kSample32 as i32,
            numSamples: frames as i32,
            numInputs: ins.len() as i32,
            numOutputs: outs.len() as i32,
            inputs: if ins.is_empty() { std::ptr::null_mut() } else { ins.as_mut_ptr() },
            outputs: if outs.is_empty() { std::ptr::null_mut() } else { outs.as_mut_ptr() },
            inputParameterChanges: in_changes.as_ptr(),
            outputParameterChanges: out_changes.as_ptr(),
            inputEvents: std::ptr::null_mut(),
            outputEvents: out_events.as_ptr(),
            processContext: std::ptr::null_mut(),
        };
        // SAFETY: every pointer leads to what VST3 says it does, or is what the check is about.
        let result = unsafe { self.processor.process(&raw mut data) };
        self.heard.replace(heard.take());
        Ok((result, outs.iter().map(|bus| bus.silenceFlags).collect()))
    }

    /// `count` blocks of noise.
    pub(super) fn noisy_blocks(&self, random: &mut Random, count: usize, frames: usize) -> Result<()> {
        for _ in 0..count {
            let noise = self.noise(random, frames)?;
            self.block(frames, &noise, &Lent::default())?;
        }
        Ok(())
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // SAFETY: nothing is called after this.
        unsafe { self.component.terminate() };
    }
}

/// A call that must succeed.
pub(super) fn ok(result: tresult, what: &str) -> Result<()> {
    ensure!(result == kResultOk, "{what} gives {result}");
    Ok(())
}

pub(super) fn text(text: &[u16]) -> String {
    let end = text.iter().position(|unit| *unit == 0).unwrap_or(text.len());
    String::from_utf16_lossy(&text[..end])
}
