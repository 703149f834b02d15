//! Parameters and units.

use super::instance::{IN, Instance, Lent, ok, text};
use crate::check::random::Random;
use crate::check::{Check, Format, Subject, Verdict};
use ::vst3::Steinberg::Vst::ParameterInfo_::ParameterFlags_;
use ::vst3::Steinberg::Vst::{IEditControllerTrait, IUnitInfo, IUnitInfoTrait, ParameterInfo, UnitInfo};
use ::vst3::Steinberg::kResultOk;
use anyhow::{Context, Result, ensure};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

const FRAMES: usize = 512;

pub(super) const CHECKS: &[Check] = &[
    check("scan-parameters", "ids, titles, defaults and flags are in order; one bypass", scan),
    check("scan-units", "units have ids, names and parents that exist", units),
    check("parameter-conversions", "texts and values convert into each other and back", conversions),
    check("parameter-unknown", "unknown ids and indices are refused", unknown),
    check(
        "parameter-nonsense-values",
        "values that are no numbers or out of range leave all values in range",
        nonsense,
    ),
    check("parameter-shown-while-processing", "a controller shows what it was told while audio runs", shown),
    check("automation", "points every 10, 100 and 1000 samples, for one parameter and for all", automation),
    check("parameter-fuzz", "50 sets of random values, 5 blocks each, and at the ends of the ranges", fuzz),
    check("parameter-threads", "values from three threads at once while 500 blocks run", threads),
];

const fn check(name: &'static str, about: &'static str, run: fn(&Subject) -> Result<Verdict>) -> Check {
    Check { format: Format::Vst3, name, about, run }
}

fn has(info: &ParameterInfo, flag: i32) -> bool {
    info.flags & flag != 0
}

fn scan(subject: &Subject) -> Result<Verdict> {
    let instance = Instance::new(subject)?;
    let infos = instance.infos()?;
    let ids: BTreeSet<_> = infos.iter().map(|info| info.id).collect();
    ensure!(ids.len() == infos.len(), "two parameters have the same id");
    for info in &infos {
        let name = text(&info.title);
        ensure!(!name.is_empty(), "parameter {} has no title", info.id);
        ensure!(info.id < 1 << 31, "{name}: the id {} is the host's", info.id);
        ensure!(info.stepCount >= 0, "{name}: {} steps", info.stepCount);
        ensure!((0.0..=1.0).contains(&info.defaultNormalizedValue), "{name}: default {}", info.defaultNormalizedValue);
        let both = has(info, ParameterFlags_::kCanAutomate) && has(info, ParameterFlags_::kIsReadOnly);
        ensure!(!both, "{name} is read-only and can be automated");
        let value = instance.value(info.id);
        let near = (value - info.defaultNormalizedValue).abs() < 1e-4;
        ensure!(near, "{name} is {value}, its default {}", info.defaultNormalizedValue);
    }
    let bypasses = infos.iter().filter(|info| has(info, ParameterFlags_::kIsBypass)).count();
    ensure!(bypasses == 1, "{bypasses} parameters are the bypass");
    Ok(Verdict::Noted(format!("{} parameters", infos.len())))
}

fn units(subject: &Subject) -> Result<Verdict> {
    let instance = Instance::new(subject)?;
    let units = instance.controller.cast::<IUnitInfo>().context("it has no units")?;
    // SAFETY: plain calls; all zeros are a valid info and the place is valid.
    let infos = unsafe {
        (0..units.getUnitCount())
            .map(|index| {
                let mut info: UnitInfo = std::mem::zeroed();
                ok(units.getUnitInfo(index, &raw mut info), "getUnitInfo()")?;
                Ok(info)
            })
            .collect::<Result<Vec<_>>>()?
    };
    let ids: BTreeSet<_> = infos.iter().map(|info| info.id).collect();
    ensure!(ids.len() == infos.len(), "two units have the same id");
    for info in &infos {
        let (name, parent) = (text(&info.name), info.parentUnitId);
        ensure!(!name.is_empty() && info.id >= 0, "unit {} is named {name:?}", info.id);
        let root = parent == -1 && info.id == 0;
        ensure!(root || parent == 0 || ids.contains(&parent), "unit {name} has the parent {parent}");
        ensure!(parent != info.id && info.programListId >= -1, "unit {name}");
    }
    for info in instance.infos()? {
        ensure!(info.unitId == 0 || ids.contains(&info.unitId), "{} is in no unit", text(&info.title));
    }
    // SAFETY: as above.
    let beyond = unsafe {
        let mut info: UnitInfo = std::mem::zeroed();
        [-1, infos.len() as i32].map(|index| units.getUnitInfo(index, &raw mut info))
    };
    ensure!(beyond.iter().all(|result| *result != kResultOk), "units beyond the last: {beyond:?}");
    Ok(Verdict::Passed)
}

