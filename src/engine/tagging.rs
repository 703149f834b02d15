//! The taggers' desk: what one instance's mel frames need until they are a window, and when a window is due.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use super::device::{BackendError, Devices, Errand, Tagged};
use super::judge::{Judge, Verdict};
use super::link::{Attached, Frame, HELD_S};
use super::models::Models;
use super::readings::{GenreReading, TaggerShape};
use super::vocal::SILENCE_PEAK;
use crate::listen::{CHUNK, FrontEnd};
use crate::nets::coarse::CoarseEar;
use crate::nets::genre::GENRES;
use crate::nets::{Ced, Compact, Musicnn, Net, Tagging};

/// How often the taggers run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// Seconds from refresh to refresh.
    pub refresh_s: f64,
    /// Refreshes from one run of each further tagger to the next; they take turns.
    pub further_every: u64,
    /// The same for a net that hears through the first tagger, and costs a little more than that.
    pub coarse_every: u64,
}

impl Pace {
    /// For playing: a reading each second.
    pub const LIVE: Self = Self { refresh_s: 1.0, further_every: 3, coarse_every: 8 };
    /// For whole files: windows of the first tagger follow one another without overlap.
    pub const FILE: Self = Self { refresh_s: 10.0, further_every: 3, coarse_every: 12 };
}

/// With [`super::Ear::set_eco`] the taggers run only at every fourth refresh, beginning with the first.
pub const ECO_STRETCH: u64 = 4;

/// Refreshes of a file that may be on their way at a time, so that a dear one does not hold up the voice.
const MOST_PENDING: usize = 4;

/// How much a tagger hears at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaggerWindow {
    /// Frames of a whole window.
    pub frames: usize,
    /// Frames without which it is not run.
    pub fewest: usize,
}

impl TaggerWindow {
    /// The window of `net`.
    #[must_use]
    pub fn of(net: &Net) -> Self {
        match net {
            // The embedding would take 1008 frames; a round second keeps windows and refreshes in step.
            Net::Ced(_) => Self { frames: 1000.min(Ced::MOST_FRAMES), fewest: Ced::FEWEST_FRAMES },
            Net::Compact(_) => Self { frames: Compact::FRAMES, fewest: Compact::FEWEST_FRAMES },
            Net::Coarse(_) => Self { frames: CoarseEar::FRAMES, fewest: CoarseEar::FEWEST_FRAMES },
            Net::Stack(net) => {
                let fewest = net.fewest_frames().max(Compact::FEWEST_FRAMES);
                Self { frames: Compact::FRAMES, fewest }
            }
            // Below two seconds the long temporal filters see mostly padding.
            Net::Musicnn(_) | Net::PonsTags(_) | Net::Vocal(_) | Net::Head(_) => {
                Self { frames: Musicnn::FRAMES, fewest: 130 }
            }
        }
    }
}

/// What every instance's desk needs to know of the taggers.
pub(super) struct TaggerPlan {
    taggers: Vec<Plan>,
    judge: Judge,
    labels: Arc<[(String, String)]>,
    /// The taggers', and the head's behind them.
    shapes: Arc<[TaggerShape]>,
    front_ends: Vec<FrontEnd>,
}

struct Plan {
    /// Index into the tag streams (link stream minus one).
    stream: usize,
    window: TaggerWindow,
    coarse: bool,
}

impl TaggerPlan {
    /// `streams`: the front ends of all link streams.
    pub(super) fn new(models: &Models, streams: &[FrontEnd]) -> Self {
        let plan = |model: &crate::nets::Model| {
            let stream = streams[1..].iter().position(|front_end| *front_end == model.card.front_end).unwrap_or(0);
            Plan { stream, window: TaggerWindow::of(&model.net), coarse: matches!(model.net, Net::Coarse(_)) }
        };
        let shape = |model: &crate::nets::Model| TaggerShape {
            name: model.card.name.clone(),
            labels: model.card.labels.len(),
            embedding: model.card.embedding(),
        };
        let cards: Vec<_> = models.taggers.iter().map(|model| &model.card).collect();
        let speakers = || models.taggers.iter().chain(&models.head);
        Self {
            taggers: models.taggers.iter().chain(&models.coarse).map(plan).collect(),
            judge: Judge::new(&cards, models.coarse.as_ref().map(|model| &model.card), models.head.as_ref()),
            labels: speakers()
                .flat_map(|model| model.card.labels.iter().map(|label| (model.card.name.clone(), label.clone())))
                .collect(),
            shapes: speakers().map(shape).collect(),
            front_ends: streams[1..].to_vec(),
        }
    }

