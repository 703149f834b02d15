//! What each stage costs, per second of audio where that makes sense. `cargo bench --bench speed`.
#![allow(missing_docs)] // criterion's macros

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use earmark::listen::{FrontEnd, Listener};
use earmark::nets::{Model, Net};

fn noise(length: usize) -> Vec<f32> {
    let mut seed = 1_u32;
    (0..length)
        .map(|_| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 8) as f32 / (1 << 23) as f32 - 1.0
        })
        .collect()
}

fn model(name: &str) -> Net {
    let path = format!("{}/models/{name}.safetensors", env!("CARGO_MANIFEST_DIR"));
    Model::from_file(path.as_ref()).expect("model of the repository").net
}

/// One second of stereo at 48 kHz to the frames of all three front ends, and the same number of transforms alone.
fn listen(criterion: &mut Criterion) {
    let (left, right) = (noise(48_000), noise(48_000));
    let front_ends = [FrontEnd::kaldi_fbank_80(), FrontEnd::ced_mel_64(), FrontEnd::musicnn_mel_96()];
    let mut listener = Listener::new(48_000.0, &front_ends).expect("valid");
    criterion.bench_function("listen: 1 s of stereo, three front ends", |bencher| {
        bencher.iter(|| {
            for block in 0..93 {
                let part = block * 512..(block + 1) * 512;
                listener.push(&[&left[part.clone()], &right[part]], |frame| {
                    black_box(frame.mels[0]);
                });
            }
        });
    });
    let fft = realfft::RealFftPlanner::<f64>::new().plan_fft_forward(512);
    let (mut input, mut output) = (fft.make_input_vec(), fft.make_output_vec());
    let mut scratch = fft.make_scratch_vec();
    criterion.bench_function("listen: its transforms alone", |bencher| {
        bencher.iter(|| {
            for _ in 0..262 {
                input.fill(0.5);
                fft.process_with_scratch(&mut input, &mut output, &mut scratch).expect("lengths fit");
                black_box(output[1]);
            }
        });
    });
}

/// The nets on one thread: a second of voice frames in steps of one and of ten, and one window of each tagger.
fn nets(criterion: &mut Criterion) {
    earmark::engine::keep_products_on_one_thread();
    let frames = noise(100 * 80);
    for name in ["stream-vad", "earmark-voice"] {
        let Net::Vocal(net) = model(name) else { return };
        for step in [1, 10] {
            criterion.bench_function(&format!("{name}: 1 s in steps of {step}"), |bencher| {
                let mut stream = net.stream();
                bencher.iter(|| {
                    for frames in frames.chunks(step * 80) {
                        black_box(net.step(&mut [&mut stream], &[frames], false).expect("runs"));
                    }
                });
            });
        }
    }
    let Net::Ced(ced) = model("ced-tiny") else { return };
    let window = noise(1_000 * 64);
    criterion.bench_function("ced-tiny: 10 s window", |bencher| bencher.iter(|| ced.forward(&window).expect("runs")));
    let Net::Musicnn(musicnn) = model("musicnn-msd") else { return };
    let patch = noise(187 * 96);
    criterion.bench_function("musicnn: 3 s patch", |bencher| bencher.iter(|| musicnn.forward(&patch).expect("runs")));
}

criterion_group! {
    name = speed;
    config = Criterion::default().sample_size(10).warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
    targets = listen, nets
}
criterion_main!(speed);
