//! How long a host waits: for a scan, for an instance, for its activation.

use super::{RATE_HZ, Row};
use crate::Class;
use crate::clap::{self, player::Bundle};
use anyhow::Result;
use std::path::Path;
use std::time::{Duration, Instant};

const TIMES: usize = 21;
/// Bars in milliseconds.
const MOST_SCAN_MS: f64 = 100.0;
const MOST_INSTANCE_MS: f64 = 50.0;

/// Measures each, several times over.
///
/// # Errors
/// The plugin refuses something.
pub fn measure(bundle: &Path) -> Result<Vec<Row>> {
    let scan = times(|| clap::list(bundle).map(|_| ()))?;
    let loaded = Bundle::open(bundle)?;
    let instance = times(|| loaded.seat(Class::Control).map(|_| ()))?;
    // While nothing else keeps an engine: each activation starts one, whose models load behind its back.
    let activation = times(|| {
        let mut seat = loaded.seat(Class::Control)?;
        let ready = seat.activate(RATE_HZ, 512)?;
        drop(ready);
        seat.deactivate()
    })?;
    let row = |promise: &str, (median, worst): (f64, f64), bar: &str, most: f64| {
        Row::new(promise, format!("{median:.1} ms, at worst {worst:.1} ms of {TIMES}"), bar, median <= most)
    };
    Ok(vec![
        row("scan: load the bundle, list its plugins, unload", scan, "≤ 100 ms", MOST_SCAN_MS),
        row("instantiate: create and initialise", instance, "≤ 50 ms", MOST_INSTANCE_MS),
        Row::open(
            "instantiate, activate, deactivate and destroy, with the engine's start and end each time",
            format!("{:.1} ms, at worst {:.1} ms of {TIMES}", activation.0, activation.1),
        ),
    ])
}

/// Milliseconds: the median and the worst.
fn times(mut run: impl FnMut() -> Result<()>) -> Result<(f64, f64)> {
    let mut took = Vec::with_capacity(TIMES);
    for _ in 0..TIMES {
        let begun = Instant::now();
        run()?;
        took.push(begun.elapsed());
    }
    took.sort_unstable();
    let ms = |time: Duration| 1e3 * time.as_secs_f64();
    Ok((ms(took[TIMES / 2]), ms(took[TIMES - 1])))
}
