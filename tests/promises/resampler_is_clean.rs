//! The resampler's pass band is flat to 0.01 dB up to 7.2 kHz and its stop band, from 8.16 kHz, is at least 80 dB down.

use std::f64::consts::TAU;

use earmark::listen::Resampler;

/// Level of a sine of `hz` after resampling to 16 kHz, in dB re its level before.
fn gain_db(input_rate_hz: f64, hz: f64) -> f64 {
    let mut resampler = Resampler::new(input_rate_hz, 16_000.0, 512);
    let sine: Vec<f32> =
        (0..(input_rate_hz * 0.3) as usize).map(|n| (TAU * hz * n as f64 / input_rate_hz).sin() as f32).collect();
    let mut out = Vec::new();
    for block in sine.chunks(512) {
        out.extend(resampler.push(block).iter().map(|&sample| f64::from(sample)));
    }
    // Least squares on the middle, away from the edges.
    let middle = &out[800..out.len() - 400];
    let folded = hz.rem_euclid(16_000.0);
    let folded = folded.min(16_000.0 - folded);
    let (mut xs, mut xc, mut ss, mut sc, mut cc) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (n, x) in middle.iter().enumerate() {
        let (s, c) = (TAU * folded * n as f64 / 16_000.0).sin_cos();
        xs += x * s;
        xc += x * c;
        ss += s * s;
        sc += s * c;
        cc += c * c;
    }
    let determinant = ss * cc - sc * sc;
    let (a, b) = ((xs * cc - xc * sc) / determinant, (xc * ss - xs * sc) / determinant);
    20.0 * a.hypot(b).max(1e-12).log10()
}

#[test]
fn pass_band_is_flat_and_stop_band_is_down() {
    for rate_hz in [22_050.0, 32_000.0, 44_100.0, 47_999.5, 48_000.0, 96_000.0, 192_000.0] {
        let pass = [50.0, 440.0, 1_000.0, 3_000.0, 5_000.0, 6_500.0, 7_200.0];
        let ripple = pass.map(|hz| gain_db(rate_hz, hz).abs()).into_iter().fold(0.0, f64::max);
        let stop: Vec<f64> = [8_170.0, 8_500.0, 9_300.0, 10_500.0, 14_000.0, 21_000.0, 40_000.0, 80_000.0]
            .into_iter()
            .filter(|&hz| hz < rate_hz / 2.0)
            .map(|hz| gain_db(rate_hz, hz))
            .collect();
        let leak = stop.into_iter().fold(-200.0, f64::max);
        println!("{rate_hz} Hz: ripple {ripple:.4} dB, stop band {leak:.1} dB");
        assert!(ripple <= 0.01, "{rate_hz}: {ripple} dB");
        assert!(leak <= -80.0, "{rate_hz}: {leak} dB");
    }
}

#[test]
fn upsampling_from_8_khz_is_flat() {
    for hz in [100.0, 1_000.0, 3_000.0, 3_600.0] {
        assert!(gain_db(8_000.0, hz).abs() <= 0.01, "{hz} Hz");
    }
}

#[test]
fn time_stands_still() {
    // An impulse at one second stays at one second, whatever the rate.
    for rate_hz in [8_000.0, 44_100.0, 48_000.0, 96_000.0] {
        let mut resampler = Resampler::new(rate_hz, 16_000.0, 512);
        let mut audio = vec![0.0; rate_hz as usize * 2];
        audio[rate_hz as usize] = 1.0;
        let mut out = Vec::new();
        for block in audio.chunks(512) {
            out.extend_from_slice(resampler.push(block));
        }
        let peak = (0..out.len()).max_by(|&a, &b| out[a].total_cmp(&out[b])).expect("samples");
        assert_eq!(peak, 16_000, "{rate_hz} Hz");
    }
}
