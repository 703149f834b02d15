//! The same music in any sample format, rate and channel count reads the same.

use std::path::Path;

use super::support::{chord, collection, earmark, scratch, write_float_wav, write_integer_wav};

/// (duration, frames, mean vocal probability) of a file.
fn heard(path: &Path) -> (f64, usize, f64) {
    let answer = earmark(["analyze".as_ref(), "--json".as_ref(), path.as_os_str()]).quiet().json();
    let vocal: Vec<f64> =
        answer["vocal"]["probability"].as_array().unwrap().iter().map(|p| p.as_f64().unwrap()).collect();
    (answer["duration_s"].as_f64().unwrap(), vocal.len(), vocal.iter().sum::<f64>() / vocal.len() as f64)
}

#[test]
fn sample_formats_and_channels_agree() {
    let directory = scratch("formats");
    let music = chord(44_100, 4.0);
    let reference = directory.join("reference.wav");
    write_float_wav(&reference, 44_100, 1, &music);
    let (duration_s, frames, vocal) = heard(&reference);
    assert_eq!(duration_s, 4.0);
    for (name, bits, channels) in [("s16", 16, 1), ("s24", 24, 2), ("s32", 32, 1), ("six", 16, 6)] {
        let path = directory.join(name).with_extension("wav");
        write_integer_wav(&path, 44_100, channels, bits, &music);
        let other = heard(&path);
        assert_eq!((other.0, other.1), (duration_s, frames), "{name}");
        assert!((other.2 - vocal).abs() < 0.02, "{name}: {} against {vocal}", other.2);
    }
    let stereo = directory.join("stereo.wav");
    write_float_wav(&stereo, 44_100, 2, &music);
    assert!((heard(&stereo).2 - vocal).abs() < 1e-6, "equal channels are their own mean");
}

#[test]
fn rates_agree() {
    let directory = scratch("rates");
    for rate in [8_000, 16_000, 22_050, 48_000, 96_000, 192_000] {
        let path = directory.join(format!("{rate}.wav"));
        write_float_wav(&path, rate, 1, &chord(rate, 3.0));
        let (duration_s, frames, _) = heard(&path);
        assert!((duration_s - 3.0).abs() < 1e-9, "{rate}");
        assert!((290..=300).contains(&frames), "{rate}: {frames} frames");
    }
}

#[test]
fn a_rate_beyond_all_reason_is_refused() {
    let path = scratch("rate_of_10").join("slow.wav");
    write_float_wav(&path, 10, 1, &[0.1; 100]);
    earmark(["analyze".as_ref(), path.as_os_str()]).fails(&[(&path, "has a sample rate of 10 Hz")]);
}

#[test]
fn compressed_music_of_the_collections_is_read_whole() {
    let Some(index) = collection("vocal/index.csv") else { return };
    let song = index.with_file_name("mir1k").join("Ani_1_01.ogg");
    let (duration_s, ..) = heard(&song);
    assert!((duration_s - 8.8).abs() < 0.01, "{duration_s}");
}
