//! The component that hosts hold: nice-plug's, delegated to in everything but what this file does.
#![allow(unsafe_code, non_snake_case)]

use std::mem::ManuallyDrop;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nice_plug::wrapper::vst3::Wrapper;
use nice_plug::wrapper::vst3::vst3::Steinberg::Vst::BusDirections_::kInput;
use nice_plug::wrapper::vst3::vst3::Steinberg::Vst::ChannelContext::IInfoListener;
use nice_plug::wrapper::vst3::vst3::Steinberg::Vst::MediaTypes_::kAudio;
use nice_plug::wrapper::vst3::vst3::Steinberg::Vst::ProcessModes_::kOffline;
use nice_plug::wrapper::vst3::vst3::Steinberg::Vst::SymbolicSampleSizes_::kSample32;
use nice_plug::wrapper::vst3::vst3::Steinberg::Vst::*;
use nice_plug::wrapper::vst3::vst3::Steinberg::*;
use nice_plug::wrapper::vst3::vst3::{Class, ComRef, ComWrapper};

use super::arrangement::Arrangement;
use super::delegation::passed;
use super::handler::Handler;
use super::shown::Shown;
use super::stream::{self, Memory};
use super::{block, output};
use crate::plugin::class::Class as PluginClass;
use crate::plugin::earmark::EarmarkPlugin;
use crate::plugin::echo::Echo;
use crate::plugin::emission::Emission;
use crate::plugin::guard::guarded;
use crate::plugin::lent::Spare;
use crate::plugin::seal;

/// See the module's text.
pub(super) struct Component<C: PluginClass> {
    /// Dropped by hand: see `drop`.
    pub(super) inner: ManuallyDrop<Wrapper<EarmarkPlugin<C>>>,
    pub(super) emission: Arc<Emission>,
    echo: Echo,
    handler: Mutex<Option<ComWrapper<Handler>>>,
    arrangement: Arrangement,
    shown: Shown,
    /// Taken by `process` alone while audio runs.
    spare: Mutex<Spare>,
    initialized: AtomicBool,
    /// Set up at all; and since the last activation.
    set_up: AtomicBool,
    set_up_anew: AtomicBool,
    active: AtomicBool,
    processing: AtomicBool,
    /// `process` has panicked since the last activation: the audio passes through.
    failed: AtomicBool,
}

impl<C: PluginClass> Drop for Component<C> {
    fn drop(&mut self) {
        // nice-plug 0.4.2 panics here if its helper thread has ended before, as was seen after many states were loaded from
        // another thread; that would end the host.
        // SAFETY: `inner` is not touched after this.
        guarded("Component::drop", (), || unsafe { ManuallyDrop::drop(&mut self.inner) });
    }
}

