//! A thousand instances come and go: no thread, no file and no memory is left.

use super::process::Belongings;
use super::times::on_audio_thread;
use super::{RATE_HZ, Row, song};
use crate::Class;
use crate::clap::player::Bundle;
use anyhow::Result;
use std::path::Path;
use std::time::Duration;

/// Instances while another one keeps the engine, and as many more that each take the engine with them.
const KEPT: usize = 960;
const ALONE: usize = 40;
const FRAMES: usize = 512;
/// Memory that may still be allocated afterwards, in bytes: what libraries make once.
const MOST_LEFT: u64 = 1 << 20;

/// Creates and destroys them, each after a second of music.
///
/// # Errors
/// The plugin refuses something.
pub fn measure(bundle: &Path) -> Result<Vec<Row>> {
    let bundle = Bundle::open(bundle)?;
    let song = song(RATE_HZ)?;
    let once = |offline: bool| -> Result<()> {
        let mut seat = bundle.seat(Class::Control)?;
        seat.set_offline(offline);
        let song = song.clone();
        on_audio_thread(&mut seat, RATE_HZ, FRAMES, move |player| {
            for _ in 0..94 {
                player.feed(&song, player.at(), FRAMES);
                player.block(FRAMES)?;
            }
            Ok(())
        })
    };
    // What the process makes once and keeps is made before it is counted.
    for _ in 0..5 {
        once(true)?;
    }
    let before = settled()?;
    for _ in 0..ALONE {
        once(true)?;
    }
    {
        let mut keeper = bundle.seat(Class::Earmark)?;
        let ready = keeper.activate(RATE_HZ, FRAMES)?;
        for _ in 0..KEPT {
            once(false)?;
        }
        drop(ready);
        keeper.deactivate()?;
    }
    let after = settled()?;
    let left = after.allocated.saturating_sub(before.allocated);
    Ok(vec![
        Row::new(
            format!("{} instances created, played for a second and destroyed: threads, files left", KEPT + ALONE),
            format!(
                "{} and {} (before: {}, {})",
                after.threads as i64 - before.threads as i64,
                after.files as i64 - before.files as i64,
                before.threads,
                before.files
            ),
            "0 and 0",
            after.threads <= before.threads && after.files <= before.files,
        ),
        Row::new(
            "the same: memory left",
            format!(
                "{:.2} MB more are allocated (before: {:.1} MB); with what the allocator holds back {:.1} MB, before {:.1} MB",
                left as f64 / 1e6,
                before.allocated as f64 / 1e6,
                after.memory as f64 / 1e6,
                before.memory as f64 / 1e6
            ),
            "≤ 1 MB more",
            left <= MOST_LEFT,
        ),
    ])
}

/// What is there once the engine has ended.
fn settled() -> Result<Belongings> {
    std::thread::sleep(Duration::from_millis(500));
    Belongings::now()
}
