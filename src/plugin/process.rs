//! One block, top to bottom: hear, read, decide, shape the audio, emit. Allocates only when it is built.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use nice_plug::prelude::Enum;

use super::delay::Delay;
use super::emission::{Emission, FIRST_GENRE, GENRE, GENRE_CONFIDENCE, OUTPUTS, Out, Output, VOCAL, VOCAL_GATE};
use super::handover::Taker;
use super::params::{Automation, EarmarkParams, Genre, Source};
use super::scope::{Place, Point, ScopeInput};
use crate::engine::{Ear, GenreReading, VOICE_OUTPUTS, VocalReading};
use crate::listen::MelFrame;
use crate::say::envelope::{Decision, Envelope};
use crate::say::genre::{Belief, GenreState};
use crate::say::key::Key;
use crate::say::midi::{MidiMessage, MidiVoice};
use crate::say::ride::Ride;
use crate::say::thinning::{SHORTEST_GAP_S, Thinned};

/// Room for voice readings that wait for their moment, besides those of the block that the host has announced: it may send
/// a longer one, and 16384 samples at 8 kHz bring 205.
const PENDING: usize = 256;
/// Genre readings that do: 16384 samples at 1.2 kHz bring 14.
const GENRES_PENDING: usize = 64;
/// While the host's lane is followed, decisions are made at this interval.
const CONTROL_PERIOD_S: f64 = 0.01;
/// What the worker may take for a reading in real time, beyond the block in which its frame was completed.
const WORKER_ALLOWANCE_S: f64 = 0.012;
/// Samples by which the plugin emits a reading later in real time than in an offline bounce: the longest block and
/// what the worker is allowed. The same for every reading.
pub fn real_time_lag(max_block: u32, sample_rate_hz: f64) -> u64 {
    u64::from(max_block) + (WORKER_ALLOWANCE_S * sample_rate_hz).ceil() as u64
}

/// A move of the ride gain takes one control period.
const RIDE_GLIDE_S: f64 = CONTROL_PERIOD_S;

/// What stays fixed from one activation to the next.
pub(super) struct Setup {
    pub(super) sample_rate_hz: f32,
    pub(super) max_block: u32,
    pub(super) channels: usize,
    pub(super) offline: bool,
    pub(super) control: bool,
}

/// What the host still holds of an activation that has ended, because nothing can be said outside a block: it is ended
/// in the first block of the next one.
#[derive(Default)]
pub(super) struct Held {
    gestures: bool,
    midi: MidiVoice,
}

/// One block of audio, changed in place.
pub(super) struct Block<'a, 'main, 'side, 'key> {
    pub(super) main: &'a mut [&'main mut [f32]],
    pub(super) side_chain: &'a [&'side mut [f32]],
    pub(super) key: &'a mut [&'key mut [f32]],
    /// Where the transport stands.
    pub(super) place: Place,
}

/// The state of one activated instance.
pub(super) struct Processor {
    ear: Ear,
    params: Arc<EarmarkParams>,
    emission: Arc<Emission>,
    scope: ScopeInput,
    setup: Setup,
    /// Samples by which emission follows knowledge.
    lag: u64,
    /// With `align`: the part of `lag` that lets a reading see those after it, samples. The gate then opens on the voice
    /// itself, although a voice must last for a while before it counts.
    foresight: u64,
    align: bool,
    restart_asked: bool,
    latency: u32,
    /// Another ear waits here, should the user have chosen another model.
    taker: Taker,
    /// With the ear of now, `align` would want another latency than the host knows of.
    misaligned: bool,
    gap: u64,
    control_period: u64,
    /// Samples processed since activation.
    now: u64,
    /// Value of `now` when the ear last began anew.
    origin: u64,
    hearing: bool,
    playing: bool,
    vocal: VecDeque<VocalReading>,
    genre: VecDeque<GenreReading>,
    next_control: u64,
    /// When the host's lane was last followed.
    followed_at: u64,
    envelope: Envelope,
    belief: Belief,
    probability: f32,
    decision: Decision,
    thinned: [Thinned; OUTPUTS],
    mode: Automation,
    gestures: bool,
    /// The gestures were opened before this activation.
    stale_gestures: bool,
    midi: MidiVoice,
    ride: Ride,
    key: Key,
    delays: Vec<Delay>,
    /// How much of the block that is being processed has its final audio; 0 between blocks.
    shaped: usize,
    /// The state was reset: what has changed is to be said at the start of the next block.
    fresh: bool,
}

