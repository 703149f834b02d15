//! A genre net learns from labelled spectra and is measured on them, compressed or not.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::path::Path;

use earmark::study::train::{ClipFigures, ClipProgress, ClipSettings, train_on_clips};
use safetensors::Dtype;
use safetensors::tensor::TensorView;

use crate::support::{Run, earmark, scratch};

const FRAMES: usize = 128;
const BANDS: usize = 128;

/// Clips of two classes: energy in the lower or in the upper half of the bands, over noise, falling off upwards.
pub fn write(path: &Path, clips: usize) {
    let mut seed = clips as u32;
    let mut levels = Vec::with_capacity(clips * FRAMES * BANDS);
    for clip in 0..clips {
        for _ in 0..FRAMES {
            for band in 0..BANDS {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let noise = (seed >> 27) as u8;
                let here = (band < BANDS / 2) == (clip % 2 == 0);
                levels.push(noise + if here { 200 } else { 60 } - (band / 4) as u8);
            }
        }
    }
    let labels: Vec<u8> = (0..clips).map(|clip| (clip % 2) as u8).collect();
    let ids: Vec<String> = (0..clips).map(|clip| format!("clip{clip}")).collect();
    let metadata = HashMap::from([("classes".to_owned(), "low high".to_owned()), ("ids".to_owned(), ids.join(" "))]);
    let tensors = [
        ("level", TensorView::new(Dtype::U8, vec![clips, FRAMES, BANDS], &levels).unwrap()),
        ("label", TensorView::new(Dtype::U8, vec![clips], &labels).unwrap()),
    ];
    fs::write(path, safetensors::serialize(tensors, Some(metadata)).unwrap()).unwrap();
}

/// Asks to stop after a number of steps.
struct StopAfter(std::sync::atomic::AtomicU64);

impl ClipProgress for StopAfter {
    fn step(&self, _step: u64, loss: f64) {
        assert!(loss.is_finite());
        self.0.fetch_sub(1, std::sync::atomic::Ordering::Relaxed);
    }

    fn validated(&self, _step: u64, figures: &[ClipFigures], _best: bool) {
        assert!(["halves", "other"].contains(&figures[0].name.as_str()) && figures[0].clips > 0, "{figures:?}");
    }

    fn stopped(&self) -> bool {
        self.0.load(std::sync::atomic::Ordering::Relaxed) == 0
    }
}

/// The command that measures `model` on a file.
fn evaluate(model: &Path, file: &Path) -> Run {
    let words = ["evaluate", "genre", "--json", "--model"].map(std::ffi::OsStr::new);
    earmark(words.into_iter().chain([model.as_os_str(), file.as_os_str()]))
}

#[test]
fn an_interrupted_run_ends_in_the_same_net_and_the_net_knows_its_classes() {
    interrupted("compact");
    interrupted("cnn3x3");
}

fn interrupted(net: &str) {
    let directory = scratch(&format!("spectra-{net}"));
    let (train, valid) = (directory.join("halves_train.safetensors"), directory.join("halves_valid.safetensors"));
    write(&train, 16);
    write(&valid, 6);
    let settings = |out: &str| ClipSettings {
        net: net.to_owned(),
        data: vec![train.clone()],
        valid: vec![valid.clone()],
        without: vec!["clip3".to_owned()],
        out: directory.join(out),
        steps: 12,
        batch: Some(8),
        rate: Some(3e-3),
        teacher: true,
        validate_every: 6,
        seed: 5,
    };
    let run = |settings: &ClipSettings, steps: u64| train_on_clips(settings, &StopAfter(steps.into())).unwrap();
    let (whole, broken) = (settings("whole.safetensors"), settings("broken.safetensors"));
    assert!(run(&whole, 99));
    assert!(!run(&broken, 4), "stops when asked");
    assert!(run(&broken, 99), "and goes on");
    let weights = |path: &Path| {
        let bytes = fs::read(path).unwrap();
        let header = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        bytes[8 + header..].to_vec()
    };
    assert!(weights(&whole.out) == weights(&broken.out), "the weights differ");

    let said = evaluate(&whole.out, &valid).quiet().json();
    assert_eq!(said["classes"], serde_json::json!(["low", "high"]));
    assert_eq!(said["accuracy"], 1.0, "{said}");
    let damaged = directory.join("damaged.safetensors.zst");
    fs::write(&damaged, b"no archive").unwrap();
    evaluate(&whole.out, &damaged).fails(&[(&damaged, "no whole Zstandard file")]);
}

