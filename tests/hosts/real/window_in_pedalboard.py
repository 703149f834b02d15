"""Earmark's window in pedalboard (JUCE, VST3) while a song plays: `cargo xtask window --pedalboard PYTHON` starts it."""

import ctypes
import subprocess
import sys
import threading
import time

import pedalboard
from pedalboard.io import AudioFile

bundle, song, out, play_s = sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4])
BLOCK = 1024
# JUCE asks the window manager for the active window and, where there is none yet, for a property of window 0. Xlib ends the
# process at such an error unless somebody takes it.
take_error = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)(lambda display, error: 0)
ctypes.CDLL("libX11.so.6").XSetErrorHandler(take_error)
# JUCE shows no window without one.
manager = subprocess.Popen(["openbox"], stderr=subprocess.DEVNULL)
plugin = pedalboard.load_plugin(bundle, plugin_name="Earmark")
with AudioFile(song) as file:
    rate_hz = file.samplerate
    audio = file.read(file.frames)
closed = threading.Event()
problems = []


def play():
    """In real time, then a picture of the whole display; the window closes whatever happens."""
    try:
        began = time.monotonic()
        for number in range(int(play_s * rate_hz / BLOCK)):
            at = number * BLOCK % (audio.shape[1] - BLOCK)
            plugin.process(audio[:, at : at + BLOCK], rate_hz, buffer_size=BLOCK, reset=False)
            time.sleep(max(0.0, began + (number + 1) * BLOCK / rate_hz - time.monotonic()))
        subprocess.run(["import", "-window", "root", "-trim", "+repage", out], check=True)
    except Exception as problem:
        problems.append(problem)
    finally:
        closed.set()


player = threading.Thread(target=play)
player.start()
plugin.show_editor(closed)
player.join()
# It opens once more after it was closed.
closed.clear()
threading.Timer(2.0, closed.set).start()
plugin.show_editor(closed)
manager.terminate()
if problems:
    sys.exit(f"error: {problems[0]}")
print("wrote    ", out)