/// What happens next within a block.
enum Next {
    Vocal(VocalReading),
    Genre(GenreReading),
    Control,
}

impl Processor {
    pub(super) fn new(
        ear: Ear,
        params: Arc<EarmarkParams>,
        emission: Arc<Emission>,
        scope: ScopeInput,
        setup: Setup,
        before: Held,
    ) -> Self {
        let rate = f64::from(setup.sample_rate_hz);
        let samples = |seconds: f64| (seconds * rate).ceil() as u64;
        let align = params.emit.align.value();
        let live_lag = real_time_lag(setup.max_block, rate);
        let foresight = if align { wanted_foresight(&ear, &setup, &params) } else { 0 };
        let latency = if align { aligned_latency(&ear, &setup, foresight) } else { 0 };
        let delays = (0..setup.channels).map(|_| Delay::new(latency as usize)).collect();
        let thinned = std::array::from_fn(|output| Thinned::since(emission.value(output)));
        let lag = if align || !setup.offline { live_lag + foresight } else { 0 };
        let waits_s = (u64::from(setup.max_block) + live_lag + foresight) as f64 / rate;
        let pending = PENDING + (waits_s / ear.vocal_period_s()).ceil() as usize;
        scope.activated(setup.sample_rate_hz, (ear.vocal_delay_s() + lag as f64 / rate) as f32);
        emission.activated(align);
        Self {
            lag,
            foresight,
            align,
            restart_asked: false,
            latency: latency as u32,
            taker: params.models.taker(),
            misaligned: false,
            gap: samples(SHORTEST_GAP_S),
            control_period: samples(CONTROL_PERIOD_S).max(1),
            now: 0,
            origin: 0,
            hearing: true,
            playing: false,
            vocal: VecDeque::with_capacity(pending),
            genre: VecDeque::with_capacity(GENRES_PENDING),
            next_control: 0,
            followed_at: 0,
            envelope: Envelope::new(),
            belief: Belief::new(),
            probability: 0.0,
            decision: Decision::default(),
            thinned,
            mode: params.emit.automation.value(),
            gestures: before.gestures,
            stale_gestures: before.gestures,
            midi: before.midi,
            ride: Ride::new(samples(RIDE_GLIDE_S) as u32),
            key: Key::new(setup.sample_rate_hz),
            delays,
            shaped: 0,
            fresh: true,
            ear,
            params,
            emission,
            scope,
            setup,
        }
    }

    /// The audio and nothing else, as late as the host knows it to be: for when the rest has failed.
    pub(super) fn pass(&mut self, main: &mut [&mut [f32]]) {
        self.shaped = 0;
        self.pass_rest(main);
    }

    /// The same for what is left of a block in which something has failed.
    pub(super) fn pass_rest(&mut self, main: &mut [&mut [f32]]) {
        for (delay, channel) in self.delays.iter_mut().zip(main) {
            let from = self.shaped.min(channel.len());
            delay.process(&mut channel[from..]);
        }
    }

    /// Ends the activation.
    pub(super) fn hold(self) -> Held {
        Held { gestures: self.gestures, midi: self.midi }
    }

    /// Samples by which the audio is delayed.
    pub(super) fn latency(&self) -> u32 {
        self.latency
    }

    /// Whether `align`, or the latency it needs, has changed since activation, so that the host must activate anew. Says
    /// so once per change. A longer attack asks for it only while the transport stands, since a lane may move it.
    pub(super) fn wants_restart(&mut self) -> bool {
        let short_sighted =
            self.align && !self.playing && wanted_foresight(&self.ear, &self.setup, &self.params) > self.foresight;
        let changed = self.params.emit.align.value() != self.align || self.misaligned || short_sighted;
        let asked = std::mem::replace(&mut self.restart_asked, changed);
        changed && !asked
    }

    /// The audio begins anew (transport jump, stop). Real-time safe.
    pub(super) fn reset(&mut self) {
        self.begin_anew();
        self.envelope = Envelope::new();
        self.belief = Belief::new();
        self.delays.iter_mut().for_each(Delay::reset);
    }

    /// Another model hears from here on: what the one before has said is not carried on.
    fn use_other_ear(&mut self) {
        self.begin_anew();
        self.envelope = Envelope::new();
        self.belief = Belief::new();
        self.misaligned =
            self.align && aligned_latency(&self.ear, &self.setup, self.foresight) != u64::from(self.latency);
        let rate = f64::from(self.setup.sample_rate_hz);
        self.scope.delayed((self.ear.vocal_delay_s() + self.lag as f64 / rate) as f32);
    }

