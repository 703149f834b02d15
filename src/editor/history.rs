//! What the window remembers: the last ten minutes of sound, voice and genre on one clock, in bounded memory.
//!
//! The clock counts what was heard while the window was open, in frames of the voice net. When the instance begins anew,
//! or nothing moved for a while, what follows is set right behind what was there.

use std::collections::VecDeque;
use std::ops::Range;

use crate::engine::VOICE_OUTPUTS;
use crate::plugin::scope::{Column, GenrePoint, Mark, Place, Point};
use crate::say::genre::GenreState;

/// Time remembered, seconds.
pub const KEPT_S: f64 = 600.0;
/// A gap of more frames than this is left out: nothing moved.
const LONGEST_GAP: i64 = 50;
/// Marks of a steady transport are kept this far apart, seconds.
const MARK_EVERY_S: f64 = 0.5;
/// The song's position may differ by this much from where the last mark leads before it counts as a jump, seconds.
const JUMP_S: f64 = 0.25;
/// The system's clock may be off by this much from where it leads before it counts as set anew, seconds.
const CLOCK_JUMP_S: f64 = 0.5;
/// Two reasons for a new pass within this time are one, seconds.
const SAME_PASS_S: f64 = 0.5;
/// Passes remembered.
const PASSES: usize = 64;

/// Level at which the scale of [`History::levels`] begins, dB re full scale, and its steps per dB.
pub const LOWEST_DB: f32 = -127.5;
/// See [`LOWEST_DB`].
pub const STEPS_PER_DB: f32 = 2.0;

/// The voice in one frame.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Voice {
    /// 0..1.
    pub probability: f32,
    /// The net's first outputs, 0..1.
    pub outputs: [f32; VOICE_OUTPUTS],
    /// Gate.
    pub gate: bool,
    /// Envelope, 0..1.
    pub level: f32,
}

/// A genre reading on the history's clock.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Belief {
    /// Seconds.
    pub at_s: f64,
    /// What was believed.
    pub state: GenreState,
    /// There was music to speak of.
    pub saying: bool,
}

/// The highest values, held until they are reset.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Maxima {
    /// Of the likelihood of a voice, 0..1.
    pub probability: f32,
    /// Peak of the sound, linear.
    pub peak: f32,
}

/// See the module's text.
pub struct History {
    hop_s: f64,
    bands: usize,
    capacity: usize,
    /// One past the newest frame.
    end: u64,
    /// Empty until the first frame, like the two below: most windows are never opened.
    voices: Vec<Option<Voice>>,
    levels: Vec<u8>,
    peaks: Vec<f32>,
    /// One past the newest frame of which the voice is known.
    voiced: u64,
    /// Stretches with the gate open, oldest first; the last one may go on.
    gates: VecDeque<Range<u64>>,
    gate_is_open: bool,
    beliefs: VecDeque<Belief>,
    marks: VecDeque<(f64, Place)>,
    /// The mark before, kept or not, while the transport runs: whether the host's position moves.
    last_mark: Option<(f64, Option<f64>)>,
    passes: VecDeque<f64>,
    /// From which instants on the system's clock runs evenly, and what it showed there, seconds.
    clock: VecDeque<(f64, f64)>,
    maxima: Maxima,
    /// The instance's pass and what to add to its frame numbers.
    base: Option<(u32, i64)>,
}

impl History {
    /// Empty; frames of `bands` mel bands come every `hop_s` seconds.
    #[must_use]
    pub fn new(hop_s: f64, bands: usize) -> Self {
        let capacity = (KEPT_S / hop_s).ceil() as usize;
        Self {
            hop_s,
            bands,
            capacity,
            end: 0,
            voices: Vec::new(),
            levels: Vec::new(),
            peaks: Vec::new(),
            voiced: 0,
            gates: VecDeque::new(),
            gate_is_open: false,
            beliefs: VecDeque::new(),
            marks: VecDeque::new(),
            last_mark: None,
            passes: VecDeque::from([0.0]),
            clock: VecDeque::new(),
            maxima: Maxima::default(),
            base: None,
        }
    }

    /// Seconds from frame to frame.
    #[must_use]
    pub fn hop_s(&self) -> f64 {
        self.hop_s
    }

