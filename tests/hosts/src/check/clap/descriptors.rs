//! What a scan sees.

use super::library::{Library, describe};
use crate::check::{Check, Format, Subject, Verdict};
use anyhow::{Context, Result, ensure};
use std::collections::BTreeSet;
use std::time::Instant;

/// A scan should not take longer.
const SCAN_MS: u128 = 100;
/// One of these says what a plugin is.
const CATEGORIES: [&str; 5] = ["instrument", "audio-effect", "note-effect", "note-detector", "analyzer"];

pub(super) const CHECKS: &[Check] = &[
    check("scan-time", "the bundle is loaded, listed and unloaded within 100 ms", scan_time),
    check("scan-rtld-now", "the bundle loads with every symbol resolved at once", scan_rtld_now),
    check("query-factory-nonexistent", "an unknown factory id gives a null pointer", unknown_factory),
    check("create-id-with-trailing-garbage", "an unknown plugin id gives a null pointer", unknown_id),
    check("descriptor-consistency", "factory and plugin have the same descriptor", consistency),
    check("features-categories", "the features name one of CLAP's main categories", categories),
    check("features-duplicates", "no feature comes twice", duplicates),
];

const fn check(name: &'static str, about: &'static str, run: fn(&Subject) -> Result<Verdict>) -> Check {
    Check { format: Format::Clap, name, about, run }
}

fn scan_time(subject: &Subject) -> Result<Verdict> {
    let start = Instant::now();
    let library = Library::load(&subject.bundle)?;
    library.descriptors()?;
    drop(library);
    let took = start.elapsed().as_millis();
    let slow = if took > SCAN_MS { ", more than the 100 ms that a scan should take" } else { "" };
    Ok(Verdict::Noted(format!("{took} ms{slow}")))
}

#[cfg(unix)]
fn scan_rtld_now(subject: &Subject) -> Result<Verdict> {
    use libloading::os::unix::{Library as Unix, RTLD_LOCAL, RTLD_NOW};
    // SAFETY: loading runs the library's code, as for any host.
    let library = unsafe { Unix::open(Some(&subject.bundle), RTLD_LOCAL | RTLD_NOW) }.context("it does not load")?;
    Library::enter(library.into(), &subject.bundle)?.descriptors()?;
    Ok(Verdict::Passed)
}

#[cfg(not(unix))]
fn scan_rtld_now(_: &Subject) -> Result<Verdict> {
    Ok(Verdict::Skipped("only Unix loads so".to_owned()))
}

fn unknown_factory(subject: &Subject) -> Result<Verdict> {
    let library = Library::load(&subject.bundle)?;
    ensure!(library.factory_of(c"earmark.no-such-factory")?.is_null(), "an unknown factory id gives a factory");
    Ok(Verdict::Passed)
}

fn unknown_id(subject: &Subject) -> Result<Verdict> {
    let library = Library::load(&subject.bundle)?;
    for id in [format!("{}x1", subject.class.clap_id()), String::new()] {
        ensure!(library.create(&id).is_err(), "the id {id:?} gives a plugin");
    }
    Ok(Verdict::Passed)
}

fn consistency(subject: &Subject) -> Result<Verdict> {
    let library = Library::load(&subject.bundle)?;
    let listed = library.descriptors()?.into_iter().find(|descriptor| descriptor.id == subject.class.clap_id());
    let listed = listed.context("the factory does not list the plugin")?;
    ensure!(listed.name == subject.class.name(), "its name is {:?}", listed.name);
    let plugin = library.plugin(subject.class.clap_id())?;
    // SAFETY: the plugin's own structure.
    let own = describe(unsafe { (*plugin.raw).desc })?;
    ensure!(own == listed, "the factory has {listed:?}, the plugin {own:?}");
    Ok(Verdict::Passed)
}

fn features(subject: &Subject) -> Result<Vec<String>> {
    let descriptors = Library::load(&subject.bundle)?.descriptors()?;
    let own = descriptors.into_iter().find(|descriptor| descriptor.id == subject.class.clap_id());
    Ok(own.context("the factory does not list the plugin")?.features)
}

fn categories(subject: &Subject) -> Result<Verdict> {
    let features = features(subject)?;
    ensure!(features.iter().any(|feature| CATEGORIES.contains(&feature.as_str())), "the features are {features:?}");
    Ok(Verdict::Passed)
}

fn duplicates(subject: &Subject) -> Result<Verdict> {
    let features = features(subject)?;
    let unique: BTreeSet<_> = features.iter().collect();
    ensure!(unique.len() == features.len(), "the features are {features:?}");
    Ok(Verdict::Passed)
}
