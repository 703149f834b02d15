//! A panic at each function of ours: the host lives, and the audio passes.

use super::library::{Library, call};
use super::plugin::Plugin;
use super::run::{Run, Setup, run};
use crate::check::panics::{Injector, WITHOUT};
use crate::check::random::Random;
use crate::check::{Check, Format, Subject, Verdict};
use crate::ids;
use anyhow::{Context, Result, ensure};
use clap_sys::ext::gui::{CLAP_EXT_GUI, clap_plugin_gui, clap_window};
use clap_sys::ext::params::{CLAP_EXT_PARAMS, clap_plugin_params};
use clap_sys::ext::render::{CLAP_EXT_RENDER, CLAP_RENDER_OFFLINE, clap_plugin_render};
use clap_sys::factory::plugin_factory::CLAP_PLUGIN_FACTORY_ID;
use std::ffi::CString;
use std::sync::atomic::Ordering;

pub(super) const CHECKS: &[Check] = &[
    Check {
        format: Format::Clap,
        name: "panics-entries",
        about: "a panic in any function that the host calls is answered as a failure of that call alone",
        run: entries,
    },
    Check {
        format: Format::Clap,
        name: "panics-audio",
        about: "after a panic while it is activated, reset or processes, the audio passes as it is",
        run: audio,
    },
];

const FRAMES: usize = 512;

fn entries(subject: &Subject) -> Result<Verdict> {
    let Some(injector) = Injector::of(&subject.bundle)? else { return Ok(Verdict::Skipped(WITHOUT.to_owned())) };
    let library = Library::load(&subject.bundle)?;
    let id = subject.class.clap_id();
    let id_text = CString::new(id)?;

    let entry = library.entry()?;
    let path = CString::new(subject.bundle.to_string_lossy().as_bytes())?;
    let started = injector.during("clap_plugin_entry::init", || Ok(call!(entry, init(path.as_ptr()))))?;
    ensure!(!started, "init() gives true");
    let factory_id = CLAP_PLUGIN_FACTORY_ID;
    let factory = injector.during("clap_plugin_entry::get_factory", || library.factory_of(factory_id))?;
    ensure!(factory.is_null(), "get_factory() gives something");
    let factory = library.factory()?;
    let count =
        injector.during("clap_plugin_factory::get_plugin_count", || Ok(call!(factory, get_plugin_count(factory))))?;
    ensure!(count == 0, "{count} plugins");
    let descriptor = injector.during("clap_plugin_factory::get_plugin_descriptor", || {
        Ok(call!(factory, get_plugin_descriptor(factory, 0)))
    })?;
    ensure!(descriptor.is_null(), "get_plugin_descriptor() gives something");
    let refused =
        injector.during("clap_plugin_factory::create_plugin", || Ok(Plugin::create(factory, &id_text).is_err()))?;
    ensure!(refused, "create_plugin() gives something");

    // What nice-plug asks of us while it makes and initialises a plugin: that is lost, and no more.
    injector.during("ClapPlugin::remote_controls", || lives(&library.plugin(id)?))?;
    let blind = injector.during("Plugin::editor", || windowed(&library, id))?;
    ensure!(blind.extension::<clap_plugin_gui>(CLAP_EXT_GUI)?.is_none(), "a window without an editor");
    lives(&blind)?;

    let plugin = windowed(&library, id)?;
    let none =
        injector.during("clap_plugin::get_extension", || plugin.extension::<clap_plugin_params>(CLAP_EXT_PARAMS))?;
    ensure!(none.is_none(), "get_extension() gives something");
    let known = injector.during("clap_plugin_params::get_info", || plugin.has_info(0))?;
    ensure!(!known, "get_info() gives true");
    for entry in ["clap_plugin_params::text_to_value", "KeyReader"] {
        let read = injector.during(entry, || plugin.parse(ids::number("midi_note"), "C4"))?;
        ensure!(read.is_none(), "text_to_value() gives {read:?}");
    }
    let render = plugin.extension::<clap_plugin_render>(CLAP_EXT_RENDER)?.context("it knows no render modes")?;
    let offline = || Ok(call!(render, set(plugin.raw, CLAP_RENDER_OFFLINE)));
    ensure!(!injector.during("clap_plugin_render::set", offline)?, "render.set() gives true");
    let state = plugin.save(4096)?;
    for entry in ["clap_plugin_state::save", "clap_ostream::write"] {
        ensure!(injector.during(entry, || Ok(plugin.save(4096).is_err()))?, "state.save() gives true");
    }
    for entry in ["clap_plugin_state::load", "clap_istream::read"] {
        ensure!(!injector.during(entry, || plugin.load(&state, 4096))?, "state.load() gives true");
    }
    injector.during("Models::set", || plugin.load(&state, 4096))?;
    ensure!(injector.during("Models::map", || plugin.save(4096))? == state, "another state");
    window(&injector, &plugin)?;
    lives(&plugin)?;
    ensure!(plugin.load(&state, 4096)? && plugin.save(4096)? == state, "the state does not come back");
    injector.during("clap_plugin::destroy", || {
        drop(plugin);
        Ok(())
    })?;
    Ok(Verdict::Passed)
}

