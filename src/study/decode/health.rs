//! Judges a file while it is read: lost packets, missing ends, samples that are no numbers.

use anyhow::Result;
use symphonia::core::errors::Error as DecodeError;

use super::fault;

/// No codec packs more samples into one packet; bounds the silence put in place of a lost one.
pub(super) const LONGEST_PACKET_FRAMES: u64 = 1 << 16;
/// Above this share of lost packets a file is called corrupt, whatever its format.
const MOST_LOST: f64 = 0.1;
/// Time stamps in milliseconds (Matroska) wander; a lost packet or page is longer.
const LONGEST_GAP_S: f64 = 0.015;
/// The first packets decide: a file that begins with this many bad ones is no audio.
const BAD_START: u64 = 8;

/// What a kind of file may lack without being broken.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tolerance {
    /// Bad packets are skipped: MP3s cut from a stream begin and end with some.
    pub(super) skips_bad_packets: bool,
    /// How much may be missing at the end, in seconds (codecs that round to packets).
    pub(super) missing_s: f64,
}

/// What was seen so far.
pub(super) struct Health {
    tolerance: Tolerance,
    good_packets: u64,
    bad_packets: u64,
    first_bad_s: f64,
    samples: u64,
    not_finite: u64,
}

impl Health {
    pub(super) fn new(tolerance: Tolerance) -> Self {
        Self { tolerance, good_packets: 0, bad_packets: 0, first_bad_s: 0.0, samples: 0, not_finite: 0 }
    }

    pub(super) fn good_packet(&mut self) {
        self.good_packets += 1;
    }

    /// Counts a packet that could not be decoded; `false` where the file is not to be read on.
    pub(super) fn may_skip_bad_packet(&mut self, at_s: f64) -> bool {
        if self.bad_packets == 0 {
            self.first_bad_s = at_s;
        }
        self.bad_packets += 1;
        let hopeless = self.good_packets == 0 && self.bad_packets >= BAD_START;
        self.tolerance.skips_bad_packets && !hopeless
    }

    /// Looks at a block's samples.
    pub(super) fn hear(&mut self, block: &[Vec<f32>]) {
        for channel in block {
            self.samples += channel.len() as u64;
            self.not_finite += channel.iter().filter(|sample| !sample.is_finite()).count() as u64;
        }
    }

    /// Judges audio missing before a packet.
    pub(super) fn check_gap(&self, at_s: f64, missing_s: f64) -> Result<()> {
        if missing_s > LONGEST_GAP_S {
            return Err(fault::gap(at_s, missing_s));
        }
        Ok(())
    }

    /// Judges the whole file at its end, `at_s`.
    pub(super) fn check_end(&self, frames: u64, at_s: f64, stated_s: Option<f64>) -> Result<()> {
        if frames == 0 {
            return Err(fault::no_samples());
        }
        if self.not_finite == self.samples {
            return Err(fault::nothing_finite());
        }
        let packets = self.good_packets + self.bad_packets;
        if self.bad_packets as f64 > MOST_LOST * packets as f64 {
            let lost = DecodeError::DecodeError("too many unreadable packets");
            return Err(fault::damaged(self.first_bad_s, &lost));
        }
        match stated_s {
            Some(stated_s) if stated_s - at_s > self.tolerance.missing_s => Err(fault::cut_short(at_s, stated_s)),
            _ => Ok(()),
        }
    }

    pub(super) fn notices(&self) -> Vec<String> {
        let mut notices = Vec::new();
        if self.bad_packets > 0 {
            notices.push(format!(
                "unreadable packets read as silence: {} (the first at {:.2} s)",
                self.bad_packets, self.first_bad_s
            ));
        }
        if self.not_finite > 0 {
            notices.push(format!("samples that are NaN or infinite, read as silence: {}", self.not_finite));
        }
        notices
    }
}
