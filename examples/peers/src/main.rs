//! Mel frames of raw 32 bit samples at 16 kHz with the crate mel_spec, streamed hop by hop; prints seconds of
//! processor time, the best of five.

use cpu_time::ProcessTime;
use mel_spec::mel::MelSpectrogram;
use mel_spec::stft::Spectrogram;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("name a file of raw 32 bit samples")?;
    let samples: Vec<f32> =
        std::fs::read(path)?.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
    let mut best = f64::INFINITY;
    let mut sum = 0.0;
    for _ in 0..5 {
        let (mut stft, mut mel) = (Spectrogram::new(512, 160), MelSpectrogram::new(512, 16_000.0, 64));
        let begun = ProcessTime::now();
        for hop in samples.chunks(160) {
            if let Some(fft) = stft.add(hop) {
                sum += mel.add(&fft)[(0, 0)];
            }
        }
        best = best.min(begun.elapsed().as_secs_f64());
    }
    println!("{{\"mel_spec\":{best},\"check\":{sum}}}");
    Ok(())
}
