//! Instances: many, in wrong order, and begun anew.

use super::instance::{Instance, Lent, ok};
use crate::Class;
use crate::check::random::Random;
use crate::check::{Check, Format, Subject, Verdict};
use ::vst3::Steinberg::Vst::Event_::EventTypes_::{kNoteOffEvent, kNoteOnEvent};
use ::vst3::Steinberg::Vst::{
    IAudioProcessorTrait, IEditControllerTrait, ProcessModes_, ProcessSetup, SymbolicSampleSizes_,
};
use ::vst3::Steinberg::{IPluginBaseTrait, kResultOk};
use anyhow::{Context, Result, ensure};
use std::sync::atomic::Ordering;

const FRAMES: usize = 512;

pub(super) const CHECKS: &[Check] = &[
    check("terminate-initialize", "a terminated component can be initialised again", terminate),
    check("suspend-resume", "activated and deactivated three times over", suspend),
    check("valid-state-transitions", "set up, active, inactive, terminated, initialised, four times over", transitions),
    check("repeated-state-transitions", "a repeated transition is refused", repeated),
    check("life-uninitialized", "an instance that was never initialised goes without harm", uninitialized),
    check("life-many", "100 instances are created and released, some of them activated", many),
    check("life-side-by-side", "16 instances process side by side on threads of their own", side_by_side),
    check(
        "life-hanging-note",
        "a note that sounds at a reset or a deactivation is ended in the next block",
        hanging_note,
    ),
    check("life-latency", "a change of \"align\" asks for a restart on the host's thread only", latency),
    check("life-reset", "stopping and starting the processing begins anew", reset),
];

const fn check(name: &'static str, about: &'static str, run: fn(&Subject) -> Result<Verdict>) -> Check {
    Check { format: Format::Vst3, name, about, run }
}

fn terminate(subject: &Subject) -> Result<Verdict> {
    let instance = Instance::new(subject)?;
    for _ in 0..3 {
        // SAFETY: plain calls, in the order that VST3 wants.
        unsafe {
            ok(instance.component.terminate(), "terminate()")?;
            ok(instance.component.initialize(std::ptr::null_mut()), "initialize() after terminate()")?;
        }
        instance.start(48_000.0, FRAMES as i32)?;
        instance.noisy_blocks(&mut Random::new(1), 3, FRAMES)?;
        instance.stop()?;
    }
    Ok(Verdict::Passed)
}

fn suspend(subject: &Subject) -> Result<Verdict> {
    let instance = Instance::new(subject)?;
    for _ in 0..3 {
        ok(instance.setup(48_000.0, FRAMES as i32), "setupProcessing()")?;
        ok(instance.set_active(true), "setActive(true)")?;
        ok(instance.set_active(false), "setActive(false)")?;
    }
    Ok(Verdict::Passed)
}

fn transitions(subject: &Subject) -> Result<Verdict> {
    let instance = Instance::new(subject)?;
    for _ in 0..4 {
        ok(instance.setup(48_000.0, FRAMES as i32), "setupProcessing()")?;
        ok(instance.set_active(true), "setActive(true)")?;
        ok(instance.set_active(false), "setActive(false)")?;
        // SAFETY: plain calls, in the order that VST3 wants.
        unsafe {
            ok(instance.component.terminate(), "terminate()")?;
            ok(instance.component.initialize(std::ptr::null_mut()), "initialize()")?;
        }
    }
    Ok(Verdict::Passed)
}

fn repeated(subject: &Subject) -> Result<Verdict> {
    let instance = Instance::new(subject)?;
    // SAFETY: plain calls; the wrong order is the check.
    unsafe {
        ensure!(instance.component.initialize(std::ptr::null_mut()) != kResultOk, "initialize() twice succeeds");
        ok(instance.setup(48_000.0, FRAMES as i32), "setupProcessing()")?;
        ok(instance.set_active(true), "setActive(true)")?;
        ensure!(instance.set_active(true) != kResultOk, "setActive(true) twice succeeds");
        ok(instance.set_active(false), "setActive(false)")?;
        ensure!(instance.set_active(false) != kResultOk, "setActive(false) twice succeeds");
        ok(instance.component.terminate(), "terminate()")?;
        ensure!(instance.component.terminate() != kResultOk, "terminate() twice succeeds");
        ok(instance.component.initialize(std::ptr::null_mut()), "initialize() again")?;
    }
    Ok(Verdict::Passed)
}

fn uninitialized(subject: &Subject) -> Result<Verdict> {
    for _ in 0..10 {
        drop(Instance::uninitialized(subject)?);
    }
    Ok(Verdict::Passed)
}

fn many(subject: &Subject) -> Result<Verdict> {
    for seed in 0..100 {
        let instance = Instance::new(subject)?;
        if seed % 10 == 0 {
            instance.start(48_000.0, FRAMES as i32)?;
            instance.noisy_blocks(&mut Random::new(seed), 2, FRAMES)?;
            if seed % 20 == 0 {
                instance.stop()?;
            }
        }
    }
    Ok(Verdict::Passed)
}

