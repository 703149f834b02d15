//! Gate and voice as MIDI: a note while someone sings, a controller with the probability.

/// What is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MidiMode {
    /// Nothing.
    #[default]
    Off,
    /// A note while the gate is open.
    Notes,
    /// The voice's probability as a controller.
    Controller,
    /// Both.
    Both,
}

/// Where it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MidiSettings {
    /// What is sent.
    pub mode: MidiMode,
    /// Channel, 0..15.
    pub channel: u8,
    /// Note, 0..127.
    pub note: u8,
    /// Controller, 0..127.
    pub controller: u8,
}

/// One message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MidiMessage {
    /// The voice begins.
    NoteOn {
        /// Channel, 0..15.
        channel: u8,
        /// Note, 0..127.
        note: u8,
    },
    /// The voice ends.
    NoteOff {
        /// Channel, 0..15.
        channel: u8,
        /// Note, 0..127.
        note: u8,
    },
    /// The voice's probability.
    Controller {
        /// Channel, 0..15.
        channel: u8,
        /// Controller, 0..127.
        controller: u8,
        /// Value, 0..127.
        value: u8,
    },
}

/// Decides what is sent; remembers the note that sounds, so that none hangs.
#[derive(Debug, Clone, Default)]
pub struct MidiVoice {
    sounding: Option<(u8, u8)>,
    /// A note was ended from outside while the gate was open; the next one waits until the gate has closed.
    waits_for_close: bool,
    /// Channel, controller and value last sent.
    sent: Option<(u8, u8, u8)>,
}

impl MidiVoice {
    /// Nothing sounds.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// After a decision: ends a note that no longer fits the settings, begins one, sends the controller when it has
    /// changed. `probability` 0..1.
    pub fn advance(
        &mut self,
        settings: &MidiSettings,
        gate: bool,
        probability: f32,
        mut send: impl FnMut(MidiMessage),
    ) {
        let notes = matches!(settings.mode, MidiMode::Notes | MidiMode::Both);
        self.waits_for_close &= gate;
        let wanted = (gate && notes && !self.waits_for_close).then_some((settings.channel, settings.note));
        if self.sounding != wanted {
            self.end_note(&mut send);
            if let Some((channel, note)) = wanted {
                send(MidiMessage::NoteOn { channel, note });
                self.sounding = wanted;
            }
        }
        if matches!(settings.mode, MidiMode::Controller | MidiMode::Both) {
            let value = (probability.clamp(0.0, 1.0) * 127.0).round() as u8;
            let message = (settings.channel, settings.controller, value);
            if self.sent != Some(message) {
                self.sent = Some(message);
                let (channel, controller, value) = message;
                send(MidiMessage::Controller { channel, controller, value });
            }
        } else {
            self.sent = None;
        }
    }

    /// Ends the note that sounds, if any, because the transport stops or MIDI is switched off; the next note waits for a
    /// new voice.
    pub fn silence(&mut self, send: impl FnMut(MidiMessage)) {
        self.waits_for_close |= self.sounding.is_some();
        self.end_note(send);
    }

    fn end_note(&mut self, mut send: impl FnMut(MidiMessage)) {
        if let Some((channel, note)) = self.sounding.take() {
            send(MidiMessage::NoteOff { channel, note });
        }
    }

    /// Whether a note sounds.
    #[must_use]
    pub fn is_sounding(&self) -> bool {
        self.sounding.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_setting_never_leaves_a_note_hanging() {
        let mut voice = MidiVoice::new();
        let mut settings = MidiSettings { mode: MidiMode::Notes, channel: 0, note: 60, controller: 1 };
        let mut sent = Vec::new();
        voice.advance(&settings, true, 1.0, |m| sent.push(m));
        settings.note = 61;
        voice.advance(&settings, true, 1.0, |m| sent.push(m));
        settings.mode = MidiMode::Off;
        voice.advance(&settings, true, 1.0, |m| sent.push(m));
        assert_eq!(
            sent,
            [
                MidiMessage::NoteOn { channel: 0, note: 60 },
                MidiMessage::NoteOff { channel: 0, note: 60 },
                MidiMessage::NoteOn { channel: 0, note: 61 },
                MidiMessage::NoteOff { channel: 0, note: 61 },
            ]
        );
    }

    #[test]
    fn after_a_stop_the_next_note_waits_for_a_new_voice() {
        let mut voice = MidiVoice::new();
        let settings = MidiSettings { mode: MidiMode::Notes, channel: 0, note: 60, controller: 1 };
        let mut sent = Vec::new();
        voice.advance(&settings, true, 1.0, |m| sent.push(m));
        voice.silence(|m| sent.push(m));
        voice.advance(&settings, true, 1.0, |m| sent.push(m));
        assert_eq!(sent.len(), 2, "on, off, and nothing while the same voice goes on");
        voice.advance(&settings, false, 0.0, |m| sent.push(m));
        voice.advance(&settings, true, 1.0, |m| sent.push(m));
        assert_eq!(sent.len(), 3);
    }

    #[test]
    fn the_controller_is_sent_only_when_it_changes() {
        let mut voice = MidiVoice::new();
        let settings = MidiSettings { mode: MidiMode::Controller, channel: 3, note: 60, controller: 20 };
        let mut values = Vec::new();
        for probability in [0.0, 0.001, 0.5, 0.5, 1.0] {
            voice.advance(&settings, false, probability, |m| {
                if let MidiMessage::Controller { channel: 3, controller: 20, value } = m {
                    values.push(value);
                }
            });
        }
        assert_eq!(values, [0, 64, 127]);
    }
}
