//! Audio.

use super::instance::{Instance, Lent, OUT, ok};
use crate::check::random::Random;
use crate::check::{Check, Format, Subject, Verdict};
use ::vst3::Steinberg::Vst::{IAudioProcessorTrait, ProcessData, ProcessModes_, ProcessSetup, SymbolicSampleSizes_};
use ::vst3::Steinberg::kResultOk;
use anyhow::{Context, Result, ensure};

const FRAMES: usize = 512;
const RATES_HZ: [f64; 13] = [
    8_000.0,
    22_050.0,
    32_000.0,
    44_100.0,
    48_000.0,
    88_200.0,
    96_000.0,
    192_000.0,
    384_000.0,
    1_234.567_8,
    12_345.678,
    123_456.78,
    1_234_567.8,
];

pub(super) const CHECKS: &[Check] = &[
    check("process-format", "rates from 1234.5678 Hz to 1.2345678 MHz", formats),
    check("process-64-bits", "64 bit samples are refused, not misread", wide_samples),
    check("variable-block-size", "a different length for each block", lengths),
    check("blocks-longer-than-announced", "blocks twice as long as announced", longer),
    check("set-up-while-active", "another rate without being deactivated in between", without_release),
    check("process-no-prior-setup", "process() without set-up, and before activation, is refused", too_early),
    check("process-null", "process() with nothing at all is refused", null),
    check("set-up-impossible", "rates and lengths of nothing are refused", impossible),
    check("flush-without-buffers", "no samples, no buses: parameters change all the same", flush),
    check("flush-without-samples", "no samples, but buses", flush_with_buses),
    check("silence-flags", "every combination of the input's silence flags", silence_flags),
    check("silence-processing", "silence stays silent and is flagged as such", silence),
    check("process-tail", "silence after noise is silent once the tail is over", tail),
    check("process-threaded", "9999 blocks on another thread", threaded),
    check("process-modes", "real time, prefetch and offline, and from one to the other", modes),
];

const fn check(name: &'static str, about: &'static str, run: fn(&Subject) -> Result<Verdict>) -> Check {
    Check { format: Format::Vst3, name, about, run }
}

fn formats(subject: &Subject) -> Result<Verdict> {
    let instance = Instance::new(subject)?;
    for rate_hz in RATES_HZ {
        instance.start(rate_hz, FRAMES as i32)?;
        instance.noisy_blocks(&mut Random::new(1), 10, FRAMES).with_context(|| format!("at {rate_hz} Hz"))?;
        instance.stop()?;
    }
    Ok(Verdict::Passed)
}

fn wide_samples(subject: &Subject) -> Result<Verdict> {
    let instance = Instance::new(subject)?;
    let wide = SymbolicSampleSizes_::kSample64 as i32;
    // SAFETY: plain calls.
    unsafe {
        ensure!(instance.processor.canProcessSampleSize(wide) != kResultOk, "64 bits are said to be possible");
        let mut setup = ProcessSetup {
            processMode: ProcessModes_::kRealtime as i32,
            symbolicSampleSize: wide,
            maxSamplesPerBlock: FRAMES as i32,
            sampleRate: 48_000.0,
        };
        ensure!(instance.processor.setupProcessing(&raw mut setup) != kResultOk, "64 bits can be set up");
    }
    Ok(Verdict::Passed)
}

fn lengths(subject: &Subject) -> Result<Verdict> {
    let instance = Instance::new(subject)?;
    instance.start(44_100.0, 8_192)?;
    let mut random = Random::new(2);
    for _ in 0..60 {
        let frames = 1 + random.below(8_192) as usize;
        instance.noisy_blocks(&mut random, 1, frames)?;
    }
    for frames in [1, 2, 3, 8_191, 8_192] {
        instance.noisy_blocks(&mut random, 2, frames)?;
    }
    instance.stop()?;
    Ok(Verdict::Passed)
}

fn longer(subject: &Subject) -> Result<Verdict> {
    let instance = Instance::new(subject)?;
    for rate_hz in [44_100.0, 48_000.0, 96_000.0] {
        for announced in [64, 128, 256, 512, 1_024] {
            instance.start(rate_hz, announced)?;
            instance
                .noisy_blocks(&mut Random::new(3), 10, 2 * announced as usize)
                .with_context(|| format!("{rate_hz} Hz, {announced} announced"))?;
            instance.stop()?;
        }
    }
    Ok(Verdict::Passed)
}

