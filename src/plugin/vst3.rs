//! The VST3 entry point: nice-plug's component with `process` wrapped, so that what Earmark emits reaches the host's
//! output queues, and with the echo that makes hosts record it.
#![allow(unsafe_code, non_snake_case)]

use std::ffi::c_void;
use std::sync::Arc;

use nice_plug::prelude::Vst3Plugin;
use nice_plug::wrapper::setup_logger;
use nice_plug::wrapper::vst3::vst3::Steinberg::Vst::ChannelContext::{IInfoListener, IInfoListenerTrait};
use nice_plug::wrapper::vst3::vst3::Steinberg::Vst::Event_::EventTypes_::{
    kLegacyMIDICCOutEvent, kNoteOffEvent, kNoteOnEvent,
};
use nice_plug::wrapper::vst3::vst3::Steinberg::Vst::{CString, *};
use nice_plug::wrapper::vst3::vst3::Steinberg::*;
use nice_plug::wrapper::vst3::vst3::{Class, ComRef, ComWrapper};
use nice_plug::wrapper::vst3::{PluginInfo, Wrapper};

use super::class::{ControlClass, EarmarkClass};
use super::earmark::EarmarkPlugin;
use super::echo::Echo;
use super::emission::{Emission, Out};
use crate::say::midi::MidiMessage;

/// nice-plug's component, delegated to in everything but `process` and what the echo needs.
struct Component<P: Vst3Plugin> {
    inner: Wrapper<P>,
    emission: Arc<Emission>,
    echo: Echo,
}

impl<P: Vst3Plugin> Class for Component<P> {
    type Interfaces = (
        IComponent,
        IEditController,
        IAudioProcessor,
        IMidiMapping,
        INoteExpressionController,
        IProcessContextRequirements,
        IUnitInfo,
        IInfoListener,
    );
}

impl<P: Vst3Plugin> Component<P> {
    fn new() -> Option<Self> {
        let inner = Wrapper::new();
        let emission = Emission::take_newest()?;
        Some(Self { inner, echo: Echo::new(emission.clone()), emission })
    }

    /// # Safety
    /// `data` as VST3 demands of `process`.
    unsafe fn run(&self, data: *mut ProcessData) -> tresult {
        self.emission.start();
        // SAFETY: the host's call, passed on.
        let result = unsafe { self.inner.process(data) };
        while let Some(out) = self.emission.pop() {
            if !data.is_null() {
                // SAFETY: the host's block is valid until this call returns.
                unsafe { self.send(&*data, out) };
            }
        }
        result
    }

    /// # Safety
    /// The lists in `data` must be valid.
    unsafe fn send(&self, data: &ProcessData, out: Out) {
        let offset = |time: u32| (time as i32).min((data.numSamples - 1).max(0));
        match out {
            Out::Set { output, normalized, time } => {
                // SAFETY: the caller's promise; null pointers are ruled out by `from_raw`.
                unsafe {
                    let Some(changes) = ComRef::from_raw(data.outputParameterChanges) else { return };
                    let mut index = 0;
                    let queue = changes.addParameterData(&self.emission.id(output), &mut index);
                    let Some(queue) = ComRef::from_raw(queue) else { return };
                    queue.addPoint(offset(time), f64::from(normalized), &mut index);
                }
            }
            // VST3 has no gestures on the audio thread; the echo holds them.
            Out::Begin { .. } | Out::End { .. } => {}
            Out::Midi { message, time } => {
                let mut event = midi_event(message);
                event.sampleOffset = offset(time);
                // SAFETY: as above.
                unsafe {
                    if let Some(events) = ComRef::from_raw(data.outputEvents) {
                        events.addEvent(&mut event);
                    }
                }
            }
        }
    }
}

