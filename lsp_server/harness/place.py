"""Where the typist runs: on a processor of its own, and before all others, as far as it may.

Servers that compute while a key is due, and whatever else runs, would make keys late. Linux alone
lets a process say all of this; elsewhere nothing is done, and the bench still tells the lag.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["children_elsewhere", "stolen_s", "typists_place"]


@contextmanager
def children_elsewhere() -> Iterator[None]:
    """Leave the typist's processor out of those that processes started meanwhile may run on."""
    if sys.platform != "linux":
        yield
        return
    mine = os.sched_getaffinity(0)
    if len(mine) < 2:
        yield
        return
    os.sched_setaffinity(0, mine - {max(mine)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, mine)


@contextmanager
def typists_place() -> Iterator[str]:
    """Run this thread there meanwhile, and yield in words what could be had of it."""
    if sys.platform != "linux":
        yield "shared"
        return
    mine = os.sched_getaffinity(0)
    if len(mine) > 1:
        os.sched_setaffinity(0, {max(mine)})
    told = "a processor of its own" if len(mine) > 1 else "shared"
    try:
        with _first() as is_first:
            yield f"{told}, real-time" if is_first else told
    finally:
        os.sched_setaffinity(0, mine)


@contextmanager
def _first() -> Iterator[bool]:
    """Real-time, at the lowest such priority, where the user may; few may. No child inherits it."""
    if sys.platform != "linux":
        yield False
        return
    policy, priority = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(1))
    except OSError:
        yield False
        return
    try:
        yield True
    finally:
        try:
            os.sched_setscheduler(0, policy, priority)
        except OSError:  # who may not take the flag back may keep it, to no harm
            os.sched_setscheduler(0, policy | os.SCHED_RESET_ON_FORK, priority)


def stolen_s() -> float | None:
    """How long the host of a virtual machine has kept its processors from it; None: not known.

    No priority within the machine helps against that (proc(5), /proc/stat, `steal`).
    """
    if sys.platform != "linux":
        return None
    try:
        ticks = int(Path("/proc/stat").read_text(encoding="ascii").split()[8])
    except (OSError, ValueError, IndexError):
        return None
    return ticks / os.sysconf("SC_CLK_TCK")
