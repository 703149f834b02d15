//! Pictures of how good a detector is, beside those of what was heard (see [`crate::record::picture`]): truth against
//! prediction, charts, maps.

pub mod chart;
pub mod confusion;
pub mod filters;
pub mod intervals;
pub mod learning;
pub mod map;
pub mod truth;

pub use crate::record::picture::{GenreSpan, Picture, register_fonts};
use crate::record::picture::{WIDTH, axis, canvas, lanes, unwritten};
