//! The plugin's window, embedded as a DAW does, while audio runs in real time.

use super::handlers::{Host, Shared};
use super::processor::ClapProcessor;
use super::{Instance, instantiate, layout, load, parameters, set};
use crate::buses::Layout;
use crate::screen::Screen;
use crate::stream;
use crate::{Audio, Parameter, Plan};
use anyhow::{Context, Result, anyhow};
use clack_extensions::gui::{GuiApiType, GuiConfiguration, GuiSize, PluginGui, Window};
use clack_host::prelude::*;
use std::path::{Path, PathBuf};
use std::thread::ScopedJoinHandle;
use std::time::{Duration, Instant};

/// What is done with the window.
pub enum Step {
    /// It opens, or opens again.
    Open,
    /// The host gives it another size, in pixels.
    Resize(u16, u16),
    /// A picture of it is written.
    Picture(PathBuf),
    /// It closes, while audio goes on.
    Close,
    /// Processor time is measured for so long.
    Measure(&'static str, Duration),
    /// Nothing, for so long.
    Wait(Duration),
}

/// Processor time by group of threads, as shares of one core.
#[derive(Debug)]
pub struct Measured {
    /// What was going on.
    pub what: &'static str,
    /// The threads that run the windows: layout, tessellation, calls to the graphics driver.
    pub window: f64,
    /// Threads of a graphics driver that draws on the CPU.
    pub driver: f64,
    /// All threads together.
    pub all: f64,
}

/// An instance of the plugin and the window that it is embedded in.
struct Seat {
    instance: Instance,
    gui: PluginGui,
    screen: Screen,
    open: bool,
}

impl Seat {
    /// Instantiates and activates, and gives back what the audio thread needs.
    fn new(
        entry: &PluginEntry,
        plan: &Plan,
        channels: usize,
        size: (u16, u16),
    ) -> Result<(Self, StoppedPluginAudioProcessor<Host>, Layout)> {
        let mut instance = instantiate(entry, plan.class)?;
        let extension = parameters::extension(&mut instance)?;
        let listed = parameters::list(&extension, &mut instance);
        let settings = {
            let handle = instance.plugin_handle();
            let read = |parameter: &Parameter, text: &str| parameters::read(&extension, &handle, parameter, text);
            stream::settings(plan, &listed, &read)?
        };
        set(&mut instance, &extension, &settings)?;
        let layout = layout(&mut instance, channels)?;
        let longest = u32::try_from(plan.announced()).context("a block is too long for CLAP")?;
        let configuration =
            PluginAudioConfiguration { sample_rate: plan.rate_hz, min_frames_count: 1, max_frames_count: longest };
        let stopped =
            instance.activate(|_, _| (), configuration).map_err(|error| anyhow!("cannot activate: {error}"))?;
        let gui = instance.plugin_handle().get_extension::<PluginGui>().context("the plugin has no window")?;
        let screen = Screen::open(size)?;
        Ok((Self { instance, gui, screen, open: false }, stopped, layout))
    }

    fn open(&mut self, size: (u16, u16)) -> Result<()> {
        self.open = true;
        show(&mut self.instance, self.gui, &self.screen, size)
    }

    fn resize(&mut self, (width, height): (u16, u16)) -> Result<()> {
        self.screen.resize((width, height))?;
        let size = GuiSize { width: u32::from(width), height: u32::from(height) };
        self.gui.set_size(&self.instance.plugin_handle(), size).context("the plugin refuses a size")
    }

