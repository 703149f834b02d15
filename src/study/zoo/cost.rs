//! What a net costs while it runs.

use std::time::Instant;

use anyhow::{Result, bail};

use crate::engine::ModelSet;
use crate::listen::FrontEnd;
use crate::nets::coarse::{CoarseEar, tagger_of};
use crate::nets::{Ced, Compact, Model, Musicnn, Net, PonsTags, Tagging};
use crate::study::compare;

/// Times that a window is measured; the best counts, because everything else on the machine only slows it down.
const REPEATS: usize = 3;

/// Milliseconds of one core per second of audio, without the front end.
///
/// # Errors
/// A net that does not run by itself.
pub fn ms_per_s(model: &Model) -> Result<f64> {
    if matches!(model.net, Net::Vocal(_)) {
        return Ok(1e3 / compare::speed(model)?.1);
    }
    if let Net::Coarse(net) = &model.net {
        let models = ModelSet::embedded()?.build()?;
        let ced = tagger_of(&model.card, &models.taggers)?;
        return timed(&model.card.front_end, CoarseEar::FRAMES, |mels| Ok(net.forward(ced, mels)?));
    }
    let window = match &model.net {
        Net::Ced(_) => 1000.min(Ced::MOST_FRAMES),
        Net::Musicnn(_) => Musicnn::FRAMES,
        Net::PonsTags(_) => PonsTags::FRAMES,
        Net::Compact(_) | Net::Stack(_) => Compact::FRAMES,
        Net::Vocal(_) | Net::Coarse(_) | Net::Head(_) => bail!("{} hears no audio by itself", model.card.name),
    };
    timed(&model.card.front_end, window, |mels| match &model.net {
        Net::Ced(net) => Ok(net.forward(mels)?),
        Net::Musicnn(net) => Ok(net.forward(mels)?),
        Net::PonsTags(net) => Ok(net.forward(mels)?),
        Net::Compact(net) => Ok(net.forward(mels)?),
        Net::Stack(net) => Ok(net.forward(mels)?),
        Net::Vocal(_) | Net::Coarse(_) | Net::Head(_) => bail!("no tagger"),
    })
}

fn timed(front_end: &FrontEnd, window: usize, tag: impl Fn(&[f32]) -> Result<Tagging>) -> Result<f64> {
    // As the engine does.
    crate::engine::keep_products_on_one_thread();
    // What it hears does not change how long it takes.
    let mels: Vec<f32> = (0..window * front_end.n_mels).map(|at| ((at * 7919) % 600) as f32 / 10.0 - 60.0).collect();
    let mut best = f64::INFINITY;
    for _ in 0..REPEATS {
        let begun = Instant::now();
        tag(&mels)?;
        best = best.min(begun.elapsed().as_secs_f64());
    }
    Ok(1e3 * best / (window as f64 * front_end.hop_s()))
}
