//! Training the voice detectors: songs with truth become scenes, scenes become batches, and the net that does best on
//! `valid` is kept. Every step is a function of the seed and its number, so an interrupted run resumes exactly.
//!
//! | what | where |
//! |---|---|
//! | songs, and drawing from them | [`corpus`], [`repertoire`] |
//! | from songs to scenes | [`excerpt`], [`effects`], [`scene`] |
//! | nets with gradients | [`learner`], [`weights`], [`fsmn`], [`conv_fsmn`]; references: [`crnn`], [`lstm`], [`feed_forward`]; [`layers`] |
//! | operations with their gradients | [`memory`], [`convolution`], [`pool`], [`recurrence`], [`batch_norm`], [`flat`] |
//! | nets for whole clips, on spectra | [`clip_run`], [`clips`], [`clip_learner`], [`compact`], [`stack`] |
//! | latent factors in place of labels | [`factors`] |
//! | students of a tagger, on audio | [`distil`] |
//! | several nets as one | [`ensemble`] (logits) and [`average`] (weights) for voices, [`genre_ensemble`] for genres |
//! | the run | [`run`], [`settings`], [`optimizer`], [`validate`], [`calibrate`], [`state`], [`checkpoint`], [`log`], [`export`] |

mod average;
mod batch_norm;
mod calibrate;
mod checkpoint;
mod clip_learner;
mod clip_run;
mod clips;
mod coarse;
mod compact;
mod conv_fsmn;
mod convolution;
mod corpus;
mod crnn;
mod distil;
mod effects;
mod ensemble;
mod excerpt;
mod export;
mod factors;
mod feed_forward;
mod flat;
mod fsmn;
mod genre_ensemble;
mod layers;
mod learner;
mod log;
mod lstm;
mod memory;
mod optimizer;
mod pool;
mod recurrence;
mod repertoire;
mod run;
mod scene;
mod settings;
mod stack;
mod state;
mod validate;
mod weights;

#[cfg(test)]
mod references_test;

pub use average::{AverageSettings, train_average};
pub use clip_run::{ClipFigures, ClipProgress, ClipSettings, Material, step_cost_s, train_on, train_on_clips};
pub(crate) use clip_run::{ask, ask_clips};
pub(crate) use coarse::clip_features as coarse_features;
pub use coarse::{ClipHearing, CoarseProgress, CoarseSettings, Tried, train_coarse};
pub use convolution::Convolution;
pub(crate) use distil::YES;
pub use distil::{
    DistilSettings, Hearing, Lessons, Loss, Targets, ask_student, distil, distil_step_cost_s, publish_student,
};
pub use ensemble::{EnsembleProgress, EnsembleSettings, train_ensemble};
pub use factors::{Asked, FACTORS, FactorSettings, ask_factors, factor_step_cost_s, learn_factors, true_factors};
pub use genre_ensemble::{GenreEnsembleProgress, GenreEnsembleSettings, Weighed, train_genre_ensemble};
pub use run::{Progress, Songs, hear_songs, train, train_on_songs, voice_step_cost_s};
pub use settings::{NetKind, Settings};