fn side_by_side(subject: &Subject) -> Result<Verdict> {
    std::thread::scope(|scope| {
        let instances: Vec<_> = (0..16)
            .map(|seed| {
                scope.spawn(move || {
                    let instance = Instance::new(subject)?;
                    instance.start(48_000.0, FRAMES as i32)?;
                    instance.noisy_blocks(&mut Random::new(seed), 200, FRAMES)?;
                    instance.stop()
                })
            })
            .collect();
        instances
            .into_iter()
            .try_for_each(|instance| instance.join().map_err(|_| anyhow::anyhow!("a thread panicked"))?)
    })?;
    Ok(Verdict::Passed)
}

fn latency(subject: &Subject) -> Result<Verdict> {
    let instance = Instance::new(subject)?;
    let align = instance.number("align");
    // SAFETY: a plain call.
    let latency = || unsafe { instance.processor.getLatencySamples() };
    let mut random = Random::new(2);
    instance.start(48_000.0, FRAMES as i32)?;
    for (wanted, by_automation) in [(1.0, false), (0.0, false), (1.0, true), (0.0, true)] {
        let before = latency();
        instance.handler.restarts.store(0, Ordering::Release);
        if by_automation {
            let noise = instance.noise(&mut random, FRAMES)?;
            instance.block(FRAMES, &noise, &Lent { changes: vec![(align, 0, wanted)], ..Lent::default() })?;
            // nice-plug's helper thread needs a moment; the host then shows any parameter.
            std::thread::sleep(std::time::Duration::from_millis(200));
            let ride = instance.number("ride");
            // SAFETY: a plain call.
            unsafe { instance.controller.setParamNormalized(ride, instance.value(ride)) };
        } else {
            // SAFETY: a plain call.
            unsafe { instance.controller.setParamNormalized(align, wanted) };
        }
        ensure!(instance.handler.restarts.load(Ordering::Acquire) > 0, "align {wanted} asks for no restart");
        instance.noisy_blocks(&mut random, 3, FRAMES)?;
        ensure!(latency() == before, "the latency changes while audio runs");
        instance.stop()?;
        instance.handler.restarts.store(0, Ordering::Release);
        instance.start(48_000.0, FRAMES as i32)?;
        ensure!(instance.handler.restarts.load(Ordering::Acquire) == 0, "activation asks for a restart");
        ensure!((latency() > 0) == (wanted > 0.5), "align {wanted}: a latency of {} samples", latency());
    }
    let strange = instance.handler.strange_threads.load(Ordering::Acquire);
    ensure!(strange == 0, "{strange} restarts were asked for on other threads than the host's");
    instance.stop()?;
    Ok(Verdict::Passed)
}

fn hanging_note(subject: &Subject) -> Result<Verdict> {
    if subject.class != Class::Control {
        return Ok(Verdict::Skipped("it sends no notes".to_owned()));
    }
    let instance = Instance::new(subject)?;
    let demo = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../demo/lithium.flac");
    let song = crate::source::read(&demo)?;
    let count = |kind: u16| instance.heard.borrow().iter().filter(|event| event.r#type == kind).count();
    let silence = vec![vec![vec![0.0; FRAMES]; 2]; 2];
    let until_a_note = || -> Result<()> {
        for block in song.audio[0].chunks_exact(FRAMES) {
            instance.block(FRAMES, &vec![vec![block.to_vec(); 2]; 2], &Lent::default())?;
            if count(kNoteOnEvent as u16) > 0 {
                return Ok(());
            }
        }
        anyhow::bail!("no note comes of the demo")
    };
    let ends = || -> Result<()> {
        instance.block(FRAMES, &silence, &Lent::default())?;
        let ended = count(kNoteOffEvent as u16);
        ensure!(ended == 1, "{ended} notes are ended in the next block");
        Ok(())
    };
    let start = || -> Result<()> {
        let mut setup = ProcessSetup {
            processMode: ProcessModes_::kOffline as i32,
            symbolicSampleSize: SymbolicSampleSizes_::kSample32 as i32,
            maxSamplesPerBlock: FRAMES as i32,
            sampleRate: song.rate_hz,
        };
        // SAFETY: a plain call.
        ok(unsafe { instance.processor.setupProcessing(&raw mut setup) }, "setupProcessing()")?;
        ok(instance.set_active(true), "setActive(true)")?;
        instance.set_processing(true);
        Ok(())
    };
    start()?;
    until_a_note()?;
    instance.set_processing(false);
    instance.set_processing(true);
    ends().context("after a reset")?;
    until_a_note()?;
    instance.stop()?;
    start()?;
    ends().context("after activating anew")?;
    instance.stop()?;
    Ok(Verdict::Passed)
}

fn reset(subject: &Subject) -> Result<Verdict> {
    let instance = Instance::new(subject)?;
    instance.start(48_000.0, FRAMES as i32)?;
    for seed in 0..5 {
        instance.noisy_blocks(&mut Random::new(seed), 5, FRAMES).context("after a reset")?;
        instance.set_processing(false);
        instance.set_processing(true);
    }
    instance.stop()?;
    Ok(Verdict::Passed)
}
