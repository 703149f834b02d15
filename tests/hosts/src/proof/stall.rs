//! The engine's thread is stopped for ten seconds, then lets through one millisecond in a hundred: the audio goes on, and
//! the plugin speaks again.

use super::times::on_audio_thread;
use super::tracer::Frozen;
use super::{RATE_HZ, Row, child, process, song};
use crate::Class;
use crate::clap::player::{Bundle, number};
use anyhow::{Context, Result, ensure};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

const FRAMES: usize = 512;
/// Seconds that the engine stands still, and that it is a hundred times too slow.
const STANDS_S: u64 = 10;
/// Share of the time that it is let run when it is slow.
const SLOW: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(99));
/// Seconds of everything, at the engine's end.
const TOTAL_S: u64 = 60;

/// The watched process: plays in real time and prints, each second, the worst block in microseconds, whether the audio
/// passed untouched, and how many values of the voice were said.
///
/// # Errors
/// The plugin refuses something.
pub fn play(bundle: &Path) -> Result<()> {
    let bundle = Bundle::open(bundle)?;
    let song = song(RATE_HZ)?;
    let vocal = number("vocal")?;
    let mut seat = bundle.seat(Class::Earmark)?;
    on_audio_thread(&mut seat, RATE_HZ, FRAMES, move |player| {
        process::be_real_time();
        let begun = Instant::now();
        let (mut worst, mut untouched, mut said, mut second) = (Duration::ZERO, true, 0, 0);
        while second < TOTAL_S {
            let due = Duration::from_secs_f64(player.at() as f64 / RATE_HZ);
            std::thread::sleep(due.saturating_sub(begun.elapsed()));
            player.feed(&song, player.at(), FRAMES);
            let start = Instant::now();
            player.block(FRAMES)?;
            worst = worst.max(start.elapsed());
            untouched &= player.is_untouched(FRAMES);
            said += player.values(FRAMES).filter(|value| value.parameter == vocal).count();
            if player.at() as f64 / RATE_HZ >= (second + 1) as f64 {
                println!("second {} {} {said}", worst.as_micros(), u8::from(untouched));
                (worst, untouched, said) = (Duration::ZERO, true, 0);
                second += 1;
            }
        }
        Ok(())
    })
}

/// One second of [`play`].
#[derive(Clone, Copy)]
struct Second {
    worst_us: u64,
    untouched: bool,
    said: u64,
}

/// Runs [`play`] and stops its engine meanwhile.
///
/// # Errors
/// No right to trace, or the child fails.
pub fn measure(bundle: &Path) -> Result<Vec<Row>> {
    let mut child = child(&["stall-child"], bundle)?.stdout(Stdio::piped()).spawn()?;
    let mut lines = BufReader::new(child.stdout.take().context("no output")?).lines();
    let mut next = || -> Result<Second> {
        let line = lines.next().context("the player ended too early")??;
        let mut numbers = line.trim_start_matches("second ").split(' ').map(str::parse::<u64>);
        let mut number = || numbers.next().context("a number is missing")?.context("no number");
        Ok(Second { worst_us: number()?, untouched: number()? == 1, said: number()? })
    };
    // The models load; then the song is heard for a while.
    let mut before = Vec::new();
    while before.len() < 10 || before.iter().rev().take(5).map(|s: &Second| s.said).sum::<u64>() == 0 {
        before.push(next()?);
        ensure!(before.len() < 25, "the engine does not speak");
    }
    let engine = process::engine_thread(child.id())?.context("the engine has no thread")?;
    let frozen = Frozen::new(engine)?;
    let still = (0..STANDS_S).map(|_| next()).collect::<Result<Vec<_>>>()?;
    drop(frozen);
    let after_still = (0..5).map(|_| next()).collect::<Result<Vec<_>>>()?;

    let stop = std::sync::atomic::AtomicBool::new(false);
    let slow = std::thread::scope(|scope| {
        let crawling = scope.spawn(|| -> Result<()> {
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                let frozen = Frozen::new(engine)?;
                std::thread::sleep(SLOW.1);
                drop(frozen);
                std::thread::sleep(SLOW.0);
            }
            Ok(())
        });
        let slow = (0..STANDS_S).map(|_| next()).collect::<Result<Vec<_>>>();
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        crawling.join().map_err(|_| anyhow::anyhow!("the brake panicked"))??;
        slow
    })?;
    let after_slow = (0..5).map(|_| next()).collect::<Result<Vec<_>>>()?;
    child.kill()?;
    child.wait()?;
    Ok([("stands still for 10 s", still, after_still), ("is let run 1 ms in 100, for 10 s", slow, after_slow)]
        .into_iter()
        .flat_map(|(what, during, after)| rows(what, &before, &during, &after))
        .collect())
}

fn rows(what: &str, before: &[Second], during: &[Second], after: &[Second]) -> Vec<Row> {
    let usual = before.iter().skip(5).map(|second| second.worst_us).max().unwrap_or(0);
    let all = || during.iter().chain(after);
    let worst = all().map(|second| second.worst_us).max().unwrap_or(0);
    let block_us = (1e6 * FRAMES as f64 / RATE_HZ) as u64;
    let untouched = all().all(|second| second.untouched);
    let again = after.iter().position(|second| second.said > 0);
    vec![
        Row::new(
            format!("the engine's thread {what}: the audio passes bit by bit, no block is late"),
            format!(
                "{}; worst block {worst} µs of {block_us}, in the seconds before {usual} µs",
                if untouched { "untouched" } else { "changed" }
            ),
            "untouched, none late",
            untouched && worst < block_us,
        ),
        Row::new(
            format!("the engine's thread {what}: afterwards the plugin speaks again"),
            again.map_or_else(|| "not within 5 s".to_owned(), |second| format!("within {} s", second + 1)),
            "within 2 s",
            again.is_some_and(|second| second < 2),
        ),
    ]
}
