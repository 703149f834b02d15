//! An instance's ear: its listener and its end of the link. Plugin, command line and tests all hear through it.

use std::ops::Range;
use std::sync::Arc;

use super::link::{AudioEnd, TagsEnd};
use super::readings::{GenreReading, Tags, VocalReading};
use super::tagging::Pace;
use super::worker::{Engine, EngineError};
use crate::listen::{FrontEnd, Listener, MelFrame};

/// In lock step the worker is waited for at least this often, so that no queue can overflow.
const LOCK_STEP_S: f64 = 0.25;

/// Hears one stream of audio. See the module's text.
pub struct Ear {
    listener: Listener,
    /// For each of the listener's front ends the link streams that carry it.
    routes: Vec<Vec<usize>>,
    audio: AudioEnd,
    engine: Arc<Engine>,
    /// Most samples between two waits in lock step.
    lock_step: usize,
    vocal_delay_s: f64,
}

impl Ear {
    /// An ear at `engine` for audio at `host_rate_hz`, whose genre readings come at `pace`. Allocates everything.
    ///
    /// # Errors
    /// If the rate cannot be analysed.
    pub fn new(engine: &Arc<Engine>, host_rate_hz: f64, pace: Pace) -> Result<Self, EngineError> {
        let streams = engine.streams();
        let mut front_ends: Vec<FrontEnd> = Vec::new();
        let mut routes: Vec<Vec<usize>> = Vec::new();
        for (stream, front_end) in streams.iter().enumerate() {
            match front_ends.iter().position(|known| known == front_end) {
                Some(known) => routes[known].push(stream),
                None => {
                    front_ends.push(front_end.clone());
                    routes.push(vec![stream]);
                }
            }
        }
        let listener = Listener::new(host_rate_hz, &front_ends)?;
        let waits_s = engine.models().vocal_card().look_ahead_frames as f64 * streams[0].hop_s();
        let vocal_delay_s = listener.delay_s(0).unwrap_or_default() + waits_s;
        let audio = engine.attach(pace);
        audio.set_active(true);
        let lock_step = ((host_rate_hz * LOCK_STEP_S) as usize).max(1);
        Ok(Self { listener, routes, audio, engine: engine.clone(), lock_step, vocal_delay_s })
    }

    /// Hears a planar block of any length. Real-time safe: no allocation, no lock, no system call.
    pub fn hear(&mut self, channels: &[&[f32]]) {
        self.hear_and_show(channels, |_| {});
    }

