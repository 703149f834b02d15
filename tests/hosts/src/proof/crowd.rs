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
/// Seconds of music that each instance hears before the measurement, until the taggers' windows are full, and within it.
const BEFORE_S: f64 = 11.0;
const HEARS_S: f64 = 20.0;
/// Bars: megabytes for each further instance, and cores for 32.
const MOST_MEMORY_MB: f64 = 2.0;
const MOST_CORES: f64 = 1.0;

/// Plays `count` instances, each on a thread of its own, and prints what that took: in real time, or in lock step with the
/// engine, where nothing is left out, so that the processor's time is what the music asks for.
///
/// # Errors
/// The plugin refuses something.
pub fn play(bundle: &Path, count: usize, in_step: bool) -> Result<()> {
    let bundle = Bundle::open(bundle)?;
    let song = song(RATE_HZ)?;
    let mut seats: Vec<Seat> = (0..count).map(|_| bundle.seat(Class::Earmark)).collect::<Result<_>>()?;
    seats.iter_mut().for_each(|seat| seat.set_offline(in_step));
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
                        let begun = Instant::now();
                        for block in 0..blocks(seconds) {
                            if !in_step {
                                let due = Duration::from_secs_f64((block * FRAMES) as f64 / RATE_HZ);
                                std::thread::sleep(due.saturating_sub(begun.elapsed()));
                            }
                            player.feed(song, player.at() + offset, FRAMES);
                            player.block(FRAMES)?;
                        }
                        Ok(())
                    };
                    hear(BEFORE_S)?;
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
    let (live, in_step) = (runs(bundle, counts, false)?, runs(bundle, counts, true)?);
    let list = |found: &[Found], text: &dyn Fn(&Found) -> String| found.iter().map(text).collect::<Vec<_>>().join(", ");
    let cores = |found: &[Found]| list(found, &|found| format!("{:.3}", found.cores));
    let (one, many) = live.first().zip(live.last()).context("no count is given")?;
    let which = list(&live, &|found| found.count.to_string());
    let further = (many.memory_mb - one.memory_mb) / (many.count - one.count) as f64;
    let of_32 = |found: &[Found]| found.iter().find(|found| found.count == 32).map_or(f64::NAN, |found| found.cores);
    let alone = in_step.first().map_or(f64::NAN, |one| one.cores / one.count as f64) / (of_32(&in_step) / 32.0);
    Ok(vec![
        Row::new(
            format!("memory of one process with {which} playing instances, and of each further instance"),
            format!("{} MB; {further:.2} MB each", list(&live, &|found| format!("{:.1}", found.memory_mb))),
            "≤ 2 MB each, one copy of the models",
            further <= MOST_MEMORY_MB,
        ),
        Row::new(
            format!(
                "playing in real time, everything on, the taggers within their share of a core: cores taken by {which} instances"
            ),
            cores(&live),
            "32: ≤ 1.0",
            of_32(&live) <= MOST_CORES,
        ),
        Row::open(
            format!(
                "rendering, every refresh of the taggers made: processor time per second of music, cores, {which} instances"
            ),
            cores(&in_step),
        ),
        Row::open(
            "rendering: what one instance costs alone, over what it costs as one of 32 (reading in batches, shared models)",
            format!("{alone:.2}"),
        ),
    ])
}

/// What a number of instances took.
struct Found {
    count: usize,
    cores: f64,
    memory_mb: f64,
}

fn runs(bundle: &Path, counts: &[usize], in_step: bool) -> Result<Vec<Found>> {
    let mut found = Vec::new();
    for count in counts.iter().copied() {
        let instances = count.to_string();
        let how = in_step.then_some("--in-step");
        let arguments: Vec<&str> = ["crowd-child", "--instances", &instances].into_iter().chain(how).collect();
        let output = child(&arguments, bundle)?.output()?;
        let said = String::from_utf8_lossy(&output.stdout);
        let said = said.lines().last().with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
        let said: Value = serde_json::from_str(said)?;
        let number = |key: &str| said[key].as_f64().with_context(|| format!("no {key}"));
        let (cores, memory_mb) = (number("processor_s")? / HEARS_S, number("memory")? / 1e6);
        found.push(Found { count, cores, memory_mb });
    }
    Ok(found)
}
