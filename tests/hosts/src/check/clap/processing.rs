//! Audio.

use super::events::{stray_midi, stray_note};
use super::library::{Library, call};
use super::run::{Setup, run};
use crate::check::random::Random;
use crate::check::{Check, Format, Subject, Verdict};
use anyhow::{Context, Result, ensure};
use clap_sys::ext::tail::{CLAP_EXT_TAIL, clap_plugin_tail};
use clap_sys::process::CLAP_PROCESS_SLEEP;

const RATES_HZ: [f64; 13] = [
    8_000.0,
    22_050.0,
    44_100.0,
    48_000.0,
    88_200.0,
    96_000.0,
    192_000.0,
    384_000.0,
    768_000.0,
    1_234.567_8,
    12_345.678,
    45_678.901,
    123_456.78,
];
const LENGTHS: [usize; 9] = [1, 256, 1_024, 4_096, 16_384, 1_536, 10, 17, 2_027];

pub(super) const CHECKS: &[Check] = &[
    check("process-audio-basic-out-of-place", "noise is processed: all outputs written, finite, normal", |subject| {
        basic(subject, false)
    }),
    check("process-audio-basic-in-place", "the same with ports that share their memory", |subject| {
        basic(subject, true)
    }),
    check("process-audio-denormals", "denormal input is processed and leaves no denormals on the key bus", denormals),
    check(
        "process-sleep-constant-mask",
        "channels flagged as constant are, and silent ones are flagged",
        constant_mask,
    ),
    check("process-sleep-process-status", "the plugin never goes to sleep while it has something to say", status),
    check("process-tail", "while it listens its tail is endless, so that a host goes on calling in silence", tail),
    check("process-note-inconsistent", "events for ports that it lacks do no harm", stray_events),
    check("process-varying-sample-rates", "rates from 1234.5678 to 768000 Hz", varying_rates),
    check("process-varying-block-sizes", "blocks of 1 to 16384 frames", varying_lengths),
    check("process-random-block-sizes", "a different length for each block", random_lengths),
    check("process-reset-reactivate", "noise after a reset and after activating anew", reset_reactivate),
];

const fn check(name: &'static str, about: &'static str, run: fn(&Subject) -> Result<Verdict>) -> Check {
    Check { format: Format::Clap, name, about, run }
}

fn basic(subject: &Subject, in_place: bool) -> Result<Verdict> {
    let library = Library::load(&subject.bundle)?;
    let plugin = library.plugin(subject.class.clap_id())?;
    run(&plugin, Setup { in_place, ..Setup::USUAL }, |run| run.noisy_blocks(&mut Random::new(1), 50))?;
    Ok(Verdict::Passed)
}

fn tail(subject: &Subject) -> Result<Verdict> {
    let library = Library::load(&subject.bundle)?;
    let plugin = library.plugin(subject.class.clap_id())?;
    let asked = &plugin;
    let told = run(asked, Setup::USUAL, move |run| {
        run.noisy_blocks(&mut Random::new(1), 3)?;
        let tail = asked.extension::<clap_plugin_tail>(CLAP_EXT_TAIL)?.context("the plugin tells no tail")?;
        Ok(call!(tail, get(asked.raw)))
    })?;
    ensure!(told == u32::MAX, "a tail of {told} samples");
    Ok(Verdict::Passed)
}

fn denormals(subject: &Subject) -> Result<Verdict> {
    let library = Library::load(&subject.bundle)?;
    let plugin = library.plugin(subject.class.clap_id())?;
    run(&plugin, Setup::USUAL, |run| {
        let mut random = Random::new(2);
        for _ in 0..50 {
            for channel in run.inputs.iter_mut().flatten() {
                channel.fill_with(|| (2.0 * random.share() as f32 - 1.0) * f32::MIN_POSITIVE);
            }
            // What passes through the main ports is what came in; the rest is the plugin's own.
            run.subnormals_allowed = true;
            run.block(512, &[])?;
            let own = run.outputs.iter().skip(1).flatten().flat_map(|channel| &channel[..512]);
            ensure!(own.clone().all(|sample| !sample.is_subnormal()), "the key bus has denormals");
        }
        Ok(())
    })?;
    Ok(Verdict::Passed)
}

