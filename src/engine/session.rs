//! One instance as the worker sees it.

use super::link::{Attached, WorkerEnd};
use super::models::Models;
use super::tagging::{Pace, TagDesk, TaggerPlan};
use super::vocal::VocalDesk;
use crate::listen::FrontEnd;
use crate::nets::{Model, Net};

/// An instance's place at the worker: its end of the link and its desks.
pub(super) struct Session {
    end: WorkerEnd,
    pub(super) pace: Pace,
    pub(super) desks: Option<Desks>,
}

/// The state that the nets keep for one instance.
pub(super) struct Desks {
    pub(super) vocal: VocalDesk,
    pub(super) tags: TagDesk,
    pub(super) epoch: u32,
}

impl Session {
    pub(super) fn new(end: WorkerEnd, pace: Pace) -> Self {
        Self { end, pace, desks: None }
    }

    /// Forgets everything after a failure of the worker, and lets nobody wait for what it had taken.
    pub(super) fn begin_anew(&mut self) {
        self.desks = None;
        if let Some(link) = self.attach() {
            link.abandon();
        }
    }

    /// `None` once the instance is gone.
    pub(super) fn attach(&self) -> Option<Attached> {
        self.end.attach()
    }
}

impl Desks {
    pub(super) fn new(models: &Models, plan: &TaggerPlan, streams: &[FrontEnd], pace: Pace) -> Option<Self> {
        let Model { net: Net::Vocal(net), .. } = &models.vocal else { return None };
        Some(Self { vocal: VocalDesk::new(net, &streams[0]), tags: TagDesk::new(plan, pace), epoch: 0 })
    }
}