#[test]
fn classes_that_the_net_does_not_know_and_nets_that_read_no_spectra_are_refused() {
    let directory = scratch("spectra-refused");
    let spectra = directory.join("halves_valid.safetensors");
    write(&spectra, 2);
    earmark(["evaluate".as_ref(), "genre".as_ref(), spectra.as_os_str()]).fails(&[(&spectra, "does not know")]);
    let voice = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/earmark-voice.safetensors");
    evaluate(&voice, &spectra).fails(&[(&voice, "architecture conv_fsmn")]);
}

#[test]
fn nets_for_clips_join_the_net_that_hears_through_the_taggers_and_the_file_says_what_was_chosen() {
    let directory = scratch("spectra-ensemble");
    let file = |name: &str| directory.join(name);
    let (train, valid) = (file("halves_train.safetensors"), file("halves_valid.safetensors"));
    write(&train, 6);
    write(&valid, 4);
    let clip_net = |data: &Path, out: &str| {
        let settings = ClipSettings {
            net: "cnn3x3".to_owned(),
            data: vec![data.to_owned()],
            valid: vec![valid.clone()],
            without: Vec::new(),
            out: file(out),
            steps: 6,
            batch: Some(6),
            rate: Some(3e-3),
            teacher: true,
            validate_every: 6,
            seed: 5,
        };
        assert!(train_on_clips(&settings, &StopAfter(99.into())).unwrap());
        settings.out
    };
    let run = |words: &str, files: &[(&str, &Path)]| {
        let files = files.iter().flat_map(|(name, value)| [OsString::from(name), value.as_os_str().to_owned()]);
        earmark(words.split(' ').map(OsString::from).chain(files))
    };
    let base = file("base.safetensors");
    let trained = run("train coarse", &[("--data", &train), ("--valid", &valid), ("--out", &base)]);
    assert_eq!(trained.code, 0, "{}", trained.stderr);

    let (member, out) = (clip_net(&train, "member.safetensors"), file("both.safetensors"));
    let join = |member: &Path| {
        run("train ensemble", &[("--member", &base), ("--member", member), ("--data", &valid), ("--out", &out)])
    };
    let joined = join(&member);
    assert_eq!(joined.code, 0, "{}", joined.stderr);
    let line = joined.stdout.lines().find(|line| line.contains("powers")).expect("it says what it chose");
    let after = |words: &str| line.split(words).nth(1).and_then(|rest| rest.split(';').next()?.parse::<f64>().ok());
    let chosen = after("cross-entropy ").expect(line);
    let said = evaluate(&out, &valid).quiet().json();
    assert_eq!(said["accuracy"], 1.0, "{said}");
    let measured = said["cross_entropy"].as_f64().unwrap();
    assert!((measured - chosen).abs() < 0.01, "{line}, but measured {measured}");

    let shares = run(
        "train ensemble --shares 0.5,0.5",
        &[("--member", &base), ("--member", &member), ("--data", &valid), ("--out", &out)],
    );
    assert_eq!(shares.code, 1, "{}", shares.stderr);
    assert!(shares.stderr.contains("--shares is for voices"), "{}", shares.stderr);

    let other = file("other_train.safetensors");
    fs::copy(&train, &other).unwrap();
    let refused = join(&clip_net(&other, "stranger.safetensors"));
    assert_eq!(refused.code, 1, "{}", refused.stderr);
    assert!(refused.stderr.contains("cannot join"), "{}", refused.stderr);
}