    /// Mel bands.
    #[must_use]
    pub fn bands(&self) -> usize {
        self.bands
    }

    /// Numbers of the frames remembered.
    #[must_use]
    pub fn frames(&self) -> Range<u64> {
        self.end.saturating_sub(self.capacity as u64)..self.end
    }

    /// The newest instant, seconds.
    #[must_use]
    pub fn end_s(&self) -> f64 {
        self.end as f64 * self.hop_s
    }

    /// The oldest instant remembered, seconds.
    #[must_use]
    pub fn start_s(&self) -> f64 {
        self.frames().start as f64 * self.hop_s
    }

    /// The voice in a frame; `None` where it is not known (yet).
    #[must_use]
    pub fn voice(&self, frame: u64) -> Option<&Voice> {
        self.frames().contains(&frame).then(|| self.voices[self.slot(frame)].as_ref())?
    }

    /// One past the newest frame of which the voice is known; what lies before does not change any more.
    #[must_use]
    pub fn voiced(&self) -> u64 {
        self.voiced
    }

    /// Frames in which the gate was open, as stretches, oldest first.
    #[must_use]
    pub fn gates(&self) -> &VecDeque<Range<u64>> {
        &self.gates
    }

    /// The frame's mel levels, lowest band first, in steps of 1 / [`STEPS_PER_DB`] dB above [`LOWEST_DB`]; 0 where nothing
    /// was heard.
    #[must_use]
    pub fn levels(&self, frame: u64) -> Option<&[u8]> {
        self.frames().contains(&frame).then(|| &self.levels[self.slot(frame) * self.bands..][..self.bands])
    }

    /// Peak of the frame, linear.
    #[must_use]
    pub fn peak(&self, frame: u64) -> f32 {
        if self.frames().contains(&frame) { self.peaks[self.slot(frame)] } else { 0.0 }
    }

    /// The frame that an instant lies in.
    #[must_use]
    pub fn frame_at(&self, at_s: f64) -> u64 {
        (at_s / self.hop_s).max(0.0) as u64
    }

    /// All genre readings remembered, oldest first.
    pub fn beliefs(&self) -> impl DoubleEndedIterator<Item = &Belief> + ExactSizeIterator {
        self.beliefs.iter()
    }

    /// The genre reading that holds at an instant.
    #[must_use]
    pub fn belief_at(&self, at_s: f64) -> Option<&Belief> {
        let next = self.beliefs.partition_point(|belief| belief.at_s <= at_s);
        // A reading speaks of the second before it, so the next one is nearer for what lies between.
        self.beliefs.get(next).or_else(|| self.beliefs.back())
    }

    /// Where the transport stood at an instant; positions are carried on from the last mark.
    #[must_use]
    pub fn place_at(&self, at_s: f64) -> Option<Place> {
        let next = self.marks.partition_point(|(mark_s, _)| *mark_s <= at_s);
        let (mark_s, place) = self.marks.get(next.checked_sub(1)?)?;
        Some(if place.playing { carried(place, at_s - mark_s) } else { *place })
    }

    /// Instants within `range_s` from which on the song's position may run otherwise than before.
    pub fn turns_s(&self, range_s: Range<f64>) -> Vec<f64> {
        let marks = self.marks.partition_point(|(at_s, _)| *at_s <= range_s.start);
        let marks = self.marks.range(marks..).map(|(at_s, _)| *at_s).take_while(|at_s| *at_s < range_s.end);
        let mut turns: Vec<f64> = marks.collect();
        turns.extend(self.passes.iter().filter(|at_s| range_s.start < **at_s && **at_s < range_s.end));
        turns.sort_by(f64::total_cmp);
        turns
    }

    /// Where passes began, oldest first; the last one is still going on.
    #[must_use]
    pub fn passes(&self) -> &VecDeque<f64> {
        &self.passes
    }

    /// From when on the present pass is heard, and until when the one before was, where that is still remembered.
    #[must_use]
    pub fn pass_s(&self) -> (Range<f64>, Option<Range<f64>>) {
        let start = self.passes.back().copied().unwrap_or(0.0);
        let before = self.passes.len().checked_sub(2).map(|at| self.passes[at]);
        (start.max(self.start_s())..self.end_s(), before.filter(|&s| s >= self.start_s()).map(|s| s..start))
    }

