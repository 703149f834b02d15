//! What the programs of this crate take as options alike.

/// Longest block that may be asked for, in frames.
pub const LONGEST_BLOCK: i64 = 1 << 20;
/// The sample rates that Earmark works at, in Hz.
const RATES_HZ: std::ops::RangeInclusive<f64> = 1200.0..=1_200_000.0;

/// Reads a sample rate in Hz.
///
/// # Errors
/// Words for a person: it is no number, or beyond what Earmark works at.
pub fn rate(text: &str) -> Result<f64, String> {
    let rate_hz: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if RATES_HZ.contains(&rate_hz) {
        return Ok(rate_hz);
    }
    Err(format!("{} to {} Hz are possible", RATES_HZ.start(), RATES_HZ.end()))
}
