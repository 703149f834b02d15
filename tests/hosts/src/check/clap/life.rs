//! Instances: many, in wrong order, and gone without a trace.

use super::events::{self, Sent};
use super::library::{Library, call};
use super::run::{Setup, run};
use crate::check::random::Random;
use crate::check::{Check, Format, Subject, Verdict};
use anyhow::{Context, Result, ensure};
use clap_sys::process::{CLAP_PROCESS_ERROR, clap_process};
use std::sync::atomic::Ordering;

pub(super) const CHECKS: &[Check] = &[
    check("life-process-before-activation", "process() without activate() is an error, not a crash", too_early),
    check("life-activation-impossible", "activate() with a rate or a length of nothing gives false", impossible),
    check("life-many", "200 instances are created and destroyed, some of them activated", many),
    check("life-side-by-side", "16 instances process side by side on threads of their own", side_by_side),
    check("life-unload", "the library is unloaded and loaded again, twenty times", unload),
    check("life-latency", "a change of \"align\" asks for a restart, and the latency changes only then", latency),
];

const fn check(name: &'static str, about: &'static str, run: fn(&Subject) -> Result<Verdict>) -> Check {
    Check { format: Format::Clap, name, about, run }
}

fn too_early(subject: &Subject) -> Result<Verdict> {
    let library = Library::load(&subject.bundle)?;
    let plugin = library.plugin(subject.class.clap_id())?;
    // SAFETY: all zeros are an empty block.
    let mut block: clap_process = unsafe { std::mem::zeroed() };
    for frames in [0, 64] {
        block.frames_count = frames;
        let status = call!(plugin.raw, process(plugin.raw, &raw const block));
        ensure!(status == CLAP_PROCESS_ERROR, "{frames} frames give the status {status}");
    }
    Ok(Verdict::Passed)
}

fn impossible(subject: &Subject) -> Result<Verdict> {
    let library = Library::load(&subject.bundle)?;
    let plugin = library.plugin(subject.class.clap_id())?;
    for (rate_hz, longest) in [(0.0, 64), (-48_000.0, 64), (f64::NAN, 64), (f64::INFINITY, 64), (48_000.0, 0)] {
        let active = call!(plugin.raw, activate(plugin.raw, rate_hz, 1, longest));
        ensure!(!active, "activate({rate_hz}, 1, {longest}) gives true");
    }
    run(&plugin, Setup::USUAL, |run| run.noisy_blocks(&mut Random::new(1), 5))?;
    Ok(Verdict::Passed)
}

/// Threads of this process, where the system says.
fn threads() -> Option<usize> {
    std::fs::read_dir("/proc/self/task").ok().map(Iterator::count)
}

fn many(subject: &Subject) -> Result<Verdict> {
    let library = Library::load(&subject.bundle)?;
    let before = threads();
    for index in 0..200 {
        let plugin = library.plugin(subject.class.clap_id())?;
        if index % 20 == 0 {
            run(&plugin, Setup::USUAL, |run| run.noisy_blocks(&mut Random::new(index), 2))?;
        }
    }
    // The worker ends with the last instance, which it may notice a moment later.
    for _ in 0..100 {
        if threads() <= before {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    ensure!(threads() <= before, "{:?} threads before, {:?} after", before, threads());
    Ok(Verdict::Passed)
}

fn side_by_side(subject: &Subject) -> Result<Verdict> {
    std::thread::scope(|scope| {
        let instances: Vec<_> = (0..16_u64)
            .map(|seed| {
                scope.spawn(move || {
                    let library = Library::load(&subject.bundle)?;
                    let plugin = library.plugin(subject.class.clap_id())?;
                    run(&plugin, Setup::USUAL, |run| run.noisy_blocks(&mut Random::new(seed), 200))
                })
            })
            .collect();
        instances
            .into_iter()
            .try_for_each(|instance| instance.join().map_err(|_| anyhow::anyhow!("a thread panicked"))?)
    })?;
    Ok(Verdict::Passed)
}

fn unload(subject: &Subject) -> Result<Verdict> {
    for round in 0..20 {
        let library = Library::load(&subject.bundle)?;
        let plugin = library.plugin(subject.class.clap_id())?;
        run(&plugin, Setup::USUAL, |run| run.noisy_blocks(&mut Random::new(round), 3))?;
    }
    Ok(Verdict::Passed)
}

fn latency(subject: &Subject) -> Result<Verdict> {
    let library = Library::load(&subject.bundle)?;
    let plugin = library.plugin(subject.class.clap_id())?;
    let infos = plugin.infos()?;
    let align = infos.iter().find(|info| info.id == crate::ids::number("align")).context("it has no \"align\"")?;
    let mut known = 0;
    for wanted in [0.0, 1.0, 0.0] {
        let event = [events::value(0, align, wanted)];
        let held = known;
        let watched = &plugin;
        let event = Sent(&event);
        let restart = run(&plugin, Setup::USUAL, move |run| {
            run.noisy_blocks(&mut Random::new(1), 3)?;
            let before = watched.latency()?;
            watched.side.restart_wanted.store(false, Ordering::Release);
            run.block(512, event.get())?;
            run.noisy_blocks(&mut Random::new(2), 3)?;
            ensure!(watched.latency()? == before, "the latency changes while audio runs");
            Ok(watched.side.restart_wanted.load(Ordering::Acquire))
        })?;
        ensure!(restart == ((wanted > 0.5) != (held > 0)), "align {wanted} after {held} samples: restart {restart}");
        run(&plugin, Setup::USUAL, |run| run.noisy_blocks(&mut Random::new(3), 1))?;
        known = plugin.latency()?;
        ensure!((known > 0) == (wanted > 0.5), "align {wanted}: a latency of {known} samples");
    }
    Ok(Verdict::Passed)
}
