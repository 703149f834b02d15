//! The buses as the host has arranged them.
//!
//! nice-plug 0.4.2 compares the side chain and the key bus with the width of the main bus, so that unequal buses are
//! refused. The component therefore keeps the host's arrangement itself, and nice-plug only ever sees equal widths.
#![allow(non_snake_case)]

use std::sync::atomic::{AtomicU64, Ordering};

use nice_plug::wrapper::vst3::vst3::Steinberg::Vst::{SpeakerArr, SpeakerArrangement};

/// Main and auxiliary bus of both directions. Whether there is a key bus is the class's matter.
pub(super) struct Arrangement {
    main: AtomicU64,
    side_chain: AtomicU64,
    key: AtomicU64,
    has_key: bool,
}

/// Channels, by bus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Widths {
    pub(super) main: usize,
    pub(super) side_chain: usize,
    /// `None`: no such bus.
    pub(super) key: Option<usize>,
}

impl Arrangement {
    /// Stereo everywhere.
    pub(super) fn new(has_key: bool) -> Self {
        let stereo = || AtomicU64::new(SpeakerArr::kStereo);
        Self { main: stereo(), side_chain: stereo(), key: stereo(), has_key }
    }

    /// Takes an arrangement if it is possible: mono or stereo, the same in and out; the others mono, stereo or off.
    pub(super) fn set(&self, inputs: &[SpeakerArrangement], outputs: &[SpeakerArrangement]) -> bool {
        let (&[main, side_chain], Some(&out)) = (inputs, outputs.first()) else { return false };
        let key = match outputs {
            [_] if !self.has_key => SpeakerArr::kEmpty,
            [_, key] if self.has_key => *key,
            _ => return false,
        };
        let width = |arrangement: SpeakerArrangement| arrangement.count_ones();
        if !(1..=2).contains(&width(main)) || width(out) != width(main) || width(side_chain) > 2 || width(key) > 2 {
            return false;
        }
        for (place, arrangement) in [(&self.main, main), (&self.side_chain, side_chain), (&self.key, key)] {
            place.store(arrangement, Ordering::Relaxed);
        }
        true
    }

    /// The arrangement of an input or output bus.
    pub(super) fn get(&self, is_input: bool, index: i32) -> Option<SpeakerArrangement> {
        let place = match (is_input, index) {
            (_, 0) => &self.main,
            (true, 1) => &self.side_chain,
            (false, 1) if self.has_key => &self.key,
            _ => return None,
        };
        Some(place.load(Ordering::Relaxed))
    }

    /// How wide everything is.
    pub(super) fn widths(&self) -> Widths {
        let width = |place: &AtomicU64| place.load(Ordering::Relaxed).count_ones() as usize;
        Widths {
            main: width(&self.main),
            side_chain: width(&self.side_chain),
            key: self.has_key.then(|| width(&self.key)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MONO: u64 = SpeakerArr::kMono;
    const STEREO: u64 = SpeakerArr::kStereo;
    const LEFT: u64 = 1;

    #[test]
    fn a_mono_track_keeps_its_stereo_key_and_side_chain() {
        let control = Arrangement::new(true);
        assert!(control.set(&[MONO, STEREO], &[MONO, STEREO]));
        assert_eq!(control.widths(), Widths { main: 1, side_chain: 2, key: Some(2) });
        assert_eq!((control.get(true, 0), control.get(false, 1)), (Some(MONO), Some(STEREO)));
    }

    #[test]
    fn what_the_host_has_set_is_what_it_reads() {
        let earmark = Arrangement::new(false);
        // Some hosts count speakers from the left.
        assert!(earmark.set(&[LEFT, SpeakerArr::kEmpty], &[LEFT]));
        assert_eq!((earmark.get(true, 0), earmark.get(true, 1)), (Some(LEFT), Some(SpeakerArr::kEmpty)));
        assert_eq!((earmark.get(false, 1), earmark.get(true, 2), earmark.get(true, -1)), (None, None, None));
    }

    #[test]
    fn what_is_impossible_changes_nothing() {
        let control = Arrangement::new(true);
        let refused: [(&[u64], &[u64]); 6] = [
            (&[MONO, STEREO], &[STEREO, STEREO]),
            (&[SpeakerArr::k51, STEREO], &[SpeakerArr::k51, STEREO]),
            (&[STEREO], &[STEREO, STEREO]),
            (&[STEREO, STEREO], &[STEREO]),
            (&[SpeakerArr::kEmpty, STEREO], &[SpeakerArr::kEmpty, STEREO]),
            (&[], &[]),
        ];
        for (inputs, outputs) in refused {
            assert!(!control.set(inputs, outputs), "{inputs:?} {outputs:?}");
        }
        assert_eq!(control.widths(), Widths { main: 2, side_chain: 2, key: Some(2) });
    }
}