    /// The pass before the one that `at_s` lies in: when it was heard, and what to add to an instant of this one to come
    /// to the same place of the song in it. `None` where the host gives no position, or it is forgotten.
    #[must_use]
    pub fn pass_before(&self, at_s: f64) -> Option<(Range<f64>, f64)> {
        let next = self.passes.partition_point(|start| *start <= at_s);
        let (this, before) = (self.passes[next.checked_sub(1)?], self.passes[next.checked_sub(2)?]);
        // What the song's position is ahead of the history's clock.
        let playing = |at_s: f64| self.place_at(at_s).filter(|place| place.playing);
        let ahead = |at_s: f64| playing(at_s).and_then(|place| Some(place.song_s? - at_s));
        let shift_s = ahead(at_s)? - ahead(before + SAME_PASS_S)?;
        let heard = before.max(self.start_s())..this;
        (heard.end > heard.start).then_some((heard, shift_s))
    }

    /// The highest likelihood of a voice within the last `seconds`.
    #[must_use]
    pub fn highest(&self, seconds: f64) -> f32 {
        let first = self.voiced.saturating_sub((seconds / self.hop_s) as u64);
        (first..self.voiced).filter_map(|frame| self.voice(frame)).map(|voice| voice.probability).fold(0.0, f32::max)
    }

    /// The highest values since they were reset.
    #[must_use]
    pub fn maxima(&self) -> Maxima {
        self.maxima
    }

    /// The highest values begin anew.
    pub fn reset_maxima(&mut self) {
        self.maxima = Maxima::default();
    }

    /// What came after the instant `from_s` has been heard by `now_s` of the system's clock, in seconds since any
    /// midnight.
    pub fn heard(&mut self, from_s: f64, now_s: f64) {
        if self.end_s() <= from_s {
            return;
        }
        let began_s = now_s - (self.end_s() - from_s);
        if self.clock_at(from_s).is_none_or(|expected_s| (began_s - expected_s).abs() > CLOCK_JUMP_S) {
            self.clock.push_back((from_s, began_s));
        }
        let oldest = self.start_s();
        while self.clock.get(1).is_some_and(|(at_s, _)| *at_s < oldest) {
            self.clock.pop_front();
        }
    }

    /// What the system's clock showed when an instant was heard; `None` where nobody looked.
    #[must_use]
    pub fn clock_at(&self, at_s: f64) -> Option<f64> {
        let next = self.clock.partition_point(|(from_s, _)| *from_s <= at_s);
        let (from_s, showed_s) = self.clock.get(next.checked_sub(1)?)?;
        Some(showed_s + at_s - from_s)
    }

    /// Instants within `range_s` at which the system's clock jumps.
    pub fn clock_turns_s(&self, range_s: Range<f64>) -> impl Iterator<Item = f64> {
        self.clock.iter().map(|(at_s, _)| *at_s).filter(move |at_s| range_s.start < *at_s && *at_s < range_s.end)
    }

    /// What follows is a new pass.
    pub fn begin_pass(&mut self) {
        let now = self.end_s();
        if self.passes.back().is_some_and(|&last| now - last < SAME_PASS_S) {
            return;
        }
        if self.passes.len() == PASSES {
            self.passes.pop_front();
        }
        self.passes.push_back(now);
    }

    /// Takes a frame of the sound in; `decibels` gives the level re full scale of a mel value.
    pub fn column(&mut self, column: &Column, decibels: impl Fn(f32) -> f32) {
        let Some(frame) = self.place(column.pass, column.frame as i64) else { return };
        let slot = self.slot(frame);
        self.peaks[slot] = column.peak;
        self.maxima.peak = self.maxima.peak.max(column.peak);
        for (level, &mel) in self.levels[slot * self.bands..][..self.bands].iter_mut().zip(&column.mels) {
            // The cast saturates at both ends.
            *level = ((decibels(mel) - LOWEST_DB) * STEPS_PER_DB) as u8;
        }
    }

