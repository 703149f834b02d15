//! Is there a voice in this music? General nets answer: one frame by frame, two taggers for a stretch as a whole.
//!
//! Where the curve says nothing there is none. Where it does, it is often a lead or a bowed string, which is just what a
//! singing detector has to learn about; so the taggers hear the stretch by itself, and only where one of them agrees,
//! or nearly, the stretch stays `unsure`. docs/training-data.md says how far that can be trusted.

use super::hearing::{Ears, Hearing, SPOKEN, SUNG, VOCAL_WORDS};
use super::labels::{Kind, Labels, Stretch};
use anyhow::Result;
use std::path::Path;

/// From here on the curve is heard again.
const CURVE_THRESHOLD: f32 = 0.3;
/// A voice begins before the curve says so and ends after.
const WIDEN_S: f64 = 1.0;
/// From here on a tag of a single stretch leaves it unsure.
const TAG_DOUBT: f32 = 0.02;
/// The same for a word of musicnn, which knows sampled choirs better.
const WORD_DOUBT: f32 = 0.15;
/// Where the tagger agrees, what is near is not to be trusted either.
const WIDEN_AGREED_S: f64 = 4.0;
/// A tag's mean over the whole file from which the file is left out. Speech is also heard in bare percussion.
const SUNG_FILE: f32 = 0.02;
const SPOKEN_FILE: f32 = 0.1;
/// A file of which more than this is unsure is left out.
const MOST_UNSURE: f64 = 0.5;
/// Jingles are left out.
const SHORTEST_S: f64 = 20.0;
/// What the tagger hears at once: long enough to tell, short enough that a voice counts in the mean.
const CLIP_S: f64 = 8.0;
const SHORTEST_CLIP_S: f64 = 4.0;

/// What becomes of a file.
#[derive(Debug)]
pub enum Verdict {
    /// It is used, with these labels.
    Keep(Labels),
    /// It is not, for this reason.
    Drop(String),
}

/// Screens a file: its verdict, and its length in seconds.
///
/// # Errors
/// As [`Ears::hear`] and [`Ears::hear_again`].
pub fn screen(ears: &Ears, file: &Path) -> Result<(Verdict, f64)> {
    let hearing = ears.hear(file)?;
    if let Some(reason) = unfit(&hearing) {
        return Ok((Verdict::Drop(reason), hearing.duration_s));
    }
    let doubtful = doubtful(&hearing);
    let Some(again) = ears.hear_again(file, &doubtful)? else {
        return Ok((Verdict::Drop("ffmpeg cannot read it".to_owned()), hearing.duration_s));
    };
    let agreed: Vec<_> =
        doubtful.iter().zip(&again).filter(|(_, heard)| agrees(heard)).map(|(stretch, _)| *stretch).collect();
    Ok((conclude(hearing.duration_s, &agreed), hearing.duration_s))
}

/// Why a file as a whole cannot be used.
fn unfit(hearing: &Hearing) -> Option<String> {
    if hearing.duration_s < SHORTEST_S {
        return Some(format!("{:.0} s long", hearing.duration_s));
    }
    for (names, limit) in [(&SUNG[..], SUNG_FILE), (&SPOKEN[..], SPOKEN_FILE)] {
        let (name, probability) = hearing.strongest(names);
        if probability >= limit {
            return Some(format!("tagged {name} ({probability:.3})"));
        }
    }
    None
}

/// The stretches in which the curve hears a voice, as clips that the tagger can judge.
fn doubtful(hearing: &Hearing) -> Vec<Stretch> {
    let mut clips = Vec::new();
    for stretch in hearing.above(CURVE_THRESHOLD, WIDEN_S) {
        let length_s = stretch.end_s - stretch.start_s;
        let pieces = (length_s / CLIP_S).ceil().max(1.0);
        for piece in 0..pieces as u32 {
            let middle_s = stretch.start_s + length_s * (f64::from(piece) + 0.5) / pieces;
            let half_s = (length_s / pieces).max(SHORTEST_CLIP_S) / 2.0;
            clips.push(Stretch {
                start_s: (middle_s - half_s).max(0.0),
                end_s: (middle_s + half_s).min(hearing.duration_s),
            });
        }
    }
    clips
}

