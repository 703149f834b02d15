//! Which net runs where, and what happens when a device fails.

use std::path::Path;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::{Duration, Instant};

use super::beside::{Beside, Errand, Window};
use super::cpu::Cpu;
use super::helper::{Helper, Opened, Told};
use super::stream::{Gone, Memory, Slot};
use super::weighing::Cost;
use super::{BackendError, DeviceChoice, VoiceStream, opener};
use crate::engine::models::ModelSet;
use crate::nets::coarse::CoarseEar;
use crate::nets::{Net, Tagging, VocalStream};

/// A device that is still being opened after this long is spoken of.
const OPENING_IS_LONG: Duration = Duration::from_millis(900);
/// Stretch over which a device's pace is looked at.
const LOOK: Duration = Duration::from_millis(400);
/// Share of such a stretch that a device must have kept the worker waiting to count as slow,
const KEPT_WAITING: f32 = 0.5;
/// and how many times as long as the processor would have.
const TOO_SLOW: f32 = 4.0;
/// The voice net is weighed anew no more often than this.
const WEIGH_EVERY: Duration = Duration::from_secs(10);

/// The processor, and another device where one is there.
pub(in crate::engine) struct Devices {
    cpu: Cpu,
    /// `None` if there was no thread to be had: then the worker does it.
    beside: Option<Beside>,
    choice: DeviceChoice,
    since: Instant,
    other: Other,
    gone: Gone,
    next_stream: u64,
    note: Option<String>,
    news: bool,
}

/// The other device.
enum Other {
    None,
    Opening(Helper),
    Open(Box<Open>),
}

struct Open {
    helper: Helper,
    about: Opened,
    /// Whether the voice net runs there, and each tagger.
    voice: bool,
    taggers: Vec<bool>,
    pace: Pace,
    /// Streams that the voice net was last weighed for, when, and the answer that is to come.
    weighed: (usize, Instant, Option<Receiver<Result<Cost, String>>>),
}

/// How long the other device kept the worker waiting lately.
struct Pace {
    since: Instant,
    there: Duration,
    here: Duration,
}

impl Devices {
    /// Runs everything on the processor, its taggers on `tagger_threads` threads, and begins to open what `choice` asks
    /// for. Returns at once. To be called on the worker's thread.
    pub(in crate::engine) fn start(
        choice: DeviceChoice,
        library: Option<&Path>,
        set: &ModelSet,
        cpu: Cpu,
        tagger_threads: usize,
    ) -> Self {
        let mut devices = Self {
            beside: Beside::start(&cpu, &std::thread::current(), tagger_threads),
            cpu,
            choice,
            since: Instant::now(),
            other: Other::None,
            gone: Gone::default(),
            next_stream: 0,
            note: None,
            news: true,
        };
        let models = devices.cpu.models.clone();
        let helper = |opener: Option<_>| opener.map(|opener| Helper::start(opener, set, &models, 1)).transpose();
        match opener(choice, library).and_then(helper) {
            Ok(Some(helper)) => devices.other = Other::Opening(helper),
            Ok(None) => {}
            Err(why) => devices.note = Some(format!("{why}; running on the CPU")),
        }
        devices
    }

    /// For people: what runs where.
    pub(in crate::engine) fn name(&self) -> String {
        let Other::Open(open) = &self.other else { return "CPU".to_owned() };
        let name = &open.about.name;
        match (open.voice, open.taggers.iter().any(|&there| there)) {
            (true, true) => name.clone(),
            (true, false) => format!("{name} for the voice, CPU"),
            (false, true) => format!("CPU, {name} for genre"),
            (false, false) => "CPU".to_owned(),
        }
    }

    /// What the user should know.
    pub(in crate::engine) fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// Whether a device is still being opened.
    pub(in crate::engine) fn is_opening(&self) -> bool {
        matches!(self.other, Other::Opening(_))
    }