impl<C: PluginClass> Class for Component<C> {
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

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<C: PluginClass> Component<C> {
    pub(super) fn new() -> Option<Self> {
        let inner = Wrapper::new();
        let emission = Emission::take_newest()?;
        // SAFETY: plain calls on a component that is complete; the place is valid.
        let numbers = unsafe {
            (0..inner.getParameterCount()).filter_map(|index| {
                let mut info = std::mem::zeroed::<ParameterInfo>();
                (inner.getParameterInfo(index, &mut info) == kResultOk).then_some(info.id)
            })
        };
        Some(Self {
            shown: Shown::new(numbers),
            echo: Echo::new(emission.clone()),
            arrangement: Arrangement::new(C::CONTROL),
            inner: ManuallyDrop::new(inner),
            emission,
            handler: Mutex::new(None),
            spare: Mutex::new(Spare::default()),
            initialized: AtomicBool::new(false),
            set_up: AtomicBool::new(false),
            set_up_anew: AtomicBool::new(false),
            active: AtomicBool::new(false),
            processing: AtomicBool::new(false),
            failed: AtomicBool::new(false),
        })
    }

    /// # Safety
    /// `host` as VST3 demands of `process`.
    unsafe fn run(&self, host: &ProcessData) -> tresult {
        if !self.set_up.load(Ordering::Acquire) {
            return kNotInitialized;
        }
        if host.symbolicSampleSize != kSample32 as int32 || host.numSamples < 0 {
            return kInvalidArgument;
        }
        // SAFETY: the caller's promise.
        unsafe { self.forget_automated(host) };
        self.emission.start();
        self.emission.set_offline(host.processMode == kOffline as int32);
        let flush = host.numSamples == 0 || host.numOutputs <= 0 || host.outputs.is_null();
        let result = if flush {
            // SAFETY: the host's call, passed on; without samples nice-plug only reads the parameter changes.
            unsafe { self.inner.process(std::ptr::from_ref(host).cast_mut()) }
        } else if !self.active.load(Ordering::Acquire) {
            kNotInitialized
        } else if let Ok(mut spare) = self.spare.try_lock() {
            let widths = self.arrangement.widths();
            // SAFETY: the caller's promise.
            unsafe { block::whole(host, widths, &mut spare, &self.emission, |data| self.inner.process(data)) }
        } else {
            kInternalError
        };
        while let Some(out) = self.emission.pop() {
            // SAFETY: the host's lists are valid until this call returns.
            unsafe { output::send(&self.emission, host, out) };
        }
        result
    }

    /// The processor is given values: the controller shows those, and no longer what it was told.
    ///
    /// # Safety
    /// The lists in `host` must be null or valid.
    unsafe fn forget_automated(&self, host: &ProcessData) {
        // SAFETY: the caller's promise; null pointers are ruled out by `from_raw`.
        unsafe {
            let Some(changes) = ComRef::from_raw(host.inputParameterChanges) else { return };
            for index in 0..changes.getParameterCount() {
                if let Some(queue) = ComRef::from_raw(changes.getParameterData(index)) {
                    self.shown.forget(queue.getParameterId());
                }
            }
        }
    }

    /// On the host's window thread: what waits for it.
    fn handler(&self) -> Option<ComWrapper<Handler>> {
        lock(&self.handler).clone()
    }

    /// The latency will be another one, if `realigned` while active. On the host's window thread.
    fn latency_changes(&self, realigned: bool) {
        if realigned && self.active.load(Ordering::Acquire) {
            // Cloned, so that no lock is held while the host runs.
            if let Some(handler) = self.handler() {
                handler.latency_changes();
            }
        }
    }
}

impl<C: PluginClass> IPluginBaseTrait for Component<C> {
    unsafe fn initialize(&self, context: *mut FUnknown) -> tresult {
        self.emission.guarded("IPluginBaseTrait::initialize", kInternalError, || {
            if self.initialized.swap(true, Ordering::AcqRel) {
                return kResultFalse;
            }
            // SAFETY: the host's call, passed on.
            unsafe { IPluginBaseTrait::initialize(&*self.inner, context) }
        })
    }

