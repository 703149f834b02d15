//! Buses: declared, arranged, and hosts that do not connect them.

use super::instance::{AUDIO, EVENT, IN, Instance, Lent, OUT, ok, text};
use crate::check::random::Random;
use crate::check::{Check, Format, Subject, Verdict};
use crate::{Audio, Class};
use ::vst3::Steinberg::Vst::{BusInfo, BusTypes_, IComponentTrait, SpeakerArr};
use ::vst3::Steinberg::kResultOk;
use anyhow::{Context, Result, ensure};

const FRAMES: usize = 256;
const MONO: u64 = SpeakerArr::kMono;
const STEREO: u64 = SpeakerArr::kStereo;

pub(super) const CHECKS: &[Check] = &[
    check("scan-buses", "every bus has a name; the main bus comes first", scan),
    check("bus-consistency", "a bus says the same whenever it is asked", consistency),
    check("bus-invalid-index", "indices beyond the buses, and below zero, are refused", invalid_index),
    check("bus-activation", "every bus can be switched on and off", activation),
    check("bus-arrangement", "arrangements have the channels that the buses declare", arrangement),
    check("side-chain-arrangement", "a mono main bus beside a stereo side chain, as set", side_chain),
    check("speaker-arrangements", "43 arrangements are taken as they are or refused, and audio flows", arrangements),
    check("buses-off", "auxiliary buses that are arranged away do no harm", off),
    check("buses-missing", "a host that leaves out side chain or key still has its audio passed", missing),
    check("buses-without-memory", "channels without memory are not touched", without_memory),
    check("buses-with-more-channels", "surplus channels are silenced, not read beyond", surplus),
];

const fn check(name: &'static str, about: &'static str, run: fn(&Subject) -> Result<Verdict>) -> Check {
    Check { format: Format::Vst3, name, about, run }
}

/// All of a bus's info, comparable.
fn info(instance: &Instance, media: i32, direction: i32, index: i32) -> Option<(i32, i32, i32, String, i32, u32)> {
    // SAFETY: all zeros are a valid info; the place is valid.
    unsafe {
        let mut info: BusInfo = std::mem::zeroed();
        let result = instance.component.getBusInfo(media, direction, index, &raw mut info);
        (result == kResultOk)
            .then(|| (info.mediaType, info.direction, info.channelCount, text(&info.name), info.busType, info.flags))
    }
}

fn scan(subject: &Subject) -> Result<Verdict> {
    let instance = Instance::new(subject)?;
    let control = subject.class == Class::Control;
    for (media, direction, count) in
        [(AUDIO, IN, 2), (AUDIO, OUT, if control { 2 } else { 1 }), (EVENT, IN, 0), (EVENT, OUT, i32::from(control))]
    {
        let found = instance.bus_count(media, direction);
        ensure!(found == count, "{found} buses of media {media}, direction {direction}, where {count} are expected");
        for index in 0..count {
            let (_, _, channels, name, kind, _) = info(&instance, media, direction, index).context("no info")?;
            ensure!(!name.is_empty() && channels > 0, "a bus named {name:?} of {channels} channels");
            let main = kind == BusTypes_::kMain as i32;
            ensure!(main == (index == 0), "bus {index} ({name}) is of type {kind}");
        }
    }
    Ok(Verdict::Passed)
}

fn consistency(subject: &Subject) -> Result<Verdict> {
    let instance = Instance::new(subject)?;
    let mut random = Random::new(1);
    for (media, direction) in [(AUDIO, IN), (AUDIO, OUT), (EVENT, OUT)] {
        let count = instance.bus_count(media, direction);
        let first: Vec<_> = (0..count).map(|index| info(&instance, media, direction, index)).collect();
        for _ in 0..20 * count {
            let index = random.below(count as u64) as i32;
            let again = info(&instance, media, direction, index);
            ensure!(again == first[index as usize], "bus {index} is {:?}, then {again:?}", first[index as usize]);
        }
    }
    Ok(Verdict::Passed)
}