fn constant_mask(subject: &Subject) -> Result<Verdict> {
    let library = Library::load(&subject.bundle)?;
    let plugin = library.plugin(subject.class.clap_id())?;
    run(&plugin, Setup::USUAL, |run| {
        run.block(512, &[])?;
        ensure!(run.constant[0] == 0b11, "silence passes and is not flagged: {:b}", run.constant[0]);
        run.noise(&mut Random::new(3));
        run.block(512, &[])?;
        ensure!(run.constant[0] == 0, "noise passes and is flagged: {:b}", run.constant[0]);
        run.silence();
        for _ in 3..=40 {
            run.block(512, &[])?;
        }
        ensure!(run.constant[0] == 0b11, "silence passes again and is not flagged: {:b}", run.constant[0]);
        Ok(())
    })?;
    Ok(Verdict::Passed)
}

fn status(subject: &Subject) -> Result<Verdict> {
    let library = Library::load(&subject.bundle)?;
    let plugin = library.plugin(subject.class.clap_id())?;
    run(&plugin, Setup::USUAL, |run| {
        let mut random = Random::new(4);
        for quiet in [true, false, true, false, true, true] {
            for _ in 0..10 {
                if quiet {
                    run.silence()
                } else {
                    run.noise(&mut random)
                }
                ensure!(run.block(512, &[])? != CLAP_PROCESS_SLEEP, "the plugin goes to sleep");
            }
        }
        Ok(())
    })?;
    Ok(Verdict::Passed)
}

fn stray_events(subject: &Subject) -> Result<Verdict> {
    let library = Library::load(&subject.bundle)?;
    let plugin = library.plugin(subject.class.clap_id())?;
    run(&plugin, Setup::USUAL, |run| {
        let mut random = Random::new(5);
        for _ in 0..20 {
            run.noise(&mut random);
            let mut events: Vec<_> = (0..20)
                .map(|index| {
                    let byte = |random: &mut Random| random.below(256) as u8;
                    let (time, key) = (index * 25, random.below(200) as i16 - 20);
                    if random.below(2) == 0 {
                        stray_note(time, key)
                    } else {
                        stray_midi(time, [byte(&mut random), byte(&mut random), byte(&mut random)])
                    }
                })
                .collect();
            events.sort_by_key(|event| event.header().time);
            run.block(512, &events)?;
        }
        Ok(())
    })?;
    Ok(Verdict::Passed)
}

fn varying_rates(subject: &Subject) -> Result<Verdict> {
    let library = Library::load(&subject.bundle)?;
    let plugin = library.plugin(subject.class.clap_id())?;
    for rate_hz in RATES_HZ {
        run(&plugin, Setup { rate_hz, ..Setup::USUAL }, |run| run.noisy_blocks(&mut Random::new(6), 5))
            .with_context(|| format!("at {rate_hz} Hz"))?;
    }
    Ok(Verdict::Passed)
}

fn varying_lengths(subject: &Subject) -> Result<Verdict> {
    let library = Library::load(&subject.bundle)?;
    let plugin = library.plugin(subject.class.clap_id())?;
    for longest in LENGTHS {
        let blocks = (16_384 / longest).clamp(1, 50);
        run(&plugin, Setup { longest, ..Setup::USUAL }, |run| run.noisy_blocks(&mut Random::new(7), blocks))
            .with_context(|| format!("in blocks of {longest}"))?;
    }
    Ok(Verdict::Passed)
}

fn random_lengths(subject: &Subject) -> Result<Verdict> {
    let library = Library::load(&subject.bundle)?;
    let plugin = library.plugin(subject.class.clap_id())?;
    run(&plugin, Setup { longest: 2_048, ..Setup::USUAL }, |run| {
        let mut random = Random::new(8);
        for _ in 0..60 {
            run.noise(&mut random);
            let frames = if random.below(5) == 0 { 1 } else { 2 + random.below(2_047) as usize };
            run.block(frames, &[])?;
        }
        Ok(())
    })?;
    Ok(Verdict::Passed)
}

fn reset_reactivate(subject: &Subject) -> Result<Verdict> {
    let library = Library::load(&subject.bundle)?;
    let plugin = library.plugin(subject.class.clap_id())?;
    for seed in 9..12 {
        run(&plugin, Setup::USUAL, |run| {
            run.noisy_blocks(&mut Random::new(seed), 5)?;
            run.reset()?;
            run.noisy_blocks(&mut Random::new(seed), 5)
        })?;
    }
    Ok(Verdict::Passed)
}
