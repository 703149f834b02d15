//! From 1 to 64 instances in one process: memory, processor time, what reading in batches gains.

use super::{RATE_HZ, Row, child, process, song};
use crate::Class;
use crate::clap::player::{Bundle, Seat};
use anyhow::{Context, Result, anyhow};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Barrier;
use std::time::{Duration, Instant};

const FRAMES: usize = 512;
/// Seconds of music that each instance hears.
const HEARS_S: f64 = 10.0;
/// Bars: megabytes for each further instance, and cores for 32.
const MOST_MEMORY_MB: f64 = 2.0;
const MOST_CORES: f64 = 1.0;

/// Plays `count` instances in lock step with the engine, each on a thread of its own, and prints what that took. Nothing
/// is dropped, so the processor's time is what the music asks for, however busy the machine is otherwise.
///
/// # Errors
/// The plugin refuses something.
pub fn play(bundle: &Path, count: usize) -> Result<()> {
    let bundle = Bundle::open(bundle)?;
    let song = song(RATE_HZ)?;
    let mut seats: Vec<Seat> = (0..count).map(|_| bundle.seat(Class::Earmark)).collect::<Result<_>>()?;
    seats.iter_mut().for_each(|seat| seat.set_offline(true));
    let ready = seats.iter_mut().map(|seat| seat.activate(RATE_HZ, FRAMES)).collect::<Result<Vec<_>>>()?;
    let (loaded, played) = (Barrier::new(count + 1), Barrier::new(count + 1));
    let song = &song;
    let (processor, wall, memory) = std::thread::scope(|scope| -> Result<_> {
        let threads: Vec<_> = ready
            .into_iter()
            .enumerate()
            .map(|(index, ready)| {
                let (loaded, played) = (&loaded, &played);
                scope.spawn(move || -> Result<()> {
                    let mut player = ready.play()?;
                    let blocks = |seconds: f64| (seconds * RATE_HZ / FRAMES as f64).ceil() as usize;
                    // Everybody hears another place of the song.
                    let offset = index as u64 * RATE_HZ as u64;
                    let mut hear = |seconds: f64| -> Result<()> {
                        for _ in 0..blocks(seconds) {
                            player.feed(song, player.at() + offset, FRAMES);
                            player.block(FRAMES)?;
                        }
                        Ok(())
                    };
                    // The models load, and the tagger's window begins to fill.
                    hear(2.0)?;
                    loaded.wait();
                    hear(HEARS_S)?;
                    played.wait();
                    played.wait();
                    player.stop();
                    Ok(())
                })
            })
            .collect();
        loaded.wait();
        let (begun, since) = (process::processor_time(libc::CLOCK_PROCESS_CPUTIME_ID), Instant::now());
        played.wait();
        let processor = process::processor_time(libc::CLOCK_PROCESS_CPUTIME_ID) - begun;
        let wall = since.elapsed();
        let memory = process::memory()?;
        played.wait();
        threads.into_iter().try_for_each(|thread| thread.join().map_err(|_| anyhow!("an audio thread panicked"))?)?;
        Ok((processor, wall, memory))
    })?;
    seats.iter_mut().try_for_each(Seat::deactivate)?;
    let seconds = |time: Duration| time.as_secs_f64();
    println!("{}", json!({"processor_s": seconds(processor), "wall_s": seconds(wall), "memory": memory}));
    Ok(())
}

/// Runs [`play`] for each count, in a process of its own.
///
/// # Errors
/// No count is given, or a child fails.
pub fn measure(bundle: &Path, counts: &[usize]) -> Result<Vec<Row>> {
    let mut found = Vec::new();
    for count in counts.iter().copied() {
        let output = child(&["crowd-child", "--instances", &count.to_string()], bundle)?.output()?;
        let said = String::from_utf8_lossy(&output.stdout);
        let said = said.lines().last().with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
        let said: Value = serde_json::from_str(said)?;
        let number = |key: &str| said[key].as_f64().with_context(|| format!("no {key}"));
        found.push((count, number("processor_s")? / HEARS_S, number("memory")? / 1e6));
    }
    let list = |text: &dyn Fn(&(usize, f64, f64)) -> String| found.iter().map(text).collect::<Vec<_>>().join(", ");
    let (one, many) = found.first().copied().zip(found.last().copied()).context("no count is given")?;
    let which = list(&|found| found.0.to_string());
    let further = (many.2 - one.2) / (many.0 - one.0) as f64;
    let at_32 = found.iter().find(|found| found.0 == 32).map_or(f64::NAN, |found| found.1);
    let alone = one.1 / (at_32 / 32.0);
    Ok(vec![
        Row::new(
            format!("memory of one process with {which} playing instances, and of each further instance"),
            format!("{} MB; {further:.2} MB each", list(&|found| format!("{:.1}", found.2))),
            "≤ 2 MB each, one copy of the models",
            further <= MOST_MEMORY_MB,
        ),
        Row::new(
            format!(
                "processor time per second of music, cores, everything on (voice, taggers each second): {which} instances"
            ),
            list(&|found| format!("{:.3}", found.1)),
            "32: ≤ 1.0",
            at_32 <= MOST_CORES,
        ),
        Row::open(
            "what one instance costs alone, over what it costs as one of 32 (reading in batches, shared models)",
            format!("{alone:.2}"),
        ),
    ])
}
