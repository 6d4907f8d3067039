"""What the telemetry says that each stage took, against what provider and editor saw.

The C driver is both, on the system's one monotonic clock, and its provider keeps to a script: it
notes when a key was pressed, when its request had been read whole, when the first and the last
event of the answer left, and when the reply had been read. Compared are durations, keystroke by
keystroke: a stage is true when it is within 1 ms or 2 % of what was seen from outside. So are the
quantiles, which `ghostlap stats` shows, and the sum of a keystroke's stages with its total.

Between two processes lies the system, which wakes them when it likes, and a stamp cannot tell the
time before its process ran. How often that takes more than 1 ms is measured beside it, of a relay
in C that stamps nothing: so many of the keystrokes cannot be held against a stamp. Nobody has one
CPU alone: there the server's writer would be in the way of its own event loop.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from rich.console import Console

from ghostlap.telemetry import Attempt, AttemptStage, Stage, Trace
from ghostlap.telemetry.reading import read_traces
from ghostlap.telemetry.waterfall import path_of
from tests.bench._driver import BenchError, Block, Session, open_session
from tests.bench._figures import Figure, figures_table, percentile
from tests.bench._servers import FLOOR, GHOSTLAP

KEYS = 10_000
BLOCK_KEYS = 500
RELAY_SHARE = 4  # of a block's keys one in so many
WARM_UP_KEYS = 20
LINES = 1_000
DEBOUNCE_MS, FIRST_TOKEN_MS, GAP_US = 3, 12, 300
"""Grammars are asked 5 ms after a request was sent, when no provider elsewhere has answered yet."""
NOBODY_ELSE_PERCENT = 1.0
"""Keystrokes that may be off because of us."""
PERCENTS = (50, 90, 99)
MS = 1e6

CONFIG = """\
primary = "bench"
debounce_ms = {debounce_ms}
debounce_min_ms = {debounce_ms}
[suggestion]
ahead_percent = 0
[providers.bench]
base_url = "http://127.0.0.1:{port}/v1"
model = "bench"
prompt = "suffix"
"""


@dataclass
class Compared:
    """One stage, in ms: as it was recorded, and as it was seen."""

    recorded: list[float] = field(default_factory=list)
    seen: list[float] = field(default_factory=list)

    def off(self) -> list[float]:
        return [mine - true for mine, true in zip(self.recorded, self.seen, strict=True)]

    def false_percent(self) -> float:
        pairs = zip(self.recorded, self.seen, strict=True)
        return 100 * sum(_is_off(*pair) for pair in pairs) / len(self.seen)

    def worst_quantile(self) -> float:
        """How far the quantile is off that is off most, in times of what it may be."""
        pairs = [(percentile(self.recorded, p), percentile(self.seen, p)) for p in PERCENTS]
        return max(abs(mine - true) / _allowed(true) for mine, true in pairs)


def _allowed(true_ms: float) -> float:
    return max(1.0, 0.02 * true_ms)


def _is_off(recorded_ms: float, seen_ms: float) -> bool:
    return abs(recorded_ms - seen_ms) > _allowed(seen_ms)


@contextmanager
def _ghostlap(folder: str) -> Iterator[Session]:
    config = Path(folder, "config.toml")
    environment = {"GHOSTLAP_CONFIG": str(config), "GHOSTLAP_DATA_DIR": folder}
    with open_session("stages", GHOSTLAP.command(), environment) as session:
        config.write_text(CONFIG.format(port=session.port, debounce_ms=DEBOUNCE_MS))
        yield session


def _type(keys: int, folder: str) -> tuple[list[Block], list[Block]]:
    """Let ghostlap and the relay take turns; return the blocks of both."""
    ours, relays = [], []
    with _ghostlap(folder) as server, FLOOR.session() as relay:
        for session in (server, relay):
            session("start")
            session(f"open 0 {LINES}")
            session(_command(WARM_UP_KEYS))
        for done in range(0, keys, BLOCK_KEYS):
            count = min(BLOCK_KEYS, keys - done)
            ours.append(server(_command(count)))
            relays.append(relay(_command(max(count // RELAY_SHARE, 1))))
        for session in (server, relay):
            session("stop")
    return ours, relays


def _command(keys: int) -> str:
    return f"type 0 {keys} 0 {FIRST_TOKEN_MS} {GAP_US}"


def _compare(traces: Sequence[Trace], blocks: Sequence[Block]) -> dict[str, Compared]:
    found: dict[str, Compared] = {}
    samples = [sample for block in blocks for sample in block.samples]
    for trace, seen in zip(traces, samples, strict=True):
        (attempt,) = trace.attempts
        recorded = _recorded(trace, attempt)
        for name, true_ns in _seen(seen, recorded).items():
            compared = found.setdefault(name, Compared())
            compared.recorded.append(recorded[name] / MS)
            compared.seen.append(true_ns / MS)
    return found


def _recorded(trace: Trace, attempt: Attempt) -> dict[str, float]:
    at, of = trace.stamps, attempt.stamps
    stamps = {stage: each for stage, each in zip(Stage, at, strict=True) if each}
    its = {stage: each for stage, each in zip(AttemptStage, of, strict=True) if each}
    return {
        "to the provider": of[AttemptStage.SENT] - at[Stage.CHANGE_RECEIVED],
        "first token": of[AttemptStage.FIRST_TOKEN] - of[AttemptStage.SENT],
        "decode": of[AttemptStage.FIRST_USABLE] - of[AttemptStage.FIRST_TOKEN],
        "shaping and reply": at[Stage.RESPONSE_SENT] - of[AttemptStage.FIRST_USABLE],
        "total": at[Stage.RESPONSE_SENT] - at[Stage.CHANGE_RECEIVED],
        "sum of stages": sum(each.duration_ns for each in path_of(stamps, its, (None, None))),
    }


def _seen(driver: Mapping[str, float], recorded: Mapping[str, float]) -> dict[str, float]:
    return {
        "to the provider": driver["asked_ns"] - driver["pressed_ns"],
        "first token": driver["first_ns"] - driver["asked_ns"],
        "decode": driver["last_ns"] - driver["first_ns"],
        "shaping and reply": driver["answered_ns"] - driver["last_ns"],
        "total": driver["answered_ns"] - driver["pressed_ns"],
        "sum of stages": recorded["total"],
    }


def _system_percent(relays: Sequence[Block]) -> float:
    """How many of the relay's ways took 1 ms longer than they usually do."""
    late = []
    for leg in ("to_provider_us", "to_editor_us"):
        took = [each for block in relays for each in block.column(leg)]
        usual = median(took)
        late += [each > usual + 1 for each in took]
    return 100 * sum(late) / len(late)


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="telemetry_stages", description=__doc__)
    parser.add_argument("--strict", action="store_true", help="fail when a target is missed")
    parser.add_argument("--keys", type=int, default=KEYS)
    arguments = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="ghostlap-bench-") as folder:
        blocks, relays = _type(arguments.keys, folder)
        traces = [trace for _, trace in read_traces(Path(folder, "telemetry.sqlite3"))]
    typed = arguments.keys + WARM_UP_KEYS
    if len(traces) != typed:
        raise BenchError(f"{typed} keys were typed, and {len(traces)} recorded")
    system = _system_percent(relays)
    figures = [Figure("late by 1 ms for the system's sake (the relay)", system, "%")]
    for name, compared in _compare(traces[WARM_UP_KEYS:], blocks).items():
        limit = 0.0 if name == "sum of stages" else NOBODY_ELSE_PERCENT + 2 * system
        off = compared.off()
        p99 = percentile([abs(each) for each in off], 99)
        note = f"off by {median(off):+.3f} ms in the middle, p99 {p99:.3f}"
        figures.append(
            Figure(f"{name}: not within 1 ms or 2 %", compared.false_percent(), "%", limit, note)
        )
        figures.append(
            Figure(
                f"{name}: p50, p90, p99, of what they may be off",
                compared.worst_quantile(),
                "times",
                1,
            )
        )
    figures_table(Console(width=140), f"stages over {arguments.keys:,} keystrokes", figures)
    return int(arguments.strict and any(figure.missed for figure in figures))