    fn read(&self, taggings: &[Option<Tagging>]) -> Verdict {
        self.judge.read(&taggings.iter().map(Option::as_ref).collect::<Vec<_>>())
    }
}

/// One instance's windows.
pub(super) struct TagDesk {
    histories: Vec<History>,
    taggings: Vec<Option<Tagging>>,
    pace: Pace,
    /// Refreshes that have been due in this epoch, and those of them that were made.
    ticks: u64,
    turns: u64,
    /// The tick of the refresh before.
    last_tick: u64,
    last_tick_at: u64,
    refreshes: u64,
    epoch: u32,
    /// Taggers that have been asked in this epoch.
    asked: Vec<bool>,
    /// Oldest first; while the audio plays there is at most one.
    pending: VecDeque<Pending>,
    /// While the audio plays: a refresh was due when there was no room for it.
    overdue: bool,
    /// When the last refresh was asked for, or the desk was made.
    asked_at: Instant,
}

/// A refresh on its way through the taggers.
struct Pending {
    errand: Errand,
    reading: GenreReading,
    silent: bool,
    /// Frames that are done with when its reading is published.
    frames: u64,
    /// The audio has begun anew meanwhile; nobody asks for the answer any more.
    stale: bool,
}

/// The latest frames of one stream. Each instance has its own, so it takes no more memory than it needs.
struct History {
    width: usize,
    keep: usize,
    mels: VecDeque<f32>,
    /// `known_at` and peak of each row.
    rows: VecDeque<(u64, f32)>,
    /// Rows since the beginning.
    heard: u64,
}

impl TagDesk {
    pub(super) fn new(plan: &TaggerPlan, pace: Pace) -> Self {
        let history = |(stream, front_end): (usize, &FrontEnd)| {
            let window = plan.taggers.iter().filter(|p| p.stream == stream).map(|p| p.window.frames).max().unwrap_or(1);
            // Streams run ahead of the first by at most what the link holds.
            let ahead = if stream == 0 { 0 } else { (HELD_S / front_end.hop_s()).ceil() as usize + 1 };
            let keep = window + ahead;
            let (mels, rows) = (VecDeque::with_capacity(keep * front_end.n_mels), VecDeque::with_capacity(keep));
            History { width: front_end.n_mels, keep, mels, rows, heard: 0 }
        };
        Self {
            histories: plan.front_ends.iter().enumerate().map(history).collect(),
            taggings: vec![None; plan.taggers.len()],
            pace,
            ticks: 0,
            turns: 0,
            last_tick: 0,
            last_tick_at: 0,
            refreshes: 0,
            epoch: 0,
            asked: vec![false; plan.taggers.len()],
            pending: VecDeque::new(),
            overdue: false,
            asked_at: Instant::now(),
        }
    }

    /// Reads what has come; when a refresh is due, sends the taggers' windows out; publishes what has come back. Returns
    /// whether there was anything to do. While the audio plays and there is no room for a refresh, or `others_wait` for theirs,
    /// it becomes overdue instead: see [`Self::catch_up`].
    ///
    /// # Errors
    /// If the device failed.
    pub(super) fn pass(
        &mut self,
        link: &Attached,
        plan: &TaggerPlan,
        devices: &mut Devices,
        others_wait: bool,
    ) -> Result<bool, BackendError> {
        let mut worked = self.collect(link, plan)?;
        let frames_per_tick = self.pace.refresh_s / plan.front_ends[0].hop_s();
        let mut read = 0;
        // In lock step every refresh is made, so the frame that asks for one more waits until there is room.
        while !(self.pending.len() >= MOST_PENDING && self.histories[0].heard + 1 >= self.due(frames_per_tick)) {
            let Some(frame) = link.pop(1) else { break };
            self.take(0, &frame);
            read += 1;
            if frame.epoch == self.epoch && frame.index + 1 >= self.due(frames_per_tick) {
                self.drain_followers(link);
                self.ticks += 1;
                let rests = link.is_eco() && !(self.ticks - 1).is_multiple_of(ECO_STRETCH);
                // Live and late by a whole refresh: what has piled up is read first.
                let late = || others_wait || (link.backlog(1) as f64) >= frames_per_tick || !self.has_room(devices);
                if !rests && !link.is_offline() && late() {
                    self.overdue = true;
                } else if !rests {
                    // This frame is done with when its reading is published.
                    self.refresh(plan, devices, frame.known_at, Refresh { last: false, frames: 1 })?;
                    link.settle(1, read - 1);
                    read = 0;
                    worked = true;
                    self.collect(link, plan)?;
                }
            }
        }
        worked |= read > 0;
        worked |= self.drain_followers(link);
        link.settle(1, read);
        Ok(worked)
    }

