//! Parameters: declared, set, moved while audio runs, read as text.

use super::events::{self, Event, Sent, random_values};
use super::library::{Library, call};
use super::plugin::{Info, Plugin, Values, differences, text};
use super::run::{Run, Setup, run};
use crate::check::random::Random;
use crate::check::{Check, Format, Subject, Verdict};
use anyhow::{Context, Result, bail, ensure};
use clap_sys::ext::params::{CLAP_PARAM_IS_AUTOMATABLE, CLAP_PARAM_IS_MODULATABLE};
use clap_sys::ext::remote_controls::{
    CLAP_EXT_REMOTE_CONTROLS, clap_plugin_remote_controls, clap_remote_controls_page,
};

/// Sets of values, and blocks for each.
const FUZZ_SETS: usize = 50;
const FUZZ_BLOCKS: usize = 5;
const FRAMES: usize = 512;
/// An event space that is not CLAP's.
const STRANGE_SPACE: u16 = 0xb33f;

pub(super) const CHECKS: &[Check] = &[
    check("param-default-values", "a new plugin's values are the defaults that it declares", defaults),
    check("param-conversions", "texts and values convert into each other and back, for every parameter", conversions),
    check("param-set-events", "values set by a flush are those set by the same events in process()", |subject| {
        set_events(subject, false)
    }),
    check("param-set-no-cookies", "the same with null cookies", |subject| set_events(subject, true)),
    check("param-set-wrong-namespace", "values in another event space change nothing", wrong_namespace),
    check("param-fuzz-basic", "50 sets of random values, 5 blocks each", |subject| fuzz(subject, false)),
    check("param-fuzz-bounds", "the same at the ends of the ranges", |subject| fuzz(subject, true)),
    check("param-fuzz-sample-accurate", "random values every 1000, 100 and 10 samples", sample_accurate),
    check("param-fuzz-modulation", "random values and modulations at random times", modulations),
    check("param-nonsense-values", "values that are no numbers or out of range leave all values in range", nonsense),
    check(
        "param-remote-controls",
        "one page of remote controls holds the essentials, each a parameter",
        remote_controls,
    ),
    check("param-unknown", "unknown ids and indices are refused", unknown),
];

const fn check(name: &'static str, about: &'static str, run: fn(&Subject) -> Result<Verdict>) -> Check {
    Check { format: Format::Clap, name, about, run }
}

fn defaults(subject: &Subject) -> Result<Verdict> {
    let library = Library::load(&subject.bundle)?;
    let plugin = library.plugin(subject.class.clap_id())?;
    for info in plugin.infos()? {
        let value = plugin.value(info.id)?;
        let near = (value - info.default).abs() <= 1e-4 * (info.max - info.min);
        ensure!(near, "{} is {value}, its default {}", info.name, info.default);
    }
    Ok(Verdict::Passed)
}

/// What a controller's knobs are on, in their order.
const ESSENTIALS: [&str; 8] =
    ["vocal", "vocal_gate", "genre", "genre_confidence", "threshold", "hold", "ride", "automation"];

fn remote_controls(subject: &Subject) -> Result<Verdict> {
    let library = Library::load(&subject.bundle)?;
    let plugin = library.plugin(subject.class.clap_id())?;
    let pages = plugin.extension::<clap_plugin_remote_controls>(CLAP_EXT_REMOTE_CONTROLS)?.context("it has none")?;
    let count = call!(pages, count(plugin.raw));
    ensure!(count == 1, "{count} pages");
    // SAFETY: all zeros are an empty page.
    let mut page: clap_remote_controls_page = unsafe { std::mem::zeroed() };
    ensure!(call!(pages, get(plugin.raw, 0, &raw mut page)), "the page cannot be read");
    let name = text(&page.page_name);
    ensure!(name == "Essentials", "the page is called \"{name}\"");
    let wanted = ESSENTIALS.map(crate::ids::number);
    ensure!(page.param_ids == wanted, "on the page are {:?}, {wanted:?} are wanted", page.param_ids);
    let infos = plugin.infos()?;
    ensure!(wanted.iter().all(|id| infos.iter().any(|info| info.id == *id)), "not all of them are parameters");
    ensure!(!call!(pages, get(plugin.raw, 1, &raw mut page)), "there is a second page");
    Ok(Verdict::Passed)
}