fn invalid_index(subject: &Subject) -> Result<Verdict> {
    let instance = Instance::new(subject)?;
    for media in [AUDIO, EVENT, 2, -1] {
        for direction in [IN, OUT, 2] {
            let count = instance.bus_count(media, direction);
            for index in [-1, i32::MIN, count, count + 1, i32::MAX] {
                let found = info(&instance, media, direction, index);
                ensure!(found.is_none(), "media {media}, direction {direction}, bus {index}: {found:?}");
                // SAFETY: a plain call.
                let result = unsafe { instance.component.activateBus(media, direction, index, 1) };
                ensure!(result != kResultOk, "media {media}, direction {direction}, bus {index} can be switched on");
            }
        }
    }
    Ok(Verdict::Passed)
}

fn activation(subject: &Subject) -> Result<Verdict> {
    let instance = Instance::new(subject)?;
    for (media, direction) in [(AUDIO, IN), (AUDIO, OUT), (EVENT, IN), (EVENT, OUT)] {
        for index in 0..instance.bus_count(media, direction) {
            for state in [1, 0, 1, 1, 0, 0, 1] {
                // SAFETY: a plain call.
                let result = unsafe { instance.component.activateBus(media, direction, index, state) };
                ok(result, &format!("activateBus({media}, {direction}, {index}, {state})"))?;
            }
        }
    }
    Ok(Verdict::Passed)
}

/// Every bus's info must have the channels of its arrangement.
fn agrees(instance: &Instance) -> Result<()> {
    for direction in [IN, OUT] {
        for (index, speakers) in instance.arrangements(direction)?.iter().enumerate() {
            let channels = info(instance, AUDIO, direction, index as i32).context("no info")?.2;
            let arranged = speakers.count_ones() as i32;
            ensure!(channels == arranged, "bus {index}: {channels} channels, arranged are {arranged}");
        }
    }
    Ok(())
}

fn arrangement(subject: &Subject) -> Result<Verdict> {
    let instance = Instance::new(subject)?;
    agrees(&instance)?;
    Ok(Verdict::Passed)
}

fn side_chain(subject: &Subject) -> Result<Verdict> {
    let instance = Instance::new(subject)?;
    let (mut inputs, mut outputs) = (instance.arrangements(IN)?, instance.arrangements(OUT)?);
    (inputs[0], outputs[0]) = (MONO, MONO);
    ok(instance.arrange(inputs.clone(), outputs.clone()), "setBusArrangements() with a mono main bus")?;
    ensure!(instance.arrangements(IN)? == inputs && instance.arrangements(OUT)? == outputs, "it is another one then");
    agrees(&instance)?;
    instance.start(48_000.0, FRAMES as i32)?;
    passes(&instance)?;
    instance.stop()?;
    Ok(Verdict::Passed)
}

/// Blocks of noise come through bit by bit.
fn passes(instance: &Instance) -> Result<()> {
    let mut random = Random::new(2);
    for _ in 0..20 {
        let noise = instance.noise(&mut random, FRAMES)?;
        let given = instance.block(FRAMES, &noise, &Lent::default())?;
        ensure!(given.outputs[0] == noise[0], "the audio did not pass through");
    }
    Ok(())
}

fn arrangements(subject: &Subject) -> Result<Verdict> {
    let instance = Instance::new(subject)?;
    let counts = (instance.bus_count(AUDIO, IN) as usize, instance.bus_count(AUDIO, OUT) as usize);
    let mut taken = 0;
    for speakers in [SpeakerArr::kEmpty, SpeakerArr::k51, SpeakerArr::k71Cine].into_iter().chain((0..40).map(|bit| {
        // From one speaker to many, beginning at any of them.
        ((1_u64 << (1 + bit % 8)) - 1) << (bit / 8)
    })) {
        let before = (instance.arrangements(IN)?, instance.arrangements(OUT)?);
        let result = instance.arrange(vec![speakers; counts.0], vec![speakers; counts.1]);
        let after = (instance.arrangements(IN)?, instance.arrangements(OUT)?);
        if result == kResultOk {
            taken += 1;
            ensure!(after == (vec![speakers; counts.0], vec![speakers; counts.1]), "{speakers:b} becomes {after:?}");
        } else {
            ensure!(after == before, "{speakers:b} is refused, but {before:?} becomes {after:?}");
        }
        agrees(&instance)?;
        instance.start(48_000.0, FRAMES as i32)?;
        passes(&instance).with_context(|| format!("arranged as {after:?}"))?;
        instance.stop()?;
    }
    Ok(Verdict::Noted(format!("{taken} taken")))
}