    /// Whether name or note have changed since this was last asked.
    pub(in crate::engine) fn take_news(&mut self) -> bool {
        std::mem::take(&mut self.news)
    }

    /// Takes in what the helper has to say; to be called often. Nets do not move between devices while an instance is in
    /// lock step (`offline`), so that a bounce is the same each time.
    pub(in crate::engine) fn tend(&mut self, streams: usize, offline: bool) {
        match &mut self.other {
            Other::None => {}
            Other::Opening(_) if offline && self.choice == DeviceChoice::Auto => {}
            Other::Opening(helper) => match helper.opened() {
                None => {
                    let long = self.since.elapsed() > OPENING_IS_LONG;
                    if long && self.note.is_none() && self.choice != DeviceChoice::Auto {
                        self.tell("the GPU is still being opened; running on the CPU".to_owned());
                    }
                }
                Some(Err(why)) => self.fall_back(&why),
                Some(Ok(about)) => self.open(about),
            },
            Other::Open(open) => {
                if open.pace.is_slow() {
                    return self.fall_back("is slower than the CPU");
                }
                if self.choice == DeviceChoice::Auto && open.about.voice.is_some() && !offline {
                    let before = open.voice;
                    if let Err(why) = open.weigh_again(streams.max(1)) {
                        return self.fall_back(&why);
                    }
                    self.news |= open.voice != before;
                }
            }
        }
    }

    /// Reads new voice frames of several streams in one batch; see [`crate::nets::VocalNet::step`].
    ///
    /// # Errors
    /// If the processor failed.
    pub(in crate::engine) fn vocal(
        &mut self,
        streams: &mut [&mut VoiceStream],
        frames: &[&[f32]],
        end: bool,
    ) -> Result<Vec<Vec<f32>>, BackendError> {
        let said = match self.vocal_there(streams, frames, end) {
            Some(Ok(said)) => said,
            Some(Err(why)) => {
                self.fall_back(&why);
                self.vocal_here(streams, frames, end)?
            }
            None => self.vocal_here(streams, frames, end)?,
        };
        // What no other device will ask for is not kept.
        if !matches!(self.other, Other::None) {
            streams.iter_mut().zip(frames).for_each(|(stream, frames)| stream.heard(frames));
        }
        Ok(said)
    }

    /// Sets out to tag windows. The net for coarse spectra, if there is one, stands behind the taggers. What the processor
    /// does goes on beside the worker.
    ///
    /// # Errors
    /// If the processor failed or there is no such tagger.
    pub(in crate::engine) fn tag(&mut self, windows: Vec<Window>) -> Result<Errand, BackendError> {
        let mut errand = Errand { done: Vec::new(), waits: None };
        let mut here = Vec::new();
        for (tagger, window) in windows {
            match self.tag_there(tagger, &window) {
                Some(Ok(tagging)) => errand.done.push((tagger, tagging)),
                Some(Err(why)) => {
                    self.fall_back(&why);
                    here.push((tagger, window));
                }
                None => here.push((tagger, window)),
            }
        }
        match &self.beside {
            _ if here.is_empty() => {}
            Some(beside) => errand.waits = Some(beside.ask(here)),
            None => {
                for (tagger, window) in here {
                    errand.done.push((tagger, self.cpu.tag(tagger, &window)?));
                }
            }
        }
        Ok(errand)
    }

    /// What the taggers beside the worker have worked since this was last asked.
    pub(in crate::engine) fn take_effort(&self) -> Duration {
        self.beside.as_ref().map_or(Duration::ZERO, Beside::take_effort)
    }

    /// While audio plays: whether the taggers have room for a window, and have not worked more than their share.
    pub(in crate::engine) fn have_room(&self) -> bool {
        self.beside.as_ref().is_none_or(Beside::has_room)
    }