    fn close(&mut self) {
        if std::mem::take(&mut self.open) {
            self.gui.destroy(&self.instance.plugin_handle());
        }
    }
}

/// Streams `input` in real time through as many instances as asked for, goes through `steps` with all their windows
/// meanwhile, and returns what was measured. The rest of the input is left. Of the pictures, the second instance's has
/// `.2` in its name, and so on.
///
/// # Errors
/// There is no display, the plugin refuses its window, or a picture cannot be written.
pub fn run(
    bundle: &Path,
    plan: &Plan,
    input: &Audio,
    size: (u16, u16),
    instances: usize,
    steps: &[Step],
) -> Result<Vec<Measured>> {
    let entry = load(bundle)?;
    // Windows come before audio starts, so that a missing display is said at once.
    let mut seats = Vec::new();
    let mut silent = Vec::new();
    for _ in 0..instances.max(1) {
        let (seat, stopped, layout) = Seat::new(&entry, plan, input.len().max(1), size)?;
        seats.push(seat);
        silent.push((stopped, layout));
    }
    let measured = std::thread::scope(|scope| {
        let mut audio = Vec::new();
        for (stopped, layout) in silent {
            // Named, because unnamed threads bear the process's name, and by that the window's is told apart below.
            audio.push(std::thread::Builder::new().name("audio".to_owned()).spawn_scoped(scope, move || {
                let started = stopped.start_processing().map_err(|error| anyhow!("cannot start: {error}"))?;
                let mut processor = ClapProcessor::new(started);
                let streamed = stream::stream(plan, input, &layout, &[], &mut processor);
                processor.stop();
                streamed
            })?);
        }
        let mut measured = Vec::new();
        let done = steps.iter().try_for_each(|step| -> Result<()> {
            match step {
                Step::Open => seats.iter_mut().try_for_each(|seat| seat.open(size))?,
                Step::Resize(width, height) => seats.iter_mut().try_for_each(|seat| seat.resize((*width, *height)))?,
                Step::Picture(path) => {
                    for (number, seat) in (1..).zip(&seats) {
                        let beside = path.with_extension(format!("{number}.png"));
                        seat.screen.picture(if number == 1 { path } else { &beside })?;
                    }
                }
                Step::Close => seats.iter_mut().for_each(Seat::close),
                Step::Measure(what, time) => {
                    let before = (times()?, Instant::now());
                    serve(&mut seats, *time);
                    measured.push(share(what, &before.0, &times()?, before.1.elapsed()));
                }
                Step::Wait(time) => serve(&mut seats, *time),
            }
            Ok(())
        });
        seats.iter_mut().for_each(Seat::close);
        // The input goes on to its end; a plan says how long that is.
        while !audio.iter().all(ScopedJoinHandle::is_finished) {
            serve(&mut seats, Duration::from_millis(20));
        }
        for audio in audio {
            audio.join().map_err(|_| anyhow!("the audio thread panicked"))??;
        }
        done.map(|()| measured)
    })?;
    for seat in &mut seats {
        seat.instance.try_deactivate().map_err(|error| anyhow!("cannot deactivate: {error}"))?;
    }
    Ok(measured)
}

fn show(instance: &mut Instance, gui: PluginGui, screen: &Screen, size: (u16, u16)) -> Result<()> {
    let handle = instance.plugin_handle();
    let embedded = GuiConfiguration { api_type: GuiApiType::X11, is_floating: false };
    gui.create(&handle, embedded).context("the plugin refuses to make its window")?;
    // SAFETY: the screen's window is alive until after the plugin's is destroyed.
    unsafe { gui.set_parent(&handle, Window::from_x11_handle(screen.window().into())) }
        .context("the plugin refuses to be embedded")?;
    let size = GuiSize { width: u32::from(size.0), height: u32::from(size.1) };
    if gui.get_size(&handle) != Some(size) {
        gui.set_size(&handle, size).context("the plugin refuses a size")?;
    }
    gui.show(&handle).context("the plugin refuses to show its window")
}

/// Answers the plugins' calls for the main thread.
fn serve(seats: &mut [Seat], time: Duration) {
    let until = Instant::now() + time;
    while Instant::now() < until {
        for Seat { instance, .. } in &mut *seats {
            if instance.access_shared_handler(Shared::take_callback_request) {
                instance.call_on_main_thread_callback();
            }
        }
        std::thread::sleep(Duration::from_millis(2).min(until.saturating_duration_since(Instant::now())));
    }
}

/// Name and processor time, in clock ticks, of each thread of this process.
fn times() -> Result<Vec<(u32, String, u64)>> {
    let mut times = Vec::new();
    for task in std::fs::read_dir("/proc/self/task")? {
        let task = task?;
        // A thread may end while we look.
        let Ok(stat) = std::fs::read_to_string(task.path().join("stat")) else { continue };
        let id = task.file_name().to_string_lossy().parse().unwrap_or_default();
        let Some((head, tail)) = stat.rsplit_once(')') else { continue };
        let name = head.split_once('(').map_or("", |(_, name)| name).to_owned();
        // After the name: state, then ten more fields, then time in user and in system mode.
        let fields: Vec<u64> = tail.split_whitespace().skip(11).take(2).filter_map(|f| f.parse().ok()).collect();
        times.push((id, name, fields.iter().sum()));
    }
    Ok(times)
}

fn share(what: &'static str, before: &[(u32, String, u64)], after: &[(u32, String, u64)], time: Duration) -> Measured {
    /// Clock ticks a second, as Linux reports them on every machine.
    const TICKS: f64 = 100.0;
    let mut measured = Measured { what, window: 0.0, driver: 0.0, all: 0.0 };
    let main = std::process::id();
    let own = after.iter().find(|(id, ..)| *id == main).map(|(_, name, _)| name.clone());
    for (id, name, ticks) in after {
        let was = before.iter().find(|(known, ..)| known == id).map_or(0, |(.., ticks)| *ticks);
        let share = (ticks - was) as f64 / TICKS / time.as_secs_f64();
        measured.all += share;
        if name.contains("llvmpipe") {
            measured.driver += share;
        } else if *id != main && Some(name) == own.as_ref() {
            measured.window += share;
        }
    }
    measured
}
