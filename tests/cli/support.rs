//! What the tests share: the binary, a directory of their own, and audio to feed it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// A run of the binary.
pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    fn of(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the command line speaks UTF-8");
        Self {
            code: output.status.code().expect("no signal ended it"),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// Stdout as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {:?}\n{}", self.stdout, self.stderr))
    }

    /// Asserts success without a word on stderr.
    pub fn quiet(self) -> Self {
        assert_eq!((self.code, self.stderr.as_str()), (0, ""), "{}", self.stdout);
        self
    }

    /// Asserts exit code 1 and exactly these error lines: each names its file, the fault and a remedy.
    pub fn fails(&self, files_and_faults: &[(&Path, &str)]) {
        assert_eq!(self.code, 1, "{}", self.stderr);
        let lines: Vec<&str> = self.stderr.lines().collect();
        assert_eq!(lines.len(), files_and_faults.len(), "one line each:\n{}", self.stderr);
        for (line, (file, fault)) in lines.into_iter().zip(files_and_faults) {
            let start = format!("error: {}: ", file.display());
            assert!(line.starts_with(&start), "{line:?} names {start:?}");
            assert!(line.contains(fault), "{line:?} says {fault:?}");
            let remedy = line.rsplit_once("; ").map_or("", |(_, remedy)| remedy);
            assert!(remedy.len() > 8, "{line:?} says what to do");
        }
    }
}

/// The binary, ready for arguments.
pub fn binary() -> Command {
    Command::new(env!("CARGO_BIN_EXE_earmark"))
}

/// Runs the binary to its end.
pub fn earmark<A: AsRef<std::ffi::OsStr>>(arguments: impl IntoIterator<Item = A>) -> Run {
    Run::of(binary().args(arguments).output().expect("the binary runs"))
}

/// An empty directory for one test.
pub fn scratch(test: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cli").join(test);
    if directory.exists() {
        std::fs::remove_dir_all(&directory).expect("the old directory goes");
    }
    std::fs::create_dir_all(&directory).expect("a new directory comes");
    directory
}

/// The song excerpt that comes with the project.
pub fn demo() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("demo/lithium.flac")
}

/// A file of the labelled collections, which are no part of the project; `None`, with a word, without them.
pub fn collection(path: &str) -> Option<PathBuf> {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data")).join(path);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: {} is not here", path.display());
    None
}

/// `seconds` of a chord with a beat, 0.3 full scale: something that is surely music.
pub fn chord(sample_rate_hz: u32, seconds: f64) -> Vec<f32> {
    let samples = (f64::from(sample_rate_hz) * seconds) as usize;
    let sample = |i: usize| {
        let t = i as f64 / f64::from(sample_rate_hz);
        let beat = (-(t % 0.5) * 6.0).exp();
        let tones = [220.0, 277.2, 329.6, 440.0].map(|hz| (t * hz * std::f64::consts::TAU).sin());
        (tones.iter().sum::<f64>() / 4.0 * (0.3 + 0.7 * beat) * 0.3) as f32
    };
    (0..samples).map(sample).collect()
}

/// Writes 32-bit float WAV, all channels alike.
pub fn write_float_wav(path: &Path, sample_rate: u32, channels: u16, samples: &[f32]) {
    let spec = hound::WavSpec { channels, sample_rate, bits_per_sample: 32, sample_format: hound::SampleFormat::Float };
    let mut writer = hound::WavWriter::create(path, spec).expect("the WAV opens");
    for &sample in samples {
        for _ in 0..channels {
            writer.write_sample(sample).expect("the WAV takes samples");
        }
    }
    writer.finalize().expect("the WAV closes");
}

/// Writes integer WAV of `bits` bits, all channels alike.
pub fn write_integer_wav(path: &Path, sample_rate: u32, channels: u16, bits: u16, samples: &[f32]) {
    let spec = hound::WavSpec { channels, sample_rate, bits_per_sample: bits, sample_format: hound::SampleFormat::Int };
    let full = f64::from(1_u32 << (bits - 1)) - 1.0;
    let mut writer = hound::WavWriter::create(path, spec).expect("the WAV opens");
    for &sample in samples {
        for _ in 0..channels {
            writer.write_sample((f64::from(sample) * full).round() as i32).expect("the WAV takes samples");
        }
    }
    writer.finalize().expect("the WAV closes");
}

/// Cuts `count` pieces of `seconds` out of the demo, `piece-0.wav` and so on, evenly spread and none like another.
pub fn pieces(directory: &Path, count: usize, seconds: f64) {
    let mut file = earmark::study::decode::open(&demo()).expect("the demo opens");
    let (mut samples, mut block) = (Vec::new(), Vec::new());
    while file.next_block(&mut block).expect("the demo decodes") {
        samples.extend_from_slice(&block[0]);
    }
    let rate_hz = file.sample_rate_hz;
    let length = (seconds * rate_hz) as usize;
    for piece in 0..count {
        let from = (samples.len() - length) * piece / count.max(1);
        let path = directory.join(format!("piece-{piece}.wav"));
        write_integer_wav(&path, rate_hz as u32, 1, 16, &samples[from..from + length]);
    }
}
