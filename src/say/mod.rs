//! From readings to what the user hears of: gate, level, smoothed genre; and what is sent of them.
//!
//! Nothing here knows a host or a thread; everything is real-time safe.

pub mod envelope;
pub mod genre;
pub mod key;
pub mod midi;
pub mod ride;
pub mod thinning;
