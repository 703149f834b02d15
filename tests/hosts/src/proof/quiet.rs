//! The audio thread makes no system call and no call to the allocator: a million blocks of the whole plugin, looked at
//! from outside, with the engine overrun and with the engine stopped.

use super::tracer::Frozen;
use super::{RATE_HZ, Row, child, process, song};
use crate::Class;
use crate::clap::player::{Bundle, Player};
use anyhow::{Context, Result, bail, ensure};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Frames of a block; more blocks fit into the same time the shorter they are.
const FRAMES: usize = 64;
/// The engine reads its models within this.
const PATIENCE: Duration = Duration::from_secs(120);

/// The watched process: plays until the engine has spoken, says so with the threads' numbers, and waits for a line; then
/// plays `blocks` blocks and says what was allocated.
///
/// # Errors
/// The plugin refuses something.
pub fn play(bundle: &Path, blocks: u64) -> Result<()> {
    let bundle = Bundle::open(bundle)?;
    let song = song(RATE_HZ)?;
    let mut seat = bundle.seat(Class::Control)?;
    let ready = seat.activate(RATE_HZ, FRAMES)?;
    let audio = std::thread::spawn(move || -> Result<()> {
        let mut player = ready.play()?;
        warm_up(&mut player, &song)?;
        let engine = process::engine_thread(std::process::id())?.context("the engine has no thread")?;
        println!("ready {} {engine}", process::thread_id());
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line)?;
        let watch = Watch::begin();
        let (mut done, mut said) = (Ok(()), 0);
        for _ in 0..blocks {
            player.feed(&song, player.at(), FRAMES);
            done = player.block(FRAMES);
            said += player.values(FRAMES).count();
            if done.is_err() {
                break;
            }
        }
        let calls = watch.map(Watch::end);
        println!("done {} {said}", calls.map_or(-1, |calls| calls as i64));
        done?;
        player.stop();
        Ok(())
    });
    while !audio.is_finished() {
        seat.tend();
        std::thread::sleep(Duration::from_millis(5));
    }
    audio.join().map_err(|_| anyhow::anyhow!("the audio thread panicked"))??;
    seat.deactivate()
}

/// Plays until the engine has loaded its models and has spoken.
fn warm_up(player: &mut Player, song: &[Vec<f32>]) -> Result<()> {
    let begun = Instant::now();
    let mut spoken = 0;
    while spoken < 20 {
        ensure!(begun.elapsed() < PATIENCE, "the engine does not speak");
        player.feed(song, player.at(), FRAMES);
        player.block(FRAMES)?;
        spoken += player.values(FRAMES).count();
        std::thread::sleep(Duration::from_micros(300));
    }
    Ok(())
}

/// The counting allocator, if it stands before the C library's.
struct Watch {
    end: extern "C" fn() -> u64,
}

impl Watch {
    fn begin() -> Option<Self> {
        let this = libloading::os::unix::Library::this();
        // SAFETY: the symbols have these types where they are there. Both are looked up first: looking up allocates.
        let (begin, end) = unsafe {
            let end = this.get::<extern "C" fn() -> u64>(b"earmark_watch_end\0").ok()?;
            (*this.get::<extern "C" fn()>(b"earmark_watch_begin\0").ok()?, *end)
        };
        begin();
        Some(Self { end })
    }

    fn end(self) -> u64 {
        (self.end)()
    }
}

/// Runs [`play`] in a process of its own under watch: `stopped`, with the engine's thread standing still.
///
/// # Errors
/// No `strace`, no right to trace, or the child fails.
pub fn measure(bundle: &Path, blocks: u64, stopped: bool) -> Result<Vec<Row>> {
    let mut command = child(&["quiet-child", "--blocks", &blocks.to_string()], bundle)?;
    let counts = interposer().filter(|path| path.is_file());
    if let Some(interposer) = &counts {
        command.env("LD_PRELOAD", interposer);
    }
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut said = BufReader::new(child.stdout.take().context("no output")?).lines();
    let ready = said.next().context("the player ended before it was ready")??;
    let [audio, engine] = numbers(&ready, "ready")?;
    let frozen = if stopped { Some(Frozen::new(engine as i32)?) } else { None };

    let trace = std::env::temp_dir().join(format!("earmark-strace-{}", child.id()));
    let mut strace = Command::new("strace")
        .args(["-qq", "-p", &audio.to_string(), "-o"])
        .arg(&trace)
        .spawn()
        .context("strace does not start; on Debian: apt-get install strace")?;
    let begun = Instant::now();
    while !process::is_traced(child.id(), audio as i32) {
        if begun.elapsed() > PATIENCE || strace.try_wait()?.is_some() {
            child.kill()?;
            bail!("strace cannot trace the audio thread");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    child.stdin.as_mut().context("no input")?.write_all(b"go\n")?;
    let done = said.next().context("the player ended before it was done")??;
    drop(frozen);
    drop(child.stdin.take());
    ensure!(child.wait()?.success(), "the player failed");
    strace.wait()?;
    let calls = between(&std::fs::read_to_string(&trace)?)?;
    std::fs::remove_file(&trace)?;

    let [allocated, emitted] = numbers(&done, "done")?;
    let engine = if stopped { "the engine's thread stopped" } else { "the engine overrun with frames" };
    let which = format!("{blocks} blocks of {FRAMES} frames of the built plugin, {engine}");
    let mut rows = vec![Row::new(
        format!("no system call on the audio thread: {which}"),
        format!("{} ({emitted} values emitted){}", calls.len(), first(&calls)),
        "0",
        calls.is_empty(),
    )];
    if counts.is_some() && allocated >= 0 {
        let figure = allocated.to_string();
        rows.push(Row::new(format!("no call to the allocator: {which}"), figure, "0", allocated == 0));
    }
    Ok(rows)
}

fn first(calls: &[String]) -> String {
    calls.first().map_or_else(String::new, |call| format!(", the first: `{call}`"))
}

/// Where cargo puts it: beside this program.
fn interposer() -> Option<PathBuf> {
    Some(std::env::current_exe().ok()?.parent()?.join("examples/libinterposer.so"))
}

fn numbers<const N: usize>(line: &str, word: &str) -> Result<[i64; N]> {
    let rest = line.strip_prefix(word).with_context(|| format!("\"{word}\" was expected, not \"{line}\""))?;
    let numbers: Vec<i64> = rest.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
    numbers.try_into().map_err(|_| anyhow::anyhow!("\"{line}\" has too few numbers"))
}

/// The system calls between the read that starts the blocks and the write that ends them.
fn between(trace: &str) -> Result<Vec<String>> {
    let lines: Vec<&str> = trace.lines().collect();
    let start = lines.iter().position(|line| line.contains("read(0,") && line.contains("go"));
    let end = lines.iter().position(|line| line.starts_with("write(1, \"done"));
    let (start, end) = start.zip(end).with_context(|| format!("the trace has no start and end: {lines:?}"))?;
    Ok(lines[start + 1..end].iter().map(|line| (*line).to_owned()).collect())
}

#[cfg(test)]
mod tests {
    use super::between;

    #[test]
    fn only_calls_between_the_marks_count() {
        let trace = "read(0, \"go\\n\", 8192) = 3\nfutex(0x1, FUTEX_WAKE, 1) = 0\nwrite(1, \"done 0 5\\n\", 9) = 9\nexit(0) = ?\n";
        assert_eq!(between(trace).expect("marked"), ["futex(0x1, FUTEX_WAKE, 1) = 0"]);
        assert!(between("exit(0) = ?").is_err());
    }
}
