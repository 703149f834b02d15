//! The component handler: where a controller reports edits.

use crate::{Edit, EditKind, Parameter, ids};
use ::vst3::Class;
use ::vst3::Steinberg::Vst::{IComponentHandler, IComponentHandlerTrait, ParamID, ParamValue};
use ::vst3::Steinberg::{int32, kResultOk, tresult};
use std::sync::{Arc, Mutex, PoisonError};

/// The edits so far, shared with the main thread.
pub(super) type Edits = Arc<Mutex<Book>>;

/// Calls as they came, with normalized values.
#[derive(Default)]
pub(super) struct Book {
    /// Where the render is, in samples.
    pub(super) now: u64,
    calls: Vec<(u64, EditKind, u32, f64)>,
}

pub(super) struct Handler {
    edits: Edits,
}

impl Handler {
    pub(super) fn new(edits: Edits) -> Self {
        Self { edits }
    }

    fn note(&self, kind: EditKind, number: u32, normalized: f64) -> tresult {
        let mut book = self.edits.lock().unwrap_or_else(PoisonError::into_inner);
        let now = book.now;
        book.calls.push((now, kind, number, normalized));
        kResultOk
    }
}

impl Class for Handler {
    type Interfaces = (IComponentHandler,);
}

impl IComponentHandlerTrait for Handler {
    unsafe fn beginEdit(&self, id: ParamID) -> tresult {
        self.note(EditKind::Begin, id, 0.0)
    }

    unsafe fn performEdit(&self, id: ParamID, value: ParamValue) -> tresult {
        self.note(EditKind::Perform, id, value)
    }

    unsafe fn endEdit(&self, id: ParamID) -> tresult {
        self.note(EditKind::End, id, 0.0)
    }

    // The render ends soon enough without a restart.
    unsafe fn restartComponent(&self, _: int32) -> tresult {
        kResultOk
    }
}

/// The edits with string ids and with values as CLAP has them.
pub(super) fn take(edits: &Edits, parameters: &[Parameter]) -> Vec<Edit> {
    let book = edits.lock().unwrap_or_else(PoisonError::into_inner);
    let edit = |&(time_samples, kind, number, normalized): &(u64, EditKind, u32, f64)| {
        let parameter = parameters.iter().find(|parameter| parameter.number == number);
        let id = ids::name(number).map_or_else(|| number.to_string(), str::to_owned);
        let value = parameter.map_or(normalized, |parameter| parameter.plain(normalized));
        Edit { time_samples, kind, id, value }
    };
    book.calls.iter().map(edit).collect()
}
