//! How a file's channels become what is listened to.

use std::str::FromStr;

/// What the channels of a labelled file mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layout {
    /// A finished mix: the channels go to the listener as they are.
    #[default]
    Mix,
    /// Left = accompaniment, right = voice: the mix is their sum.
    Stems,
    /// A voice alone, to be put over the backing of something else; what is heard of it in between is no music.
    Voice,
}

/// How a file is played: what its channels mean, and how loud.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mix {
    layout: Layout,
    gain: f32,
}

impl Default for Mix {
    /// A finished mix at its own level.
    fn default() -> Self {
        Self { layout: Layout::Mix, gain: 1.0 }
    }
}

impl Mix {
    /// A file of this layout, `gain_db` dB louder than it is.
    pub fn new(layout: Layout, gain_db: f32) -> Self {
        Self { layout, gain: 10.0_f32.powf(gain_db / 20.0) }
    }

    /// Turns a planar block (channels x samples) into the block to listen to, in place. Nothing clips.
    pub fn apply(self, block: &mut Vec<Vec<f32>>) {
        self.layout.apply(block);
        // At its own level a file passes bit by bit.
        if self.gain != 1.0 {
            block.iter_mut().flatten().for_each(|sample| *sample *= self.gain);
        }
    }
}

impl FromStr for Layout {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        match text {
            "mix" => Ok(Self::Mix),
            "stems" => Ok(Self::Stems),
            "voice" => Ok(Self::Voice),
            other => anyhow::bail!("layout {other:?} is unknown; use mix, stems or voice"),
        }
    }
}

impl Layout {
    /// Turns a planar block (channels x samples) into the block to listen to, in place.
    ///
    /// Stems are **added**: the listener averages channels, and the average of two stems would be
    /// the mix at half its level.
    pub fn apply(self, block: &mut Vec<Vec<f32>>) {
        if self != Self::Stems || block.len() < 2 {
            return;
        }
        let stems = block.split_off(1);
        for stem in &stems {
            for (mixed, sample) in block[0].iter_mut().zip(stem) {
                *mixed += sample;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stems_add_up_and_mixes_stay() {
        let mut block = vec![vec![0.25, 0.5], vec![0.5, -0.5]];
        Layout::Mix.apply(&mut block);
        assert_eq!(block.len(), 2);
        Layout::Stems.apply(&mut block);
        assert_eq!(block, [[0.75, 0.0]]);
        Layout::Stems.apply(&mut block);
        assert_eq!(block, [[0.75, 0.0]]);
        let mut block = vec![vec![0.25], vec![0.5]];
        Mix::new(Layout::Stems, 20.0).apply(&mut block);
        assert_eq!(block, [[7.5]]);
        Mix::default().apply(&mut block);
        assert_eq!(block, [[7.5]]);
        assert!("both".parse::<Layout>().is_err());
    }
}
