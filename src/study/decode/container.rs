//! The container of an audio file and the decoder of its audio track.

use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::Result;
use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::well_known::{
    CODEC_ID_AC3, CODEC_ID_EAC3, CODEC_ID_OPUS, CODEC_ID_SPEEX, CODEC_ID_WAVPACK, CODEC_ID_WMA,
};
use symphonia::core::codecs::audio::{AudioCodecId, AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error as DecodeError;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::well_known::{
    FORMAT_ID_ADTS, FORMAT_ID_AIFF, FORMAT_ID_CAF, FORMAT_ID_FLAC, FORMAT_ID_ISOMP4, FORMAT_ID_MKV, FORMAT_ID_MP1,
    FORMAT_ID_MP2, FORMAT_ID_MP3, FORMAT_ID_WAVE,
};
use symphonia::core::formats::{FormatId, FormatOptions, FormatReader, Track, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;
use symphonia::core::packet::Packet;
use symphonia::core::units::Timestamp;

use super::edit_list::{self, Edit};
use super::fault;
use super::health::Tolerance;
use crate::study::guard::caught;

/// The first time stamps of a stream, and the warm-up packet of Vorbis, need not join.
const UNPROVEN_PACKETS: u32 = 2;

/// A probed file, its audio track and that track's decoder.
pub(super) struct Container {
    format: Box<dyn FormatReader>,
    pub(super) decoder: Box<dyn AudioDecoder>,
    /// Which part of the decoded stream is the audio, where decoders do not know.
    pub(super) edit: Option<Edit>,
    track: Track,
    /// Where the next packet should begin, in the track's time base.
    expected: Option<Timestamp>,
    /// Packets of this link still to come whose time stamps prove nothing.
    unproven: u32,
}

/// A packet of the audio track, and how much audio is missing before it.
pub(super) struct AudioPacket {
    pub(super) packet: Packet,
    pub(super) missing_s: f64,
}

impl Container {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let about = std::fs::metadata(path).map_err(|error| fault::unreadable(&error))?;
        if about.is_dir() {
            return Err(fault::directory());
        }
        if about.is_file() && about.len() == 0 {
            return Err(fault::empty());
        }
        let file = File::open(path).map_err(|error| fault::unreadable(&error))?;
        let stream = MediaSourceStream::new(Box::new(file), Default::default());
        let mut hint = Hint::new();
        if let Some(extension) = path.extension().and_then(|e| e.to_str()) {
            hint.with_extension(extension);
        }
        let (options, metadata) = (FormatOptions::default(), MetadataOptions::default());
        let format = tried(|| symphonia::default::get_probe().probe(&hint, stream, options, metadata))
            .map_err(|error| fault::not_audio(&error))?;
        let (track, decoder) = audio_track(format.as_ref())?;
        let edit = if format.format_info().format == FORMAT_ID_ISOMP4 { edit_list::read(path) } else { None };
        Ok(Self { format, decoder, edit, track, expected: None, unproven: UNPROVEN_PACKETS })
    }

    /// Takes up the next link of a chained file.
    pub(super) fn restart(&mut self, at_s: f64) -> Result<()> {
        let (track, decoder) = audio_track(self.format.as_ref()).map_err(|_| fault::changes_format(at_s))?;
        // The first link's length says nothing about the whole.
        self.track = Track { num_frames: None, duration: None, ..track };
        self.decoder = decoder;
        self.expected = None;
        self.unproven = UNPROVEN_PACKETS;
        Ok(())
    }

    /// The next packet of the audio track; `None` at the proper end.
    pub(super) fn next_packet(&mut self) -> Result<Option<AudioPacket>, DecodeError> {
        loop {
            match tried(|| self.format.next_packet()) {
                Ok(Some(packet)) if packet.track_id != self.track.id => {}
                Ok(Some(packet)) => {
                    let missing_s = self.missing_before(&packet);
                    return Ok(Some(AudioPacket { packet, missing_s }));
                }
                // A WAV written to a pipe does not state its length: it ends where it ends.
                Err(DecodeError::IoError(error))
                    if error.kind() == ErrorKind::UnexpectedEof && self.is_open_ended() =>
                {
                    return Ok(None);
                }
                Ok(None) => return Ok(None),
                Err(error) => return Err(error),
            }
        }
    }

    /// Containers pass over what they cannot read; the packets' time stamps tell.
    fn missing_before(&mut self, packet: &Packet) -> f64 {
        let expected = self.expected.replace(packet.pts.saturating_add(packet.dur));
        if self.unproven > 0 {
            self.unproven -= 1;
            return 0.0;
        }
        let gap = expected.and_then(|expected| packet.pts.duration_from(expected));
        let seconds = gap.and_then(|gap| self.track.time_base?.calc_duration(gap));
        seconds.map_or(0.0, |time| time.as_secs_f64())
    }

    /// Length as stated, in seconds.
    pub(super) fn duration_s(&self) -> Option<f64> {
        let time = self.track.time_base?.calc_duration(self.track.duration?)?;
        Some(time.as_secs_f64()).filter(|&seconds| seconds > 0.0)
    }

    /// Samples per channel as stated, where that figure is exact and not an estimate.
    fn stated_frames(&self) -> Option<u64> {
        // MP3s without their encoder's tag, and raw AAC, have their length guessed from the bit rate.
        let guessed = self.is_mpeg() && self.track.delay.is_none() || self.is(&[FORMAT_ID_ADTS]);
        self.track.num_frames.filter(|&frames| !guessed && frames > 0)
    }

    /// What this kind of file may lack without being broken.
    pub(super) fn tolerance(&self) -> Tolerance {
        let sample_exact = self.is(&[FORMAT_ID_WAVE, FORMAT_ID_AIFF, FORMAT_ID_CAF, FORMAT_ID_FLAC]);
        Tolerance { skips_bad_packets: self.is_mpeg(), missing_s: if sample_exact { 1e-6 } else { 0.1 } }
    }

    /// The same in seconds.
    pub(super) fn exact_duration_s(&self) -> Option<f64> {
        Some(self.stated_frames()? as f64 / self.stated_rate_hz()?)
    }

    /// Samples per second, as stated by the track.
    fn stated_rate_hz(&self) -> Option<f64> {
        Some(f64::from(self.track.codec_params.as_ref()?.audio()?.sample_rate?))
    }

    fn is_mpeg(&self) -> bool {
        self.is(&[FORMAT_ID_MP1, FORMAT_ID_MP2, FORMAT_ID_MP3])
    }

    fn is_open_ended(&self) -> bool {
        self.track.num_frames.is_none() && self.is(&[FORMAT_ID_WAVE, FORMAT_ID_AIFF, FORMAT_ID_CAF, FORMAT_ID_MKV])
    }

    fn is(&self, formats: &[FormatId]) -> bool {
        formats.contains(&self.format.format_info().format)
    }
}

/// What readers and decoders make of a file. Some panic over damaged ones; that is an error like their others.
pub(super) fn tried<T>(work: impl FnOnce() -> Result<T, DecodeError>) -> Result<T, DecodeError> {
    caught(work).unwrap_or(Err(DecodeError::DecodeError("the decoder gives it up")))
}

fn audio_track(format: &dyn FormatReader) -> Result<(Track, Box<dyn AudioDecoder>)> {
    let track = format.default_track(TrackType::Audio).ok_or_else(fault::no_audio_track)?;
    let Some(CodecParameters::Audio(parameters)) = &track.codec_params else {
        return Err(fault::no_audio_track());
    };
    let options = AudioDecoderOptions::default();
    let decoder = tried(|| symphonia::default::get_codecs().make_audio_decoder(parameters, &options))
        .map_err(|error| refusal(parameters, &error))?;
    Ok((track.clone(), decoder))
}

fn refusal(parameters: &AudioCodecParameters, error: &DecodeError) -> anyhow::Error {
    match (codec_name(parameters.codec), error) {
        (Some(name), _) => fault::no_decoder(name),
        (None, DecodeError::Unsupported(what)) if !what.starts_with("core") => {
            fault::no_decoder(&format!("an unsupported kind of ({what})"))
        }
        (None, DecodeError::DecodeError(_) | DecodeError::IoError(_)) => fault::damaged(0.0, error),
        _ => fault::no_decoder("an unknown kind of"),
    }
}

/// Common codecs that have no decoder here, by the name a user knows.
fn codec_name(codec: AudioCodecId) -> Option<&'static str> {
    Some(match codec {
        CODEC_ID_OPUS => "Opus",
        CODEC_ID_SPEEX => "Speex",
        CODEC_ID_AC3 | CODEC_ID_EAC3 => "Dolby Digital",
        CODEC_ID_WMA => "WMA",
        CODEC_ID_WAVPACK => "WavPack",
        _ => return None,
    })
}
