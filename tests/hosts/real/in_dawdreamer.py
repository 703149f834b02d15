"""Earmark in DawDreamer (JUCE): `cargo xtask hosts dawdreamer` starts it with a bundle and a folder.

The folder holds what `cargo xtask host --rate 48000` wrote of the demo.
"""

import csv
import json
import pathlib
import shutil
import sys
import tempfile

import dawdreamer
import numpy as np
from expect import conclude, expect

RATE_HZ, BLOCK = 48000, 512
UNITS = {"Genre window": "s", "Attack": "ms", "Hold": "ms", "Release": "ms", "Ride": "dB"}
# Samples by which Earmark says in real time what it knows later than in a bounce: a block and 12 ms.
LAG = BLOCK + RATE_HZ * 12 // 1000
bundle, offline = sys.argv[1:3]


def read_wav(path):
    """Channels x samples of a float WAV file."""
    with open(path, "rb") as file:
        data = file.read()
    channels = int.from_bytes(data[22:24], "little")
    at = data.index(b"data") + 8
    return np.frombuffer(data[at : at + (len(data) - at) // 4 * 4], "<f4").reshape(-1, channels).T.copy()


song = read_wav(f"{offline}/out.wav")
if len(song) == 1:
    song = np.vstack([song, song])
# What the same song said in the headless host, held from value to value.
said = {"vocal": np.zeros(song.shape[1], np.float32), "vocal_gate": np.zeros(song.shape[1], np.float32)}
with open(f"{offline}/events.csv", newline="") as file:
    for row in csv.DictReader(file):
        if row["kind"] == "value" and row["id"] in said:
            said[row["id"]][round(float(row["time_s"]) * RATE_HZ) :] = float(row["value"])


def render(engine, plugin, audio, side_chain=None):
    sources = {"song": audio} if side_chain is None else {"song": audio, "side chain": side_chain}
    graph = [(engine.make_playback_processor(name, samples), []) for name, samples in sources.items()]
    engine.load_graph([*graph, (plugin, list(sources))])
    engine.render(audio.shape[1] / RATE_HZ)
    return engine.get_audio()


engine = dawdreamer.RenderEngine(RATE_HZ, BLOCK)
plugin = engine.make_plugin_processor("earmark", bundle)
descriptions = plugin.get_parameters_description()
expect("parameters are listed", len(descriptions) >= 33, len(descriptions))
expect("every parameter has a name and a text", all(d["name"] and d["text"] for d in descriptions))
found = {d["name"]: d["label"].strip() for d in descriptions if d["label"]}
expect("those with a unit have it", found == UNITS, found)
index = {d["name"]: d["index"] for d in descriptions}

inputs, outputs = plugin.get_num_input_channels(), plugin.get_num_output_channels()
expect("it has its main bus and side chain", (inputs, outputs) == (4, 2), (inputs, outputs))
rendered = render(engine, plugin, song)
frames = min(rendered.shape[1], song.shape[1])
expect("audio passes bit by bit", np.array_equal(rendered[:, :frames], song[:, :frames]), rendered.shape)
again = render(engine, plugin, song)
expect("a second render is the same", np.array_equal(rendered, again))
for blocks in [150, 200]:
    engine.render(blocks * BLOCK / RATE_HZ)
    text = plugin.get_parameter_text(index["Vocal"])
    # It renders a block more than it keeps.
    last = [said["vocal"][count * BLOCK - 1] for count in (blocks, blocks + 1)]
    expect(f"in show the value after {blocks} blocks is the last one said", any(abs(float(text) - value) < 1e-3 for value in last), f"{text}, {last[0]:.3f} and {last[1]:.3f} said")


def brings_ride_back(what, engine, plugin):
    """A state that was saved with ride at half of its range, and loaded when it stood elsewhere."""
    plugin.set_parameter(index["Ride"], 0.5)
    # JUCE hands values to a plugin with the next block, as a DAW does all the time.
    render(engine, plugin, song[:, :4096])
    with tempfile.NamedTemporaryFile() as file:
        plugin.save_state(file.name)
        plugin.set_parameter(index["Ride"], 0.1)
        render(engine, plugin, song[:, :4096])
        plugin.load_state(file.name)
    ride = plugin.get_parameter(index["Ride"])
    expect(f"{what} brings ride back", abs(ride - 0.5) < 1e-3, ride)


brings_ride_back("a state", engine, plugin)
ducked = render(engine, plugin, song)[:, :frames]
loud = np.abs(song[:, :frames]) > 0.01
gain_db = 20 * np.log10(np.abs(ducked[loud]) / np.abs(song[:, :frames][loud]))
expect("ride 0.5 of its range ducks by 6 dB", -6.2 < gain_db.min() < -5.0, f"{gain_db.min():.2f} dB at least")

# The side chain alone is heard, and moves the gain of a constant.
constant = np.full((2, frames), 0.25, np.float32)
plugin.set_parameter(index["Source"], 1.0)
gain_db = 20 * np.log10(render(engine, plugin, constant, song)[0, :frames] / 0.25)
expect("a voice on the side chain ducks", -6.1 < gain_db.min() < -5.9 and gain_db.max() == 0, f"{gain_db.min():.2f} to {gain_db.max():.2f} dB")

# Read: a lane drives the ride. Automation's last step is Read; lanes here have a value for each sample.
plugin.set_parameter(index["Automation"], 1.0)
gate = np.zeros(frames, np.float32)
gate[2 * RATE_HZ : 4 * RATE_HZ] = 1
plugin.set_automation(index["Vocal gate"], gate)
gain_db = 20 * np.log10(render(engine, plugin, constant, song)[0, :frames] / 0.25)
at = [round(float(gain_db[int(second * RATE_HZ)]), 2) for second in (1.5, 3, 5, 8)]
expect("in read the lane alone drives the ride", at == [0, -6, 0, 0], at)


# DawDreamer takes the first plugin of a file. A list of what the bundle holds, which VST3 lets a bundle have, makes it the
# other one: the same library, copied.
def of_control(folder):
    copy = pathlib.Path(folder) / pathlib.Path(bundle).name
    shutil.copytree(bundle, copy)
    described = {
        "CID": b"EarmarkPluginCtl".hex().upper(), "Category": "Audio Module Class", "Name": "Earmark Control",
        "Vendor": "Earmark", "Version": "", "SDKVersion": "", "Sub Categories": ["Fx"], "Class Flags": 0,
        "Cardinality": 2147483647, "Snapshots": [],
    }
    maker = {"Vendor": "Earmark", "URL": "", "E-Mail": "", "Flags": {"Unicode": True}}
    listed = {"Name": "Earmark", "Version": "", "Factory Info": maker, "Compatibility": [], "Classes": [described]}
    (copy / "Contents/Resources").mkdir(exist_ok=True)
    (copy / "Contents/Resources/moduleinfo.json").write_text(json.dumps(listed))
    return str(copy)


def key_bus_says(what, rendered, lag):
    """Level and tone of the key bus are what the headless host was told, `lag` samples later."""
    late = {name: np.concatenate([np.zeros(lag, np.float32), values[: frames - lag]]) for name, values in said.items()}
    level, tone = rendered[2], rendered[3]
    # A change of less than 1/512 is not said, but is on the bus.
    beside = float(np.abs(level - late["vocal"]).max())
    expect(f"{what}: the key bus is the voice's value", beside < 1 / 512 + 1e-6, f"at most {beside:.5f} beside what is said")
    open_at, closed_at = late["vocal_gate"] > 0.5, late["vocal_gate"] < 0.5
    settled = 2 * RATE_HZ // 1000 + 1
    rests = np.convolve(open_at, np.ones(settled), "full")[:frames] == 0
    expect(f"{what}: its tone rests while the gate is closed", bool((tone[rests] == 0).all()) and rests.any())
    sings = np.convolve(closed_at, np.ones(settled), "full")[:frames] == 0
    # Over whole periods of 1 kHz the root of the mean square of a sine of half scale is 0.3536.
    periods = tone[sings][: sings.sum() // 48 * 48]
    loudness = float(np.sqrt(np.mean(periods**2)))
    expect(f"{what}: its tone has half scale while it is open", abs(loudness - 0.5 / np.sqrt(2)) < 1e-3, f"{np.abs(periods).max():.4f} at most")


with tempfile.TemporaryDirectory() as folder:
    copy = of_control(folder)
    # DawDreamer activates a plugin for a bounce, but one that joins an engine after its first render for real time; the
    # blocks say offline either way.
    for what, engine, lag in [("Control", dawdreamer.RenderEngine(RATE_HZ, BLOCK), 0), ("Control, joined later", engine, LAG)]:
        control = engine.make_plugin_processor("control", copy)
        inputs, outputs = control.get_num_input_channels(), control.get_num_output_channels()
        expect(f"{what}: it has its main bus, side chain and key bus", (inputs, outputs) == (4, 4), (inputs, outputs))
        rendered = render(engine, control, song)[:, :frames]
        expect(f"{what}: audio passes bit by bit", np.array_equal(rendered[:2], song[:, :frames]), rendered.shape)
        key_bus_says(what, rendered, lag)
        control.set_parameter(index["Source"], 1.0)
        rendered = render(engine, control, np.zeros((2, frames), np.float32), song)[:, :frames]
        key_bus_says(f"{what}, by its side chain", rendered, lag)
        brings_ride_back(f"{what}: a state", engine, control)
conclude()