fn to_text(instance: &Instance, id: u32, value: f64) -> Option<String> {
    let mut buffer = [0; 128];
    // SAFETY: a plain call; the place is valid.
    let result = unsafe { instance.controller.getParamStringByValue(id, value, &raw mut buffer) };
    (result == kResultOk).then(|| text(&buffer))
}

fn to_value(instance: &Instance, id: u32, text: &str) -> Option<f64> {
    let mut wide: Vec<u16> = text.encode_utf16().chain([0]).collect();
    let mut value = f64::NAN;
    // SAFETY: the text ends in zero; the place is valid.
    let result = unsafe { instance.controller.getParamValueByString(id, wide.as_mut_ptr().cast(), &raw mut value) };
    (result == kResultOk).then_some(value)
}

fn conversions(subject: &Subject) -> Result<Verdict> {
    let instance = Instance::new(subject)?;
    for info in instance.infos()? {
        let name = text(&info.title);
        for step in 0..=100 {
            let value = f64::from(step) / 100.0;
            let shown = to_text(&instance, info.id, value).with_context(|| format!("{name}: {value} has no text"))?;
            let read =
                to_value(&instance, info.id, &shown).with_context(|| format!("{name}: \"{shown}\" is not read"))?;
            let again = to_text(&instance, info.id, read);
            ensure!(again.as_deref() == Some(&shown), "{name}: \"{shown}\" is read as {read}, which is {again:?}");
            // SAFETY: plain calls.
            let back = unsafe {
                let plain = instance.controller.normalizedParamToPlain(info.id, value);
                instance.controller.plainParamToNormalized(info.id, plain)
            };
            let steps = info.stepCount.max(1);
            let tolerance = if info.stepCount > 0 { 0.5 / f64::from(steps) } else { 1e-2 };
            ensure!((back - value).abs() <= tolerance + 1e-6, "{name}: {value} comes back as {back}");
        }
    }
    Ok(Verdict::Passed)
}

fn unknown(subject: &Subject) -> Result<Verdict> {
    let instance = Instance::new(subject)?;
    let infos = instance.infos()?;
    for index in [-1, infos.len() as i32, infos.len() as i32 + 1, i32::MAX, i32::MIN] {
        // SAFETY: all zeros are a valid info; the place is valid.
        let result = unsafe {
            let mut info = std::mem::zeroed();
            instance.controller.getParameterInfo(index, &raw mut info)
        };
        ensure!(result != kResultOk, "there is a parameter {index}");
    }
    let id = (0..).find(|id| infos.iter().all(|info| info.id != *id)).unwrap_or_default();
    ensure!(to_text(&instance, id, 0.5).is_none(), "the unknown parameter {id} has a text");
    ensure!(to_value(&instance, id, "0").is_none(), "the unknown parameter {id} reads a text");
    // SAFETY: a plain call.
    let result = unsafe { instance.controller.setParamNormalized(id, 0.5) };
    ensure!(result != kResultOk, "the unknown parameter {id} can be set");
    for info in &infos {
        for nonsense in ["", " ", "nonsense", "NaN", "inf", "-1e999", "\u{1f3a4}", "99999999999999999999"] {
            let read = to_value(&instance, info.id, nonsense);
            let fit = read.is_none_or(|value| (0.0..=1.0).contains(&value));
            ensure!(fit, "{}: \"{nonsense}\" is read as {read:?}", text(&info.title));
        }
    }
    Ok(Verdict::Passed)
}

fn in_range(instance: &Instance) -> Result<()> {
    for info in instance.infos()? {
        let value = instance.value(info.id);
        ensure!((0.0..=1.0).contains(&value), "{} is {value}", text(&info.title));
    }
    Ok(())
}

fn nonsense(subject: &Subject) -> Result<Verdict> {
    let instance = Instance::new(subject)?;
    let infos = instance.infos()?;
    for processing in [false, true] {
        if processing {
            instance.start(48_000.0, FRAMES as i32)?;
        }
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300, -1e300, 2.0, -1.0] {
            for info in &infos {
                // SAFETY: a plain call.
                unsafe { instance.controller.setParamNormalized(info.id, value) };
                // Whatever the text is, there must be no crash.
                to_text(&instance, info.id, value);
            }
            in_range(&instance).with_context(|| format!("after {value}, processing: {processing}"))?;
            if processing {
                let changes = infos.iter().map(|info| (info.id, 3, value)).collect();
                let noise = instance.noise(&mut Random::new(1), FRAMES)?;
                instance.block(FRAMES, &noise, &Lent { changes, ..Lent::default() })?;
                in_range(&instance).with_context(|| format!("after {value} in process()"))?;
            }
        }
    }
    instance.stop()?;
    Ok(Verdict::Passed)
}