    /// The transport starts. Frames are counted from here, so that a pass from the same place says the same every time;
    /// but whoever sings at this moment, before an open microphone, is not interrupted.
    fn start(&mut self) {
        if self.now > self.origin && self.hearing && self.decision == Decision::default() {
            self.begin_anew();
            self.envelope = Envelope::new();
            self.belief = Belief::new();
        }
    }

    /// One block.
    pub(super) fn process(&mut self, mut block: Block<'_, '_, '_, '_>) {
        let length = block.main.first().map_or(0, |channel| channel.len());
        let bypass = self.params.bypass.value();
        let playing = block.place.playing;
        if self.taker.exchange(&mut self.ear) {
            self.use_other_ear();
        }
        self.mode = self.params.emit.automation.value();
        if std::mem::take(&mut self.stale_gestures) {
            self.keep_gestures(false);
        }
        self.keep_gestures(!bypass && self.mode == Automation::Write && playing);
        let listens = !bypass && self.mode != Automation::Read;
        if listens != self.hearing {
            self.hearing = listens;
            self.begin_anew();
        }
        if bypass {
            self.rest();
        }
        match (std::mem::replace(&mut self.playing, playing), playing) {
            (true, false) => self.end_note(),
            (false, true) => self.start(),
            _ => {}
        }
        let heard_s = (self.now - self.origin) as f64 / f64::from(self.setup.sample_rate_hz);
        self.scope.block(heard_s, block.place);
        if listens {
            self.hear(&block);
        }
        if self.mode == Automation::Read && self.lane() != (self.probability, self.decision.gate) {
            // A point of the lane splits the host's block, so that it is followed to the sample.
            self.next_control = self.now;
        }
        if std::mem::take(&mut self.fresh) {
            self.say_all(0);
        }
        let end = self.now + length as u64;
        let mut done = 0;
        while let Some((at, next)) = self.next(end, bypass) {
            let time = (at.max(self.now) - self.now) as usize;
            self.shape(&mut block, done..time);
            done = time;
            match next {
                Next::Vocal(reading) => self.decide(&reading, at, time as u32),
                Next::Genre(reading) => self.believe(&reading, at, time as u32),
                Next::Control => self.follow_lane(time as u32),
            }
        }
        self.shape(&mut block, done..length);
        self.shaped = 0;
        self.now = end;
        self.scope.block_done(self.ear.dropped(), self.ride.gain(), self.gestures);
        self.emission.advance(length);
    }

    /// The ear hears the block; what it knows by now waits in line.
    fn hear(&mut self, block: &Block<'_, '_, '_, '_>) {
        let channels = match self.params.detect.source.value() {
            Source::Main => first_two(block.main),
            Source::SideChain => first_two(block.side_chain),
        };
        let channels = match &channels {
            (Some(first), Some(second)) => &[*first, *second][..],
            (Some(only), None) => &[*only][..],
            (None, _) => return,
        };
        self.ear.set_eco(self.params.detect.eco.value());
        let Self { ear, vocal, genre, scope, .. } = self;
        let show = |frame: &MelFrame<'_>| scope.column(frame);
        // Some hosts freewheel without activating anew. What is known is then said as late as in real time, but is complete.
        if self.setup.offline || self.emission.is_offline() {
            // In lock step the worker is waited for; if it is gone, the audio goes on all the same.
            ear.hear_in_step_and_show(channels, show, |reading| queue(vocal, reading), |reading| queue(genre, reading));
        } else {
            ear.go_live();
            ear.hear_and_show(channels, show);
            while let Some(reading) = ear.next_vocal() {
                queue(vocal, reading);
            }
            while let Some(reading) = ear.next_genre() {
                queue(genre, reading);
            }
        }
    }

