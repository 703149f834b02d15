//! More instances than the engine can serve: voices first, and nobody is served less than the others.

use super::{RATE_HZ, Row, song};
use anyhow::{Result, ensure};
use earmark::engine::{DeviceChoice, Ear, Engine, ModelSet, Pace};
use std::time::{Duration, Instant};

const FRAMES: usize = 512;
const HEARS_S: f64 = 30.0;

/// What an instance got.
#[derive(Clone, Copy, Default)]
struct Share {
    voice: u64,
    genre: u64,
    dropped: u64,
}

/// Plays `count` ears in real time from one thread, as a host does that is short of threads.
///
/// # Errors
/// The engine does not start.
pub fn measure(count: usize) -> Result<Vec<Row>> {
    let engine = Engine::start(ModelSet::embedded()?, DeviceChoice::Cpu)?;
    let song = song(RATE_HZ)?;
    let mut ears = (0..count).map(|_| Ear::new(&engine, RATE_HZ, Pace::LIVE)).collect::<Result<Vec<_>, _>>()?;
    let begun = Instant::now();
    while engine.status().device.is_empty() {
        ensure!(begun.elapsed() < Duration::from_secs(120), "the engine does not start");
        std::thread::sleep(Duration::from_millis(20));
    }
    let mut shares = vec![Share::default(); count];
    let clock = Instant::now();
    let (mut at, mut late, mut rounds) = (0, 0_u64, 0_u64);
    while (at as f64) < HEARS_S * RATE_HZ {
        let due = Duration::from_secs_f64(at as f64 / RATE_HZ);
        late += u64::from(clock.elapsed() > due + Duration::from_secs_f64(FRAMES as f64 / RATE_HZ));
        std::thread::sleep(due.saturating_sub(clock.elapsed()));
        for (index, (ear, share)) in ears.iter_mut().zip(&mut shares).enumerate() {
            let length = song[0].len() - FRAMES;
            let from = (at + index * RATE_HZ as usize) % length;
            ear.hear(&[&song[0][from..from + FRAMES], &song[1][from..from + FRAMES]]);
            share.voice += std::iter::from_fn(|| ear.next_vocal()).count() as u64;
            share.genre += std::iter::from_fn(|| ear.next_genre()).count() as u64;
            share.dropped = ear.dropped();
        }
        at += FRAMES;
        rounds += 1;
    }
    let range = |of: fn(&Share) -> u64| {
        let values = shares.iter().map(of);
        (values.clone().min().unwrap_or(0), values.max().unwrap_or(0))
    };
    let (voice, genre, dropped) = (range(|s| s.voice), range(|s| s.genre), range(|s| s.dropped));
    let fair = voice.0 as f64 >= 0.9 * voice.1 as f64 && genre.0 + 2 >= genre.1;
    Ok(vec![Row::new(
        format!(
            "{count} instances in real time, {HEARS_S} s: voice readings, genre readings, dropped frames of the one with fewest and with most"
        ),
        format!(
            "{}..{}, {}..{}, {}..{}; engine {:.0} % busy; {late} of {rounds} rounds a block late",
            voice.0,
            voice.1,
            genre.0,
            genre.1,
            dropped.0,
            dropped.1,
            100.0 * engine.status().load
        ),
        "voices within 10 %, genres within 2",
        fair,
    )])
}