fn without_release(subject: &Subject) -> Result<Verdict> {
    let instance = Instance::new(subject)?;
    for rate_hz in [44_100.0, 48_000.0, 96_000.0] {
        for frames in [64, 512, 1_024] {
            instance.start(rate_hz, frames)?;
            instance.noisy_blocks(&mut Random::new(4), 10, frames as usize)?;
        }
    }
    instance.stop()?;
    Ok(Verdict::Passed)
}

fn too_early(subject: &Subject) -> Result<Verdict> {
    let instance = Instance::new(subject)?;
    let mut random = Random::new(5);
    let mut refused = |what: &str| -> Result<()> {
        let mut inputs = instance.noise(&mut random, FRAMES)?;
        let mut outputs: Vec<_> = instance
            .arrangements(OUT)?
            .iter()
            .map(|speakers| vec![vec![0.0; FRAMES]; speakers.count_ones() as usize])
            .collect();
        let (result, _) = instance.process(FRAMES, &mut inputs, &mut outputs, &Lent::default())?;
        ensure!(result != kResultOk, "process() {what} succeeds");
        Ok(())
    };
    refused("without set-up")?;
    instance.set_processing(true);
    refused("without set-up, but with setProcessing()")?;
    instance.set_processing(false);
    ok(instance.setup(48_000.0, FRAMES as i32), "setupProcessing()")?;
    refused("before activation")?;
    instance.start(48_000.0, FRAMES as i32)?;
    instance.noisy_blocks(&mut Random::new(6), 3, FRAMES)?;
    instance.stop()?;
    Ok(Verdict::Passed)
}

fn null(subject: &Subject) -> Result<Verdict> {
    let instance = Instance::new(subject)?;
    instance.start(48_000.0, FRAMES as i32)?;
    // SAFETY: just that is the check; all zeros are an empty block.
    unsafe {
        ensure!(instance.processor.process(std::ptr::null_mut()) != kResultOk, "process(null) succeeds");
        let mut data: ProcessData = std::mem::zeroed();
        ok(instance.processor.process(&raw mut data), "process() of nothing")?;
        data.numSamples = -5;
        ensure!(instance.processor.process(&raw mut data) != kResultOk, "process() of -5 samples succeeds");
        ensure!(instance.processor.setupProcessing(std::ptr::null_mut()) != kResultOk, "setupProcessing(null)");
    }
    instance.stop()?;
    Ok(Verdict::Passed)
}

fn impossible(subject: &Subject) -> Result<Verdict> {
    let instance = Instance::new(subject)?;
    for (rate_hz, frames) in [(0.0, 64), (-1.0, 64), (f64::NAN, 64), (f64::INFINITY, 64), (48_000.0, 0), (48_000.0, -9)]
    {
        ensure!(instance.setup(rate_hz, frames) != kResultOk, "setupProcessing({rate_hz} Hz, {frames}) succeeds");
    }
    Ok(Verdict::Passed)
}

fn flush(subject: &Subject) -> Result<Verdict> {
    let instance = Instance::new(subject)?;
    instance.start(48_000.0, FRAMES as i32)?;
    let ride = instance.number("ride");
    for value in [0.25, 0.75] {
        let lent = Lent { changes: vec![(ride, 0, value)], ..Lent::default() };
        ok(instance.process(0, &mut [], &mut [], &lent)?.0, "process() of no samples")?;
        let now = instance.value(ride);
        ensure!((now - value).abs() < 1e-2, "ride was flushed to {value} and is {now}");
    }
    ok(instance.process(0, &mut [], &mut [], &Lent::default())?.0, "process() of nothing")?;
    instance.stop()?;
    Ok(Verdict::Passed)
}

fn flush_with_buses(subject: &Subject) -> Result<Verdict> {
    let instance = Instance::new(subject)?;
    instance.start(48_000.0, FRAMES as i32)?;
    let ride = instance.number("ride");
    let noise = instance.noise(&mut Random::new(7), 0)?;
    instance.block(0, &noise, &Lent { changes: vec![(ride, 0, 0.25)], ..Lent::default() }).or_else(|error| {
        // Nothing is silent about no samples.
        if format!("{error:#}").contains("flagged") {
            Ok(super::instance::Given { outputs: vec![], silence_flags: vec![] })
        } else {
            Err(error)
        }
    })?;
    ensure!((instance.value(ride) - 0.25).abs() < 1e-2, "ride was not flushed");
    instance.stop()?;
    Ok(Verdict::Passed)
}