    /// Takes a frame of the voice in.
    pub fn point(&mut self, point: &Point) {
        let Some(frame) = self.place(point.pass, point.frame as i64) else { return };
        let Point { probability, outputs, gate, level, .. } = *point;
        let slot = self.slot(frame);
        self.voices[slot] = Some(Voice { probability, outputs, gate, level });
        self.voiced = self.voiced.max(frame + 1);
        self.maxima.probability = self.maxima.probability.max(probability);
        self.gate(frame, gate);
    }

    /// Frames that were dropped count as the one before them.
    fn gate(&mut self, frame: u64, open: bool) {
        match self.gates.back_mut() {
            Some(last) if self.gate_is_open => last.end = last.end.max(frame + u64::from(open)),
            _ if open => self.gates.push_back(frame..frame + 1),
            _ => {}
        }
        self.gate_is_open = open;
        let oldest = self.frames().start;
        while self.gates.front().is_some_and(|gate| gate.end <= oldest) {
            self.gates.pop_front();
        }
    }

    /// Takes a genre reading in.
    pub fn genre(&mut self, genre: &GenrePoint) {
        let Some((pass, base)) = self.base else { return };
        let at_s = genre.time_s + base as f64 * self.hop_s;
        let in_order = self.beliefs.back().is_none_or(|last| last.at_s <= at_s);
        if pass != genre.pass || !in_order {
            return;
        }
        self.beliefs.push_back(Belief { at_s, state: genre.state, saying: genre.saying });
        let oldest = self.start_s();
        // One that began before what is remembered still holds for a while.
        while self.beliefs.get(1).is_some_and(|second| second.at_s < oldest) {
            self.beliefs.pop_front();
        }
    }

    /// Takes a mark of the transport in.
    pub fn mark(&mut self, mark: &Mark) {
        let base = match self.base {
            Some((pass, base)) if pass == mark.pass => base as f64 * self.hop_s,
            // Nothing of this pass was heard yet: what comes will stand at the end.
            _ => self.end_s() - mark.time_s,
        };
        let at_s = mark.time_s + base;
        let now = mark.place.playing.then_some((at_s, mark.place.song_s));
        let before = std::mem::replace(&mut self.last_mark, now);
        // Some hosts say that they play and give the same position for ever; that is no position.
        let stuck = before.is_some_and(|(last_s, song_s)| at_s > last_s && song_s == mark.place.song_s);
        let nowhere = Place { song_s: None, beats: None, bar: None, ..mark.place };
        let place = if mark.place.playing && stuck { nowhere } else { mark.place };
        if let Some((last_s, last)) = self.marks.back() {
            let expected = if last.playing { carried(last, at_s - last_s) } else { *last };
            let (jumped, back) = match (expected.song_s, place.song_s) {
                (Some(expected), Some(song_s)) => ((song_s - expected).abs() > JUMP_S, song_s < expected),
                (expected, song_s) => (expected.is_some() != song_s.is_some(), false),
            };
            let started = place.playing && !last.playing;
            let changed = jumped || last.playing != place.playing || last.tempo != place.tempo;
            if !changed && (at_s - last_s < MARK_EVERY_S || at_s < *last_s) {
                return;
            }
            if (started || (jumped && back)) && place.playing {
                self.begin_pass();
            }
        }
        self.marks.push_back((at_s, place));
        let oldest = self.start_s();
        while self.marks.get(1).is_some_and(|(at_s, _)| *at_s < oldest) {
            self.marks.pop_front();
        }
    }

    fn slot(&self, frame: u64) -> usize {
        (frame % self.capacity as u64) as usize
    }

    /// The history's number of an instance's frame; makes room for it. `None` for one that is too old.
    fn place(&mut self, pass: u32, frame: i64) -> Option<u64> {
        let end = self.end as i64;
        let base = match self.base {
            Some((known, base)) if known == pass => {
                if frame + base - end > LONGEST_GAP {
                    end - frame
                } else {
                    base
                }
            }
            // A straggler of a pass that is over.
            Some((known, _)) if (pass.wrapping_sub(known) as i32) < 0 => return None,
            known => {
                if known.is_some() {
                    self.begin_pass();
                }
                end - frame
            }
        };
        self.base = Some((pass, base));
        let number = u64::try_from(frame + base).ok()?;
        if number < self.frames().start {
            return None;
        }
        if self.voices.is_empty() {
            self.voices.resize(self.capacity, None);
            self.peaks.resize(self.capacity, 0.0);
            self.levels.resize(self.capacity * self.bands, 0);
        }
        while self.end <= number {
            let slot = self.slot(self.end);
            self.voices[slot] = None;
            self.peaks[slot] = 0.0;
            self.levels[slot * self.bands..][..self.bands].fill(0);
            self.end += 1;
        }
        Some(number)
    }
}

