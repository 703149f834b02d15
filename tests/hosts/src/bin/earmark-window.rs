//! `earmark-window`: opens the built plugin's window as a DAW does, plays a file through it in real time, and takes a
//! picture.
//!
//! `cargo xtask window` builds and starts it.

use std::process::ExitCode;

#[cfg(target_os = "linux")]
fn main() -> ExitCode {
    earmark_hosts::program::run(linux::run)
}

#[cfg(not(target_os = "linux"))]
fn main() -> ExitCode {
    eprintln!("error: this host embeds windows with X11, on Linux only");
    ExitCode::FAILURE
}

#[cfg(target_os = "linux")]
mod linux {
    use anyhow::Result;
    use clap::Parser;
    use earmark_hosts::clap::window::{self, Measured, Step};
    use earmark_hosts::{Audio, Class, Plan, program, source};
    use std::path::PathBuf;
    use std::time::Duration;

    /// Time from opening a window to the first look at it.
    const SETTLE: Duration = Duration::from_millis(1_500);

    #[derive(Parser)]
    #[command(name = "earmark-window", max_term_width = 100)]
    struct Arguments {
        /// Audio file to play
        file: PathBuf,
        /// The picture to write
        #[arg(long, value_name = "PNG")]
        out: PathBuf,
        /// Plugin of the bundle to load
        #[arg(long, value_enum, default_value = "earmark")]
        class: Class,
        /// Seconds to play before the picture
        #[arg(long, value_name = "S", default_value = "24", value_parser = clap::value_parser!(u32).range(2..=600))]
        seconds: u32,
        /// Second of the file to begin at
        #[arg(long, value_name = "S", default_value = "0")]
        from: u32,
        /// Width and height of the window, in pixels
        #[arg(long, value_name = "PIXELS", num_args = 2, default_values_t = [960, 640])]
        size: Vec<u16>,
        /// Instances of the plugin, each with a window of its own; the second one's picture has `.2` in its name
        #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u8).range(1..=8))]
        instances: u8,
        /// Besides: resize, close and open it again while audio runs, and measure processor time
        #[arg(long)]
        exercise: bool,
        #[command(flatten)]
        plugin: program::Plugin,
    }

    pub(super) fn run() -> Result<()> {
        let arguments = Arguments::parse();
        let file = &arguments.file;
        program::must_exist(file)?;
        let bundle = arguments.plugin.bundle()?;
        if let Some(folder) = arguments.out.parent() {
            program::make_folder(folder)?;
        }
        let source = source::read(file)?;
        let (steps, lasts_s) = steps(&arguments);
        let input = cut(source.audio, source.rate_hz, f64::from(arguments.from), lasts_s);
        let mut plan = Plan::new(arguments.class, source.rate_hz);
        plan.offline = false;
        let size = (arguments.size[0], arguments.size[1]);
        let instances = arguments.instances.into();
        for Measured { what, window, driver, all } in window::run(&bundle, &plan, &input, size, instances, &steps)? {
            println!(
                "{what:44} window {:5.1} %   graphics driver {:5.1} %   process {:5.1} % of a core",
                window * 100.0,
                driver * 100.0,
                all * 100.0
            );
        }
        println!("wrote     {}", arguments.out.display());
        Ok(())
    }

    /// What is done, and how long it takes in seconds.
    fn steps(arguments: &Arguments) -> (Vec<Step>, f64) {
        let play = Duration::from_secs(arguments.seconds.into());
        let mut steps = Vec::new();
        let measured = Duration::from_secs(8);
        if arguments.exercise {
            steps.extend([Step::Wait(SETTLE), Step::Measure("playing, window closed", measured)]);
        }
        steps.extend([Step::Open, Step::Wait(play)]);
        if arguments.exercise {
            steps.push(Step::Measure("playing, window open", measured));
        }
        steps.push(Step::Picture(arguments.out.clone()));
        if arguments.exercise {
            let again = arguments.out.with_extension("reopened.png");
            let [small, large] = [(480, 320), (1_280, 800)].map(|(width, height)| Step::Resize(width, height));
            let usual = Step::Resize(arguments.size[0], arguments.size[1]);
            steps.extend([
                small,
                Step::Wait(SETTLE),
                large,
                Step::Wait(SETTLE),
                usual,
                Step::Wait(SETTLE),
                Step::Close,
            ]);
            steps.extend([Step::Wait(SETTLE), Step::Open, Step::Wait(SETTLE), Step::Picture(again)]);
        }
        let time = |step: &Step| match step {
            Step::Wait(time) | Step::Measure(_, time) => time.as_secs_f64(),
            _ => 0.5,
        };
        let lasts_s = steps.iter().map(time).sum::<f64>() + 1.0;
        if arguments.exercise {
            // The input is over by then, and the transport stands.
            steps.extend([
                Step::Wait(Duration::from_secs(5)),
                Step::Measure("stopped, window open, nothing moves", measured),
            ]);
        }
        (steps, lasts_s)
    }

    /// A part of the audio; the file begins again where it is not long enough.
    fn cut(audio: Audio, rate_hz: f64, from_s: f64, lasts_s: f64) -> Audio {
        let [from, lasts] = [from_s, lasts_s].map(|seconds| (seconds * rate_hz) as usize);
        audio.into_iter().map(|channel| channel.iter().copied().cycle().skip(from).take(lasts).collect()).collect()
    }
}