    /// The same, and hands each mel frame of the vocal net over to `show` on its way to it. As real-time safe as `show`.
    pub fn hear_and_show(&mut self, channels: &[&[f32]], mut show: impl FnMut(&MelFrame<'_>)) {
        let length = channels.iter().map(|channel| channel.len()).min().unwrap_or(0);
        self.hear_part(channels, 0..length, &mut show);
    }

    /// Hears a planar block in lock step: waits until the worker has read all of it, handing the readings over as they
    /// come. `false` if the worker is gone. For offline rendering and files.
    pub fn hear_in_step(
        &mut self,
        channels: &[&[f32]],
        vocal: impl FnMut(VocalReading),
        genre: impl FnMut(GenreReading),
    ) -> bool {
        self.hear_in_step_and_show(channels, |_| {}, vocal, genre)
    }

    /// The same, and hands each mel frame of the vocal net over to `show` on its way to it.
    pub fn hear_in_step_and_show(
        &mut self,
        channels: &[&[f32]],
        mut show: impl FnMut(&MelFrame<'_>),
        mut vocal: impl FnMut(VocalReading),
        mut genre: impl FnMut(GenreReading),
    ) -> bool {
        self.hear_and_wait(channels, AudioEnd::settle, &mut show, &mut vocal, &mut genre)
    }

    /// Hears a planar block of a file, running ahead of the worker as far as it has room for frames: readings are handed over
    /// as they come, the last ones by [`Self::finish`]. They are those of [`Self::hear_in_step`]. `false` if the worker is
    /// gone.
    pub fn hear_ahead_and_show(
        &mut self,
        channels: &[&[f32]],
        mut show: impl FnMut(&MelFrame<'_>),
        mut vocal: impl FnMut(VocalReading),
        mut genre: impl FnMut(GenreReading),
    ) -> bool {
        self.hear_and_wait(channels, AudioEnd::make_room, &mut show, &mut vocal, &mut genre)
    }

    /// Hears a planar block without losing a frame: part by part, after each of which `wait` waits for the worker.
    fn hear_and_wait(
        &mut self,
        channels: &[&[f32]],
        wait: fn(&AudioEnd) -> bool,
        show: &mut impl FnMut(&MelFrame<'_>),
        vocal: &mut impl FnMut(VocalReading),
        genre: &mut impl FnMut(GenreReading),
    ) -> bool {
        self.audio.set_offline(true);
        let length = channels.iter().map(|channel| channel.len()).min().unwrap_or(0);
        for start in (0..length).step_by(self.lock_step) {
            self.hear_part(channels, start..length.min(start + self.lock_step), show);
            if !wait(&self.audio) {
                return false;
            }
            self.drain(vocal, genre);
        }
        true
    }

    /// Ends the audio in lock step: what a look-ahead still holds back, and a last genre reading.
    pub fn finish(&mut self, mut vocal: impl FnMut(VocalReading), mut genre: impl FnMut(GenreReading)) -> bool {
        self.audio.set_offline(true);
        self.audio.end();
        let settled = self.audio.settle();
        self.drain(&mut vocal, &mut genre);
        settled
    }

    /// The next voice reading. Real-time safe.
    pub fn next_vocal(&mut self) -> Option<VocalReading> {
        self.audio.next_vocal()
    }

    /// The next genre reading. Real-time safe.
    pub fn next_genre(&mut self) -> Option<GenreReading> {
        self.audio.next_genre()
    }

    /// Copies the latest tags; `true` if they are news. In lock step they come refresh by refresh. Not for the audio thread.
    pub fn take_tags(&self, tags: &mut Tags) -> bool {
        self.audio.take_tags(tags)
    }

    /// An end through which a window looks at the tags. Not for the audio thread.
    #[must_use]
    pub fn tags_end(&self) -> TagsEnd {
        self.audio.tags_end()
    }

    /// Leaves lock step: from now on the worker is not waited for. Real-time safe.
    pub fn go_live(&mut self) {
        self.audio.set_offline(false);
    }

    /// Lets the taggers run at only every [`super::ECO_STRETCH`]th refresh, for a quarter of their cost. Real-time safe.
    pub fn set_eco(&self, eco: bool) {
        self.audio.set_eco(eco);
    }

    /// Forgets everything heard. Real-time safe.
    pub fn reset(&mut self) {
        self.listener.reset();
        self.audio.reset();
    }

    /// Frames that the worker did not get to in time so far.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.audio.dropped()
    }

    /// The engine behind this ear.
    #[must_use]
    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// Seconds from one voice reading to the next.
    #[must_use]
    pub fn vocal_period_s(&self) -> f64 {
        self.engine.streams()[0].hop_s()
    }

    /// What the vocal net hears.
    #[must_use]
    pub fn vocal_front_end(&self) -> &FrontEnd {
        &self.engine.streams()[0]
    }

    /// The instant that voice reading 0 speaks of, in seconds.
    #[must_use]
    pub fn vocal_first_frame_s(&self) -> f64 {
        self.engine.streams()[0].first_frame_s()
    }

    /// How much later than its instant a voice reading can be known, in seconds: window, resampler and look-ahead.
    #[must_use]
    pub fn vocal_delay_s(&self) -> f64 {
        self.vocal_delay_s
    }

    fn hear_part(&mut self, channels: &[&[f32]], part: Range<usize>, show: &mut impl FnMut(&MelFrame<'_>)) {
        let Self { listener, routes, audio, .. } = self;
        listener.push_part(channels, part, |frame| {
            // The vocal net's stream is the first, so its front end is too.
            if frame.front_end == 0 {
                show(&frame);
            }
            for &stream in &routes[frame.front_end] {
                audio.push(stream, frame.index, frame.known_at, frame.peak, frame.mels);
            }
        });
    }

    fn drain(&mut self, vocal: &mut impl FnMut(VocalReading), genre: &mut impl FnMut(GenreReading)) {
        while let Some(reading) = self.audio.next_vocal() {
            vocal(reading);
        }
        while let Some(reading) = self.audio.next_genre() {
            genre(reading);
        }
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        self.audio.set_active(false);
    }
}