fn conversions(subject: &Subject) -> Result<Verdict> {
    let library = Library::load(&subject.bundle)?;
    let plugin = library.plugin(subject.class.clap_id())?;
    let infos = plugin.infos()?;
    let steps = 4_000_usize.div_ceil(infos.len()).clamp(5, 100);
    for info in &infos {
        for step in 0..steps {
            let value = info.min + (info.max - info.min) * step as f64 / (steps - 1) as f64;
            convert(&plugin, info, value).with_context(|| format!("{} at {value}", info.name))?;
        }
    }
    Ok(Verdict::Noted(format!("{} parameters, {steps} values each", infos.len())))
}

fn convert(plugin: &Plugin<'_>, info: &Info, value: f64) -> Result<()> {
    let text = plugin.text(info.id, value)?.context("it has no text")?;
    let read = plugin.parse(info.id, &text)?.with_context(|| format!("\"{text}\" is not read"))?;
    let again = plugin.text(info.id, read)?.with_context(|| format!("{read} has no text"))?;
    ensure!(text == again, "\"{text}\" is read as {read}, which is \"{again}\"");
    let last = plugin.parse(info.id, &again)?.with_context(|| format!("\"{again}\" is not read"))?;
    ensure!(last == read, "\"{text}\" is read as {read}, then as {last}");
    Ok(())
}

fn set_events(subject: &Subject, without_cookies: bool) -> Result<Verdict> {
    let library = Library::load(&subject.bundle)?;
    for seed in 1..=5 {
        let changed = |plugin: &Plugin<'_>, set: &dyn Fn(&[Event]) -> Result<()>| -> Result<Values> {
            let mut infos = plugin.infos()?;
            if without_cookies {
                infos.iter_mut().for_each(|info| info.cookie = std::ptr::null_mut());
            }
            let before = plugin.values(&infos)?;
            set(&random_values(&mut Random::new(seed), &infos, 0, false))?;
            plugin.faultless()?;
            let after = plugin.values(&infos)?;
            ensure!(before != after, "no value has changed");
            Ok(after)
        };
        let plugin = library.plugin(subject.class.clap_id())?;
        let flushed = changed(&plugin, &|events| plugin.flush(events).map(|_| ())).context("after a flush")?;
        drop(plugin);
        let plugin = library.plugin(subject.class.clap_id())?;
        let processed = changed(&plugin, &|events| {
            let events = Sent(events);
            run(&plugin, Setup::USUAL, move |run| run.block(FRAMES, events.get()).map(|_| ()))
        })
        .context("after a block")?;
        let different = differences(&plugin, &plugin.infos()?, &flushed, &processed)?;
        ensure!(different.is_empty(), "by flush and by process(): {}", different.join(", "));
    }
    Ok(Verdict::Passed)
}

fn wrong_namespace(subject: &Subject) -> Result<Verdict> {
    let library = Library::load(&subject.bundle)?;
    let plugin = library.plugin(subject.class.clap_id())?;
    let infos = plugin.infos()?;
    let before = plugin.values(&infos)?;
    let mut events = random_values(&mut Random::new(1), &infos, 0, false);
    for event in &mut events {
        if let Event::Value(event) = event {
            event.header.space_id = STRANGE_SPACE;
        }
    }
    let events = Sent(&events);
    run(&plugin, Setup::USUAL, move |run| {
        run.noise(&mut Random::new(2));
        run.block(FRAMES, events.get())
    })?;
    let after = plugin.values(&infos)?;
    ensure!(before == after, "values changed: {}", differences(&plugin, &infos, &before, &after)?.join(", "));
    Ok(Verdict::Passed)
}

fn fuzz(subject: &Subject, at_bounds: bool) -> Result<Verdict> {
    let library = Library::load(&subject.bundle)?;
    let plugin = library.plugin(subject.class.clap_id())?;
    let infos = plugin.infos()?;
    let mut random = Random::new(3);
    for set in 0..FUZZ_SETS {
        let (seed, infos) = (random.bits(), Sent(&infos));
        run(&plugin, Setup::USUAL, move |run| {
            let mut random = Random::new(seed);
            let events = random_values(&mut random, infos.get(), 0, at_bounds);
            for block in 0..FUZZ_BLOCKS {
                run.noise(&mut random);
                run.block(FRAMES, if block == 0 { &events } else { &[] })?;
            }
            Ok(())
        })
        .with_context(|| format!("set {set}"))?;
    }
    in_range(&plugin)
}

