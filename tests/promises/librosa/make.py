#!/usr/bin/env python3
"""Writes frames.npz: what librosa computes of one second of noise and a rising tone. Run it by hand (`pip install librosa`);
the tests read the file that is kept."""

import pathlib

import librosa
import numpy as np

LENGTH = 22_050


def noise(length, seed):
    """As `fixtures::noise`."""
    out = np.empty(length, dtype=np.float32)
    for i in range(length):
        seed = (seed * 6_364_136_223_846_793_005 + 1_442_695_040_888_963_407) % 2**64
        out[i] = np.float32(seed >> 33) / np.float32(1 << 30) - np.float32(1.0)
    return out


def signal():
    """A tone from 100 Hz to 6 kHz over quiet noise, as in the test."""
    t = np.arange(LENGTH, dtype=np.float64) / LENGTH
    tone = 0.5 * np.sin(2 * np.pi * LENGTH / 22_050 * (100 * t + 2950 * t * t))
    return (tone + 0.01 * noise(LENGTH, 7).astype(np.float64)).astype(np.float32)


def triangles(points_hz, sr, n_fft):
    """Triangles over the bins between neighbouring points, peak 1: what librosa.filters.mel does on the mel scale."""
    bins = librosa.fft_frequencies(sr=sr, n_fft=n_fft)
    rise = (bins[None, :] - points_hz[:-2, None]) / (points_hz[1:-1] - points_hz[:-2])[:, None]
    fall = (points_hz[2:, None] - bins[None, :]) / (points_hz[2:] - points_hz[1:-1])[:, None]
    return np.maximum(0, np.minimum(rise, fall))


def decibel(power):
    return librosa.power_to_db(power, ref=1.0, amin=1e-10, top_db=None).T.astype(np.float32)


def main():
    y = signal()
    power = {fft: np.abs(librosa.stft(y, n_fft=fft, hop_length=441, center=True, pad_mode="constant")) ** 2 for fft in (512, 2048)}
    spectrum = librosa.stft(y, n_fft=2048, hop_length=1707, center=False)
    mel = decibel(librosa.feature.melspectrogram(S=power[512], sr=22_050, n_fft=512, n_mels=40, fmax=8000))
    wide = decibel(librosa.feature.melspectrogram(S=np.abs(spectrum) ** 2, sr=22_050, n_fft=2048, n_mels=128))
    octaves = 55.0 * 2.0 ** np.linspace(0, np.log2(7040.0 / 55.0), 84 + 2)
    linear = np.linspace(0, 8000.0, 64 + 2)
    log = decibel(triangles(octaves, 22_050, 2048) @ power[2048])
    straight = decibel(triangles(linear, 22_050, 512) @ power[512])
    levels = decibel(librosa.feature.melspectrogram(S=power[2048], sr=22_050, n_fft=2048, n_mels=128))[::2]
    mfcc = librosa.feature.mfcc(S=levels.T.astype(np.float64), n_mfcc=20)
    first = librosa.feature.delta(mfcc, mode="nearest")
    parts = [mfcc, first, librosa.feature.delta(first, mode="nearest")]
    means = np.concatenate([p.mean(axis=1) for p in parts])
    deviations = np.concatenate([p.std(axis=1) for p in parts])
    out = pathlib.Path(__file__).with_name("frames.npz")
    np.savez_compressed(
        out,
        mel=mel,
        wide=wide,
        octave=log[::4],
        linear=straight[::4],
        levels=levels,
        mfcc=np.concatenate([means, deviations]).astype(np.float32),
    )
    print(out, out.stat().st_size, "bytes", librosa.__version__)


main()
