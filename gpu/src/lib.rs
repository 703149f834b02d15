//! Earmark runs its nets on a GPU through a second shared library, which it opens while it runs: a plugin that is linked
//! with CUDA does not even load where CUDA is missing. This crate is the seam between the two: the C interface itself
//! ([`abi`]), the side that opens a library ([`Library`], [`Net`]), and the side that is one ([`Provider`], [`export!`]).
//!
//! Both sides are safe to use; all `unsafe` of the GPU stands here.

pub mod abi;
mod library;
mod module;
mod provider;

pub use library::{Fault, Library, Net, Voice};
pub use module::{beside_this_module, this_module};
pub use provider::{Memory, OpenNet, Provider, Shape, Tags, VoiceFrames, serve};
