//! The time axis under the lanes of a picture.

use plotters::style::Color;
use plotters::style::text_anchor::{HPos, VPos};

use super::canvas::{Canvas, Drawn, FAINT, GRID};

/// Room below the lanes, in pixels.
pub(crate) const HEIGHT: i32 = 46;
/// Time marks are at least this far apart, in pixels.
const MARK_DISTANCE: f64 = 110.0;

/// Time marks below `bottom`, with faint lines up to `top` through all lanes.
pub(crate) fn draw(canvas: &Canvas<'_>, top: i32, bottom: i32) -> Drawn {
    let step_s = mark_step_s(canvas.duration_s(), f64::from(canvas.right() - canvas.left()));
    let marks = (canvas.duration_s() / step_s).floor() as u32;
    for mark in 0..=marks {
        let time_s = f64::from(mark) * step_s;
        let x = canvas.x(time_s);
        canvas.line(vec![(x, top), (x, bottom + 6)], GRID.to_rgba(), 1)?;
        let text = clock(time_s, step_s);
        canvas.text(&text, (x, bottom + 12), 18, FAINT, (HPos::Center, VPos::Top))?;
    }
    Ok(())
}

/// A round step between time marks, in seconds.
fn mark_step_s(duration_s: f64, pixels: f64) -> f64 {
    const STEPS_S: [f64; 17] =
        [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0];
    let least = duration_s * MARK_DISTANCE / pixels;
    STEPS_S.into_iter().find(|&step| step >= least).unwrap_or_else(|| (least / 3600.0).ceil() * 3600.0)
}

/// `1:02:03`, `2:03` or, for marks closer than a second, `2:03.25`.
fn clock(time_s: f64, step_s: f64) -> String {
    let whole = time_s.floor() as u64;
    let (hours, minutes, seconds) = (whole / 3600, whole / 60 % 60, whole % 60);
    let mut text =
        if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") };
    if step_s < 1.0 {
        text += &format!(".{:02}", ((time_s - time_s.floor()) * 100.0).round() as u64);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_round_and_never_crowded() {
        for duration_s in [0.2, 3.0, 30.0, 240.0, 3600.0, 200_000.0] {
            let step_s = mark_step_s(duration_s, 1460.0);
            assert!(duration_s / step_s * MARK_DISTANCE <= 1460.0 + 1e-6, "{duration_s}: {step_s}");
        }
        assert_eq!(clock(125.0, 5.0), "2:05");
        assert_eq!(clock(3725.0, 600.0), "1:02:05");
        assert_eq!(clock(2.25, 0.05), "0:02.25");
    }
}
