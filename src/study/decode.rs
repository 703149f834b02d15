//! Reading audio files: any common container and codec, block by block, as planar `f32`.
//!
//! WAV (integer, float), AIFF, CAF, FLAC, Ogg Vorbis, MP3, M4A/AAC, Matroska/WebM; all channels are
//! kept, encoder delay and padding are trimmed where the format states them. A file that ends early
//! or is damaged is an error, never a quietly shorter file.

mod container;
mod edit_list;
mod fault;
mod health;
mod trim;

use std::path::Path;

use anyhow::Result;
use symphonia::core::errors::Error as DecodeError;

use container::{AudioPacket, Container, tried};
use health::Health;
use trim::Trim;

/// An audio file that is being read.
pub struct AudioFile {
    /// Samples per second and channel.
    pub sample_rate_hz: f64,
    /// Channels in every block.
    pub channels: usize,
    /// Length as the file states it, in seconds; `None` where it does not say.
    pub duration_s: Option<f64>,
    container: Container,
    health: Health,
    /// The first block, decoded on opening to learn what the file really holds.
    first: Option<Vec<Vec<f32>>>,
    trim: Trim,
    /// Samples per channel decoded, and those of them that are audio.
    decoded: u64,
    frames: u64,
}

/// Opens an audio file and decodes its first block.
///
/// # Errors
/// One line with the remedy: missing, a directory, empty, not audio, a codec without a decoder,
/// damaged from the start, no samples.
pub fn open(path: &Path) -> Result<AudioFile> {
    let container = Container::open(path)?;
    let mut file = AudioFile {
        sample_rate_hz: 0.0,
        channels: 0,
        duration_s: container.edit.and_then(|edit| edit.duration_s).or(container.duration_s()),
        health: Health::new(container.tolerance()),
        container,
        first: None,
        trim: Trim::default(),
        decoded: 0,
        frames: 0,
    };
    let mut block = Vec::new();
    if !file.decode_block(&mut block)? {
        return Err(fault::no_samples());
    }
    file.first = Some(block);
    Ok(file)
}

impl AudioFile {
    /// Replaces `block` (channels x samples) with the next stretch of audio; `false` at the end.
    ///
    /// Blocks differ in length, none is empty. Samples are as the file has them: float files may
    /// hold values beyond full scale or not finite.
    ///
    /// # Errors
    /// One line with the remedy: cut short, damaged, no finite sample in the whole file.
    pub fn next_block(&mut self, block: &mut Vec<Vec<f32>>) -> Result<bool> {
        let more = match self.first.take() {
            Some(first) => {
                *block = first;
                true
            }
            None => self.decode_block(block)?,
        };
        if more {
            self.health.hear(block);
            self.frames += block[0].len() as u64;
        } else {
            self.health.check_end(self.frames, self.at_s(), self.container.exact_duration_s())?;
        }
        Ok(more)
    }

    /// Samples per channel read so far.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// What is odd about the file but did not stop the reading, one line each.
    pub fn notices(&self) -> Vec<String> {
        self.health.notices()
    }

    /// How far the stream has been decoded, in seconds.
    fn at_s(&self) -> f64 {
        if self.sample_rate_hz > 0.0 { self.decoded as f64 / self.sample_rate_hz } else { 0.0 }
    }

    fn broken_off(&self, error: &DecodeError) -> anyhow::Error {
        fault::broken_off(self.at_s(), self.container.exact_duration_s(), error)
    }

    /// Decodes up to the next packet that holds samples.
    fn decode_block(&mut self, block: &mut Vec<Vec<f32>>) -> Result<bool> {
        loop {
            match self.container.next_packet() {
                Ok(None) => return Ok(false),
                Ok(Some(packet)) => {
                    if self.decode_packet(&packet, block)? {
                        self.decoded += block[0].len() as u64;
                        if self.trim.apply(block) {
                            return Ok(true);
                        }
                    }
                }
                // A chained file (internet radio recordings): the next link has its own headers.
                Err(DecodeError::ResetRequired) => self.container.restart(self.at_s())?,
                Err(error) => return Err(self.broken_off(&error)),
            }
        }
    }

    /// Decodes one packet; `false` where it holds no samples (decoders' warm-up).
    fn decode_packet(&mut self, next: &AudioPacket, block: &mut Vec<Vec<f32>>) -> Result<bool> {
        self.health.check_gap(self.at_s(), next.missing_s)?;
        match tried(|| self.container.decoder.decode(&next.packet)) {
            Ok(audio) if audio.frames() == 0 => Ok(false),
            Ok(audio) => {
                let (rate_hz, channels) = (f64::from(audio.spec().rate()), audio.num_planes());
                if self.channels == 0 {
                    if rate_hz == 0.0 || channels == 0 {
                        return Err(fault::no_rate());
                    }
                    self.sample_rate_hz = rate_hz;
                    self.channels = channels;
                    self.trim = Trim::new(self.container.edit, rate_hz);
                } else if (rate_hz, channels) != (self.sample_rate_hz, self.channels) {
                    return Err(fault::changes_format(self.at_s()));
                }
                audio.copy_to_vecs_planar::<f32>(block);
                self.health.good_packet();
                Ok(true)
            }
            Err(error @ (DecodeError::DecodeError(_) | DecodeError::IoError(_))) => {
                if !self.health.may_skip_bad_packet(self.at_s()) {
                    return Err(self.broken_off(&error));
                }
                // Silence in place of what is lost keeps the times of all that follows.
                let lost = next.packet.dur.get().min(health::LONGEST_PACKET_FRAMES) as usize;
                *block = vec![vec![0.0; lost]; self.channels];
                Ok(lost > 0 && self.channels > 0)
            }
            Err(error) => Err(self.broken_off(&error)),
        }
    }
}

#[cfg(test)]
mod tests;
