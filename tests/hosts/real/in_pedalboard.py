"""Earmark in pedalboard (JUCE): `cargo xtask hosts pedalboard` starts it with a bundle and a folder.

The folder holds what `cargo xtask host --rate 48000` wrote of the demo.
"""

import sys

import numpy as np
import pedalboard
from expect import conclude, expect
from pedalboard.io import AudioFile

UNITS = {"Genre window": "s", "Attack": "ms", "Hold": "ms", "Release": "ms", "Ride": "dB"}
bundle, offline = sys.argv[1:3]
with AudioFile(f"{offline}/out.wav") as file:
    rate_hz = file.samplerate
    song = file.read(file.frames)
if len(song) == 1:
    song = np.vstack([song, song])

expect("both classes are found", set(pedalboard.VST3Plugin.get_plugin_names_for_file(bundle)) == {"Earmark", "Earmark Control"})

for name in ["Earmark", "Earmark Control"]:
    plugin = pedalboard.load_plugin(bundle, plugin_name=name)
    parameters = plugin.parameters
    expect(f"{name}: parameters are listed", len(parameters) >= 33, len(parameters))
    expect(f"{name}: every parameter has a name and a text", all(p.name and p.string_value for p in parameters.values()))
    found = {p.name: p.units.strip() for p in parameters.values() if p.units}
    expect(f"{name}: those with a unit have it", found == UNITS, found)
    for key, text in [("ride_db", "0.0"), ("automation", "Show"), ("threshold", "0."), ("midi_note", "C4"), ("genre", "None")]:
        found = parameters[key].string_value if key in parameters else None
        expect(f"{name}: {key} reads {text}", found is not None and found.startswith(text), found)

    plugin.reset()
    rendered = plugin.process(song, rate_hz, buffer_size=512)
    expect(f"{name}: audio passes bit by bit", np.array_equal(rendered[: len(song)], song), rendered.shape)

    plugin.ride_db = -6.0
    plugin.threshold = 0.7
    # JUCE hands values to a plugin with the next block, as a DAW does all the time.
    plugin.process(np.zeros((2, 4096), np.float32), rate_hz)
    saved = plugin.raw_state
    plugin.ride_db = 3.0
    plugin.threshold = 0.2
    plugin.process(np.zeros((2, 4096), np.float32), rate_hz)
    plugin.raw_state = saved
    expect(f"{name}: a state brings ride and threshold back", (plugin.ride_db, round(plugin.threshold, 2)) == (-6.0, 0.7), (plugin.ride_db, plugin.threshold))
    other = pedalboard.load_plugin(bundle, plugin_name=name)
    other.raw_state = saved
    expect(f"{name}: another instance takes the state", (other.ride_db, round(other.threshold, 2)) == (-6.0, 0.7))

    # Ride: 6 dB down while someone sings, and never more.
    ducked = plugin.process(song, rate_hz, buffer_size=512)[: len(song)]
    loud = np.abs(song) > 0.01
    gain_db = 20 * np.log10(np.abs(ducked[loud]) / np.abs(song[loud]))
    expect(f"{name}: ride ducks by 6 dB and no more", gain_db.min() > -6.1 and gain_db.min() < -5.0, f"{gain_db.min():.2f} dB at least")
    once = plugin.process(song, rate_hz, buffer_size=512)
    expect(f"{name}: nothing but finite samples", bool(np.isfinite(once).all()))

conclude()
