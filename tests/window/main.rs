//! The window's promises, without a host and without a display: what it looks like, that nothing is cut off, that a
//! keyboard and a screen reader reach everything.

mod hands;
mod pictures;
mod raster;
mod rests;
mod scene;
mod text_fits;
