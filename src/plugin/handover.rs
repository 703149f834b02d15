//! The crossing over which an instance gets another ear while audio runs. Its constructor returns both halves. The audio
//! thread only exchanges boxes: nothing is made or freed there.

use std::sync::Arc;

use crossbeam::queue::ArrayQueue;

use crate::engine::Ear;

/// Ears that may wait to be freed. More come only if nobody clears them away while several models are chosen.
const RETIRED: usize = 8;

struct Shared {
    offered: ArrayQueue<Box<Ear>>,
    retired: ArrayQueue<Box<Ear>>,
}

/// The half of whoever builds ears.
#[derive(Clone)]
pub struct Giver(Arc<Shared>);

/// The audio thread's half.
#[derive(Clone)]
pub struct Taker(Arc<Shared>);

/// Both halves.
#[must_use]
pub fn handover() -> (Giver, Taker) {
    let shared = Arc::new(Shared { offered: ArrayQueue::new(1), retired: ArrayQueue::new(RETIRED) });
    (Giver(shared.clone()), Taker(shared))
}

impl Giver {
    /// An ear to be taken at the next block; one that was not taken yet gives way.
    pub fn offer(&self, ear: Ear) {
        drop(self.0.offered.force_push(Box::new(ear)));
        self.free();
    }

    /// Frees the ears that the audio thread has laid down.
    pub fn free(&self) {
        while self.0.retired.pop().is_some() {}
    }

    /// The same, and takes back what was offered: it was made for another activation.
    pub fn clear(&self) {
        while self.0.offered.pop().is_some() {}
        self.free();
    }
}

impl Taker {
    /// Exchanges `ear` for the one on offer. `false` if there is none. Real-time safe.
    pub fn exchange(&self, ear: &mut Ear) -> bool {
        let Some(mut fresh) = self.0.offered.pop() else { return false };
        std::mem::swap(ear, &mut *fresh);
        if let Err(full) = self.0.retired.push(fresh) {
            // Freeing is the very thing that must not happen here.
            std::mem::forget(full);
        }
        true
    }
}