    /// The earliest thing that is due before `end`.
    fn next(&mut self, end: u64, bypass: bool) -> Option<(u64, Next)> {
        if bypass {
            return None;
        }
        if self.mode == Automation::Read {
            let at = self.next_control.max(self.now);
            if at >= end {
                return None;
            }
            self.next_control = at + self.control_period;
            return Some((at, Next::Control));
        }
        // Known after `known_at` samples means: from the last of them on.
        let base = self.origin + self.lag;
        let due = |known_at: u64| base + known_at.saturating_sub(1);
        let vocal = self.vocal.front().map(|reading| due(reading.known_at)).filter(|&at| at < end);
        let genre = self.genre.front().map(|reading| due(reading.known_at)).filter(|&at| at < end);
        match (vocal, genre) {
            (Some(vocal), genre) if genre.is_none_or(|genre| vocal <= genre) => {
                self.vocal.pop_front().map(|reading| (vocal, Next::Vocal(reading)))
            }
            (_, Some(genre)) => self.genre.pop_front().map(|reading| (genre, Next::Genre(reading))),
            _ => None,
        }
    }

    fn decide(&mut self, reading: &VocalReading, at: u64, time: u32) {
        let step_s = self.ear.vocal_period_s() as f32;
        self.probability = reading.probability;
        // Those that are known by now for certain, so that real time and a bounce decide alike.
        let seen = reading.known_at + self.foresight;
        let next = self.vocal.iter().take_while(|next| next.known_at <= seen).map(|next| next.probability);
        self.decision = self.envelope.advance_foreseeing(&self.params.envelope(), reading.probability, next, step_s);
        self.show(reading.frame, reading.outputs);
        self.act(time);
        self.set(VOCAL, self.probability, at, time);
        self.set(VOCAL_GATE, f32::from(u8::from(self.decision.gate)), at, time);
    }

    fn believe(&mut self, reading: &GenreReading, at: u64, time: u32) {
        let window_s = self.params.detect.genre_window.value();
        let heard = reading.saying.then_some(&reading.probability);
        let state = self.belief.advance(heard, window_s, reading.step_s);
        self.scope.genre(reading.time_s, &state, reading.saying);
        self.say_genre(&state, at, time);
    }

    fn say_genre(&mut self, state: &GenreState, at: u64, time: u32) {
        let last = Genre::variants().len() - 1;
        // 32 bits become a float without a branch: one on what a `None` leaves open is harmless, but memcheck reports it.
        let genre = state.top.unwrap_or(last) as u32;
        self.set(GENRE, genre as f32 / last as f32, at, time);
        self.set(GENRE_CONFIDENCE, state.confidence, at, time);
        for (genre, belief) in state.probability.iter().enumerate() {
            self.set(FIRST_GENRE + genre, *belief, at, time);
        }
    }

    /// What the host's lane says: voice and gate.
    fn lane(&self) -> (f32, bool) {
        (self.params.vocal.value(), self.params.vocal_gate.value())
    }

    /// The host's lane is the truth: its values drive ride, MIDI and key.
    fn follow_lane(&mut self, time: u32) {
        let (probability, gate) = self.lane();
        self.probability = probability;
        let (at, rate) = (self.now + u64::from(time), f64::from(self.setup.sample_rate_hz));
        let step_s = (at.saturating_sub(self.followed_at) as f64 / rate).min(CONTROL_PERIOD_S);
        self.followed_at = at;
        // What has passed, passed under the gate as it was; where it turns, the first step is a whole one, wherever the
        // look before lies. So an edge of the lane has the same effect each time.
        let settings = self.params.envelope();
        self.decision = self.envelope.follow_gate(&settings, self.decision.gate, step_s as f32);
        if gate != self.decision.gate {
            self.decision = self.envelope.follow_gate(&settings, gate, CONTROL_PERIOD_S as f32);
        }
        let heard_s = (at - self.origin) as f64 / rate;
        // Without a net there is nothing to show but the lane.
        self.show((heard_s / self.ear.vocal_period_s()) as u64, [0.0; VOICE_OUTPUTS]);
        self.act(time);
    }

    /// Lets the window see what was decided about a frame.
    fn show(&self, frame: u64, outputs: [f32; VOICE_OUTPUTS]) {
        let Decision { gate, level } = self.decision;
        self.scope.point(Point { pass: 0, frame, probability: self.probability, outputs, gate, level });
    }

    /// What follows from a decision besides parameters: ride and MIDI.
    fn act(&mut self, time: u32) {
        self.ride.aim(self.params.shape.ride.value(), self.decision.level);
        if self.setup.control {
            let time = self.emission.offset() + time;
            let emission = &self.emission;
            let send = |message: MidiMessage| emission.push(Out::Midi { message, time });
            if self.mode == Automation::Off {
                self.midi.silence(send);
            } else {
                self.midi.advance(&self.params.midi(), self.decision.gate, self.probability, send);
            }
        }
    }

