//! The systems of the literature that name a clip's genre or tags, each as a description of its stages; see
//! [`super::stack`].

mod cnn1d;
mod cnn3x3;
mod compact_cnn;
mod compact_cnn_nonlocal;
mod deepsound;
mod despoisj;
mod dieleman;
mod genre_crnn;
mod mlachmish;
mod multi_kernel;
mod musictagger_cnn;
mod musictagger_crnn;
pub mod pons;

use super::stack::System;

/// All of them.
pub const SYSTEMS: [System; 13] = [
    multi_kernel::SYSTEM,
    genre_crnn::SYSTEM,
    cnn3x3::SYSTEM,
    cnn1d::SYSTEM,
    deepsound::SYSTEM,
    despoisj::SYSTEM,
    mlachmish::SYSTEM,
    compact_cnn::SYSTEM,
    compact_cnn_nonlocal::SYSTEM,
    musictagger_cnn::SYSTEM,
    musictagger_crnn::SYSTEM,
    dieleman::SYSTEM,
    pons::SYSTEM,
];

/// Frames of an example: 15 s.
const FRAMES: usize = 64;

/// Of the tutorial's nets.
const TUTORIAL: &str = "Choi, Fazekas, Cho and Sandler";
const TUTORIAL_SOURCE: &str = "arXiv 1709.04396, exercise 5-2";

/// The system of this name.
pub fn system(name: &str) -> Option<&'static System> {
    SYSTEMS.iter().find(|system| system.name == name)
}

/// Pools of the five convolutions of Choi's taggers, down to one band; in time, as far as 64 frames go.
fn tagger_pools(bands: usize) -> [[usize; 2]; 5] {
    // 96 bands as published are 2 x 2 x 2 x 3 x 4.
    let fourth = if bands.is_multiple_of(3) { 3 } else { 2 };
    [[2, 2], [2, 2], [2, 2], [2, fourth], [4, 4]]
}

#[cfg(test)]
mod tests {
    use super::super::stack::{Layer, Plan};
    use super::*;

    /// Trained parameters as a publication counts them: with the biases that a normalisation cancels.
    fn published(plan: &Plan, labels: usize) -> usize {
        let layers = plan.trained_layers().expect("fits");
        let trained = |layer: &Layer| {
            let holdings = layer.holdings().into_iter().filter(|h| !h.name.contains(".running_"));
            holdings.map(|h| h.shape.iter().product::<usize>()).sum::<usize>() + layer.cancelled_biases()
        };
        layers.iter().map(trained).sum::<usize>() + (plan.width().expect("one band") + 1) * labels
    }

    fn at(name: &str, bands: usize, labels: usize) -> usize {
        published(&(system(name).expect("listed").plan)(bands), labels)
    }

    #[test]
    fn every_system_fits_its_picture_and_is_found_by_its_name() {
        for listed in SYSTEMS {
            let plan = listed.plan();
            assert!(plan.width().is_ok(), "{}: {:?}", listed.name, plan.width());
            assert!(plan.embedding().is_ok() && plan.fewest_frames() <= 64, "{}", listed.name);
            assert_eq!(system(listed.name).map(|system| system.name), Some(listed.name));
        }
        assert!(system("no such net").is_none());
    }

    #[test]
    fn the_tutorials_nets_have_as_many_parameters_as_published() {
        let thousands = |name: &str| (at(name, 64, 8) as f64 / 1e3).round();
        let counted = ["multi_kernel", "genre_crnn", "cnn3x3", "cnn1d"].map(thousands);
        assert_eq!(counted, [13.0, 31.0, 10.0, 12.0]);
    }

    #[test]
    fn the_taggers_have_as_many_parameters_as_published() {
        // Published with a normalisation of each frame of the input, 1366 and 1440 of them, factor and offset; here bands
        // are normalised by the training data instead.
        assert_eq!(at("musictagger_cnn", 96, 50) + 2 * 1366, 865_950);
        assert_eq!(at("musictagger_crnn", 96, 50) + 2 * 1440, 396_786);
        assert_eq!(at("deepsound", 128, 10), 824_074);
    }

    #[test]
    fn mlachmish_as_published_is_nearly_all_one_layer() {
        let narrow = system("mlachmish").expect("listed").plan();
        let stages = mlachmish::stages(mlachmish::PUBLISHED_WIDTH);
        let plan = Plan { bands: 128, frames: 152, stages, ..narrow };
        let count = published(&plan, 10);
        assert_eq!((count as f64 / 1e5).round(), 875.0, "{count}");
    }

    #[test]
    fn compact_cnns_features_are_160_values() {
        assert_eq!(system("compact_cnn").expect("listed").plan().embedding(), Ok(160));
    }
}
