//! What sounds alike: embeddings as directions in a space, and the nearest of them.
//!
//! The idea is Sander Dieleman's ("Recommending music on Spotify with deep learning", 2014); the figures by which the
//! default was chosen are in `docs/similarity.md`.

pub mod search;
pub mod space;