    fn open(&mut self, about: Opened) {
        let Other::Opening(helper) = std::mem::replace(&mut self.other, Other::None) else { return };
        let wanted = |cost: &Option<Cost>| match (cost, self.choice) {
            (Some(cost), DeviceChoice::Auto) => cost.pays(),
            (cost, _) => cost.is_some(),
        };
        let voice = wanted(&about.voice);
        let taggers = about.taggers.iter().map(wanted).collect();
        self.note = (!about.refused.is_empty())
            .then(|| format!("{}: some nets run on the CPU: {}", about.name, about.refused.join("; ")));
        self.news = true;
        let weighed = (1, Instant::now(), None);
        self.other = Other::Open(Box::new(Open { helper, about, voice, taggers, pace: Pace::new(), weighed }));
    }

    /// Back to the processor for good.
    fn fall_back(&mut self, why: &str) {
        let name = match std::mem::replace(&mut self.other, Other::None) {
            // A helper that hangs is not waited for.
            Other::Open(open) => format!("{}: ", open.about.name),
            _ => String::new(),
        };
        self.tell(format!("{name}{why}; running on the CPU"));
    }

    fn tell(&mut self, note: String) {
        self.note = Some(note);
        self.news = true;
    }

    fn vocal_here(
        &self,
        streams: &mut [&mut VoiceStream],
        frames: &[&[f32]],
        end: bool,
    ) -> Result<Vec<Vec<f32>>, BackendError> {
        let net = self.cpu.voice_net()?;
        let mut memories: Vec<&mut VocalStream> = Vec::with_capacity(streams.len());
        for stream in streams.iter_mut() {
            if !matches!(stream.memory, Memory::Here(_)) {
                let mut memory = net.stream();
                // The answers to this were given when it was first heard.
                self.cpu.vocal(&mut [&mut memory], &[stream.retold()], false)?;
                stream.memory = Memory::Here(memory);
            }
            if let Memory::Here(memory) = &mut stream.memory {
                memories.push(memory);
            }
        }
        self.cpu.vocal(&mut memories, frames, end)
    }

    /// `None` where the voice net runs on the processor.
    fn vocal_there(
        &mut self,
        streams: &mut [&mut VoiceStream],
        frames: &[&[f32]],
        end: bool,
    ) -> Option<Result<Vec<Vec<f32>>, String>> {
        let Other::Open(open) = &mut self.other else { return None };
        if !open.voice {
            return None;
        }
        let (ahead, outputs) = self.cpu.voice_net().map(|net| (net.look_ahead_frames(), net.outputs())).ok()?;
        let mut told = Vec::new();
        // Of each stream that has something to tell: its place, answers to leave out, and its new number.
        let mut tellers = Vec::new();
        for (at, (stream, frames)) in streams.iter().zip(frames).enumerate() {
            if frames.is_empty() && !end {
                continue;
            }
            let (number, begins, before) = match &stream.memory {
                Memory::There(slot) => (slot.number, false, &[][..]),
                Memory::Nothing | Memory::Here(_) => {
                    self.next_stream += 1;
                    (self.next_stream, true, stream.retold())
                }
            };
            let left_out = if begins { stream.retold_frames().saturating_sub(ahead) * outputs } else { 0 };
            tellers.push((at, left_out, begins.then_some(number)));
            told.push(Told { stream: number, begins, frames: [before, frames].concat() });
        }
        let rows: usize = frames.iter().map(|frames| frames.len()).sum::<usize>()
            / self.cpu.models.vocal.card.front_end.n_mels.max(1);
        let start = Instant::now();
        let said = match open.helper.voice(told, self.gone.take(), end) {
            Ok(said) => said,
            Err(why) => return Some(Err(why)),
        };
        let here = open.about.voice.map_or(Duration::ZERO, |cost| cost.here);
        open.pace.add(start.elapsed(), here.mul_f64(rows as f64 / open.weighed.0.max(1) as f64));
        let mut all = vec![Vec::new(); streams.len()];
        for ((at, left_out, number), said) in tellers.into_iter().zip(said) {
            if let Some(number) = number {
                streams[at].memory = Memory::There(Slot { number, gone: self.gone.clone() });
            }
            match said.get(left_out..) {
                Some(said) => all[at] = said.to_vec(),
                None => return Some(Err("left frames unanswered".to_owned())),
            }
        }
        Some(Ok(all))
    }

