//! One block through VST3's `process`.

use super::Shown;
use super::com::{Changes, Events};
use crate::buses::{Bus, Buses};
use crate::ledger::Ledger;
use crate::stream::{Block, Processor};
use crate::{Kind, Parameter, Plan};
use ::vst3::Steinberg::Vst::Event_::EventTypes_;
use ::vst3::Steinberg::Vst::ProcessContext_::StatesAndFlags_;
use ::vst3::Steinberg::Vst::{
    AudioBusBuffers, AudioBusBuffers__type0, Event, IAudioProcessor, IAudioProcessorTrait, IEventList,
    IParameterChanges, ProcessContext, ProcessData, ProcessModes_, SymbolicSampleSizes_,
};
use ::vst3::Steinberg::kResultOk;
use ::vst3::{ComPtr, ComWrapper};
use anyhow::{Context, Result, ensure};
use std::sync::mpsc::{Receiver, Sender};

/// The tempo that the host pretends to run at.
const TEMPO_BPM: f64 = 120.0;

/// The audio thread's half of a plugin.
pub(super) struct Vst3Processor<'a> {
    processor: ComPtr<IAudioProcessor>,
    parameters: &'a [Parameter],
    mode: i32,
    /// The mode of the next block, where it changes from block to block.
    flips_to: Option<i32>,
    input: Lists,
    output: Lists,
    /// After every block: the output values, with the time at the block's end.
    to_controller: Sender<(u64, Shown)>,
    /// The controller has seen them.
    answered: Receiver<()>,
}

impl<'a> Vst3Processor<'a> {
    pub(super) fn new(
        processor: ComPtr<IAudioProcessor>,
        parameters: &'a [Parameter],
        plan: &Plan,
        to_controller: Sender<(u64, Shown)>,
        answered: Receiver<()>,
    ) -> Result<Self> {
        let [offline, live] = [ProcessModes_::kOffline as i32, ProcessModes_::kRealtime as i32];
        let (mode, other) = if plan.offline { (offline, live) } else { (live, offline) };
        let flips_to = plan.flips_mode.then_some(other);
        Ok(Self {
            processor,
            parameters,
            mode,
            flips_to,
            input: Lists::new()?,
            output: Lists::new()?,
            to_controller,
            answered,
        })
    }

    /// Enters points and events in the order of their offsets; gives the last value of each parameter.
    fn enter(&self, ledger: &mut Ledger) -> Shown {
        let mut shown = Shown::new();
        let mut said = Vec::new();
        for (number, points) in self.output.changes.take() {
            if points.windows(2).any(|pair| pair[0].0 > pair[1].0) {
                ledger.fault(format!("the points of parameter {number} are not in order of time"));
            }
            shown.extend(points.last().map(|(_, normalized)| (number, *normalized)));
            said.extend(points.into_iter().map(|(offset, normalized)| (offset, Said::Point(number, normalized))));
        }
        said.extend(self.output.events.take().into_iter().map(|event| (event.sampleOffset, Said::Event(event))));
        said.sort_by_key(|(offset, _)| *offset);
        for (offset, said) in said {
            let Ok(offset) = u32::try_from(offset) else {
                ledger.fault(format!("something at offset {offset}"));
                continue;
            };
            match said {
                Said::Point(number, normalized) => {
                    let parameter = self.parameters.iter().find(|parameter| parameter.number == number);
                    let value = parameter.map_or(normalized, |parameter| parameter.plain(normalized));
                    ledger.parameter(offset, Kind::Value, number, value);
                }
                Said::Event(event) => enter(&event, offset, ledger),
            }
        }
        shown
    }
}

