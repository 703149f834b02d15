"""Expectations of a run in a real host, printed as they are met or not."""

import sys

_counts = {True: 0, False: 0}


def expect(what, holds, found=""):
    """Notes whether `what` holds, and what was found."""
    _counts[bool(holds)] += 1
    print(f"{'ok' if holds else 'FAILED':8}{what}" + (f"  ({found})" if found != "" else ""), flush=True)
    return holds


def conclude():
    """Ends the program with what came of all expectations."""
    print(f"{_counts[True]} passed, {_counts[False]} failed")
    sys.exit(1 if _counts[False] else 0)