/// Where a running transport is `elapsed_s` later.
fn carried(place: &Place, elapsed_s: f64) -> Place {
    let beats = elapsed_s * place.tempo.unwrap_or(0.0) / 60.0;
    Place {
        song_s: place.song_s.map(|song_s| song_s + elapsed_s),
        beats: place.beats.filter(|_| place.tempo.is_some()).map(|at| at + beats),
        ..*place
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::listen::MAX_MELS;

    fn column(pass: u32, frame: u64) -> Column {
        Column { pass, frame, peak: 0.5, mels: [0.0; MAX_MELS] }
    }

    #[test]
    fn memory_stays_at_ten_minutes_however_long_it_runs() {
        let mut history = History::new(0.01, 4);
        for frame in 0..150_000 {
            history.column(&column(0, frame), |_| -60.0);
            history.point(&Point { frame, gate: frame % 100 < 50, ..Point::default() });
            if frame % 100 == 0 {
                let state = GenreState::default();
                history.genre(&GenrePoint { pass: 0, time_s: frame as f64 * 0.01, state, saying: true });
                let place = Place { playing: true, song_s: Some(frame as f64 * 0.01), ..Place::default() };
                history.mark(&Mark { pass: 0, time_s: frame as f64 * 0.01, place });
            }
        }
        assert_eq!(history.frames(), 90_000..150_000);
        assert!(history.beliefs.len() <= 602 && history.marks.len() <= 1_202);
        assert!(history.gates().len() <= 601, "stretches of the gate are forgotten too: {}", history.gates().len());
        assert_eq!(history.levels(89_999), None);
        assert_eq!(history.levels(149_999), Some(&[135; 4][..]), "(127.5 - 60) dB in half dB");
    }

    #[test]
    fn the_gates_stretches_are_those_of_its_frames_and_dropped_frames_count_as_the_one_before() {
        let mut history = History::new(0.01, 4);
        let open = |frame: u64| (100..200).contains(&frame) || (250..260).contains(&frame);
        for frame in (0..300).filter(|frame| !(150..170).contains(frame) && !(195..205).contains(frame)) {
            history.point(&Point { frame, gate: open(frame), ..Point::default() });
        }
        // The gate was open when frames 195..205 were lost, so it stays open until the next reading.
        assert_eq!(history.gates(), &[100..205, 250..260]);
        assert_eq!(history.voiced(), 300);
        history.point(&Point { frame: 300, probability: 0.9, ..Point::default() });
        (301..600).for_each(|frame| history.point(&Point { frame, probability: 0.2, ..Point::default() }));
        assert_eq!((history.highest(3.0), history.highest(2.0)), (0.9, 0.2));
    }

    #[test]
    fn what_begins_anew_stands_behind_what_was_heard() {
        let mut history = History::new(0.01, 4);
        (0..500).for_each(|frame| history.column(&column(0, frame), |_| -60.0));
        (0..300).for_each(|frame| history.column(&column(1, frame), |_| -50.0));
        history.point(&Point { pass: 0, frame: 499, probability: 1.0, ..Point::default() });
        history.point(&Point { pass: 1, frame: 0, probability: 0.5, ..Point::default() });
        assert_eq!(history.frames().end, 800);
        assert!(history.voice(499).is_none(), "a straggler is dropped");
        assert_eq!(history.voice(500).map(|voice| voice.probability), Some(0.5));
        assert_eq!(history.pass_s().0.start, 5.0);
    }

    #[test]
    fn time_in_which_nothing_moved_is_left_out() {
        let mut history = History::new(0.01, 4);
        history.column(&column(0, 0), |_| -60.0);
        history.column(&column(0, 100_000), |_| -60.0);
        history.column(&column(0, 100_003), |_| -60.0);
        assert_eq!(history.frames().end, 5);
    }

    #[test]
    fn a_loop_and_a_start_are_new_passes_and_positions_are_carried_on() {
        let mut history = History::new(0.01, 4);
        let place = |playing, song_s| Place {
            playing,
            song_s: Some(song_s),
            beats: Some(song_s * 2.0),
            tempo: Some(120.0),
            ..Place::default()
        };
        for frame in 0..2_000_u64 {
            history.column(&column(0, frame), |_| -60.0);
            let now = frame as f64 * 0.01;
            // Stands for 2 s, plays from 0 to 8 s, then jumps back to 4 s.
            let place = match now {
                now if now < 2.0 => place(false, 0.0),
                now if now < 10.0 => place(true, now - 2.0),
                now => place(true, now - 6.0),
            };
            history.mark(&Mark { pass: 0, time_s: now, place });
        }
        let passes: Vec<f64> = history.passes().iter().map(|at| (at * 10.0).round() / 10.0).collect();
        assert_eq!(passes, [0.0, 2.0, 10.0]);
        let (heard, shift_s) = history.pass_before(12.0).expect("it is remembered");
        assert!((heard.start - 2.0).abs() < 0.1 && (heard.end - 10.0).abs() < 0.1, "{heard:?}");
        // 12 s is 6 s into the song, and that was heard at 8 s.
        assert!((12.0 + shift_s - 8.0).abs() < 0.1, "{shift_s}");
        let place = history.place_at(5.3).expect("it plays");
        assert!((place.song_s.expect("known") - 3.3).abs() < 1e-6 && (place.beats.expect("known") - 6.6).abs() < 1e-6);
    }

    #[test]
    fn the_clock_tells_when_an_instant_was_heard_also_after_a_pause() {
        let mut history = History::new(0.01, 4);
        let mut hear = |frames: Range<u64>, now_s: f64| {
            let from_s = history.end_s();
            frames.for_each(|frame| history.column(&column(0, frame), |_| -60.0));
            history.heard(from_s, now_s);
        };
        // Looked at every 0.1 s, a little late at times; then nothing moves for a minute.
        for look in 0..50_u64 {
            hear(look * 10..look * 10 + 10, 1_000.1 + look as f64 * 0.1 + (look % 3) as f64 * 0.02);
        }
        hear(10_000..10_010, 1_065.0);
        let near = |at_s: f64, clock_s: f64| {
            let shown_s = history.clock_at(at_s).expect("heard");
            assert!((shown_s - clock_s).abs() < 0.05, "{at_s}: {shown_s}");
        };
        near(0.0, 1_000.0);
        near(4.5, 1_004.5);
        near(5.05, 1_064.95);
        assert_eq!(history.clock_turns_s(1.0..6.0).collect::<Vec<_>>(), [5.0]);
        assert_eq!(History::new(0.01, 4).clock_at(1.0), None);
    }

    #[test]
    fn maxima_are_held_until_they_are_reset() {
        let mut history = History::new(0.01, 4);
        history.column(&Column { peak: 0.8, ..column(0, 0) }, |_| -60.0);
        history.point(&Point { frame: 0, probability: 0.9, ..Point::default() });
        (1..100_000).for_each(|frame| history.column(&column(0, frame), |_| -60.0));
        assert_eq!(history.maxima(), Maxima { probability: 0.9, peak: 0.8 }, "longer than anything is remembered");
        history.reset_maxima();
        history.column(&column(0, 100_000), |_| -60.0);
        assert_eq!(history.maxima(), Maxima { probability: 0.0, peak: 0.5 });
    }

    #[test]
    fn a_position_that_never_moves_is_no_position() {
        let mut history = History::new(0.01, 4);
        for frame in 0..1_000_u64 {
            history.column(&column(0, frame), |_| -60.0);
            let place = Place { playing: true, song_s: Some(0.0), ..Place::default() };
            history.mark(&Mark { pass: 0, time_s: frame as f64 * 0.01, place });
        }
        assert_eq!(history.passes().len(), 1, "no pass begins again and again");
        assert_eq!(history.place_at(5.0).and_then(|place| place.song_s), None);
    }
}
