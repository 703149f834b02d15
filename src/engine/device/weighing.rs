//! What a net costs on another device and on the processor, and whether both say the same.

use std::time::{Duration, Instant};

use earmark_gpu::Voice;

use super::accelerator::RemoteNet;
use super::cpu::Cpu;
use crate::engine::tagging::TaggerWindow;
use crate::nets::{Card, Net, Tagging};

/// What a device's probabilities may differ from the processor's.
const TOLERANCE: f32 = 1e-3;
/// Each side is timed this often, and the fastest counts.
const TIMES: usize = 3;
/// Rows of the voice net's trial: more than it looks ahead, so that it says something.
const TRIAL_ROWS: usize = 40;
/// The trial's streams are none of the engine's.
const TRIAL_STREAMS: u64 = 1 << 63;

/// Time of the same work on both devices.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Cost {
    /// On the processor.
    pub(super) here: Duration,
    /// On the other device, with all that it takes to get there and back.
    pub(super) there: Duration,
}

impl Cost {
    /// Whether the other device is clearly faster.
    pub(super) fn pays(self) -> bool {
        self.there.mul_f32(1.25) < self.here
    }
}

/// Tries the voice net on both devices with the same frames.
///
/// # Errors
/// A device that failed or says something else, in words.
pub(super) fn try_voice(cpu: &Cpu, net: &mut dyn RemoteNet) -> Result<(), String> {
    let local = cpu.voice_net().map_err(|error| error.to_string())?;
    let bands = cpu.models.vocal.card.front_end.n_mels;
    let frames = noise(bands * (TRIAL_ROWS + local.look_ahead_frames()), around(&cpu.models.vocal.net), 1);
    // In two unequal steps, so that what is remembered between them counts too.
    let (first, second) = frames.split_at(bands * (TRIAL_ROWS / 3));
    let mut memory = local.stream();
    let mut worst = 0.0_f32;
    for (step, frames) in [first, second].into_iter().enumerate() {
        let said = local.step(&mut [&mut memory], &[frames], false).map_err(|error| error.to_string())?;
        let voice = Voice { stream: TRIAL_STREAMS, begins: step == 0, frames };
        worst = worst.max(distance(&said.concat(), &net.voice(&[voice], &[], false)?.concat()));
    }
    net.voice(&[], &[TRIAL_STREAMS], false)?;
    agree(worst)
}

/// Times the voice net on both devices: one new frame of each of `streams` streams, as when they play.
///
/// # Errors
/// A device that failed, in words.
pub(super) fn weigh_voice(cpu: &Cpu, net: &mut dyn RemoteNet, streams: usize) -> Result<Cost, String> {
    let local = cpu.voice_net().map_err(|error| error.to_string())?;
    let frame = noise(cpu.models.vocal.card.front_end.n_mels, around(&cpu.models.vocal.net), 2);
    let frames = vec![frame.as_slice(); streams];
    let mut memories: Vec<_> = (0..streams).map(|_| local.stream()).collect();
    let ids: Vec<u64> = (0..streams as u64).map(|number| TRIAL_STREAMS + number).collect();
    let mut begins = true;
    let there = fastest(|| {
        let voices: Vec<Voice<'_>> = ids.iter().map(|&stream| Voice { stream, begins, frames: &frame }).collect();
        begins = false;
        net.voice(&voices, &[], false).map(drop)
    })?;
    net.voice(&[], &ids, false)?;
    let here = fastest(|| {
        let said = local.step(&mut memories.iter_mut().collect::<Vec<_>>(), &frames, false);
        said.map(drop).map_err(|error| error.to_string())
    })?;
    Ok(Cost { here, there })
}

/// Tries tagger number `tagger` on both devices with the same window, and times it.
///
/// # Errors
/// A device that failed or says something else, in words.
pub(super) fn weigh_tagger(cpu: &Cpu, tagger: usize, net: &mut dyn RemoteNet) -> Result<Cost, String> {
    let model = cpu.tagger(tagger).map_err(|error| error.to_string())?;
    let values = TaggerWindow::of(&model.net).frames * model.card.front_end.n_mels;
    let window = noise(values, around(&model.net), 3 + tagger as u64);
    let mut said: [Vec<Tagging>; 2] = Default::default();
    let there = fastest(|| {
        said[0] = net.tag(&[&window])?;
        Ok(())
    })?;
    let here = fastest(|| {
        said[1] = vec![cpu.tag(tagger, &window).map_err(|error| error.to_string())?];
        Ok(())
    })?;
    let [theirs, ours] = said.map(|mut said| said.pop());
    let (Some(theirs), Some(ours)) = (theirs, ours) else { return Err("said nothing of a window".to_owned()) };
    let relative =
        |ours: &[f32], theirs: &[f32]| distance(ours, theirs) / ours.iter().fold(1.0_f32, |most, x| most.max(x.abs()));
    let layers = relative(&ours.embedding, &theirs.embedding).max(relative(&ours.inner, &theirs.inner));
    agree(distance(&ours.probability, &theirs.probability).max(layers))?;
    Ok(Cost { here, there })
}

/// What is said of a net that failed.
pub(super) fn of(card: &Card, why: &str) -> String {
    format!("{}: {why}", card.name)
}

fn agree(worst: f32) -> Result<(), String> {
    if worst <= TOLERANCE { Ok(()) } else { Err(format!("says something else than the processor, by {worst:.1e}")) }
}

/// The largest difference; infinite where there is not as much of both.
fn distance(a: &[f32], b: &[f32]) -> f32 {
    if a.len() != b.len() {
        return f32::INFINITY;
    }
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

fn fastest(mut work: impl FnMut() -> Result<(), String>) -> Result<Duration, String> {
    let mut fastest = Duration::MAX;
    for _ in 0..TIMES {
        let start = Instant::now();
        work()?;
        fastest = fastest.min(start.elapsed());
    }
    Ok(fastest)
}

/// Level and spread of what the net usually hears.
fn around(net: &Net) -> [f32; 2] {
    match net {
        Net::Vocal(_) => [12.0, 4.0],
        Net::Musicnn(_) | Net::PonsTags(_) => [2.0, 2.0],
        _ => [-30.0, 40.0],
    }
}

/// Repeatable noise.
fn noise(count: usize, [level, spread]: [f32; 2], mut seed: u64) -> Vec<f32> {
    let mut next = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as f32 / (1_u64 << 30) as f32 - 1.0
    };
    (0..count).map(|_| level + spread * next()).collect()
}
