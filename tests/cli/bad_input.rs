//! Bad files get one line each that names the fault and the remedy; good files beside them go on.

use std::fs;

use super::support::{chord, demo, earmark, scratch, write_float_wav};

#[test]
fn a_missing_file_is_named() {
    let missing = scratch("missing").join("gone.wav");
    let run = earmark(["analyze".as_ref(), missing.as_os_str()]);
    run.fails(&[(&missing, "does not exist")]);
    assert_eq!(run.stdout, "");
}

#[test]
fn a_directory_is_no_file() {
    let directory = scratch("directory");
    earmark(["analyze".as_ref(), directory.as_os_str()]).fails(&[(&directory, "is a directory")]);
}

#[test]
fn an_empty_file_is_named() {
    let empty = scratch("empty").join("empty.flac");
    fs::write(&empty, b"").unwrap();
    earmark(["analyze".as_ref(), empty.as_os_str()]).fails(&[(&empty, "is empty")]);
}

#[test]
fn text_and_noise_are_no_audio() {
    let directory = scratch("no_audio");
    let (text, zeros, one) = (directory.join("song.wav"), directory.join("zeros.mp3"), directory.join("one.ogg"));
    fs::write(&text, "this is not a song\n".repeat(500)).unwrap();
    fs::write(&zeros, vec![0; 100_000]).unwrap();
    fs::write(&one, b"O").unwrap();
    earmark(["analyze".as_ref(), text.as_os_str(), zeros.as_os_str(), one.as_os_str()]).fails(&[
        (&text, "is not audio"),
        (&zeros, "is not audio"),
        (&one, "is not audio"),
    ]);
}

#[test]
fn a_truncated_file_fails_and_is_not_a_shorter_one() {
    let directory = scratch("truncated");
    let wav = directory.join("cut.wav");
    write_float_wav(&wav, 22_050, 2, &chord(22_050, 3.0));
    let bytes = fs::read(&wav).unwrap();
    fs::write(&wav, &bytes[..bytes.len() / 2]).unwrap();
    let flac = directory.join("cut.flac");
    let bytes = fs::read(demo()).unwrap();
    fs::write(&flac, &bytes[..bytes.len() - bytes.len() / 3]).unwrap();
    let run = earmark(["analyze".as_ref(), wav.as_os_str(), flac.as_os_str()]);
    run.fails(&[(&wav, "is truncated: it ends at 1.50 s of 3.00 s"), (&flac, "truncated")]);
    assert_eq!(run.stdout, "");
}

#[test]
fn a_hole_in_the_middle_is_corruption() {
    let flac = scratch("hole").join("hole.flac");
    let mut bytes = fs::read(demo()).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 4000].fill(0);
    fs::write(&flac, bytes).unwrap();
    earmark(["analyze".as_ref(), flac.as_os_str()]).fails(&[(&flac, "corrupt at ")]);
}

#[test]
fn a_file_without_samples_is_named() {
    let none = scratch("no_samples").join("none.wav");
    write_float_wav(&none, 44_100, 1, &[]);
    earmark(["analyze".as_ref(), none.as_os_str()]).fails(&[(&none, "holds no samples")]);
}

#[test]
fn one_sample_is_too_short_and_the_least_length_is_said() {
    let one = scratch("one_sample").join("one.wav");
    write_float_wav(&one, 44_100, 1, &[0.5]);
    earmark(["analyze".as_ref(), one.as_os_str()]).fails(&[(&one, "too short")]);
}

#[test]
fn a_file_of_nan_is_named() {
    let nan = scratch("nan").join("nan.wav");
    write_float_wav(&nan, 44_100, 2, &vec![f32::NAN; 44_100]);
    earmark(["analyze".as_ref(), nan.as_os_str()]).fails(&[(&nan, "holds no finite sample")]);
}

#[test]
fn a_few_bad_samples_are_noted_and_the_answer_stays_finite() {
    let spiked = scratch("spiked").join("spiked.wav");
    let mut samples = chord(44_100, 3.0);
    for (i, bad) in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e38, 1e-40].into_iter().enumerate() {
        samples[30_000 + 500 * i] = bad;
    }
    write_float_wav(&spiked, 44_100, 1, &samples);
    let run = earmark(["analyze".as_ref(), "--json".as_ref(), spiked.as_os_str()]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stderr.starts_with(&format!("note: {}: ", spiked.display())), "{}", run.stderr);
    assert_eq!(run.stderr.lines().count(), 1);
    let answer = run.json();
    let vocal = answer["vocal"]["probability"].as_array().unwrap();
    assert!(vocal.len() > 250 && vocal.iter().all(|p| (0.0..=1.0).contains(&p.as_f64().unwrap())));
}

#[test]
fn other_files_go_on_in_order() {
    let directory = scratch("others");
    let (first, bad, last) = (directory.join("a.wav"), directory.join("b.wav"), directory.join("c.wav"));
    write_float_wav(&first, 16_000, 1, &chord(16_000, 2.0));
    fs::write(&bad, "no").unwrap();
    write_float_wav(&last, 48_000, 2, &chord(48_000, 1.0));
    let missing = directory.join("d.wav");
    let run = earmark([
        "analyze".as_ref(),
        "--json".as_ref(),
        first.as_os_str(),
        bad.as_os_str(),
        last.as_os_str(),
        missing.as_os_str(),
    ]);
    run.fails(&[(&bad, "is not audio"), (&missing, "does not exist")]);
    let answers = run.json();
    let files: Vec<_> = answers.as_array().unwrap().iter().map(|a| a["file"].as_str().unwrap().to_owned()).collect();
    assert_eq!(files, [first.display().to_string(), last.display().to_string()]);
}

#[test]
fn a_bad_model_is_named_before_any_work() {
    let model = scratch("bad_model").join("model.safetensors");
    fs::write(&model, vec![7; 4096]).unwrap();
    for flag in ["--vocal-model", "--genre-model"] {
        let run = earmark(["analyze".as_ref(), flag.as_ref(), model.as_os_str(), demo().as_os_str()]);
        run.fails(&[(&model, "safetensors")]);
        assert_eq!(run.stdout, "");
    }
    let missing = model.with_file_name("missing.safetensors");
    let run = earmark(["analyze".as_ref(), "--vocal-model".as_ref(), missing.as_os_str(), demo().as_os_str()]);
    assert_eq!((run.code, run.stderr.lines().count()), (1, 1), "{}", run.stderr);
    assert!(run.stderr.starts_with(&format!("error: {}: ", missing.display())), "{}", run.stderr);
}

#[test]
fn an_output_directory_that_is_a_file_is_named() {
    let file = scratch("bad_output").join("file");
    fs::write(&file, "x").unwrap();
    let run = earmark(["analyze".as_ref(), "--csv".as_ref(), file.as_os_str(), demo().as_os_str()]);
    run.fails(&[(&file, "cannot be made a directory")]);
}
