#!/usr/bin/env python3
"""Analyses audio on a Ray cluster: every shard is a task, and a worker that dies costs no file.

    pip install ray pyarrow
    python examples/ray_analyze.py OUT FILE... [--shards 8] [--earmark target/release/earmark]

On a cluster start it from the head node with RAY_ADDRESS=auto; files, OUT and the binary must lie on a file system that
all nodes share. Without a cluster it starts one of two workers on this machine. `--kill` kills a worker while it is at a
shard, to show what comes of it. At the end the data set is read back: every file that could be heard must be in it once.
"""

import argparse
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter

import pyarrow.dataset
import ray


@ray.remote(num_cpus=1, max_retries=5)
def analyze(earmark, files, out, part_files, shard, diary):
    """One shard, from wherever an earlier attempt has left it. Returns the words on stderr."""
    command = [earmark, "analyze", "--files-from", "-", "--parquet", out, "--part-files", str(part_files)]
    process = subprocess.Popen(
        [*command, "--shard", shard], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    # The name says who is at what; whoever wants to kill a worker finds one here.
    note = pathlib.Path(diary) / f"{shard.replace('/', '-of-')} {os.getpid()} {process.pid}"
    note.touch()
    _, words = process.communicate("\n".join(files))
    note.unlink()
    # 1: some files could not be heard, each has its line. Anything else is this attempt's failure.
    if process.returncode not in (0, 1):
        raise RuntimeError(f"shard {shard} ended with {process.returncode}: {words}")
    return words


def kill_a_worker(diary, out, pending):
    """Waits until a worker is in the middle of a shard, with a part written, and kills it and what it runs."""
    while True:
        for note in pathlib.Path(diary).iterdir():
            shard, worker, child = note.name.rsplit(" ", 2)
            index, count = (int(number) for number in shard.split("-of-"))
            parts = list(pathlib.Path(out).glob(f"part-{index:05}-of-{count:05}-*.parquet"))
            if not parts:
                continue
            # The worker first, so that it cannot report its child's end as a failure of the file.
            for process in (int(worker), int(child)):
                try:
                    os.kill(process, signal.SIGKILL)
                except ProcessLookupError:
                    break
            else:
                note.unlink(missing_ok=True)
                return f"killed worker {worker} at shard {index}/{count}, {len(parts)} part(s) of it written"
        if not ray.wait(pending, num_returns=len(pending), timeout=0)[1]:
            return "every shard was done before a worker could be killed; give longer files"
        time.sleep(0.005)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", help="directory of the data set")
    parser.add_argument("files", nargs="+", help="audio files")
    parser.add_argument("--earmark", default="target/release/earmark", help="the binary")
    parser.add_argument("--shards", type=int, default=8, help="tasks; several times the workers, so that none waits long")
    parser.add_argument("--part-files", type=int, default=64, help="files that a dying worker loses at most")
    parser.add_argument("--kill", action="store_true", help="kill a worker in mid-run")
    arguments = parser.parse_args()

    earmark = str(pathlib.Path(arguments.earmark).resolve())
    out = str(pathlib.Path(arguments.out).resolve())
    files = sorted({str(pathlib.Path(file).resolve()) for file in arguments.files})
    if os.environ.get("RAY_ADDRESS"):
        ray.init(log_to_driver=False)
    else:
        ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)

    with tempfile.TemporaryDirectory() as diary:
        shards = [f"{index}/{arguments.shards}" for index in range(arguments.shards)]
        tasks = [analyze.remote(earmark, files, out, arguments.part_files, shard, diary) for shard in shards]
        if arguments.kill:
            print(kill_a_worker(diary, out, tasks))
        words = ray.get(tasks)
    bad = set()
    for shard, said in zip(shards, words):
        for line in said.splitlines():
            print(f"shard {shard}: {line}")
            if line.startswith("error: "):
                bad.add(line.removeprefix("error: ").split(": ")[0])

    table = pyarrow.dataset.dataset(out, format="parquet").to_table(columns=["file", "genre", "sung_share"])
    rows = Counter(table["file"].to_pylist())
    lost = [file for file in files if file not in rows and file not in bad]
    twice = [file for file, count in rows.items() if count > 1]
    print(f"{len(files)} files, {len(bad)} of them bad, {table.num_rows} rows: {len(lost)} lost, {len(twice)} twice")
    return 1 if lost or twice else 0


if __name__ == "__main__":
    sys.exit(main())
