//! Classes of your own: a head on the built-in taggers, learned from a library whose songs you have sorted.
//!
//! | what | where |
//! |---|---|
//! | a song's class, by its tags or its directory | [`class`] |
//! | songs that must stay together: one artist, one album | [`group`] |
//! | what is learned from and what is held out | [`split`] |
//! | songs and their features, from a library's index | [`songs`] |
//! | the fit and how good it is | [`learn`] |
//! | the model file | [`export`] |

pub mod class;
pub mod export;
pub mod group;
pub mod learn;
pub mod songs;
pub mod split;
