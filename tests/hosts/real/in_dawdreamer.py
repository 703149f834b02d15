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
index = {d["name"]: d["index"] for d in descriptions}

inputs, outputs = plugin.get_num_input_channels(), plugin.get_num_output_channels()
expect("it has its main bus and side chain", (inputs, outputs) == (4, 2), (inputs, outputs))
rendered = render(engine, plugin, song)
frames = min(rendered.shape[1], song.shape[1])
expect("audio passes bit by bit", np.array_equal(rendered[:, :frames], song[:, :frames]), rendered.shape)
again = render(engine, plugin, song)
expect("a second render is the same", np.array_equal(rendered, again))

plugin.set_parameter(index["Ride"], 0.5)
ride = plugin.get_parameter(index["Ride"])
# JUCE hands values to a plugin with the next block, as a DAW does all the time.
render(engine, plugin, song[:, :4096])
with tempfile.NamedTemporaryFile() as file:
    plugin.save_state(file.name)
    plugin.set_parameter(index["Ride"], 0.1)
    render(engine, plugin, song[:, :4096])
    plugin.load_state(file.name)
expect("a state brings ride back", abs(plugin.get_parameter(index["Ride"]) - ride) < 1e-3, plugin.get_parameter(index["Ride"]))
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


with tempfile.TemporaryDirectory() as folder:
    control = engine.make_plugin_processor("control", of_control(folder))
    inputs, outputs = control.get_num_input_channels(), control.get_num_output_channels()
    expect("Control has its main bus, side chain and key bus", (inputs, outputs) == (4, 4), (inputs, outputs))
    render(engine, control, song)
    rendered = control.get_audio()[:, :frames]
    expect("Control: audio passes bit by bit", np.array_equal(rendered[:2], song[:, :frames]), rendered.shape)

    # What the same song said in the headless host, held from value to value.
    said = {"vocal": np.zeros(frames, np.float32), "vocal_gate": np.zeros(frames, np.float32)}
    with open(f"{offline}/events.csv", newline="") as file:
        for row in csv.DictReader(file):
            if row["kind"] == "value" and row["id"] in said:
                said[row["id"]][round(float(row["time_s"]) * RATE_HZ) :] = float(row["value"])
    level, tone = rendered[2], rendered[3]
    # A change of less than 1/512 is not said, but is on the bus.
    beside = float(np.abs(level - said["vocal"]).max())
    expect("the key bus is the voice's value", beside < 1 / 512 + 1e-6, f"at most {beside:.5f} beside what is said")
    open_at, closed_at = said["vocal_gate"] > 0.5, said["vocal_gate"] < 0.5
    settled = 2 * RATE_HZ // 1000 + 1
    rests = np.convolve(open_at, np.ones(settled), "full")[:frames] == 0
    expect("its tone rests while the gate is closed", bool((tone[rests] == 0).all()) and rests.any())
    sings = np.convolve(closed_at, np.ones(settled), "full")[:frames] == 0
    # Over whole periods of 1 kHz the root of the mean square of a sine of half scale is 0.3536.
    periods = tone[sings][: sings.sum() // 48 * 48]
    expect("its tone has half scale while it is open", abs(float(np.sqrt(np.mean(periods**2))) - 0.5 / np.sqrt(2)) < 1e-3, f"{np.abs(periods).max():.4f} at most")
conclude()
