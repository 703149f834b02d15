//! Hours of music at many instances, as fast as the machine plays them: memory stays, and what is said at the end is what was
//! said at the beginning.

use super::{RATE_HZ, Row, process, song};
use crate::Class;
use crate::clap::player::{Bundle, Player, Said, Seat};
use anyhow::{Context, Result, anyhow};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

const FRAMES: usize = 512;
/// What is compared: so much music from an activation on.
const PROBE_S: f64 = 6.0;
/// Megabytes that may be added in an hour of simulated audio.
const MOST_SLOPE_MB: f64 = 1.0;
/// With less music than this a slope says nothing.
const FEWEST_HOURS: f64 = 0.5;
/// Between two looks at the memory.
const LOOK: Duration = Duration::from_secs(5);

/// Plays until each of `instances` has heard `hours`, or until `limit` is over.
///
/// # Errors
/// The plugin refuses something.
pub fn measure(bundle: &Path, instances: usize, hours: f64, limit: Duration) -> Result<Vec<Row>> {
    let bundle = Bundle::open(bundle)?;
    let song = song(RATE_HZ)?;
    let mut seats: Vec<Seat> = (0..instances).map(|_| bundle.seat(Class::Control)).collect::<Result<_>>()?;
    seats.iter_mut().for_each(|seat| seat.set_offline(true));
    // Once before anything is compared: an instance says at first what has changed since it was made.
    run(&mut seats, |_, player| probe(player, &song))?;
    let first = run(&mut seats, |_, player| probe(player, &song))?;

    let (over, heard) = (AtomicBool::new(false), AtomicU64::new(0));
    let wanted = (hours * 3600.0 * RATE_HZ) as u64;
    let begun = Instant::now();
    let mut looks: Vec<(f64, f64)> = Vec::new();
    let (failed, worst) = std::thread::scope(|scope| -> Result<_> {
        let looking = scope.spawn(|| -> Result<Vec<(f64, f64)>> {
            let mut looks = Vec::new();
            while !over.load(Ordering::Relaxed) {
                std::thread::sleep(LOOK);
                let simulated_h = heard.load(Ordering::Relaxed) as f64 / instances as f64 / RATE_HZ / 3600.0;
                looks.push((simulated_h, process::memory()? as f64 / 1e6));
            }
            Ok(looks)
        });
        let ran = run(&mut seats, |index, player| {
            let mut worst = Duration::ZERO;
            while player.at() < wanted && begun.elapsed() < limit {
                let start = Instant::now();
                player.feed(&song, player.at() + index as u64 * RATE_HZ as u64, FRAMES);
                player.block(FRAMES)?;
                worst = worst.max(start.elapsed());
                heard.fetch_add(FRAMES as u64, Ordering::Relaxed);
            }
            Ok(worst)
        });
        over.store(true, Ordering::Relaxed);
        looks = looking.join().map_err(|_| anyhow!("the look at the memory panicked"))??;
        let worst = ran?.into_iter().max().context("nobody played")?;
        Ok((0, worst))
    })?;
    let simulated_h = heard.load(Ordering::Relaxed) as f64 / instances as f64 / RATE_HZ / 3600.0;
    let took_s = begun.elapsed().as_secs_f64();
    // As before the first comparison: what is said at first depends on what was said last.
    run(&mut seats, |_, player| probe(player, &song))?;
    let last = run(&mut seats, |_, player| probe(player, &song))?;
    let same = first.iter().zip(&last).filter(|(first, last)| first == last).count();
    let said: usize = first.iter().map(Vec::len).sum();
    // The first part fills queues and windows.
    let late = &looks[looks.len() / 4..];
    let slope = slope(late);
    let which = format!("{instances} instances, {:.2} h of music each, played in {took_s:.0} s", simulated_h);
    let (lowest, highest) = range(late);
    let promise = format!("{which}: memory added per hour of music");
    let memory = if simulated_h < FEWEST_HOURS {
        Row::open(promise, format!("too short to say ({lowest:.1} to {highest:.1} MB)"))
    } else {
        let figure = format!("{slope:.3} MB ({} looks, {lowest:.1} to {highest:.1} MB)", late.len());
        Row::new(promise, figure, "< 1 MB", slope < MOST_SLOPE_MB)
    };
    Ok(vec![
        memory,
        Row::new(
            format!("{which}: blocks that failed or gave the engine up (60 s)"),
            format!("{failed}; the longest wait was {:.2} s", worst.as_secs_f64()),
            "0",
            worst < Duration::from_secs(60),
        ),
        Row::new(
            format!("{which}: afterwards the same {PROBE_S} s say the same"),
            format!("{same} of {instances} instances, {said} values compared"),
            "all",
            same == instances && said > 0,
        ),
    ])
}

/// Runs `body` for every seat on a thread of its own.
fn run<T: Send>(seats: &mut [Seat], body: impl Fn(usize, &mut Player) -> Result<T> + Sync) -> Result<Vec<T>> {
    let ready = seats.iter_mut().map(|seat| seat.activate(RATE_HZ, FRAMES)).collect::<Result<Vec<_>>>()?;
    let body = &body;
    let done = std::thread::scope(|scope| -> Result<Vec<T>> {
        let threads: Vec<_> = ready
            .into_iter()
            .enumerate()
            .map(|(index, ready)| {
                scope.spawn(move || -> Result<T> {
                    let mut player = ready.play()?;
                    let done = body(index, &mut player);
                    player.stop();
                    done
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().map_err(|_| anyhow!("an audio thread panicked"))?).collect()
    });
    seats.iter_mut().try_for_each(Seat::deactivate)?;
    done
}

/// All that is said of the song's beginning.
fn probe(player: &mut Player, song: &[Vec<f32>]) -> Result<Vec<Said>> {
    let mut said = Vec::new();
    while (player.at() as f64) < PROBE_S * RATE_HZ {
        player.feed(song, player.at(), FRAMES);
        player.block(FRAMES)?;
        said.extend(player.values(FRAMES));
    }
    Ok(said)
}

/// Megabytes per hour, by least squares.
fn slope(looks: &[(f64, f64)]) -> f64 {
    let count = looks.len().max(1) as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| looks.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(|look| look.0), mean(|look| look.1));
    let covariance: f64 = looks.iter().map(|look| (look.0 - x) * (look.1 - y)).sum();
    let variance: f64 = looks.iter().map(|look| (look.0 - x).powi(2)).sum();
    if variance > 0.0 { covariance / variance } else { f64::NAN }
}

fn range(looks: &[(f64, f64)]) -> (f64, f64) {
    let values = looks.iter().map(|look| look.1);
    (values.clone().fold(f64::INFINITY, f64::min), values.fold(0.0, f64::max))
}

#[cfg(test)]
mod tests {
    use super::slope;

    #[test]
    fn a_slope_is_per_hour() {
        assert!((slope(&[(0.0, 100.0), (0.5, 101.0), (1.0, 102.0)]) - 2.0).abs() < 1e-9);
    }
}
