"""Earmark in DawDreamer (JUCE): `cargo xtask hosts dawdreamer` starts it with a bundle and a folder.

The folder holds what `cargo xtask host --rate 48000` wrote of the demo.
"""

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
conclude()
