use std::fs;
use std::path::PathBuf;

use super::*;

/// A path of its own in the temporary directory; what lies there goes with it.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

impl std::ops::Deref for Scratch {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.0
    }
}

fn scratch(name: &str) -> Scratch {
    Scratch(std::env::temp_dir().join(format!("earmark-{}-{name}", std::process::id())))
}

/// Channel c of sample i is `(i + c) / 8192 - 0.25`: exact in 16 bits and in floats.
fn sample(i: usize, channel: usize) -> f32 {
    ((i + channel) % 4096) as f32 / 8192.0 - 0.25
}

fn write_wav(path: &Path, channels: u16, samples: usize) {
    let spec =
        hound::WavSpec { channels, sample_rate: 8000, bits_per_sample: 16, sample_format: hound::SampleFormat::Int };
    let mut writer = hound::WavWriter::create(path, spec).expect("the WAV opens");
    for i in 0..samples {
        for channel in 0..usize::from(channels) {
            writer.write_sample((sample(i, channel) * 32768.0) as i16).expect("the WAV takes samples");
        }
    }
    writer.finalize().expect("the WAV closes");
}

/// The whole file, channels x samples.
fn read_all(file: &mut AudioFile) -> Result<Vec<Vec<f32>>> {
    let mut all = vec![Vec::new(); file.channels];
    let mut block = Vec::new();
    while file.next_block(&mut block)? {
        assert!(block.len() == file.channels && !block[0].is_empty());
        for (channel, new) in all.iter_mut().zip(&block) {
            channel.extend_from_slice(new);
        }
    }
    Ok(all)
}

#[test]
fn every_sample_of_every_channel_arrives_once() {
    let path = scratch("whole.wav");
    write_wav(&path, 3, 10_000);
    let mut file = open(&path).expect("a good file");
    assert_eq!((file.sample_rate_hz, file.channels, file.duration_s), (8000.0, 3, Some(1.25)));
    let all = read_all(&mut file).expect("a good file");
    for (channel, samples) in all.iter().enumerate() {
        let expected: Vec<f32> = (0..10_000).map(|i| sample(i, channel)).collect();
        assert_eq!(samples, &expected, "channel {channel}");
    }
    assert_eq!(file.frames(), 10_000);
    assert!(file.notices().is_empty());
}

#[test]
fn a_wav_from_a_pipe_ends_where_it_ends() {
    let path = scratch("piped.wav");
    write_wav(&path, 1, 5000);
    let mut bytes = fs::read(&*path).expect("just written");
    let data = bytes.windows(4).position(|name| name == b"data").expect("a data chunk");
    bytes[4..8].fill(0xff);
    bytes[data + 4..data + 8].fill(0xff);
    fs::write(&*path, bytes).expect("room");
    let mut file = open(&path).expect("a streamed file");
    assert_eq!(file.duration_s, None);
    assert_eq!(read_all(&mut file).expect("no stated length to miss")[0].len(), 5000);
}

#[test]
fn a_cut_wav_is_truncated_and_says_where() {
    let path = scratch("cut.wav");
    write_wav(&path, 2, 8000);
    let bytes = fs::read(&*path).expect("just written");
    fs::write(&*path, &bytes[..bytes.len() - 16_000]).expect("room");
    let error = read_all(&mut open(&path).expect("the beginning is whole")).expect_err("half of it is missing");
    assert!(error.to_string().starts_with("is truncated: it ends at 0.5"), "{error}");
}

#[test]
fn faults_are_one_line_with_a_remedy() {
    let (empty, text) = (scratch("empty.wav"), scratch("text.mp3"));
    fs::write(&*empty, b"").expect("room");
    fs::write(&*text, "la la la\n".repeat(1000)).expect("room");
    for (path, words) in [
        (&*scratch("nothing.wav"), "does not exist"),
        (&std::env::temp_dir(), "is a directory"),
        (&empty, "is empty"),
        (&text, "is not audio"),
    ] {
        let error = open(path).err().expect("a bad file").to_string();
        assert!(error.starts_with(words) && error.contains("; ") && error.lines().count() == 1, "{error}");
    }
}

#[test]
fn a_decoder_that_panics_over_a_damaged_file_is_an_error_of_the_file() {
    let path = scratch("panic.mka");
    fs::write(&*path, include_bytes!("../../../fuzz/seeds/audio/panic.mka")).expect("the file is written");
    let mut block = Vec::new();
    let read = open(&path).and_then(|mut audio| {
        while audio.next_block(&mut block)? {}
        Ok(())
    });
    let error = read.expect_err("it is damaged").to_string();
    assert!(error.contains("the decoder gives it up"), "{error}");
}
