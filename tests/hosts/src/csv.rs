//! `events.csv`: one line per event, `time_s,kind,id,value`.

use crate::Render;
use anyhow::{Context, Result};
use std::io::Write;
use std::path::Path;

/// Writes all events of a render.
///
/// # Errors
/// The file cannot be written.
pub fn write(path: &Path, render: &Render) -> Result<()> {
    std::fs::write(path, text(render)).with_context(|| format!("cannot write {}", path.display()))
}

fn text(render: &Render) -> Vec<u8> {
    let mut text = b"time_s,kind,id,value\n".to_vec();
    for event in &render.events {
        let time_s = render.seconds(event.time_samples);
        // Writing to memory cannot fail. `{}` prints the shortest number that reads back the same.
        let _ = writeln!(text, "{time_s:.6},{},{},{}", event.kind, event.id, event.value as f32);
    }
    text
}
