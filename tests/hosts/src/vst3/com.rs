//! The lists that a VST3 host lends to a plugin for a block: parameter changes and events.
//!
//! Each is made and used on one thread.

use ::vst3::Steinberg::Vst::{
    Event, IEventList, IEventListTrait, IParamValueQueue, IParamValueQueueTrait, IParameterChanges,
    IParameterChangesTrait, ParamID, ParamValue,
};
use ::vst3::Steinberg::{int32, kInvalidArgument, kResultOk, tresult};
use ::vst3::{Class, ComPtr, ComWrapper};
use std::cell::RefCell;

/// The points of one parameter.
pub(crate) struct Queue {
    number: u32,
    points: RefCell<Vec<(i32, f64)>>,
}

impl Class for Queue {
    type Interfaces = (IParamValueQueue,);
}

impl IParamValueQueueTrait for Queue {
    unsafe fn getParameterId(&self) -> ParamID {
        self.number
    }

    unsafe fn getPointCount(&self) -> int32 {
        self.points.borrow().len() as i32
    }

    unsafe fn getPoint(&self, index: int32, offset: *mut int32, value: *mut ParamValue) -> tresult {
        let points = self.points.borrow();
        let Some(point) = usize::try_from(index).ok().and_then(|index| points.get(index)) else {
            return kInvalidArgument;
        };
        // SAFETY: the caller gives valid places.
        unsafe {
            *offset = point.0;
            *value = point.1;
        }
        kResultOk
    }

    unsafe fn addPoint(&self, offset: int32, value: ParamValue, index: *mut int32) -> tresult {
        let mut points = self.points.borrow_mut();
        if !index.is_null() {
            // SAFETY: the place is valid where it is not null.
            unsafe { *index = points.len() as i32 };
        }
        points.push((offset, value));
        kResultOk
    }
}

/// A queue of ours, and the interface pointer that plugins get.
type HeldQueue = (ComWrapper<Queue>, ComPtr<IParamValueQueue>);

/// The changes of a block, one queue per parameter.
#[derive(Default)]
pub(crate) struct Changes {
    queues: RefCell<Vec<HeldQueue>>,
}

impl Class for Changes {
    type Interfaces = (IParameterChanges,);
}

impl Changes {
    /// Adds a point, in order of time.
    pub(crate) fn push(&self, number: u32, offset: i32, normalized: f64) {
        let index = self.queue(number);
        self.queues.borrow()[index].0.points.borrow_mut().push((offset, normalized));
    }

    /// Each parameter's number with its points.
    pub(crate) fn take(&self) -> Vec<(u32, Vec<(i32, f64)>)> {
        let queues = self.queues.take();
        queues.into_iter().map(|(queue, _)| (queue.number, queue.points.take())).collect()
    }

    /// The index of a parameter's queue, which is made if there is none.
    fn queue(&self, number: u32) -> usize {
        let mut queues = self.queues.borrow_mut();
        if let Some(index) = queues.iter().position(|(queue, _)| queue.number == number) {
            return index;
        }
        let queue = ComWrapper::new(Queue { number, points: RefCell::default() });
        if let Some(interface) = queue.to_com_ptr() {
            queues.push((queue, interface));
        }
        queues.len() - 1
    }
}

impl IParameterChangesTrait for Changes {
    unsafe fn getParameterCount(&self) -> int32 {
        self.queues.borrow().len() as i32
    }

    unsafe fn getParameterData(&self, index: int32) -> *mut IParamValueQueue {
        let queues = self.queues.borrow();
        let queue = usize::try_from(index).ok().and_then(|index| queues.get(index));
        queue.map_or(std::ptr::null_mut(), |(_, interface)| interface.as_ptr())
    }

    unsafe fn addParameterData(&self, id: *const ParamID, index: *mut int32) -> *mut IParamValueQueue {
        // SAFETY: the caller gives a valid id.
        let position = self.queue(unsafe { *id });
        if !index.is_null() {
            // SAFETY: the place is valid where it is not null.
            unsafe { *index = position as i32 };
        }
        self.queues.borrow()[position].1.as_ptr()
    }
}

/// The events of a block.
#[derive(Default)]
pub(crate) struct Events {
    events: RefCell<Vec<Event>>,
}

impl Class for Events {
    type Interfaces = (IEventList,);
}

impl Events {
    pub(crate) fn take(&self) -> Vec<Event> {
        self.events.take()
    }
}

impl IEventListTrait for Events {
    unsafe fn getEventCount(&self) -> int32 {
        self.events.borrow().len() as i32
    }

    unsafe fn getEvent(&self, index: int32, event: *mut Event) -> tresult {
        let events = self.events.borrow();
        let Some(held) = usize::try_from(index).ok().and_then(|index| events.get(index)) else {
            return kInvalidArgument;
        };
        // SAFETY: the caller gives a valid place.
        unsafe { *event = *held };
        kResultOk
    }

    unsafe fn addEvent(&self, event: *mut Event) -> tresult {
        // SAFETY: the caller gives a valid event.
        self.events.borrow_mut().push(unsafe { *event });
        kResultOk
    }
}
