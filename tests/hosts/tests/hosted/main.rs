//! What the built plugin promises to every host, each promise a test.
//!
//! They need `cargo xtask bundle` first, which `cargo xtask check` does; without a bundle each says so and passes.

mod activation;
mod agreement;
mod align;
mod audio;
mod control;
mod emission;
mod formats;
mod lane;
mod parameters;
mod passes;
mod slicing;
mod stage;
mod state;
mod states;
mod transport;
mod uses;
