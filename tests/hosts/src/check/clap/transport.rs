//! The host's transport.

use super::events::{self, Event};
use super::library::Library;
use super::run::{Setup, rolling, run, seconds};
use crate::check::random::Random;
use crate::check::{Check, Format, Subject, Verdict};
use anyhow::{Context, Result};
use clap_sys::events::{
    CLAP_TRANSPORT_HAS_SECONDS_TIMELINE, CLAP_TRANSPORT_IS_LOOP_ACTIVE, CLAP_TRANSPORT_IS_PLAYING,
    CLAP_TRANSPORT_IS_RECORDING, clap_event_transport,
};

const FRAMES: usize = 128;

pub(super) const CHECKS: &[Check] = &[
    check("transport-null", "a host without a transport", null),
    check("transport-fuzz", "stops, jumps, loops and tempi that change with every block", fuzz),
    check("transport-fuzz-sample-accurate", "the same by events every 1000, 100 and 1 samples", sample_accurate),
];

const fn check(name: &'static str, about: &'static str, run: fn(&Subject) -> Result<Verdict>) -> Check {
    Check { format: Format::Clap, name, about, run }
}

fn null(subject: &Subject) -> Result<Verdict> {
    let library = Library::load(&subject.bundle)?;
    let plugin = library.plugin(subject.class.clap_id())?;
    run(&plugin, Setup { longest: FRAMES, ..Setup::USUAL }, |run| {
        run.transport = None;
        run.noisy_blocks(&mut Random::new(1), 20)
    })?;
    Ok(Verdict::Passed)
}

/// Any transport at all.
fn anywhere(random: &mut Random) -> clap_event_transport {
    let mut transport = rolling(2_000.0 * random.share() - 100.0);
    for flag in [CLAP_TRANSPORT_IS_PLAYING, CLAP_TRANSPORT_HAS_SECONDS_TIMELINE] {
        if random.below(3) == 0 {
            transport.flags &= !flag;
        }
    }
    for flag in [CLAP_TRANSPORT_IS_LOOP_ACTIVE, CLAP_TRANSPORT_IS_RECORDING] {
        if random.below(3) == 0 {
            transport.flags |= flag;
        }
    }
    transport.tempo = 1.0 + 998.0 * random.share();
    transport.loop_start_seconds = seconds(100.0 * random.share());
    transport.loop_end_seconds = seconds(100.0 * random.share());
    transport.bar_number = random.below(1_000) as i32 - 100;
    transport.tsig_num = random.below(20) as u16;
    transport.tsig_denom = 1 << random.below(6);
    transport
}

fn fuzz(subject: &Subject) -> Result<Verdict> {
    let library = Library::load(&subject.bundle)?;
    let plugin = library.plugin(subject.class.clap_id())?;
    run(&plugin, Setup { longest: FRAMES, ..Setup::USUAL }, |run| {
        let mut random = Random::new(2);
        for _ in 0..200 {
            run.transport = (random.below(10) > 0).then(|| anywhere(&mut random));
            run.noise(&mut random);
            run.block(FRAMES, &[])?;
        }
        Ok(())
    })?;
    Ok(Verdict::Passed)
}

fn sample_accurate(subject: &Subject) -> Result<Verdict> {
    let library = Library::load(&subject.bundle)?;
    let plugin = library.plugin(subject.class.clap_id())?;
    for interval in [1_000, 100, 1] {
        run(&plugin, Setup { longest: FRAMES, ..Setup::USUAL }, |run| {
            let (mut random, mut next) = (Random::new(3), 0);
            for _ in 0..40 {
                let mut events: Vec<Event> = Vec::new();
                while next < FRAMES {
                    events.push(events::transport(next as u32, anywhere(&mut random)));
                    next += interval;
                }
                next -= FRAMES;
                run.noise(&mut random);
                run.block(FRAMES, &events)?;
            }
            Ok(())
        })
        .with_context(|| format!("every {interval} samples"))?;
    }
    Ok(Verdict::Passed)
}
