//! Between nice-plug and the host's component handler: edits pass on, requests for a restart only from the host's own
//! thread.
//!
//! nice-plug asks for a restart from whatever thread it is on, its audio thread's helper included, and during activation
//! itself. Hosts want to be asked on their window's thread, and Ardour crashes otherwise.
#![allow(unsafe_code, non_snake_case)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::thread::ThreadId;

use nice_plug::wrapper::vst3::vst3::Steinberg::Vst::RestartFlags_::kLatencyChanged;
use nice_plug::wrapper::vst3::vst3::Steinberg::Vst::{
    IComponentHandler, IComponentHandlerTrait, ParamID, ParamValue, RestartFlags,
};
use nice_plug::wrapper::vst3::vst3::Steinberg::{int32, kInternalError, kResultOk, tresult};
use nice_plug::wrapper::vst3::vst3::{Class, ComPtr};

use crate::plugin::emission::Emission;

/// See the module's text.
pub(super) struct Handler {
    host: ComPtr<IComponentHandler>,
    emission: Arc<Emission>,
    /// The thread that gave us the handler: the window's.
    home: ThreadId,
    /// Flags that wait for the host's thread.
    pending: AtomicI32,
    /// The host activates the component and will read the latency by itself.
    pub(super) activating: AtomicBool,
}

impl Class for Handler {
    type Interfaces = (IComponentHandler,);
}

impl Handler {
    /// To be made on the host's window thread.
    pub(super) fn new(host: ComPtr<IComponentHandler>, emission: Arc<Emission>) -> Self {
        Self {
            host,
            emission,
            home: std::thread::current().id(),
            pending: AtomicI32::new(0),
            activating: AtomicBool::new(false),
        }
    }

    /// The latency will be another one after the next activation. To be called on the host's window thread.
    pub(super) fn latency_changes(&self) {
        self.pending.fetch_or(kLatencyChanged as int32, Ordering::AcqRel);
        self.settle();
    }

    /// Asks for what waits. To be called on the host's window thread.
    pub(super) fn settle(&self) {
        let flags = self.pending.swap(0, Ordering::AcqRel);
        if flags != 0 {
            // SAFETY: the host's own object, alive by our reference, on its own thread.
            unsafe { self.host.restartComponent(flags) };
        }
    }
}

impl IComponentHandlerTrait for Handler {
    unsafe fn beginEdit(&self, id: ParamID) -> tresult {
        self.emission.guarded("IComponentHandlerTrait::beginEdit", kInternalError, || {
            // SAFETY: the window's call, passed on.
            unsafe { self.host.beginEdit(id) }
        })
    }

    unsafe fn performEdit(&self, id: ParamID, valueNormalized: ParamValue) -> tresult {
        self.emission.guarded("IComponentHandlerTrait::performEdit", kInternalError, || {
            // SAFETY: the window's call, passed on.
            let result = unsafe { self.host.performEdit(id, valueNormalized) };
            if self.emission.realigns(id, valueNormalized) {
                self.latency_changes();
            }
            result
        })
    }

    unsafe fn endEdit(&self, id: ParamID) -> tresult {
        self.emission.guarded("IComponentHandlerTrait::endEdit", kInternalError, || {
            // SAFETY: the window's call, passed on.
            unsafe { self.host.endEdit(id) }
        })
    }

    unsafe fn restartComponent(&self, flags: int32) -> tresult {
        self.emission.guarded("IComponentHandlerTrait::restartComponent", kInternalError, || {
            let latency = kLatencyChanged as RestartFlags as int32;
            let flags = if self.activating.load(Ordering::Acquire) { flags & !latency } else { flags };
            self.pending.fetch_or(flags, Ordering::AcqRel);
            if std::thread::current().id() == self.home {
                self.settle();
            }
            kResultOk
        })
    }
}
