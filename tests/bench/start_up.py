"""What a start costs: spawn to the initialize response, the first key, and memory after 200 keys.

Spawn: from just before the fork to the editor's having read the whole response. The first key: its
added latency (see added_latency) less the median of the ten that follow, paced, a second after
didOpen. Memory: of the server and its children when 200 keys have been answered in a file of 1,000
lines, without a workspace index; resident, and the proportional share where the system tells it.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import psutil  # type: ignore[import-untyped] # its stubs are no dependency of ours
from rich.console import Console

from tests.bench._driver import Session
from tests.bench._figures import Figure, figures_table
from tests.bench._servers import GHOSTLAP

SETTLE_S = 1.0  # nobody opens a file and types within a second of it
PACED = "150 60 1000"
INITIALIZE_MS, FIRST_KEY_MS, MEMORY_MB = 250, 5, 60


@dataclass(frozen=True, slots=True)
class Start:
    initialize_ms: float
    first_key_ms: float
    later_keys_ms: float
    opened: int
    """Connections opened for the first key and the later ones."""


def start(session: Session) -> Start:
    initialized = session("start")
    session("open 0 1000")
    time.sleep(SETTLE_S)
    first = session(f"type 0 1 {PACED}")
    later = session(f"type 0 10 {PACED}")
    legs = ("to_provider_us", "to_editor_us")
    return Start(
        initialized.column("initialize_us")[0],
        first.column(*legs)[0],
        median(later.column(*legs)),
        first.accepted + later.accepted,
    )


def memory_mb(pid: int) -> tuple[float, float]:
    """Resident and proportional memory of a process and its children; 0 where there is no such."""
    server = psutil.Process(pid)
    full = [process.memory_full_info() for process in (server, *server.children(recursive=True))]
    resident = sum(info.rss for info in full)
    return resident / 1e6, sum(getattr(info, "pss", 0) for info in full) / 1e6


def memory_after_keys() -> tuple[float, float]:
    with GHOSTLAP.session() as session:
        session("start")
        session("open 0 1000")
        session("type 0 200 0 0 0")
        found = memory_mb(session.server_pid)
        session("stop")
    return found


def figures(starts: Sequence[Start], resident: float, proportional: float) -> list[Figure]:
    over = [each.first_key_ms - each.later_keys_ms for each in starts]
    first, later = (
        median(each.first_key_ms for each in starts),
        median(each.later_keys_ms for each in starts),
    )
    return [
        Figure(
            "spawn → initialize response, p50",
            median(each.initialize_ms for each in starts),
            "ms",
            INITIALIZE_MS,
            f"slowest {max(each.initialize_ms for each in starts):.0f} of {len(starts)} starts",
        ),
        Figure(
            "first key over the later ones, p50",
            median(over),
            "ms",
            FIRST_KEY_MS,
            f"{first:.2f} against {later:.2f}; slowest {max(over):.2f} over",
        ),
        Figure("connections opened for a key", max(each.opened for each in starts), limit=0),
        Figure("resident memory after 200 keys", resident, "MB", MEMORY_MB),
        Figure("its proportional share", proportional, "MB"),
    ]


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="start_up", description=__doc__)
    parser.add_argument("--strict", action="store_true", help="fail when a target is missed")
    parser.add_argument("--starts", type=int, default=7)
    arguments = parser.parse_args(argv)
    starts = []
    for _ in range(arguments.starts + 1):
        with GHOSTLAP.session() as session:
            starts.append(start(session))
            session("stop")
    # The first start compiles what was never imported before, and is not counted.
    found = figures(starts[1:], *memory_after_keys())
    figures_table(Console(width=110), "a start", found)
    return int(arguments.strict and any(figure.missed for figure in found))