/// A plugin whose host can show its window.
fn windowed<'l>(library: &'l Library, id: &str) -> Result<Plugin<'l>> {
    let plugin = library.create(id)?;
    plugin.side.shows_windows.store(true, Ordering::Release);
    plugin.init()?;
    Ok(plugin)
}

/// A window that is asked for its size and for itself. It need not have a display: it fails before it looks.
fn window(injector: &Injector, plugin: &Plugin<'_>) -> Result<()> {
    let gui = plugin.extension::<clap_plugin_gui>(CLAP_EXT_GUI)?.context("the plugin has no window")?;
    let (mut width, mut height) = (0, 0);
    injector.during("Editor::size", || Ok(call!(gui, get_size(plugin.raw, &raw mut width, &raw mut height))))?;
    ensure!(width > 0 && height > 0, "a window of {width} x {height}");
    let api = if cfg!(windows) {
        clap_sys::ext::gui::CLAP_WINDOW_API_WIN32
    } else if cfg!(target_os = "macos") {
        clap_sys::ext::gui::CLAP_WINDOW_API_COCOA
    } else {
        clap_sys::ext::gui::CLAP_WINDOW_API_X11
    };
    let shown = injector.during("Editor::spawn", || {
        let made = call!(gui, create(plugin.raw, api.as_ptr(), false));
        // SAFETY: all zeros are a window of no number.
        let mut parent: clap_window = unsafe { std::mem::zeroed() };
        parent.api = api.as_ptr();
        parent.specific.x11 = 1;
        let shown = made && call!(gui, set_parent(plugin.raw, &raw const parent));
        call!(gui, destroy(plugin.raw));
        Ok(shown)
    })?;
    ensure!(!shown, "a window that cannot be made is shown");
    Ok(())
}

fn audio(subject: &Subject) -> Result<Verdict> {
    let Some(injector) = Injector::of(&subject.bundle)? else { return Ok(Verdict::Skipped(WITHOUT.to_owned())) };
    let library = Library::load(&subject.bundle)?;
    let plugin = library.plugin(subject.class.clap_id())?;
    lives(&plugin)?;

    let refused = injector.during("clap_plugin::activate", || Ok(lives(&plugin).is_err()))?;
    ensure!(refused, "activate() gives true");
    lives(&plugin)?;
    injector.during("Plugin::activate", || lives(&plugin))?;
    for entry in ["Plugin::deactivate", "clap_plugin::deactivate"] {
        injector.during(entry, || lives(&plugin))?;
        // nice-plug was not told to deactivate, in the second case; the next activation must bear it.
        lives(&plugin)?;
    }

    // Audio goes on through the block in which it happens and those after it; the next activation is well again.
    for entry in ["Plugin::reset", "Plugin::process", "clap_plugin::process"] {
        let injector = &injector;
        run(&plugin, Setup::USUAL, move |run| {
            passes(run, 3)?;
            injector.during(entry, || {
                run.reset()?;
                passes(run, 1)
            })?;
            passes(run, 3)
        })?;
        lives(&plugin)?;
    }
    delayed(&injector, &plugin)?;
    Ok(Verdict::Passed)
}

/// With `align` the host knows of a latency, so that what passes must go on being that late.
fn delayed(injector: &Injector, plugin: &Plugin<'_>) -> Result<()> {
    let infos = plugin.infos()?;
    let align = infos.iter().find(|info| info.id == ids::number("align")).context("it has no \"align\"")?;
    plugin.flush(&[super::events::value(0, align, 1.0)])?;
    let latency =
        run(plugin, Setup::USUAL, |run| passes_as(run, 1).map(|_| ())).and_then(|()| plugin.latency())? as usize;
    ensure!(latency > 0, "no latency with align");
    let (heard, given) = run(plugin, Setup::USUAL, move |run| {
        let parts =
            [passes_as(run, 12)?, injector.during("Plugin::process", || passes_as(run, 1))?, passes_as(run, 12)?];
        let (heard, given): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
        Ok((heard.concat(), given.concat()))
    })?;
    ensure!(given[latency..] == heard[..heard.len() - latency], "the audio is no longer {latency} samples late");
    Ok(())
}

/// The first channel's input and output over some blocks of noise.
fn passes_as(run: &mut Run<'_>, blocks: usize) -> Result<(Vec<f32>, Vec<f32>)> {
    let (mut random, mut heard, mut given) = (Random::new(5), Vec::new(), Vec::new());
    for _ in 0..blocks {
        run.noise(&mut random);
        run.block(FRAMES, &[])?;
        heard.extend_from_slice(&run.inputs[0][0][..FRAMES]);
        given.extend_from_slice(&run.outputs[0][0][..FRAMES]);
    }
    Ok((heard, given))
}

/// Blocks of noise come out as they went in.
fn passes(run: &mut Run<'_>, blocks: usize) -> Result<()> {
    let (heard, given) = passes_as(run, blocks)?;
    ensure!(heard == given, "the audio does not pass");
    Ok(())
}

/// It can be activated, passes audio, and can be deactivated.
fn lives(plugin: &Plugin<'_>) -> Result<()> {
    run(plugin, Setup::USUAL, |run| passes(run, 3))
}