impl Processor for Vst3Processor<'_> {
    fn process(&mut self, block: &Block<'_>, buses: &Buses, ledger: &mut Ledger) -> Result<()> {
        self.input.clear();
        self.output.clear();
        if let Some(other) = &mut self.flips_to {
            std::mem::swap(&mut self.mode, other);
        }
        for change in block.changes {
            self.input.changes.push(change.number, i32::try_from(change.offset)?, change.normalized);
        }
        let (mut inputs, mut outputs) = (tables(&buses.inputs), tables(&buses.outputs));
        let mut context = context(block);
        let mut data = ProcessData {
            processMode: self.mode,
            symbolicSampleSize: SymbolicSampleSizes_::kSample32 as i32,
            numSamples: i32::try_from(block.frames)?,
            numInputs: inputs.len() as i32,
            numOutputs: outputs.len() as i32,
            inputs: inputs.as_mut_ptr(),
            outputs: outputs.as_mut_ptr(),
            inputParameterChanges: self.input.changes_interface.as_ptr(),
            outputParameterChanges: self.output.changes_interface.as_ptr(),
            inputEvents: self.input.events_interface.as_ptr(),
            outputEvents: self.output.events_interface.as_ptr(),
            processContext: &raw mut context,
        };
        // SAFETY: every pointer leads to what VST3 says it does, and nothing else touches it during the call.
        let result = unsafe { self.processor.process(&raw mut data) };
        ensure!(result == kResultOk, "processing the block at {} failed ({result})", block.start);
        let shown = self.enter(ledger);
        self.to_controller.send((block.start + block.frames as u64, shown)).context("the main thread is gone")?;
        self.answered.recv().context("the main thread is gone")
    }
}

enum Said {
    Point(u32, f64),
    Event(Event),
}

/// The lists of one direction, with the interface pointers that the plugin gets.
struct Lists {
    changes: ComWrapper<Changes>,
    changes_interface: ComPtr<IParameterChanges>,
    events: ComWrapper<Events>,
    events_interface: ComPtr<IEventList>,
}

impl Lists {
    fn new() -> Result<Self> {
        let changes = ComWrapper::new(Changes::default());
        let events = ComWrapper::new(Events::default());
        Ok(Self {
            changes_interface: changes.to_com_ptr().context("changes have their interface")?,
            changes,
            events_interface: events.to_com_ptr().context("events have their interface")?,
            events,
        })
    }

    fn clear(&self) {
        self.changes.take();
        self.events.take();
    }
}

fn tables(buses: &[Bus]) -> Vec<AudioBusBuffers> {
    let table = |bus: &Bus| AudioBusBuffers {
        numChannels: bus.pointers.len() as i32,
        silenceFlags: 0,
        // VST3's type has no const; plugins must not write the table itself.
        __field0: AudioBusBuffers__type0 { channelBuffers32: bus.pointers.as_ptr().cast_mut() },
    };
    buses.iter().map(table).collect()
}

fn context(block: &Block<'_>) -> ProcessContext {
    // SAFETY: all zeroes are a valid context in which nothing is said to be known.
    let mut context: ProcessContext = unsafe { std::mem::zeroed() };
    let beats = block.song as f64 / block.rate_hz * TEMPO_BPM / 60.0;
    context.state = StatesAndFlags_::kContTimeValid
        | StatesAndFlags_::kProjectTimeMusicValid
        | StatesAndFlags_::kTempoValid
        | StatesAndFlags_::kTimeSigValid
        | if block.playing { StatesAndFlags_::kPlaying } else { 0 };
    context.sampleRate = block.rate_hz;
    context.projectTimeSamples = block.song as i64;
    context.continousTimeSamples = block.start as i64;
    context.projectTimeMusic = beats;
    context.tempo = TEMPO_BPM;
    context.timeSigNumerator = 4;
    context.timeSigDenominator = 4;
    context
}

fn enter(event: &Event, offset: u32, ledger: &mut Ledger) {
    let pitch = |pitch: i16| u8::try_from(pitch).unwrap_or(u8::MAX);
    match u32::from(event.r#type) {
        EventTypes_::kNoteOnEvent => {
            // SAFETY: the type says which member of the union is set.
            let note = unsafe { event.__field0.noteOn };
            ledger.midi(offset, Kind::NoteOn, pitch(note.pitch), f64::from(note.velocity));
        }
        EventTypes_::kNoteOffEvent => {
            // SAFETY: as above.
            let note = unsafe { event.__field0.noteOff };
            ledger.midi(offset, Kind::NoteOff, pitch(note.pitch), f64::from(note.velocity));
        }
        EventTypes_::kLegacyMIDICCOutEvent => {
            // SAFETY: as above.
            let controller = unsafe { event.__field0.midiCCOut };
            // Numbers above 127 are pitch bend and the like.
            if controller.controlNumber <= 127 {
                let value = f64::from(controller.value) / 127.0;
                ledger.midi(offset, Kind::ControlChange, controller.controlNumber, value);
            }
        }
        _ => {}
    }
}
