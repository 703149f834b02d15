//! The echo: how a VST3 host comes to record what Earmark emits.
//!
//! Hosts such as Ardour show a plugin's output changes but record only edits. They reflect each output change to
//! `setParamNormalized` on their window's thread; in *Write*, and only for a value that has just been emitted, Earmark
//! answers there with an edit. The gesture is held from the first value to the end of Write, so that a lane in Touch or
//! Latch does not fall back in between.
#![allow(unsafe_code)]

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nice_plug::wrapper::vst3::vst3::ComPtr;
use nice_plug::wrapper::vst3::vst3::Steinberg::Vst::{IComponentHandler, IComponentHandlerTrait};

use super::emission::{Emission, OUTPUTS};

/// See the module's text. Everything here runs on the host's window thread.
pub(super) struct Echo {
    emission: Arc<Emission>,
    handler: Mutex<Option<ComPtr<IComponentHandler>>>,
    held: Mutex<[bool; OUTPUTS]>,
    /// An edit makes some hosts reflect the value again, from within the call.
    answering: AtomicBool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Echo {
    pub(super) fn new(emission: Arc<Emission>) -> Self {
        Self {
            emission,
            handler: Mutex::new(None),
            held: Mutex::new([false; OUTPUTS]),
            answering: AtomicBool::new(false),
        }
    }

    pub(super) fn set_handler(&self, handler: Option<ComPtr<IComponentHandler>>) {
        *lock(&self.handler) = handler;
    }

    /// The host has told the controller a parameter's value.
    pub(super) fn reflected(&self, id: u32, value: f64) {
        if !self.emission.is_writing() {
            return self.release();
        }
        let Some(output) = self.emission.output(id).filter(|&output| self.emission.was_just_emitted(output, value))
        else {
            return;
        };
        if self.answering.swap(true, Ordering::AcqRel) {
            return;
        }
        // Cloned, so that no lock is held while the host runs.
        if let Some(handler) = lock(&self.handler).clone() {
            let held = std::mem::replace(&mut lock(&self.held)[output], true);
            // SAFETY: the host's own object, alive by our reference, on the thread where VST3 wants edits.
            unsafe {
                if !held {
                    handler.beginEdit(id);
                }
                handler.performEdit(id, value);
            }
        }
        self.answering.store(false, Ordering::Release);
    }

    /// Ends the gestures that are held.
    pub(super) fn release(&self) {
        let held = std::mem::replace(&mut *lock(&self.held), [false; OUTPUTS]);
        let Some(handler) = lock(&self.handler).clone().filter(|_| held.contains(&true)) else { return };
        for output in (0..OUTPUTS).filter(|&output| held[output]) {
            // SAFETY: as above.
            unsafe { handler.endEdit(self.emission.id(output)) };
        }
    }
}
