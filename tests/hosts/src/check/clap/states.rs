//! Saved states.

use super::events::{self, random_values};
use super::library::Library;
use super::plugin::{Plugin, Values, differences};
use super::run::{Setup, run};
use crate::check::random::Random;
use crate::check::{Check, Format, Subject, Verdict};
use anyhow::{Context, Result, ensure};
use std::sync::atomic::Ordering;

/// A stream without pieces.
const WHOLE: usize = usize::MAX;

pub(super) const CHECKS: &[Check] = &[
    check("state-invalid-empty", "an empty state is refused", empty),
    check("state-invalid-random", "3 x 1 MB of random bytes are refused", random),
    check("state-invalid-length", "impossible lengths are refused without being allocated", lengths),
    check("state-truncated", "a state cut anywhere is refused, and changes nothing", truncated),
    check("state-flipped", "a state with any one bit flipped is refused, and changes nothing", flipped),
    check("state-reproducibility-basic", "a saved state brings all values back", |subject| {
        reproducible(subject, WHOLE, WHOLE, false)
    }),
    check("state-reproducibility-binary", "saving what was loaded gives the same bytes", |subject| {
        reproducible(subject, WHOLE, WHOLE, true)
    }),
    check("state-reproducibility-buffered", "the same in pieces of 23 and 17 bytes", |subject| {
        reproducible(subject, 23, 17, true)
    }),
    check("state-while-processing", "states are saved and loaded while audio runs on another thread", while_processing),
];

const fn check(name: &'static str, about: &'static str, run: fn(&Subject) -> Result<Verdict>) -> Check {
    Check { format: Format::Clap, name, about, run }
}

fn empty(subject: &Subject) -> Result<Verdict> {
    let library = Library::load(&subject.bundle)?;
    ensure!(!library.plugin(subject.class.clap_id())?.load(&[], WHOLE)?, "an empty state is taken");
    Ok(Verdict::Passed)
}

fn random(subject: &Subject) -> Result<Verdict> {
    let library = Library::load(&subject.bundle)?;
    let plugin = library.plugin(subject.class.clap_id())?;
    let mut random = Random::new(1);
    for _ in 0..3 {
        ensure!(!plugin.load(&random.bytes(1 << 20), WHOLE)?, "random bytes are taken");
    }
    Ok(Verdict::Passed)
}

fn lengths(subject: &Subject) -> Result<Verdict> {
    let library = Library::load(&subject.bundle)?;
    let plugin = library.plugin(subject.class.clap_id())?;
    let saved = plugin.save(WHOLE)?;
    for length in [0, 1, 7, 100 << 20, u64::from(u32::MAX), 1 << 62, u64::MAX] {
        let mut state = saved.clone();
        state[..8].copy_from_slice(&length.to_le_bytes());
        ensure!(!plugin.load(&state, WHOLE)?, "a state of {length} bytes is taken");
    }
    Ok(Verdict::Passed)
}

/// A plugin with random values, its state and those values.
fn varied<'l>(
    library: &'l Library,
    subject: &Subject,
    seed: u64,
    piece: usize,
) -> Result<(Plugin<'l>, Vec<u8>, Values)> {
    let plugin = library.plugin(subject.class.clap_id())?;
    let infos = plugin.infos()?;
    plugin.flush(&random_values(&mut Random::new(seed), &infos, 0, false))?;
    plugin.faultless()?;
    let (state, values) = (plugin.save(piece)?, plugin.values(&infos)?);
    Ok((plugin, state, values))
}

/// Loads `broken` into a plugin that stands at `values`; it must be refused and change nothing.
fn refused(plugin: &Plugin<'_>, broken: &[u8], values: &Values) -> Result<()> {
    ensure!(!plugin.load(broken, WHOLE)?, "it is taken");
    let infos = plugin.infos()?;
    let now = plugin.values(&infos)?;
    ensure!(now == *values, "it has changed {}", differences(plugin, &infos, values, &now)?.join(", "));
    Ok(())
}

fn truncated(subject: &Subject) -> Result<Verdict> {
    let library = Library::load(&subject.bundle)?;
    let (_plugin, state, _) = varied(&library, subject, 2, WHOLE)?;
    let (other, _, values) = varied(&library, subject, 3, WHOLE)?;
    for length in 0..state.len() {
        refused(&other, &state[..length], &values).with_context(|| format!("cut after {length} bytes"))?;
    }
    Ok(Verdict::Noted(format!("{} cuts", state.len())))
}

fn flipped(subject: &Subject) -> Result<Verdict> {
    let library = Library::load(&subject.bundle)?;
    let (_plugin, state, _) = varied(&library, subject, 4, WHOLE)?;
    let (other, _, values) = varied(&library, subject, 5, WHOLE)?;
    for bit in 0..8 * state.len() {
        let mut broken = state.clone();
        broken[bit / 8] ^= 1 << (bit % 8);
        refused(&other, &broken, &values).with_context(|| format!("bit {bit}"))?;
    }
    Ok(Verdict::Noted(format!("{} bits", 8 * state.len())))
}

fn reproducible(subject: &Subject, write: usize, read: usize, to_the_byte: bool) -> Result<Verdict> {
    let library = Library::load(&subject.bundle)?;
    for seed in 6..11 {
        let (plugin, state, values) = varied(&library, subject, seed, write)?;
        drop(plugin);
        let plugin = library.plugin(subject.class.clap_id())?;
        let infos = plugin.infos()?;
        ensure!(plugin.load(&state, read)?, "a saved state is refused");
        plugin.faultless()?;
        ensure!(plugin.side.values_rescanned.swap(false, Ordering::AcqRel), "the host is not told of new values");
        let different = differences(&plugin, &infos, &plugin.values(&infos)?, &values)?;
        ensure!(different.is_empty(), "loaded and saved: {}", different.join(", "));
        let again = plugin.save(WHOLE)?;
        ensure!(!to_the_byte || again == state, "{} bytes were loaded, {} others saved", state.len(), again.len());
    }
    Ok(Verdict::Passed)
}

fn while_processing(subject: &Subject) -> Result<Verdict> {
    let library = Library::load(&subject.bundle)?;
    let (plugin, state, _) = varied(&library, subject, 12, WHOLE)?;
    let plugin = &plugin;
    run(plugin, Setup::USUAL, |run| {
        std::thread::scope(|scope| {
            let states = scope.spawn(|| -> Result<()> {
                for _ in 0..100 {
                    ensure!(plugin.load(&state, 100)?, "a saved state is refused");
                    plugin.save(100)?;
                }
                Ok(())
            });
            let mut random = Random::new(13);
            while !states.is_finished() {
                run.noise(&mut random);
                run.block(512, &[])?;
            }
            states.join().map_err(|_| anyhow::anyhow!("a thread panicked"))?
        })
    })
    .or_else(only_thread_faults)?;
    let infos = plugin.infos()?;
    plugin.flush(&[events::value(0, &infos[0], infos[0].min)])?;
    Ok(Verdict::Passed)
}

/// This host's own fault: it loads states off the main thread, as some hosts do, and the plugin then answers from there.
fn only_thread_faults(error: anyhow::Error) -> Result<()> {
    let text = format!("{error:#}");
    if text.split("; ").all(|fault| fault.contains("another thread than the main one")) { Ok(()) } else { Err(error) }
}
