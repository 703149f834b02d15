//! Instances: many, in wrong order, and gone without a trace.

use super::events::{self, Sent};
use super::library::{Library, call};
use super::run::{Run, Setup, run};
use crate::Class;
use crate::check::random::Random;
use crate::check::{Check, Format, Subject, Verdict};
use anyhow::{Context, Result, ensure};
use clap_sys::events::{CLAP_EVENT_NOTE_OFF, CLAP_EVENT_NOTE_ON, CLAP_TRANSPORT_IS_PLAYING};
use clap_sys::ext::gui::{CLAP_EXT_GUI, clap_plugin_gui};
use clap_sys::ext::render::{CLAP_EXT_RENDER, CLAP_RENDER_OFFLINE, clap_plugin_render};
use clap_sys::process::{CLAP_PROCESS_ERROR, clap_process};
use std::sync::atomic::Ordering;

pub(super) const CHECKS: &[Check] = &[
    check("life-process-before-activation", "process() without activate() is an error, not a crash", too_early),
    check("life-activation-impossible", "activate() with a rate or a length of nothing gives false", impossible),
    check("life-many", "200 instances are created and destroyed, some of them activated", many),
    check("life-side-by-side", "16 instances process side by side on threads of their own", side_by_side),
    check("life-unload", "the library is unloaded and loaded again, twenty times", unload),
    check(
        "life-hanging-note",
        "a note that sounds at a reset or a deactivation is ended in the next block",
        hanging_note,
    ),
    check("life-windowless", "a host that shows no windows is offered none", windowless),
    check(
        "life-foresight",
        "with \"align\" a longer attack asks for a restart while the transport stands, never while it rolls",
        foresight,
    ),
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

fn windowless(subject: &Subject) -> Result<Verdict> {
    let library = Library::load(&subject.bundle)?;
    for shows in [false, true] {
        let plugin = library.create(subject.class.clap_id())?;
        plugin.side.shows_windows.store(shows, Ordering::Release);
        plugin.init()?;
        let offered = plugin.extension::<clap_plugin_gui>(CLAP_EXT_GUI)?.is_some();
        ensure!(offered == shows, "windows shown: {shows}, offered: {offered}");
    }
    Ok(Verdict::Passed)
}

fn foresight(subject: &Subject) -> Result<Verdict> {
    let library = Library::load(&subject.bundle)?;
    let plugin = library.plugin(subject.class.clap_id())?;
    let infos = plugin.infos()?;
    let info = |id: &str| infos.iter().find(|info| info.id == crate::ids::number(id)).context("a parameter is missing");
    let (align, attack) = (info("align")?, info("attack")?);
    let long = plugin.parse(attack.id, "900 ms")?.context("\"900 ms\" is not read")?;
    plugin.flush(&[events::value(0, align, 1.0)])?;
    let event = [events::value(0, attack, long)];
    let (watched, event) = (&plugin, Sent(&event));
    let asked = move || watched.side.restart_wanted.swap(false, Ordering::AcqRel);
    let (rolling, standing, latency) = run(&plugin, Setup::USUAL, move |run| {
        run.noisy_blocks(&mut Random::new(1), 3)?;
        asked();
        run.block(512, event.get())?;
        run.noisy_blocks(&mut Random::new(2), 3)?;
        let rolling = asked();
        if let Some(transport) = &mut run.transport {
            transport.flags &= !CLAP_TRANSPORT_IS_PLAYING;
        }
        run.noisy_blocks(&mut Random::new(3), 3)?;
        Ok((rolling, asked(), watched.latency()?))
    })?;
    ensure!(!rolling, "it asks for a restart while the transport rolls");
    ensure!(standing, "it asks for none while the transport stands");
    run(&plugin, Setup::USUAL, |run| run.noisy_blocks(&mut Random::new(4), 1))?;
    let longer = plugin.latency()?;
    // 300 ms instead of 20 confirm a voice.
    let more_s = f64::from(longer.saturating_sub(latency)) / Setup::USUAL.rate_hz;
    ensure!((0.25..0.3).contains(&more_s), "a latency of {longer} samples after {latency}");
    Ok(Verdict::Passed)
}

/// Frames of the first half of the demo, which a song's worth of voice is in.
fn song() -> Result<Vec<f32>> {
    let demo = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../demo/lithium.flac");
    let source = crate::source::read(&demo)?;
    let resampled = crate::source::resample(&source.audio, source.rate_hz, Setup::USUAL.rate_hz)?;
    resampled.into_iter().next().context("the demo has a channel")
}

fn hanging_note(subject: &Subject) -> Result<Verdict> {
    if subject.class != Class::Control {
        return Ok(Verdict::Skipped("it sends no notes".to_owned()));
    }
    let library = Library::load(&subject.bundle)?;
    let plugin = library.plugin(subject.class.clap_id())?;
    let render = plugin.extension::<clap_plugin_render>(CLAP_EXT_RENDER)?.context("it does not render offline")?;
    ensure!(call!(render, set(plugin.raw, CLAP_RENDER_OFFLINE)), "it does not render offline");
    let song = song()?;
    let song = &song;
    let until_a_note = |run: &mut Run<'_>| -> Result<()> {
        for block in song.chunks_exact(512) {
            run.inputs.iter_mut().flatten().for_each(|channel| channel[..512].copy_from_slice(block));
            run.block(512, &[])?;
            if run.said.iter().any(|said| said.kind == CLAP_EVENT_NOTE_ON) {
                return Ok(());
            }
        }
        anyhow::bail!("no note comes of the demo")
    };
    let ends = |run: &mut Run<'_>| -> Result<()> {
        run.silence();
        run.block(512, &[])?;
        let ended = run.said.iter().filter(|said| said.kind == CLAP_EVENT_NOTE_OFF).count();
        ensure!(ended == 1, "{ended} notes are ended in the next block");
        Ok(())
    };
    run(&plugin, Setup::USUAL, |run| {
        until_a_note(run)?;
        run.reset()?;
        ends(run).context("after a reset")?;
        until_a_note(run)
    })?;
    run(&plugin, Setup::USUAL, |run| ends(run).context("after activating anew"))?;
    Ok(Verdict::Passed)
}