    /// `None` where the tagger runs on the processor.
    fn tag_there(&mut self, tagger: usize, window: &[f32]) -> Option<Result<Tagging, String>> {
        let Other::Open(open) = &mut self.other else { return None };
        let model = self.cpu.tagger(tagger).ok()?;
        if let Net::Coarse(net) = &model.net {
            // It hears through one of the taggers.
            let name = model.card.taggers.first()?;
            let ced = self.cpu.models.taggers.iter().position(|model| model.card.name == *name)?;
            if !open.taggers.get(ced).is_some_and(|&there| there) {
                return None;
            }
            let rows = net.latest(window);
            let heard = net.ear().window(rows, CoarseEar::pace_s()).ok()?;
            return Some(open.tag(ced, vec![heard]).and_then(|said| {
                let [said] = said.as_slice() else { return Err("left a window unanswered".to_owned()) };
                net.read_window(&CoarseEar::read(said), rows).map_err(|error| error.to_string())
            }));
        }
        if !open.taggers.get(tagger).is_some_and(|&there| there) {
            return None;
        }
        let said = open.tag(tagger, vec![window.to_vec()]);
        Some(said.and_then(|mut said| said.pop().ok_or_else(|| "left a window unanswered".to_owned())))
    }
}

impl Drop for Devices {
    fn drop(&mut self) {
        match std::mem::replace(&mut self.other, Other::None) {
            Other::None => {}
            Other::Opening(helper) => helper.end(),
            Other::Open(open) => open.helper.end(),
        }
    }
}

impl Open {
    fn tag(&mut self, tagger: usize, windows: Vec<Vec<f32>>) -> Result<Vec<Tagging>, String> {
        let count = windows.len();
        let start = Instant::now();
        let said = self.helper.tag(tagger, windows)?;
        let here = self.about.taggers.get(tagger).copied().flatten().map_or(Duration::ZERO, |cost| cost.here);
        self.pace.add(start.elapsed(), here * count as u32);
        if said.len() == count { Ok(said) } else { Err("left windows unanswered".to_owned()) }
    }

    /// Has the voice net weighed anew when there are far more streams than then, or far fewer, and moves it when the answer
    /// comes.
    fn weigh_again(&mut self, streams: usize) -> Result<(), String> {
        let (known, when, answer) = &mut self.weighed;
        if let Some(answers) = answer {
            match answers.try_recv() {
                Ok(cost) => {
                    let cost = cost?;
                    self.about.voice = Some(cost);
                    self.voice = cost.pays();
                    *answer = None;
                }
                Err(TryRecvError::Empty) => {}
                Err(TryRecvError::Disconnected) => return Err("its thread failed".to_owned()),
            }
            return Ok(());
        }
        let far = streams >= 2 * *known || 2 * streams <= *known;
        if far && when.elapsed() > WEIGH_EVERY {
            self.weighed = (streams, Instant::now(), Some(self.helper.weigh(streams)));
        }
        Ok(())
    }
}

impl Pace {
    fn new() -> Self {
        Self { since: Instant::now(), there: Duration::ZERO, here: Duration::ZERO }
    }

    fn add(&mut self, there: Duration, here: Duration) {
        self.there += there;
        self.here += here;
    }

    /// Whether the device has been far too slow of late.
    fn is_slow(&mut self) -> bool {
        let elapsed = self.since.elapsed();
        if elapsed < LOOK {
            return false;
        }
        let slow = self.there > elapsed.mul_f32(KEPT_WAITING) && self.there > self.here.mul_f32(TOO_SLOW);
        *self = Self::new();
        slow
    }
}