    /// If a refresh is overdue and could be made up for: when the last one was asked for.
    pub(super) fn overdue(&self, link: &Attached) -> Option<Instant> {
        (self.overdue && !link.is_offline() && self.pending.is_empty()).then_some(self.asked_at)
    }

    /// Makes up for an overdue refresh, on what has been heard until now.
    ///
    /// # Errors
    /// If the device failed.
    pub(super) fn catch_up(
        &mut self,
        link: &Attached,
        plan: &TaggerPlan,
        devices: &mut Devices,
    ) -> Result<(), BackendError> {
        if let Some(&(now, _)) = self.histories[0].rows.back() {
            self.refresh(plan, devices, now, Refresh { last: false, frames: 0 })?;
            self.collect(link, plan)?;
        }
        self.overdue = false;
        Ok(())
    }

    /// While the audio plays: whether a refresh can be made at once.
    fn has_room(&self, devices: &Devices) -> bool {
        self.pending.is_empty() && devices.have_room()
    }

    /// Whether a refresh is on its way.
    pub(super) fn is_waiting(&self) -> bool {
        !self.pending.is_empty()
    }

    /// The audio is over: a last refresh on what is there, unless one was just made. Waits for it.
    ///
    /// # Errors
    /// If the device failed.
    pub(super) fn end(
        &mut self,
        link: &Attached,
        plan: &TaggerPlan,
        devices: &mut Devices,
    ) -> Result<(), BackendError> {
        self.drain_followers(link);
        let newest = self.histories.first().and_then(|history| history.rows.back()).map_or(0, |row| row.0);
        if newest > self.last_tick_at {
            self.refresh(plan, devices, newest + 1, Refresh { last: true, frames: 0 })?;
            if let Some(Pending { errand, reading, silent, .. }) = self.pending.pop_back() {
                let said = errand.finished()?;
                self.publish(link, plan, reading, (!silent).then_some(said));
            }
        }
        Ok(())
    }

    /// The index behind the frame at which the next refresh is due.
    fn due(&self, frames_per_tick: f64) -> u64 {
        ((self.ticks + 1) as f64 * frames_per_tick).round() as u64
    }

    /// Publishes the refreshes that have come back.
    fn collect(&mut self, link: &Attached, plan: &TaggerPlan) -> Result<bool, BackendError> {
        let mut worked = false;
        while let Some(pending) = self.pending.front_mut() {
            let Some(said) = pending.errand.answered()? else { break };
            if let Some(Pending { reading, silent, frames, stale, .. }) = self.pending.pop_front() {
                if !stale {
                    self.publish(link, plan, reading, (!silent).then_some(said));
                }
                link.settle(1, frames);
            }
            worked = true;
        }
        Ok(worked)
    }

    /// Frames of all streams but the first; they do not set the pace.
    fn drain_followers(&mut self, link: &Attached) -> bool {
        let mut any = false;
        for stream in 1..self.histories.len() {
            let mut read = 0;
            while let Some(frame) = link.pop(stream + 1) {
                self.take(stream, &frame);
                read += 1;
            }
            link.settle(stream + 1, read);
            any |= read > 0;
        }
        any
    }

    fn take(&mut self, stream: usize, frame: &Frame) {
        let age = frame.epoch.wrapping_sub(self.epoch) as i32;
        if age < 0 {
            return;
        }
        if age > 0 {
            self.epoch = frame.epoch;
            (self.ticks, self.turns, self.last_tick, self.last_tick_at) = (0, 0, 0, 0);
            self.taggings.fill(None);
            self.histories.iter_mut().for_each(History::clear);
            self.asked.fill(false);
            self.pending.iter_mut().for_each(|pending| pending.stale = true);
            self.overdue = false;
        }
        self.histories[stream].push(frame);
    }