fn off(subject: &Subject) -> Result<Verdict> {
    let instance = Instance::new(subject)?;
    let empty = SpeakerArr::kEmpty;
    let outputs = |main: u64, key: u64| if subject.class == Class::Control { vec![main, key] } else { vec![main] };
    for (inputs, outputs) in [
        (vec![STEREO, empty], outputs(STEREO, empty)),
        (vec![MONO, empty], outputs(MONO, STEREO)),
        (vec![STEREO, MONO], outputs(STEREO, MONO)),
        (vec![MONO, MONO], outputs(MONO, MONO)),
        (vec![STEREO, STEREO], outputs(STEREO, STEREO)),
    ] {
        ok(instance.arrange(inputs.clone(), outputs.clone()), &format!("setBusArrangements({inputs:?}, {outputs:?})"))?;
        agrees(&instance)?;
        instance.start(48_000.0, FRAMES as i32)?;
        passes(&instance)?;
        instance.stop()?;
    }
    Ok(Verdict::Passed)
}

/// Processes blocks with `inputs` and `outputs`, made up by the check; the first two channels of memory are main.
fn with_tables(
    subject: &Subject,
    inputs: impl Fn(&mut Audio) -> Vec<Vec<*mut f32>>,
    outputs: impl Fn(&mut Audio) -> Vec<Vec<*mut f32>>,
    look: impl Fn(&Audio, &Audio) -> Result<()>,
) -> Result<Verdict> {
    let instance = Instance::new(subject)?;
    instance.start(48_000.0, FRAMES as i32)?;
    let mut random = Random::new(3);
    let (mut lent_in, mut lent_out) = (vec![vec![0.0; FRAMES]; 8], vec![vec![7.0; FRAMES]; 8]);
    for _ in 0..20 {
        lent_in.iter_mut().for_each(|channel| random.noise(channel));
        let before = lent_in.clone();
        let (mut ins, mut outs) = (inputs(&mut lent_in), outputs(&mut lent_out));
        let (result, _) = instance.process_tables(FRAMES, &mut ins, &mut outs, &Lent::default())?;
        ok(result, "process()")?;
        ensure!(lent_in == before, "an input was written to");
        look(&lent_in, &lent_out)?;
    }
    instance.stop()?;
    Ok(Verdict::Passed)
}

fn pointers(channels: &mut [Vec<f32>]) -> Vec<*mut f32> {
    channels.iter_mut().map(|channel| channel.as_mut_ptr()).collect()
}

fn passed(inputs: &Audio, outputs: &Audio) -> Result<()> {
    ensure!(inputs[..2] == outputs[..2], "the audio did not pass through");
    Ok(())
}

fn missing(subject: &Subject) -> Result<Verdict> {
    let main = |memory: &mut Audio| vec![pointers(&mut memory[..2])];
    with_tables(subject, main, main, passed)?;
    with_tables(
        subject,
        |_| Vec::new(),
        main,
        |_, outputs| {
            ensure!(outputs[..2].iter().flatten().all(|sample| *sample == 0.0), "no input, but an output");
            Ok(())
        },
    )?;
    with_tables(subject, main, |_| Vec::new(), |_, _| Ok(()))
}

fn without_memory(subject: &Subject) -> Result<Verdict> {
    let null = std::ptr::null_mut();
    let nulls = |memory: &mut Audio| vec![pointers(&mut memory[..2]), vec![null, null]];
    with_tables(subject, nulls, nulls, passed)?;
    let empty = |memory: &mut Audio| vec![pointers(&mut memory[..2]), Vec::new()];
    with_tables(subject, empty, empty, passed)
}

fn surplus(subject: &Subject) -> Result<Verdict> {
    let wide = |memory: &mut Audio| vec![pointers(&mut memory[..4]), pointers(&mut memory[4..7])];
    with_tables(subject, wide, wide, |inputs, outputs| {
        passed(inputs, outputs)?;
        ensure!(outputs[2..4].iter().flatten().all(|sample| *sample == 0.0), "surplus channels are not silent");
        Ok(())
    })
}
