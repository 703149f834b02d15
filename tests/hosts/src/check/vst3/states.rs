//! Saved states.

use super::instance::{Instance, Lent, ok};
use crate::check::random::Random;
use crate::check::{Check, Format, Subject, Verdict};
use crate::vst3::state;
use ::vst3::Steinberg::Vst::IEditControllerTrait;
use anyhow::{Context, Result, ensure};

const FRAMES: usize = 512;

pub(super) const CHECKS: &[Check] = &[
    check("state-restoration", "a state brings all values back, and saves as the same bytes", restoration),
    check("state-empty-random", "empty and random states are refused and change nothing", broken),
    check("state-truncated", "a state cut anywhere is refused, and changes nothing", truncated),
    check("state-flipped", "a state with any one bit flipped is refused, and changes nothing", flipped),
    check("bypass-persistence", "a flushed bypass is shown, saved, and comes back", bypass),
    check("state-background-thread", "states are saved and loaded on another thread while audio runs", background),
];

const fn check(name: &'static str, about: &'static str, run: fn(&Subject) -> Result<Verdict>) -> Check {
    Check { format: Format::Vst3, name, about, run }
}

fn values(instance: &Instance) -> Result<Vec<f64>> {
    Ok(instance.infos()?.iter().map(|info| instance.value(info.id)).collect())
}

fn scatter(instance: &Instance, seed: u64) -> Result<()> {
    let mut random = Random::new(seed);
    for info in instance.infos()? {
        // SAFETY: a plain call.
        unsafe { instance.controller.setParamNormalized(info.id, random.share()) };
    }
    Ok(())
}

fn load(instance: &Instance, bytes: &[u8]) -> bool {
    state::load(&instance.component, &instance.controller, bytes)
}

fn save(instance: &Instance) -> Result<Vec<u8>> {
    state::save(&instance.component)
}

fn restoration(subject: &Subject) -> Result<Verdict> {
    let instance = Instance::new(subject)?;
    for seed in 0..5 {
        scatter(&instance, seed)?;
        let (saved, was) = (save(&instance)?, values(&instance)?);
        scatter(&instance, seed + 100)?;
        ensure!(values(&instance)? != was, "no value has changed");
        for target in [&instance, &Instance::new(subject)?] {
            ensure!(load(target, &saved), "a saved state is refused");
            let off = values(target)?.iter().zip(&was).map(|(is, was)| (is - was).abs()).fold(0.0, f64::max);
            ensure!(off < 1e-5, "a value is off by {off}");
            ensure!(save(target)? == saved, "saving what was loaded gives other bytes");
        }
    }
    Ok(Verdict::Passed)
}

fn refused(instance: &Instance, bytes: &[u8], was: &[f64]) -> Result<()> {
    ensure!(!load(instance, bytes), "it is taken");
    ensure!(values(instance)? == was, "it has changed values");
    Ok(())
}

fn broken(subject: &Subject) -> Result<Verdict> {
    let instance = Instance::new(subject)?;
    scatter(&instance, 1)?;
    let was = values(&instance)?;
    refused(&instance, &[], &was).context("an empty state")?;
    let mut random = Random::new(2);
    for _ in 0..3 {
        refused(&instance, &random.bytes(1 << 20), &was).context("random bytes")?;
    }
    for text in ["{}", "null", "[", "{\"version\":\"0.1.0\"}", "{\"version\":\"99.0.0\",\"params\":{},\"fields\":{}}"] {
        refused(&instance, text.as_bytes(), &was).with_context(|| text.to_owned())?;
    }
    let wild =
        b"{\"version\":\"0.1.0\",\"params\":{\"ride\":{\"f32\":1e38},\"threshold\":{\"f32\":-1e38}},\"fields\":{}}";
    load(&instance, wild);
    ensure!(values(&instance)?.iter().all(|value| (0.0..=1.0).contains(value)), "wild numbers leave the range");
    Ok(Verdict::Passed)
}

fn truncated(subject: &Subject) -> Result<Verdict> {
    let instance = Instance::new(subject)?;
    let saved = save(&instance)?;
    scatter(&instance, 3)?;
    let was = values(&instance)?;
    for length in 0..saved.len() {
        refused(&instance, &saved[..length], &was).with_context(|| format!("cut after {length} bytes"))?;
    }
    // A state as the first versions saved it: without mark and seal.
    let seal = saved.iter().rposition(|byte| *byte == b'\n').context("the state has no seal")?;
    ensure!(load(&instance, &saved[1..seal]), "a state without a seal is refused");
    Ok(Verdict::Noted(format!("{} cuts", saved.len())))
}

fn flipped(subject: &Subject) -> Result<Verdict> {
    let instance = Instance::new(subject)?;
    let saved = save(&instance)?;
    scatter(&instance, 4)?;
    let was = values(&instance)?;
    for bit in 0..8 * saved.len() {
        let mut bytes = saved.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        refused(&instance, &bytes, &was).with_context(|| format!("bit {bit}"))?;
    }
    Ok(Verdict::Noted(format!("{} bits", 8 * saved.len())))
}

fn bypass(subject: &Subject) -> Result<Verdict> {
    let instance = Instance::new(subject)?;
    let number = instance.number("bypass");
    instance.start(48_000.0, FRAMES as i32)?;
    let mut saved = Vec::new();
    for value in [1.0, 0.0] {
        // SAFETY: a plain call.
        unsafe { instance.controller.setParamNormalized(number, value) };
        ensure!(instance.value(number) == value, "bypass was set to {value} and shows {}", instance.value(number));
        let lent = Lent { changes: vec![(number, 0, value)], ..Lent::default() };
        ok(instance.process(0, &mut [], &mut [], &lent)?.0, "process() of no samples")?;
        ensure!(instance.value(number) == value, "bypass was flushed to {value} and shows {}", instance.value(number));
        saved.push(save(&instance)?);
    }
    ensure!(load(&instance, &saved[0]) && instance.value(number) == 1.0, "a saved bypass does not come back");
    instance.stop()?;
    ensure!(load(&instance, &saved[1]) && instance.value(number) == 0.0, "a saved bypass does not go again");
    Ok(Verdict::Passed)
}

fn background(subject: &Subject) -> Result<Verdict> {
    let instance = Instance::new(subject)?;
    let saved = save(&instance)?;
    instance.start(44_100.0, FRAMES as i32)?;
    let instance = &instance;
    std::thread::scope(|scope| {
        let states = scope.spawn(move || -> Result<()> {
            for _ in 0..100 {
                ensure!(load(instance, &saved), "a saved state is refused");
                save(instance)?;
            }
            Ok(())
        });
        let mut random = Random::new(5);
        while !states.is_finished() {
            instance.noisy_blocks(&mut random, 1, FRAMES)?;
        }
        states.join().map_err(|_| anyhow::anyhow!("a thread panicked"))?
    })?;
    instance.stop()?;
    Ok(Verdict::Passed)
}
