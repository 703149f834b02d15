//! From a track's windows to one vector: Dieleman's three ways of pooling over time
//! ("Recommending music on Spotify with deep learning", 2014).

use clap::ValueEnum;

use crate::engine::TaggerShape;
use crate::study::hear::Window;

/// How values over time become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ValueEnum)]
pub enum Pooling {
    /// What is there on average.
    Mean,
    /// What is there at least once.
    Max,
    /// The root of the mean square, between the two.
    L2,
}

impl Pooling {
    /// All ways.
    pub const ALL: [Self; 3] = [Self::Mean, Self::Max, Self::L2];

    /// Its name, on the command line and in the index.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::Max => "max",
            Self::L2 => "l2",
        }
    }

    fn of(self, values: impl Iterator<Item = f32>) -> f32 {
        let mut count = 0.0_f64;
        let mut pooled = if self == Self::Max { f64::NEG_INFINITY } else { 0.0 };
        for value in values {
            let value = f64::from(value);
            count += 1.0;
            match self {
                Self::Mean => pooled += value,
                Self::Max => pooled = pooled.max(value),
                Self::L2 => pooled += value * value,
            }
        }
        let pooled = match self {
            _ if count == 0.0 => 0.0,
            Self::Mean => pooled / count,
            Self::Max => pooled,
            Self::L2 => (pooled / count).sqrt(),
        };
        pooled as f32
    }
}

/// The embeddings of all taggers, one after the other, pooled over the windows: as many values as a window's embedding.
/// Empty where no tagger has spoken.
///
/// Taggers that take turns repeat themselves in between, and are silent before their first turn; neither counts.
pub fn pool(windows: &[Window], taggers: &[TaggerShape], pooling: Pooling) -> Vec<f32> {
    if windows.is_empty() {
        return Vec::new();
    }
    let mut pooled = Vec::new();
    let mut from = 0;
    for tagger in taggers {
        let part = from..from + tagger.embedding;
        from = part.end;
        let mut spoken: Vec<&[f32]> = windows.iter().filter_map(|window| window.embedding.get(part.clone())).collect();
        spoken.dedup();
        spoken.retain(|embedding| embedding.iter().any(|&value| value != 0.0));
        pooled.extend((0..tagger.embedding).map(|at| pooling.of(spoken.iter().map(|embedding| embedding[at]))));
    }
    pooled
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(embedding: &[f32]) -> Window {
        Window { end_s: 0.0, probability: Vec::new(), embedding: embedding.to_vec() }
    }

    #[test]
    fn repeats_and_silence_do_not_count() {
        let tagger = |embedding| TaggerShape { name: "x".into(), labels: 0, embedding };
        let windows = [window(&[1.0, 0.0]), window(&[3.0, 4.0]), window(&[5.0, 4.0]), window(&[-1.0, 2.0])];
        let taggers = [tagger(1), tagger(1)];
        assert_eq!(pool(&windows, &taggers, Pooling::Mean), [2.0, 3.0]);
        assert_eq!(pool(&windows, &taggers, Pooling::Max), [5.0, 4.0]);
        assert_eq!(pool(&windows, &taggers, Pooling::L2), [3.0, 10.0_f32.sqrt()]);
        assert!(pool(&[], &taggers, Pooling::Mean).is_empty());
        assert_eq!(pool(&[window(&[0.0])], &taggers[..1], Pooling::Max), [0.0]);
    }
}