fn midi_event(message: MidiMessage) -> Event {
    // SAFETY: `Event` is a plain C structure of numbers; all zeros is a valid one.
    let mut event: Event = unsafe { std::mem::zeroed() };
    match message {
        MidiMessage::NoteOn { channel, note } => {
            event.r#type = kNoteOnEvent as u16;
            event.__field0.noteOn = NoteOnEvent {
                channel: i16::from(channel),
                pitch: i16::from(note),
                tuning: 0.0,
                velocity: 1.0,
                length: 0,
                noteId: -1,
            };
        }
        MidiMessage::NoteOff { channel, note } => {
            event.r#type = kNoteOffEvent as u16;
            event.__field0.noteOff = NoteOffEvent {
                channel: i16::from(channel),
                pitch: i16::from(note),
                velocity: 0.0,
                noteId: -1,
                tuning: 0.0,
            };
        }
        MidiMessage::Controller { channel, controller, value } => {
            event.r#type = kLegacyMIDICCOutEvent as u16;
            event.__field0.midiCCOut = LegacyMIDICCOutEvent {
                controlNumber: controller,
                channel: channel as i8,
                value: value as i8,
                value2: 0,
            };
        }
    }
    event
}

impl<P: Vst3Plugin> IPluginBaseTrait for Component<P> {
    unsafe fn initialize(&self, context: *mut FUnknown) -> tresult {
        // SAFETY: the host's call, passed on.
        unsafe { IPluginBaseTrait::initialize(&self.inner, context) }
    }
    unsafe fn terminate(&self) -> tresult {
        self.echo.release();
        self.echo.set_handler(None);
        // SAFETY: the host's call, passed on.
        unsafe { IPluginBaseTrait::terminate(&self.inner) }
    }
}

