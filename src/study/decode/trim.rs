//! Cuts the decoded stream down to the audio in it.

use super::edit_list::Edit;

/// What is still to be cut from the start, and what is still to come.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Trim {
    skip: u64,
    keep: Option<u64>,
}

impl Trim {
    pub(super) fn new(edit: Option<Edit>, sample_rate_hz: f64) -> Self {
        let frames = |seconds: f64| (seconds * sample_rate_hz).round() as u64;
        edit.map_or(Self::default(), |edit| Self { skip: frames(edit.start_s), keep: edit.duration_s.map(frames) })
    }

    /// Cuts a block (channels x samples) in place; `false` where nothing of it is left.
    pub(super) fn apply(&mut self, block: &mut [Vec<f32>]) -> bool {
        let samples = block.first().map_or(0, Vec::len) as u64;
        let skip = self.skip.min(samples);
        let keep = self.keep.unwrap_or(u64::MAX).min(samples - skip);
        self.skip -= skip;
        self.keep = self.keep.map(|left| left - keep);
        for channel in block {
            channel.drain(..skip as usize);
            channel.truncate(keep as usize);
        }
        keep > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cut_does_not_care_for_blocks() {
        let edit = Edit { start_s: 1.5, duration_s: Some(2.0) };
        for size in [1, 3, 4, 7, 100] {
            let mut trim = Trim::new(Some(edit), 4.0);
            let mut heard = Vec::new();
            for part in (0..30_u8).map(f32::from).collect::<Vec<_>>().chunks(size) {
                let mut block = vec![part.to_vec(), part.to_vec()];
                assert_eq!(trim.apply(&mut block), !block[0].is_empty());
                heard.extend_from_slice(&block[1]);
            }
            assert_eq!(heard, [6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0], "blocks of {size}");
        }
        let mut block = vec![vec![1.0; 5]];
        assert!(Trim::default().apply(&mut block) && block[0].len() == 5);
    }
}