    /// Sends out the windows of the taggers whose turn it is, of the frames known before `now`.
    fn refresh(
        &mut self,
        plan: &TaggerPlan,
        devices: &mut Devices,
        now: u64,
        Refresh { last, frames }: Refresh,
    ) -> Result<(), BackendError> {
        self.last_tick_at = now;
        self.asked_at = Instant::now();
        let turn = self.turns;
        self.turns += 1;
        let ticks = self.ticks - std::mem::replace(&mut self.last_tick, self.ticks);
        let leader = &plan.front_ends[0];
        let recent = (self.pace.refresh_s.min(1.0) / leader.hop_s()).round() as usize;
        let silent = self.histories[0].is_silent(now, recent);
        let reading = GenreReading {
            epoch: self.epoch,
            time_s: self.histories[0].heard as f64 * leader.hop_s(),
            known_at: now,
            step_s: (ticks.max(1) as f64 * self.pace.refresh_s) as f32,
            probability: [0.0; GENRES.len()],
            saying: false,
        };
        let mut windows = Vec::new();
        for (index, tagger) in plan.taggers.iter().enumerate() {
            let every = if tagger.coarse { self.pace.coarse_every } else { self.pace.further_every };
            let turn_comes = || (turn + 1) % every == (index as u64 - 1) % every;
            let due = !silent && (index == 0 || last || !self.asked[index] || turn_comes());
            let history = &self.histories[tagger.stream];
            // What another stream knows of the latest samples may or may not have arrived yet, unless all is over.
            let known = if tagger.stream == 0 || last { now } else { now.saturating_sub(CHUNK as u64) };
            let rows = history.window(known, tagger.window.frames);
            let count = rows.len();
            if due && count >= tagger.window.fewest && (last || count >= tagger.window.frames.min(recent)) {
                self.asked[index] = true;
                windows.push((index, history.mels(rows)));
            }
        }
        self.pending.push_back(Pending { errand: devices.tag(windows)?, reading, silent, frames, stale: false });
        Ok(())
    }

    /// Publishes `reading` with what the taggers have said for it, judged with what they said before; `None` for silence,
    /// of which nothing is said.
    fn publish(&mut self, link: &Attached, plan: &TaggerPlan, mut reading: GenreReading, said: Option<Vec<Tagged>>) {
        let Some(said) = said else { return link.publish_genre(reading) };
        said.into_iter().for_each(|(tagger, said)| self.taggings[tagger] = Some(said));
        let verdict = plan.read(&self.taggings);
        (reading.saying, reading.probability) = (verdict.saying, verdict.genre);
        self.refreshes += 1;
        let time_s = reading.time_s;
        // The reading first: whoever hears of these tags finds it.
        link.publish_genre(reading);
        link.publish_tags(|tags| {
            tags.labels = plan.labels.clone();
            tags.taggers = plan.shapes.clone();
            tags.refresh = self.refreshes;
            tags.time_s = time_s;
            tags.music = verdict.music;
            tags.probability.clear();
            tags.embedding.clear();
            for (shape, tagging) in plan.shapes.iter().zip(&self.taggings) {
                let ends = (tags.probability.len() + shape.labels, tags.embedding.len() + shape.embedding);
                if let Some(tagging) = tagging {
                    tags.probability.extend_from_slice(&tagging.probability);
                    tags.embedding.extend_from_slice(&tagging.embedding);
                }
                // A tagger that has not spoken yet has no opinion on its labels.
                tags.probability.resize(ends.0, 0.0);
                tags.embedding.resize(ends.1, 0.0);
            }
            tags.probability.extend_from_slice(&verdict.own);
        });
    }
}

/// What kind of refresh it is.
struct Refresh {
    /// The audio is over.
    last: bool,
    /// Frames that are done with when its reading is published.
    frames: u64,
}

impl History {
    fn push(&mut self, frame: &Frame) {
        if self.rows.len() == self.keep {
            self.rows.pop_front();
            self.mels.drain(..self.width);
        }
        self.rows.push_back((frame.known_at, frame.peak));
        self.heard = frame.index + 1;
        self.mels.extend(&frame.mels[..self.width]);
    }

    fn clear(&mut self) {
        self.rows.clear();
        self.mels.clear();
        self.heard = 0;
    }

    /// The latest rows known at `now`, at most `most`.
    fn window(&self, now: u64, most: usize) -> Range<usize> {
        let end = self.rows.partition_point(|row| row.0 <= now);
        end.saturating_sub(most)..end
    }

    /// The mel values of some rows.
    fn mels(&self, rows: Range<usize>) -> Vec<f32> {
        self.mels.range(rows.start * self.width..rows.end * self.width).copied().collect()
    }

    fn is_silent(&self, now: u64, most: usize) -> bool {
        self.rows.range(self.window(now, most)).all(|row| row.1 < SILENCE_PEAK)
    }
}