    unsafe fn terminate(&self) -> tresult {
        self.emission.guarded("IPluginBaseTrait::terminate", kInternalError, || {
            if !self.initialized.swap(false, Ordering::AcqRel) {
                return kResultFalse;
            }
            // SAFETY: the host's call, passed on.
            unsafe {
                if self.active.load(Ordering::Acquire) {
                    self.setActive(0);
                }
                self.setComponentHandler(std::ptr::null_mut());
                IPluginBaseTrait::terminate(&*self.inner)
            }
        })
    }
}

impl<C: PluginClass> IComponentTrait for Component<C> {
    passed! { IComponentTrait:
        fn getControllerClassId(classId: *mut TUID) -> tresult = kInternalError;
        fn setIoMode(mode: IoMode) -> tresult = kInternalError;
        fn getBusCount(r#type: MediaType, dir: BusDirection) -> int32 = 0;
        fn getRoutingInfo(inInfo: *mut RoutingInfo, outInfo: *mut RoutingInfo) -> tresult = kInternalError;
        fn activateBus(r#type: MediaType, dir: BusDirection, index: int32, state: TBool) -> tresult = kInternalError;
    }

    unsafe fn getBusInfo(&self, r#type: MediaType, dir: BusDirection, index: int32, bus: *mut BusInfo) -> tresult {
        self.emission.guarded("IComponentTrait::getBusInfo", kInternalError, || {
            // SAFETY: the host's call, passed on. nice-plug answers for the side chain below zero, hence the check.
            unsafe {
                if !(0..self.getBusCount(r#type, dir)).contains(&index) || bus.is_null() {
                    return kInvalidArgument;
                }
                let result = self.inner.getBusInfo(r#type, dir, index, bus);
                if result == kResultOk
                    && r#type == kAudio as MediaType
                    && let Some(speakers) = self.arrangement.get(dir == kInput as BusDirection, index)
                {
                    (*bus).channelCount = speakers.count_ones() as int32;
                }
                result
            }
        })
    }

    unsafe fn setActive(&self, state: TBool) -> tresult {
        self.emission.guarded("IComponentTrait::setActive", kInternalError, || {
            let active = state != 0;
            if active == self.active.load(Ordering::Acquire) && !(active && self.set_up_anew.load(Ordering::Acquire)) {
                return kResultFalse;
            }
            if !active {
                self.echo.release();
                self.emission.set_writing(false);
                self.processing.store(false, Ordering::Release);
            }
            let handler = self.handler();
            if let Some(handler) = &handler {
                handler.activating.store(active, Ordering::Release);
            }
            // SAFETY: the host's call, passed on.
            let result = guarded("Wrapper::setActive", kInternalError, || unsafe { self.inner.setActive(state) });
            if let Some(handler) = &handler {
                handler.activating.store(false, Ordering::Release);
            }
            if result == kResultOk {
                self.active.store(active, Ordering::Release);
                self.failed.store(false, Ordering::Release);
                self.set_up_anew.store(false, Ordering::Release);
            }
            result
        })
    }

    unsafe fn setState(&self, state: *mut IBStream) -> tresult {
        self.emission.guarded("IComponentTrait::setState", kInternalError, || {
            // SAFETY: the host's stream, null or valid.
            let Some(sealed) = (unsafe { stream::read(state) }) else { return kInvalidArgument };
            let opened = seal::open(&sealed);
            let loaded = opened.and_then(|json| {
                let memory = Memory::of(json);
                let stream = memory.as_com_ref::<IBStream>().ok_or(seal::Fault::Damaged)?;
                // SAFETY: the stream is alive in `memory`.
                let result = unsafe { IComponentTrait::setState(&*self.inner, stream.as_ptr()) };
                if result == kResultOk { Ok(()) } else { Err(seal::Fault::Damaged) }
            });
            self.emission.state_loaded(loaded);
            self.shown.forget_all();
            self.latency_changes(self.emission.is_realigned());
            if loaded.is_ok() { kResultOk } else { kResultFalse }
        })
    }

    unsafe fn getState(&self, state: *mut IBStream) -> tresult {
        self.emission.guarded("IComponentTrait::getState", kInternalError, || {
            let memory = Memory::of(&[]);
            let Some(stream) = memory.as_com_ref::<IBStream>() else { return kInternalError };
            // SAFETY: the stream is alive in `memory`.
            let result = unsafe { IComponentTrait::getState(&*self.inner, stream.as_ptr()) };
            if result != kResultOk {
                return result;
            }
            let mut bytes = memory.bytes();
            if bytes.is_empty() {
                // nice-plug does not say whether the stream has taken what it wrote.
                return kInternalError;
            }
            seal::seal(&mut bytes);
            // SAFETY: the host's stream, null or valid.
            if unsafe { stream::write(state, &bytes) } { kResultOk } else { kResultFalse }
        })
    }
}

impl<C: PluginClass> IEditControllerTrait for Component<C> {
    passed! { IEditControllerTrait:
        fn setComponentState(state: *mut IBStream) -> tresult = kInternalError;
        fn setState(state: *mut IBStream) -> tresult = kInternalError;
        fn getState(state: *mut IBStream) -> tresult = kInternalError;
        fn getParameterCount() -> int32 = 0;
        fn getParamStringByValue(id: ParamID, valueNormalized: ParamValue, string: *mut String128) -> tresult
            = kInternalError;
        fn normalizedParamToPlain(id: ParamID, valueNormalized: ParamValue) -> ParamValue = 0.0;
        fn plainParamToNormalized(id: ParamID, plainValue: ParamValue) -> ParamValue = 0.0;
        fn createView(name: FIDString) -> *mut IPlugView = std::ptr::null_mut();
    }

    unsafe fn getParameterInfo(&self, paramIndex: int32, info: *mut ParameterInfo) -> tresult {
        self.emission.guarded("IEditControllerTrait::getParameterInfo", kInternalError, || {
            // SAFETY: the host's call, passed on. nice-plug would panic one beyond the last, hence the check.
            unsafe {
                if !(0..self.getParameterCount()).contains(&paramIndex) {
                    return kInvalidArgument;
                }
                self.inner.getParameterInfo(paramIndex, info)
            }
        })
    }

    unsafe fn getParamValueByString(&self, id: ParamID, string: *mut TChar, value: *mut ParamValue) -> tresult {
        self.emission.guarded("IEditControllerTrait::getParamValueByString", kInternalError, || {
            let mut read = f64::NAN;
            // SAFETY: the host's call, passed on with a place of ours: nice-plug would read "NaN" as a number.
            let result = unsafe { self.inner.getParamValueByString(id, string, &mut read) };
            if result != kResultOk || !read.is_finite() || value.is_null() {
                return if result == kResultOk { kResultFalse } else { result };
            }
            // SAFETY: the host's own place, not null.
            unsafe { *value = read };
            kResultOk
        })
    }

    unsafe fn getParamNormalized(&self, id: ParamID) -> ParamValue {
        self.emission.guarded("IEditControllerTrait::getParamNormalized", 0.0, || {
            // SAFETY: a plain call.
            self.shown.value(id, unsafe { self.inner.getParamNormalized(id) })
        })
    }

    unsafe fn setParamNormalized(&self, id: ParamID, value: ParamValue) -> tresult {
        self.emission.guarded("IEditControllerTrait::setParamNormalized", kInternalError, || {
            // SAFETY: plain calls.
            let result = unsafe {
                if self.processing.load(Ordering::Acquire) {
                    let step = self.inner.plainParamToNormalized(id, self.inner.normalizedParamToPlain(id, value));
                    self.shown.tell(id, step, self.inner.getParamNormalized(id));
                }
                self.inner.setParamNormalized(id, value)
            };
            self.latency_changes(self.emission.realigns(id, value));
            if let Some(handler) = self.handler() {
                handler.settle();
            }
            self.echo.reflected(id, value);
            result
        })
    }

    unsafe fn setComponentHandler(&self, handler: *mut IComponentHandler) -> tresult {
        self.emission.guarded("IEditControllerTrait::setComponentHandler", kInternalError, || {
            // SAFETY: the host's pointer, null or valid.
            let host = unsafe { ComRef::from_raw(handler) }.map(|handler| handler.to_com_ptr());
            if host.is_none() {
                self.echo.release();
            }
            self.echo.set_handler(host.clone());
            let between = host.map(|host| ComWrapper::new(Handler::new(host, self.emission.clone())));
            let pointer = between.as_ref().and_then(|between| between.as_com_ref::<IComponentHandler>());
            let pointer = pointer.map_or(std::ptr::null_mut(), |pointer| pointer.as_ptr());
            // SAFETY: null, or alive in `between`; nice-plug takes its own reference.
            let result = unsafe { self.inner.setComponentHandler(pointer) };
            *lock(&self.handler) = between;
            result
        })
    }
}

impl<C: PluginClass> IAudioProcessorTrait for Component<C> {
    passed! { IAudioProcessorTrait:
        fn canProcessSampleSize(symbolicSampleSize: int32) -> tresult = kInternalError;
        fn getLatencySamples() -> uint32 = 0;
        fn getTailSamples() -> uint32 = 0;
    }

    unsafe fn setBusArrangements(
        &self,
        inputs: *mut SpeakerArrangement,
        numIns: int32,
        outputs: *mut SpeakerArrangement,
        numOuts: int32,
    ) -> tresult {
        self.emission.guarded("IAudioProcessorTrait::setBusArrangements", kInternalError, || {
            let list = |place: *mut SpeakerArrangement, count: int32| match usize::try_from(count) {
                Ok(count) if count > 0 && !place.is_null() => {
                    // SAFETY: the host's arrays are as long as it says.
                    unsafe { std::slice::from_raw_parts(place, count) }.to_vec()
                }
                _ => Vec::new(),
            };
            if self.active.load(Ordering::Acquire)
                || !self.arrangement.set(&list(inputs, numIns), &list(outputs, numOuts))
            {
                return kResultFalse;
            }
            let main = if self.arrangement.widths().main == 1 { SpeakerArr::kMono } else { SpeakerArr::kStereo };
            // As many buses as the class has, all as wide as the main one: see `Arrangement`.
            let mut equal = [main; 2];
            let equal = equal.as_mut_ptr();
            // SAFETY: both arrays are at least as long as their counts, which `Arrangement` has compared with the class.
            unsafe { self.inner.setBusArrangements(equal, numIns, equal, numOuts) }
        })
    }

    unsafe fn getBusArrangement(&self, dir: BusDirection, index: int32, arr: *mut SpeakerArrangement) -> tresult {
        self.emission.guarded("IAudioProcessorTrait::getBusArrangement", kInternalError, || {
            match self.arrangement.get(dir == kInput as BusDirection, index) {
                Some(speakers) if !arr.is_null() => {
                    // SAFETY: the host's own place, not null.
                    unsafe { *arr = speakers };
                    kResultOk
                }
                _ => kInvalidArgument,
            }
        })
    }

    unsafe fn setupProcessing(&self, setup: *mut ProcessSetup) -> tresult {
        self.emission.guarded("IAudioProcessorTrait::setupProcessing", kInternalError, || {
            // SAFETY: the host's own structure; null is ruled out.
            let Some(wanted) = (unsafe { setup.as_ref() }) else { return kInvalidArgument };
            let frames = usize::try_from(wanted.maxSamplesPerBlock).unwrap_or_default();
            let possible = wanted.sampleRate.is_finite() && wanted.sampleRate > 0.0 && frames > 0;
            if !possible || wanted.symbolicSampleSize != kSample32 as int32 {
                return kResultFalse;
            }
            *lock(&self.spare) = Spare::new(frames);
            // Twice: nice-plug 0.4.2 stores the configuration with the process mode of the call before, so that an offline
            // render would be activated as real time.
            // SAFETY: the host's call, passed on; nice-plug only reads the structure.
            let result = unsafe {
                self.inner.setupProcessing(setup);
                self.inner.setupProcessing(setup)
            };
            self.set_up.store(result == kResultOk, Ordering::Release);
            self.set_up_anew.store(true, Ordering::Release);
            result
        })
    }

    unsafe fn setProcessing(&self, state: TBool) -> tresult {
        self.emission.guarded("IAudioProcessorTrait::setProcessing", kInternalError, || {
            self.processing.store(state != 0, Ordering::Release);
            // SAFETY: the host's call, passed on.
            unsafe { self.inner.setProcessing(state) }
        })
    }

    unsafe fn process(&self, data: *mut ProcessData) -> tresult {
        // SAFETY: the host's own structure.
        let Some(host) = (unsafe { data.as_ref() }) else { return kInvalidArgument };
        let result = if self.failed.load(Ordering::Acquire) {
            None
        } else {
            // SAFETY: the host's call.
            self.emission.guarded_audio("IAudioProcessorTrait::process", || unsafe { self.run(host) })
        };
        if result.is_none() {
            self.failed.store(true, Ordering::Release);
            self.emission.lend_tone(std::ptr::null_mut(), 0);
        }
        if result.is_none_or(|result| result != kResultOk) && host.symbolicSampleSize == kSample32 as int32 {
            // SAFETY: the host's block, in 32 bit.
            unsafe { block::pass(host) };
        }
        result.unwrap_or(kResultOk)
    }
}