fn shown(subject: &Subject) -> Result<Verdict> {
    let instance = Instance::new(subject)?;
    instance.start(48_000.0, FRAMES as i32)?;
    for (id, value) in [("bypass", 1.0), ("bypass", 0.0), ("ride", 0.25), ("threshold", 0.75)] {
        let number = instance.number(id);
        // SAFETY: a plain call.
        unsafe { instance.controller.setParamNormalized(number, value) };
        let told = instance.value(number);
        ensure!((told - value).abs() < 1e-2, "{id} was set to {value} and shows {told}");
        // Then the processor learns the same and another value; the controller must show that one.
        for automated in [value, 1.0 - value] {
            let noise = instance.noise(&mut Random::new(2), FRAMES)?;
            instance.block(FRAMES, &noise, &Lent { changes: vec![(number, 0, automated)], ..Lent::default() })?;
            let now = instance.value(number);
            ensure!((now - automated).abs() < 1e-2, "{id} was automated to {automated} and shows {now}");
        }
    }
    instance.stop()?;
    Ok(Verdict::Passed)
}

fn automation(subject: &Subject) -> Result<Verdict> {
    let instance = Instance::new(subject)?;
    let infos = instance.infos()?;
    let automatable: Vec<_> = infos.iter().filter(|info| has(info, ParameterFlags_::kCanAutomate)).collect();
    for interval in [1_000_u64, 100, 10] {
        for count in [1, automatable.len()] {
            instance.start(44_100.0, FRAMES as i32)?;
            let mut random = Random::new(interval);
            for _ in 0..10 {
                let mut changes = Vec::new();
                for info in &automatable[..count] {
                    for offset in 0..FRAMES {
                        if random.below(interval) == 0 {
                            changes.push((info.id, offset as i32, random.share()));
                        }
                    }
                }
                let noise = instance.noise(&mut random, FRAMES)?;
                let lent = Lent { changes, ..Lent::default() };
                instance
                    .block(FRAMES, &noise, &lent)
                    .with_context(|| format!("{count} parameters, every {interval}"))?;
            }
            instance.stop()?;
        }
    }
    in_range(&instance)?;
    Ok(Verdict::Passed)
}

fn fuzz(subject: &Subject) -> Result<Verdict> {
    let instance = Instance::new(subject)?;
    let infos = instance.infos()?;
    let mut random = Random::new(3);
    for set in 0..100 {
        instance.start(44_100.0, FRAMES as i32)?;
        for block in 0..5 {
            let mut value = || if set < 50 { random.share() } else { random.below(2) as f64 };
            let changes = if block == 0 {
                let automatable = infos.iter().filter(|info| has(info, ParameterFlags_::kCanAutomate));
                automatable.map(|info| (info.id, 0, value())).collect()
            } else {
                Vec::new()
            };
            let noise = instance.noise(&mut random, FRAMES)?;
            instance
                .block(FRAMES, &noise, &Lent { changes, ..Lent::default() })
                .with_context(|| format!("set {set}, block {block}"))?;
        }
        instance.stop()?;
    }
    Ok(Verdict::Passed)
}

fn threads(subject: &Subject) -> Result<Verdict> {
    let instance = Instance::new(subject)?;
    let ids: Vec<u32> = instance.infos()?.iter().map(|info| info.id).collect();
    instance.start(44_100.0, 32)?;
    let done = AtomicBool::new(false);
    let (instance, ids, done) = (&instance, &ids, &done);
    let blocks = std::thread::scope(|scope| {
        for seed in 0..2 {
            scope.spawn(move || {
                let mut random = Random::new(seed);
                while !done.load(Ordering::Acquire) {
                    for id in ids {
                        // SAFETY: a plain call, from a thread from which some hosts make it.
                        unsafe { instance.controller.setParamNormalized(*id, random.share()) };
                        instance.value(*id);
                    }
                }
            });
        }
        let mut random = Random::new(9);
        let blocks = (0..500).try_for_each(|_| {
            let changes = ids.iter().map(|id| (*id, 0, random.share())).collect();
            let noise = instance.noise(&mut random, 32)?;
            instance.block(32, &noise, &Lent { changes, ..Lent::default() }).map(|_| ())
        });
        done.store(true, Ordering::Release);
        blocks
    });
    blocks?;
    instance.stop()?;
    ensure!(instance.arrangements(IN)?.len() == 2, "the buses have changed");
    in_range(instance)?;
    Ok(Verdict::Passed)
}