impl<P: Vst3Plugin> IComponentTrait for Component<P> {
    unsafe fn getControllerClassId(&self, classId: *mut TUID) -> tresult {
        // SAFETY: the host's call, passed on.
        unsafe { IComponentTrait::getControllerClassId(&self.inner, classId) }
    }
    unsafe fn setIoMode(&self, mode: IoMode) -> tresult {
        // SAFETY: the host's call, passed on.
        unsafe { IComponentTrait::setIoMode(&self.inner, mode) }
    }
    unsafe fn getBusCount(&self, r#type: MediaType, dir: BusDirection) -> int32 {
        // SAFETY: the host's call, passed on.
        unsafe { IComponentTrait::getBusCount(&self.inner, r#type, dir) }
    }
    unsafe fn getBusInfo(&self, r#type: MediaType, dir: BusDirection, index: int32, bus: *mut BusInfo) -> tresult {
        // SAFETY: the host's call, passed on.
        unsafe { IComponentTrait::getBusInfo(&self.inner, r#type, dir, index, bus) }
    }
    unsafe fn getRoutingInfo(&self, inInfo: *mut RoutingInfo, outInfo: *mut RoutingInfo) -> tresult {
        // SAFETY: the host's call, passed on.
        unsafe { IComponentTrait::getRoutingInfo(&self.inner, inInfo, outInfo) }
    }
    unsafe fn activateBus(&self, r#type: MediaType, dir: BusDirection, index: int32, state: TBool) -> tresult {
        // SAFETY: the host's call, passed on.
        unsafe { IComponentTrait::activateBus(&self.inner, r#type, dir, index, state) }
    }
    unsafe fn setActive(&self, state: TBool) -> tresult {
        if state == 0 {
            self.echo.release();
        }
        // SAFETY: the host's call, passed on.
        unsafe { IComponentTrait::setActive(&self.inner, state) }
    }
    unsafe fn setState(&self, state: *mut IBStream) -> tresult {
        // SAFETY: the host's call, passed on.
        unsafe { IComponentTrait::setState(&self.inner, state) }
    }
    unsafe fn getState(&self, state: *mut IBStream) -> tresult {
        // SAFETY: the host's call, passed on.
        unsafe { IComponentTrait::getState(&self.inner, state) }
    }
}

impl<P: Vst3Plugin> IEditControllerTrait for Component<P> {
    unsafe fn setComponentState(&self, state: *mut IBStream) -> tresult {
        // SAFETY: the host's call, passed on.
        unsafe { IEditControllerTrait::setComponentState(&self.inner, state) }
    }
    unsafe fn setState(&self, state: *mut IBStream) -> tresult {
        // SAFETY: the host's call, passed on.
        unsafe { IEditControllerTrait::setState(&self.inner, state) }
    }
    unsafe fn getState(&self, state: *mut IBStream) -> tresult {
        // SAFETY: the host's call, passed on.
        unsafe { IEditControllerTrait::getState(&self.inner, state) }
    }
    unsafe fn getParameterCount(&self) -> int32 {
        // SAFETY: the host's call, passed on.
        unsafe { IEditControllerTrait::getParameterCount(&self.inner) }
    }
    unsafe fn getParameterInfo(&self, paramIndex: int32, info: *mut ParameterInfo) -> tresult {
        // SAFETY: the host's call, passed on.
        unsafe { IEditControllerTrait::getParameterInfo(&self.inner, paramIndex, info) }
    }
    unsafe fn getParamStringByValue(
        &self,
        id: ParamID,
        valueNormalized: ParamValue,
        string: *mut String128,
    ) -> tresult {
        // SAFETY: the host's call, passed on.
        unsafe { IEditControllerTrait::getParamStringByValue(&self.inner, id, valueNormalized, string) }
    }
    unsafe fn getParamValueByString(
        &self,
        id: ParamID,
        string: *mut TChar,
        valueNormalized: *mut ParamValue,
    ) -> tresult {
        // SAFETY: the host's call, passed on.
        unsafe { IEditControllerTrait::getParamValueByString(&self.inner, id, string, valueNormalized) }
    }
    unsafe fn normalizedParamToPlain(&self, id: ParamID, valueNormalized: ParamValue) -> ParamValue {
        // SAFETY: the host's call, passed on.
        unsafe { IEditControllerTrait::normalizedParamToPlain(&self.inner, id, valueNormalized) }
    }
    unsafe fn plainParamToNormalized(&self, id: ParamID, plainValue: ParamValue) -> ParamValue {
        // SAFETY: the host's call, passed on.
        unsafe { IEditControllerTrait::plainParamToNormalized(&self.inner, id, plainValue) }
    }
    unsafe fn getParamNormalized(&self, id: ParamID) -> ParamValue {
        // SAFETY: the host's call, passed on.
        unsafe { IEditControllerTrait::getParamNormalized(&self.inner, id) }
    }
    unsafe fn setParamNormalized(&self, id: ParamID, value: ParamValue) -> tresult {
        // SAFETY: the host's call, passed on.
        let result = unsafe { IEditControllerTrait::setParamNormalized(&self.inner, id, value) };
        self.echo.reflected(id, value);
        result
    }
    unsafe fn setComponentHandler(&self, handler: *mut IComponentHandler) -> tresult {
        // SAFETY: the host's pointer, null or valid.
        self.echo.set_handler(unsafe { ComRef::from_raw(handler) }.map(|handler| handler.to_com_ptr()));
        // SAFETY: the host's call, passed on.
        unsafe { IEditControllerTrait::setComponentHandler(&self.inner, handler) }
    }
    unsafe fn createView(&self, name: FIDString) -> *mut IPlugView {
        // SAFETY: the host's call, passed on.
        unsafe { IEditControllerTrait::createView(&self.inner, name) }
    }
}

impl<P: Vst3Plugin> IAudioProcessorTrait for Component<P> {
    unsafe fn setBusArrangements(
        &self,
        inputs: *mut SpeakerArrangement,
        numIns: int32,
        outputs: *mut SpeakerArrangement,
        numOuts: int32,
    ) -> tresult {
        // SAFETY: the host's call, passed on.
        unsafe { IAudioProcessorTrait::setBusArrangements(&self.inner, inputs, numIns, outputs, numOuts) }
    }
    unsafe fn getBusArrangement(&self, dir: BusDirection, index: int32, arr: *mut SpeakerArrangement) -> tresult {
        // SAFETY: the host's call, passed on.
        unsafe { IAudioProcessorTrait::getBusArrangement(&self.inner, dir, index, arr) }
    }
    unsafe fn canProcessSampleSize(&self, symbolicSampleSize: int32) -> tresult {
        // SAFETY: the host's call, passed on.
        unsafe { IAudioProcessorTrait::canProcessSampleSize(&self.inner, symbolicSampleSize) }
    }
    unsafe fn getLatencySamples(&self) -> uint32 {
        // SAFETY: the host's call, passed on.
        unsafe { IAudioProcessorTrait::getLatencySamples(&self.inner) }
    }
    unsafe fn setupProcessing(&self, setup: *mut ProcessSetup) -> tresult {
        // Twice: nice-plug 0.4.2 stores the configuration with the process mode of the call before, so that an offline
        // render would be activated as real time.
        // SAFETY: the host's call, passed on; nice-plug only reads the structure.
        unsafe {
            IAudioProcessorTrait::setupProcessing(&self.inner, setup);
            IAudioProcessorTrait::setupProcessing(&self.inner, setup)
        }
    }
    unsafe fn setProcessing(&self, state: TBool) -> tresult {
        // SAFETY: the host's call, passed on.
        unsafe { IAudioProcessorTrait::setProcessing(&self.inner, state) }
    }
    unsafe fn process(&self, data: *mut ProcessData) -> tresult {
        // SAFETY: the host's call, passed on.
        unsafe { self.run(data) }
    }
    unsafe fn getTailSamples(&self) -> uint32 {
        // SAFETY: the host's call, passed on.
        unsafe { IAudioProcessorTrait::getTailSamples(&self.inner) }
    }
}

impl<P: Vst3Plugin> IMidiMappingTrait for Component<P> {
    unsafe fn getMidiControllerAssignment(
        &self,
        busIndex: int32,
        channel: int16,
        midiControllerNumber: CtrlNumber,
        id: *mut ParamID,
    ) -> tresult {
        // SAFETY: the host's call, passed on.
        unsafe {
            IMidiMappingTrait::getMidiControllerAssignment(&self.inner, busIndex, channel, midiControllerNumber, id)
        }
    }
}

impl<P: Vst3Plugin> INoteExpressionControllerTrait for Component<P> {
    unsafe fn getNoteExpressionCount(&self, busIndex: int32, channel: int16) -> int32 {
        // SAFETY: the host's call, passed on.
        unsafe { INoteExpressionControllerTrait::getNoteExpressionCount(&self.inner, busIndex, channel) }
    }
    unsafe fn getNoteExpressionInfo(
        &self,
        busIndex: int32,
        channel: int16,
        noteExpressionIndex: int32,
        info: *mut NoteExpressionTypeInfo,
    ) -> tresult {
        // SAFETY: the host's call, passed on.
        unsafe {
            INoteExpressionControllerTrait::getNoteExpressionInfo(
                &self.inner,
                busIndex,
                channel,
                noteExpressionIndex,
                info,
            )
        }
    }
    unsafe fn getNoteExpressionStringByValue(
        &self,
        busIndex: int32,
        channel: int16,
        id: NoteExpressionTypeID,
        valueNormalized: NoteExpressionValue,
        string: *mut String128,
    ) -> tresult {
        // SAFETY: the host's call, passed on.
        unsafe {
            INoteExpressionControllerTrait::getNoteExpressionStringByValue(
                &self.inner,
                busIndex,
                channel,
                id,
                valueNormalized,
                string,
            )
        }
    }
    unsafe fn getNoteExpressionValueByString(
        &self,
        busIndex: int32,
        channel: int16,
        id: NoteExpressionTypeID,
        string: *const TChar,
        valueNormalized: *mut NoteExpressionValue,
    ) -> tresult {
        // SAFETY: the host's call, passed on.
        unsafe {
            INoteExpressionControllerTrait::getNoteExpressionValueByString(
                &self.inner,
                busIndex,
                channel,
                id,
                string,
                valueNormalized,
            )
        }
    }
}

impl<P: Vst3Plugin> IProcessContextRequirementsTrait for Component<P> {
    unsafe fn getProcessContextRequirements(&self) -> uint32 {
        // SAFETY: the host's call, passed on.
        unsafe { IProcessContextRequirementsTrait::getProcessContextRequirements(&self.inner) }
    }
}

impl<P: Vst3Plugin> IUnitInfoTrait for Component<P> {
    unsafe fn getUnitCount(&self) -> int32 {
        // SAFETY: the host's call, passed on.
        unsafe { IUnitInfoTrait::getUnitCount(&self.inner) }
    }
    unsafe fn getUnitInfo(&self, unitIndex: int32, info: *mut UnitInfo) -> tresult {
        // SAFETY: the host's call, passed on.
        unsafe { IUnitInfoTrait::getUnitInfo(&self.inner, unitIndex, info) }
    }
    unsafe fn getProgramListCount(&self) -> int32 {
        // SAFETY: the host's call, passed on.
        unsafe { IUnitInfoTrait::getProgramListCount(&self.inner) }
    }
    unsafe fn getProgramListInfo(&self, listIndex: int32, info: *mut ProgramListInfo) -> tresult {
        // SAFETY: the host's call, passed on.
        unsafe { IUnitInfoTrait::getProgramListInfo(&self.inner, listIndex, info) }
    }
    unsafe fn getProgramName(&self, listId: ProgramListID, programIndex: int32, name: *mut String128) -> tresult {
        // SAFETY: the host's call, passed on.
        unsafe { IUnitInfoTrait::getProgramName(&self.inner, listId, programIndex, name) }
    }
    unsafe fn getProgramInfo(
        &self,
        listId: ProgramListID,
        programIndex: int32,
        attributeId: CString,
        attributeValue: *mut String128,
    ) -> tresult {
        // SAFETY: the host's call, passed on.
        unsafe { IUnitInfoTrait::getProgramInfo(&self.inner, listId, programIndex, attributeId, attributeValue) }
    }
    unsafe fn hasProgramPitchNames(&self, listId: ProgramListID, programIndex: int32) -> tresult {
        // SAFETY: the host's call, passed on.
        unsafe { IUnitInfoTrait::hasProgramPitchNames(&self.inner, listId, programIndex) }
    }
    unsafe fn getProgramPitchName(
        &self,
        listId: ProgramListID,
        programIndex: int32,
        midiPitch: int16,
        name: *mut String128,
    ) -> tresult {
        // SAFETY: the host's call, passed on.
        unsafe { IUnitInfoTrait::getProgramPitchName(&self.inner, listId, programIndex, midiPitch, name) }
    }
    unsafe fn getSelectedUnit(&self) -> UnitID {
        // SAFETY: the host's call, passed on.
        unsafe { IUnitInfoTrait::getSelectedUnit(&self.inner) }
    }
    unsafe fn selectUnit(&self, unitId: UnitID) -> tresult {
        // SAFETY: the host's call, passed on.
        unsafe { IUnitInfoTrait::selectUnit(&self.inner, unitId) }
    }
    unsafe fn getUnitByBus(
        &self,
        r#type: MediaType,
        dir: BusDirection,
        busIndex: int32,
        channel: int32,
        unitId: *mut UnitID,
    ) -> tresult {
        // SAFETY: the host's call, passed on.
        unsafe { IUnitInfoTrait::getUnitByBus(&self.inner, r#type, dir, busIndex, channel, unitId) }
    }
    unsafe fn setUnitProgramData(&self, listOrUnitId: int32, programIndex: int32, data: *mut IBStream) -> tresult {
        // SAFETY: the host's call, passed on.
        unsafe { IUnitInfoTrait::setUnitProgramData(&self.inner, listOrUnitId, programIndex, data) }
    }
}

impl<P: Vst3Plugin> IInfoListenerTrait for Component<P> {
    unsafe fn setChannelContextInfos(&self, list: *mut IAttributeList) -> tresult {
        // SAFETY: the host's call, passed on.
        unsafe { IInfoListenerTrait::setChannelContextInfos(&self.inner, list) }
    }
}

/// The factory: two classes.
struct Factory {
    infos: [PluginInfo; 2],
}

impl Class for Factory {
    type Interfaces = (IPluginFactory, IPluginFactory2, IPluginFactory3);
}

impl Factory {
    fn info(&self, index: int32) -> Option<&PluginInfo> {
        usize::try_from(index).ok().and_then(|index| self.infos.get(index))
    }
}

/// # Safety
/// `iid` and `object` as VST3 demands of `createInstance`.
unsafe fn create<P: Vst3Plugin>(iid: FIDString, object: *mut *mut c_void) -> tresult {
    let Some(component) = Component::<P>::new() else { return kInternalError };
    let wrapper = ComWrapper::new(component);
    let Some(unknown) = wrapper.as_com_ref::<FUnknown>() else { return kInternalError };
    let unknown = unknown.as_ptr();
    // SAFETY: `unknown` is alive in `wrapper`; a successful query takes its own reference.
    unsafe { ((*(*unknown).vtbl).queryInterface)(unknown, iid.cast::<TUID>(), object) }
}

impl IPluginFactoryTrait for Factory {
    unsafe fn getFactoryInfo(&self, info: *mut PFactoryInfo) -> tresult {
        if info.is_null() {
            return kInvalidArgument;
        }
        // SAFETY: the host's own structure, not null.
        unsafe { *info = self.infos[0].create_factory_info() };
        kResultOk
    }

    unsafe fn countClasses(&self) -> int32 {
        self.infos.len() as int32
    }

    unsafe fn getClassInfo(&self, index: int32, info: *mut PClassInfo) -> tresult {
        let Some(class) = self.info(index).filter(|_| !info.is_null()) else { return kInvalidArgument };
        // SAFETY: the host's own structure, not null.
        unsafe { *info = class.create_class_info() };
        kResultOk
    }

    unsafe fn createInstance(&self, cid: FIDString, iid: FIDString, object: *mut *mut c_void) -> tresult {
        if cid.is_null() || iid.is_null() || object.is_null() {
            return kInvalidArgument;
        }
        // SAFETY: a class id is sixteen bytes; null was ruled out.
        let cid = unsafe { &*cid.cast::<[u8; 16]>() };
        let [earmark, control] = &self.infos;
        if cid == earmark.cid {
            // SAFETY: the host's pointers, not null.
            unsafe { create::<EarmarkPlugin<EarmarkClass>>(iid, object) }
        } else if cid == control.cid {
            // SAFETY: as above.
            unsafe { create::<EarmarkPlugin<ControlClass>>(iid, object) }
        } else {
            kInvalidArgument
        }
    }
}

impl IPluginFactory2Trait for Factory {
    unsafe fn getClassInfo2(&self, index: int32, info: *mut PClassInfo2) -> tresult {
        let Some(class) = self.info(index).filter(|_| !info.is_null()) else { return kInvalidArgument };
        // SAFETY: the host's own structure, not null.
        unsafe { *info = class.create_class_info_2() };
        kResultOk
    }
}

impl IPluginFactory3Trait for Factory {
    unsafe fn getClassInfoUnicode(&self, index: int32, info: *mut PClassInfoW) -> tresult {
        let Some(class) = self.info(index).filter(|_| !info.is_null()) else { return kInvalidArgument };
        // SAFETY: the host's own structure, not null.
        unsafe { *info = class.create_class_info_unicode() };
        kResultOk
    }

    unsafe fn setHostContext(&self, _context: *mut FUnknown) -> tresult {
        kResultOk
    }
}

/// What a VST3 host looks for in the library.
// SAFETY: the name and type are those that VST3 prescribes; likewise below.
#[unsafe(no_mangle)]
pub extern "system" fn GetPluginFactory() -> *mut c_void {
    let infos = [
        PluginInfo::for_plugin::<EarmarkPlugin<EarmarkClass>>(),
        PluginInfo::for_plugin::<EarmarkPlugin<ControlClass>>(),
    ];
    let factory = ComWrapper::new(Factory { infos }).to_com_ptr::<IPluginFactory>();
    factory.map_or(std::ptr::null_mut(), |factory| factory.into_raw().cast())
}

macro_rules! module_entries {
    ($enter:ident($($argument:ty)?), $exit:ident) => {
        /// Called by the host after loading the library.
        #[unsafe(no_mangle)]
        pub extern "system" fn $enter($(_: $argument)?) -> bool {
            setup_logger::<EarmarkPlugin<EarmarkClass>>();
            true
        }

        /// Called by the host before unloading the library.
        #[unsafe(no_mangle)]
        pub extern "system" fn $exit() -> bool {
            true
        }
    };
}

#[cfg(all(target_family = "unix", not(target_os = "macos")))]
module_entries!(ModuleEntry(*mut c_void), ModuleExit);
#[cfg(target_os = "macos")]
module_entries!(bundleEntry(*mut c_void), bundleExit);
#[cfg(target_os = "windows")]
module_entries!(InitDll(), ExitDll);