fn silence_flags(subject: &Subject) -> Result<Verdict> {
    let instance = Instance::new(subject)?;
    instance.start(48_000.0, FRAMES as i32)?;
    let mut random = Random::new(8);
    for silence_flags in [0, 1, 2, 3, u64::MAX] {
        let noise = instance.noise(&mut random, FRAMES)?;
        let given = instance.block(FRAMES, &noise, &Lent { silence_flags, ..Lent::default() })?;
        ensure!(given.silence_flags[0] == 0, "noise is flagged as silent after {silence_flags:b}");
    }
    instance.stop()?;
    Ok(Verdict::Passed)
}

fn silence(subject: &Subject) -> Result<Verdict> {
    let instance = Instance::new(subject)?;
    instance.start(48_000.0, FRAMES as i32)?;
    let silence = vec![vec![vec![0.0; FRAMES]; 2]; 2];
    for _ in 0..(20 * 48_000 / FRAMES) {
        let given = instance.block(FRAMES, &silence, &Lent { silence_flags: 3, ..Lent::default() })?;
        ensure!(given.silence_flags[0] == 3, "silence is flagged {:b}", given.silence_flags[0]);
    }
    instance.stop()?;
    Ok(Verdict::Passed)
}

fn tail(subject: &Subject) -> Result<Verdict> {
    let instance = Instance::new(subject)?;
    instance.start(48_000.0, FRAMES as i32)?;
    // SAFETY: a plain call.
    let tail = unsafe { instance.processor.getTailSamples() };
    instance.noisy_blocks(&mut Random::new(9), 10, FRAMES)?;
    let silence = vec![vec![vec![0.0; FRAMES]; 2]; 2];
    let mut passed = 0_u64;
    for _ in 0..50 {
        let given = instance.block(FRAMES, &silence, &Lent::default())?;
        let loud = given.outputs[0].iter().flatten().any(|sample| sample.abs() >= 1e-7);
        ensure!(!loud || passed < u64::from(tail), "it sounds {passed} samples after the last, with a tail of {tail}");
        passed += FRAMES as u64;
    }
    instance.stop()?;
    Ok(Verdict::Noted(format!("a tail of {tail} samples before the first block")))
}

fn threaded(subject: &Subject) -> Result<Verdict> {
    let instance = Instance::new(subject)?;
    ok(instance.setup(44_100.0, 64), "setupProcessing()")?;
    ok(instance.set_active(true), "setActive(true)")?;
    let instance = &instance;
    std::thread::scope(|scope| {
        let audio = scope.spawn(move || {
            instance.set_processing(true);
            let blocks = instance.noisy_blocks(&mut Random::new(10), 9_999, 64);
            instance.set_processing(false);
            blocks
        });
        audio.join().map_err(|_| anyhow::anyhow!("the audio thread panicked"))?
    })?;
    ok(instance.set_active(false), "setActive(false)")?;
    Ok(Verdict::Passed)
}

fn modes(subject: &Subject) -> Result<Verdict> {
    let instance = Instance::new(subject)?;
    let (live, prefetch, offline) = (ProcessModes_::kRealtime, ProcessModes_::kPrefetch, ProcessModes_::kOffline);
    for mode in [live, offline, live, prefetch, offline, prefetch, 77] {
        let mut setup = ProcessSetup {
            processMode: mode as i32,
            symbolicSampleSize: SymbolicSampleSizes_::kSample32 as i32,
            maxSamplesPerBlock: FRAMES as i32,
            sampleRate: 48_000.0,
        };
        // SAFETY: a plain call.
        ok(unsafe { instance.processor.setupProcessing(&raw mut setup) }, "setupProcessing()")?;
        ok(instance.set_active(true), "setActive(true)")?;
        instance.set_processing(true);
        instance.noisy_blocks(&mut Random::new(11), 40, FRAMES).with_context(|| format!("mode {mode}"))?;
        instance.stop()?;
    }
    Ok(Verdict::Passed)
}