/// Whether the tagger may hear a voice too.
fn agrees(hearing: &Hearing) -> bool {
    let tag = hearing.strongest(&SUNG).1.max(hearing.strongest(&SPOKEN).1);
    tag >= TAG_DOUBT || hearing.strongest(&VOCAL_WORDS).1 >= WORD_DOUBT
}

fn conclude(duration_s: f64, agreed: &[Stretch]) -> Verdict {
    let wide: Vec<_> = agreed
        .iter()
        .map(|clip| Stretch { start_s: clip.start_s - WIDEN_AGREED_S, end_s: clip.end_s + WIDEN_AGREED_S })
        .collect();
    let labels = Labels::marking(duration_s, Kind::Nosing, &wide, Kind::Unsure);
    let unsure = labels.seconds().unsure / duration_s;
    if unsure > MOST_UNSURE {
        return Verdict::Drop(format!("perhaps a voice in {:.0} % of it", unsure * 100.0));
    }
    Verdict::Keep(labels)
}

#[cfg(test)]
mod tests {
    use super::super::hearing::{Curve, Hearing, Tags};
    use super::*;

    /// A minute at ten frames a second with a voice in these frames, and these tags.
    fn hearing(voiced: std::ops::Range<usize>, tags: &[(&str, f32)]) -> Hearing {
        let probability = (0..600).map(|frame| if voiced.contains(&frame) { 0.9 } else { 0.01 }).collect();
        Hearing {
            duration_s: 60.0,
            vocal: Curve { period_s: 0.1, first_frame_s: 0.0, probability },
            tags: Tags {
                labels: tags.iter().map(|(name, _)| (*name).to_owned()).collect(),
                probability: tags.iter().map(|(_, probability)| *probability).collect(),
            },
        }
    }

    #[test]
    fn a_file_tagged_as_sung_is_left_out_and_other_taggers_words_do_not_count() {
        assert!(unfit(&hearing(0..0, &[("Choir", 0.09)])).is_some_and(|reason| reason.contains("Choir")));
        assert!(unfit(&hearing(0..0, &[("choir", 0.5), ("Speech", 0.04), ("Music", 0.9)])).is_none());
    }

    #[test]
    fn every_doubtful_moment_is_heard_again_in_clips_of_a_length_that_can_be_judged() {
        let clips = doubtful(&hearing(100..300, &[]));
        assert!(clips.iter().all(|clip| (4.0..=8.0).contains(&(clip.end_s - clip.start_s))), "{clips:?}");
        assert!(clips[0].start_s <= 9.0 && clips[clips.len() - 1].end_s >= 30.9, "{clips:?}");
        assert!(clips.windows(2).all(|pair| pair[1].start_s <= pair[0].end_s + 1e-9), "{clips:?}");
        assert_eq!(doubtful(&hearing(599..600, &[])).len(), 1);
        assert!(doubtful(&hearing(0..0, &[])).is_empty());
    }

    #[test]
    fn a_stretch_stays_unsure_only_where_two_nets_hear_a_voice() {
        let tagged = hearing(0..0, &[("Singing", 0.03)]);
        let untagged = hearing(0..0, &[("Synthesizer", 0.6), ("Singing", 0.01), ("vocals", 0.1)]);
        let choral = hearing(0..0, &[("Speech", 0.01), ("choir", 0.3)]);
        assert!(agrees(&tagged) && agrees(&choral) && !agrees(&untagged));
        let Verdict::Keep(labels) = conclude(60.0, &[Stretch { start_s: 10.0, end_s: 14.0 }]) else {
            panic!("a short doubt costs the file");
        };
        assert!((labels.seconds().unsure - 12.0).abs() < 1e-9);
        assert!(matches!(conclude(60.0, &[Stretch { start_s: 0.0, end_s: 40.0 }]), Verdict::Drop(_)));
    }
}