    /// Emits an output if the mode lets values out and the value is news.
    fn set(&mut self, output: Output, normalized: f32, at: u64, time: u32) {
        let emits = matches!(self.mode, Automation::Show | Automation::Write);
        if emits && self.thinned[output].pass(normalized, at, self.gap) {
            self.emission.push(Out::Set { output, normalized, time: self.emission.offset() + time });
        }
    }

    /// Says where everything stands.
    fn say_all(&mut self, time: u32) {
        let at = self.now + u64::from(time);
        self.act(time);
        self.set(VOCAL, self.probability, at, time);
        self.set(VOCAL_GATE, f32::from(u8::from(self.decision.gate)), at, time);
        let state = *self.belief.state();
        self.say_genre(&state, at, time);
    }

    /// Opens or closes the gestures around what is written.
    fn keep_gestures(&mut self, wanted: bool) {
        if wanted == self.gestures {
            return;
        }
        self.gestures = wanted;
        self.emission.set_writing(wanted);
        let time = self.emission.offset();
        for output in 0..OUTPUTS {
            self.emission.push(if wanted { Out::Begin { output, time } } else { Out::End { output, time } });
        }
    }

    /// The ear's stream is interrupted: what waits belongs to another time.
    fn begin_anew(&mut self) {
        self.ear.reset();
        self.scope.new_pass();
        self.vocal.clear();
        self.genre.clear();
        self.origin = self.now;
        self.probability = 0.0;
        self.decision = Decision::default();
        self.fresh = true;
    }

    /// Bypassed: no gain, no note, no key.
    fn rest(&mut self) {
        self.probability = 0.0;
        self.decision = Decision::default();
        self.ride.aim(0.0, 0.0);
        self.end_note();
    }

    /// Ends a note that sounds, at the start of this part of the block.
    fn end_note(&mut self) {
        let time = self.emission.offset();
        let emission = &self.emission;
        self.midi.silence(|message| emission.push(Out::Midi { message, time }));
    }

    /// Audio of a part of the block in which nothing changes: delay, ride, key.
    fn shape(&mut self, block: &mut Block<'_, '_, '_, '_>, part: Range<usize>) {
        for (delay, channel) in self.delays.iter_mut().zip(block.main.iter_mut()) {
            delay.process(&mut channel[part.clone()]);
        }
        self.shaped = part.end;
        if !self.ride.is_transparent() {
            for at in part.clone() {
                let gain = self.ride.next_gain();
                block.main.iter_mut().for_each(|channel| channel[at] *= gain);
            }
        }
        let silent = self.mode == Automation::Off;
        let (probability, gate) = if silent { (0.0, false) } else { (self.probability, self.decision.gate) };
        match &mut *block.key {
            [left, right, ..] => {
                for (left, right) in left[part.clone()].iter_mut().zip(&mut right[part]) {
                    (*left, *right) = self.key.next(probability, gate);
                }
            }
            [level] => {
                for at in part {
                    let (sample, tone) = self.key.next(probability, gate);
                    level[at] = sample;
                    self.emission.write_tone(at, tone);
                }
            }
            [] => {}
        }
    }
}

/// Samples by which the audio must be delayed to meet what is said about it.
fn aligned_latency(ear: &Ear, setup: &Setup, foresight: u64) -> u64 {
    let rate = f64::from(setup.sample_rate_hz);
    real_time_lag(setup.max_block, rate) + foresight + (ear.vocal_delay_s() * rate).round() as u64
}

/// Samples of foresight with which the gate opens on the voice at the attack of now.
fn wanted_foresight(ear: &Ear, setup: &Setup, params: &EarmarkParams) -> u64 {
    let (period_s, rate) = (ear.vocal_period_s(), f64::from(setup.sample_rate_hz));
    match params.envelope().confirming_readings(period_s as f32) {
        0 => 0,
        // Frames end between the host's samples, hence one more.
        readings => (readings as f64 * period_s * rate).ceil() as u64 + 1,
    }
}

/// The channels that are heard.
fn first_two<'a>(channels: &'a [&mut [f32]]) -> (Option<&'a [f32]>, Option<&'a [f32]>) {
    let channel = |index: usize| channels.get(index).map(|channel| &**channel);
    (channel(0), channel(1))
}

/// Queues a reading; the oldest gives way if the line is full.
fn queue<T>(line: &mut VecDeque<T>, reading: T) {
    if line.len() == line.capacity() {
        line.pop_front();
    }
    line.push_back(reading);
}