fn in_range(plugin: &Plugin<'_>) -> Result<Verdict> {
    for info in plugin.infos()? {
        let value = plugin.value(info.id)?;
        ensure!((info.min..=info.max).contains(&value), "{} is {value} in {}..{}", info.name, info.min, info.max);
    }
    Ok(Verdict::Passed)
}

fn sample_accurate(subject: &Subject) -> Result<Verdict> {
    let library = Library::load(&subject.bundle)?;
    let plugin = library.plugin(subject.class.clap_id())?;
    let infos = plugin.infos()?;
    for interval in [1_000, 100, 10] {
        let infos = Sent(&infos);
        run(&plugin, Setup::USUAL, move |run| {
            let mut random = Random::new(interval as u64);
            let mut next = 0;
            for _ in 0..8 {
                let mut events = Vec::new();
                while next < FRAMES {
                    events.extend(random_values(&mut random, infos.get(), next as u32, false));
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
    in_range(&plugin)
}

fn modulations(subject: &Subject) -> Result<Verdict> {
    let library = Library::load(&subject.bundle)?;
    let plugin = library.plugin(subject.class.clap_id())?;
    let infos = plugin.infos()?;
    let infos = Sent(&infos);
    run(&plugin, Setup::USUAL, move |run| {
        let mut random = Random::new(4);
        for _ in 0..20 {
            let mut events: Vec<Event> = (0..200).filter_map(|_| one(&mut random, infos.get())).collect();
            events.sort_by_key(|event| event.header().time);
            run.noise(&mut random);
            run.block(FRAMES, &events)?;
        }
        Ok(())
    })?;
    in_range(&plugin)
}

/// A value or a modulation of any parameter that allows it, at any time.
fn one(random: &mut Random, infos: &[Info]) -> Option<Event> {
    let info = &infos[random.below(infos.len() as u64) as usize];
    let time = random.below(FRAMES as u64) as u32;
    if random.below(2) == 0 && info.flags & CLAP_PARAM_IS_MODULATABLE != 0 {
        let range = info.max - info.min;
        return Some(events::modulation(time, info, (2.0 * random.share() - 1.0) * range));
    }
    let automatable = info.flags & CLAP_PARAM_IS_AUTOMATABLE != 0;
    automatable.then(|| events::value(time, info, events::random_value(random, info, false)))
}

fn nonsense(subject: &Subject) -> Result<Verdict> {
    let library = Library::load(&subject.bundle)?;
    let plugin = library.plugin(subject.class.clap_id())?;
    let infos = plugin.infos()?;
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300, -1e300, 1e-310] {
        let all: Vec<_> = infos.iter().map(|info| events::value(0, info, value)).collect();
        plugin.flush(&all)?;
        in_range(&plugin).with_context(|| format!("after {value} by flush"))?;
        let all = Sent(&all);
        run(&plugin, Setup::USUAL, move |run: &mut Run<'_>| run.block(FRAMES, all.get()))?;
        in_range(&plugin).with_context(|| format!("after {value} in process()"))?;
        for info in &infos {
            // Whatever the text is, there must be no crash.
            plugin.text(info.id, value)?;
        }
    }
    Ok(Verdict::Passed)
}

fn unknown(subject: &Subject) -> Result<Verdict> {
    let library = Library::load(&subject.bundle)?;
    let plugin = library.plugin(subject.class.clap_id())?;
    let infos = plugin.infos()?;
    for index in [infos.len() as u32, infos.len() as u32 + 1, u32::MAX] {
        ensure!(!plugin.has_info(index)?, "there is a parameter {index}");
    }
    let id = (0..).find(|id| infos.iter().all(|info| info.id != *id)).unwrap_or_default();
    ensure!(plugin.value(id).is_err(), "the unknown parameter {id} has a value");
    ensure!(plugin.text(id, 0.0)?.is_none(), "the unknown parameter {id} has a text");
    for info in &infos {
        for text in ["", " ", "nonsense", "NaN", "inf", "-1e999", "\u{1f3a4}", "99999999999999999999"] {
            if let Some(value) = plugin.parse(info.id, text)?
                && !(info.min..=info.max).contains(&value)
            {
                bail!("{}: \"{text}\" is read as {value}", info.name);
            }
        }
    }
    Ok(Verdict::Passed)
}
