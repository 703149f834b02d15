//! How long a block takes, as a share of its own length.

use super::{RATE_HZ, Row, process, song};
use crate::Class;
use crate::clap::player::{Bundle, Player, Seat};
use anyhow::{Result, anyhow};
use std::path::Path;
use std::time::{Duration, Instant};

const RATES_HZ: [f64; 6] = [44_100.0, 48_000.0, 88_200.0, 96_000.0, 176_400.0, 192_000.0];
const LENGTHS: [usize; 6] = [16, 64, 256, 512, 1_024, 4_096];
/// Bars, as shares of a block.
const MOST_MEAN: f64 = 0.005;
const MOST_P999: f64 = 0.05;
/// How much longer denormal input may take.
const MOST_DENORMAL: f64 = 1.2;

/// Runs `body` with a player on an audio thread, while this thread answers the plugin.
pub(super) fn on_audio_thread<T: Send + 'static>(
    seat: &mut Seat,
    rate_hz: f64,
    longest: usize,
    body: impl FnOnce(&mut Player) -> Result<T> + Send + 'static,
) -> Result<T> {
    let ready = seat.activate(rate_hz, longest)?;
    let audio = std::thread::spawn(move || {
        let mut player = ready.play()?;
        let done = body(&mut player);
        player.stop();
        done
    });
    while !audio.is_finished() {
        seat.tend();
        std::thread::sleep(Duration::from_millis(2));
    }
    let done = audio.join().map_err(|_| anyhow!("the audio thread panicked"))?;
    seat.deactivate()?;
    done
}

/// Shares of a block's length that blocks took.
struct Times {
    mean: f64,
    p50: f64,
    p999: f64,
    max: f64,
}

impl Times {
    fn of(mut took: Vec<Duration>, block_s: f64) -> Self {
        took.sort_unstable();
        let share = |took: Duration| took.as_secs_f64() / block_s;
        let at = |quantile: f64| share(took[((took.len() - 1) as f64 * quantile).round() as usize]);
        let mean = took.iter().sum::<Duration>().as_secs_f64() / took.len() as f64 / block_s;
        Self { mean, p50: at(0.5), p999: at(0.999), max: at(1.0) }
    }
}

/// Measures every rate and length. Blocks follow each other without a pause, on a thread that the system puts first
/// (as hosts do), so that the engine is behind all the time.
///
/// # Errors
/// The plugin refuses something.
pub fn measure(bundle: &Path) -> Result<Vec<Row>> {
    let bundle = Bundle::open(bundle)?;
    let mut rows = Vec::new();
    let mut first = true;
    for rate_hz in RATES_HZ {
        let song = song(rate_hz)?;
        let mut seat = bundle.seat(Class::Earmark)?;
        let (mut figures, mut kept) = (Vec::new(), true);
        let mut means = Vec::new();
        for frames in LENGTHS {
            let song = song.clone();
            let (took, real_time) = on_audio_thread(&mut seat, rate_hz, frames, move |player| {
                let real_time = process::be_real_time();
                let blocks = (4_000_000 / frames).clamp(4_000, 40_000);
                let mut took = Vec::with_capacity(blocks);
                for block in 0..blocks + blocks / 10 {
                    player.feed(&song, player.at(), frames);
                    let begun = Instant::now();
                    player.block(frames)?;
                    // The first ones find cold caches and an engine that loads.
                    if block >= blocks / 10 {
                        took.push(begun.elapsed());
                    }
                }
                Ok((took, real_time))
            })?;
            if std::mem::take(&mut first) && !real_time {
                rows.push(Row::open(
                    "the audio thread runs before all others while it is measured",
                    "not allowed here",
                ));
            }
            let times = Times::of(took, frames as f64 / rate_hz);
            kept &= times.p999 <= MOST_P999;
            means.push(times.mean);
            let share = |share: f64| format!("{:.2}", 100.0 * share);
            figures.push(format!(
                "{frames}: {} / {} / {} / {}",
                share(times.mean),
                share(times.p50),
                share(times.p999),
                share(times.max)
            ));
        }
        let promise =
            format!("what a block takes at {rate_hz} Hz stereo, % of its length: frames: mean / p50 / p99.9 / max");
        let at_usual_rate = rate_hz == RATE_HZ;
        kept &= !at_usual_rate || means.iter().all(|mean| *mean <= MOST_MEAN);
        let bar = if at_usual_rate { "mean ≤ 0.5, p99.9 ≤ 5" } else { "p99.9 ≤ 5" };
        rows.push(Row::new(promise, figures.join("; "), bar, kept));
    }
    rows.push(denormals(&bundle)?);
    Ok(rows)
}

/// Processor time of blocks with samples too small to be normal, against that of noise of usual size and of silence. Of
/// each stretch only the second half counts: what the engine still answers of the stretch before is over by then.
fn denormals(bundle: &Bundle) -> Result<Row> {
    const FRAMES: usize = 512;
    const BLOCKS: usize = 2_000;
    let mut random = crate::check::random::Random::new(1);
    let mut noise = vec![vec![0.0_f32; 48_000]; 2];
    noise.iter_mut().for_each(|channel| random.noise(channel));
    let scaled = |by: f32| -> Vec<Vec<f32>> {
        noise.iter().map(|channel| channel.iter().map(|sample| sample * by).collect()).collect()
    };
    // The square of the third is below all normal numbers, the fourth is so itself.
    let inputs = [scaled(0.1), scaled(0.0), scaled(1e-22), scaled(1e-39)];
    let mut seat = bundle.seat(Class::Earmark)?;
    let times = on_audio_thread(&mut seat, RATE_HZ, FRAMES, move |player| {
        let mut times: [Vec<Duration>; 4] = Default::default();
        for _ in 0..7 {
            for (input, times) in inputs.iter().zip(&mut times) {
                let mut begun = Duration::ZERO;
                for block in 0..2 * BLOCKS {
                    if block == BLOCKS {
                        begun = process::processor_time(libc::CLOCK_THREAD_CPUTIME_ID);
                    }
                    player.feed(input, player.at(), FRAMES);
                    player.block(FRAMES)?;
                }
                times.push(process::processor_time(libc::CLOCK_THREAD_CPUTIME_ID) - begun);
            }
        }
        Ok(times)
    })?;
    let [noise, silence, tiny, subnormal] = times.map(|mut times| {
        times.sort_unstable();
        times[times.len() / 2].as_secs_f64()
    });
    let (of_noise, of_silence) = (tiny.max(subnormal) / noise, tiny.max(subnormal) / silence);
    Ok(Row::new(
        "processor time for denormal input (samples of 1e-22, whose squares underflow, or of 1e-39, the worse of both) \
         against noise, against silence",
        format!("{of_noise:.2}, {of_silence:.2} (silence against noise: {:.2})", silence / noise),
        "≤ 1.2",
        of_noise.max(of_silence) <= MOST_DENORMAL,
    ))
}
