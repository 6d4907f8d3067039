"""What the telemetry says that each stage took, against what provider and editor saw.

A provider with a script of known times, in a process of its own, notes when each request had
arrived and when each piece left; the editor, here, notes when it sent an edit and read the reply.
All on the system's one monotonic clock. Compared are durations, keystroke by keystroke: a stage is
true when it is within 1 ms or 2 % of what was seen from outside. The sums of a keystroke's stages
are compared with its total.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sqlite3
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from statistics import median
from subprocess import PIPE, Popen

from rich.console import Console

from ghostlap.lsp_server.client import LspClient
from ghostlap.providers.scripted_dialects import Answer, Pace
from ghostlap.providers.scripted_server import ScriptedServer
from ghostlap.telemetry import AttemptStage, Stage, monotonic_ns
from ghostlap.telemetry.reading import read_traces
from ghostlap.telemetry.waterfall import path_of
from tests.bench._driver import ROOT, BenchError
from tests.bench._figures import Figure, figures_table, percentile

KEYS = 10_000
HEAD_S, GAP_S = 0.003, 0.001
PIECES = ("zeta", "(alpha)", "\n")
URI = "file:///bench.py"
COLUMNS = 60
MS = 1e6

CONFIG = """\
primary = "bench"
debounce_ms = 0
[suggestion]
ahead_percent = 0
[providers.bench]
base_url = "http://127.0.0.1:{port}/v1"
model = "bench"
prompt = "suffix"
"""


async def _type(keys: int, folder: str) -> list[int]:
    """Type keys, one after the answer to the other; return how long each took, in ns."""
    environment = {
        **os.environ,
        "GHOSTLAP_CONFIG": str(Path(folder, "config.toml")),
        "GHOSTLAP_DATA_DIR": folder,
    }
    command = [sys.executable, "-I", "-m", "ghostlap.lsp_server", "serve"]
    took = []
    async with LspClient.spawn(command, env=environment) as client:
        await client.initialize()
        client.open(URI, "python", "")
        for key in range(keys):
            line, column = divmod(key, COLUMNS)
            start_ns = monotonic_ns()
            if line and not column:
                client.insert(URI, line - 1, COLUMNS, "\nq")
            else:
                client.insert(URI, line, column, "q")
            call = client.inline_completion(URI, line, column + 1)
            await call
            took.append(call.received_ns - start_ns)
        await client.shutdown()
    return took


@contextmanager
def _provider(log: Path) -> Iterator[int]:
    command = [sys.executable, "-m", __name__, str(log)]
    with Popen(command, cwd=ROOT, stdin=PIPE, stdout=PIPE, text=True) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline())
        assert process.stdin is not None
        process.stdin.close()
        process.wait(30)


async def _serve() -> list[tuple[int, ...]]:
    """Serve until stdin ends; return the stamps of each request."""
    pace = Pace(head_delay_s=HEAD_S, delay_s=GAP_S)
    async with ScriptedServer(lambda _: Answer(pieces=PIECES, pace=pace)) as server:
        sys.stdout.write(f"{server.port}\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)
        return [
            (each.received_ns, each.headers_sent_ns, *each.chunk_sent_ns)
            for each in server.requests
            if each.method == "POST"
        ]


def _errors(
    database: Path, seen: Sequence[Sequence[int]], took: Sequence[int]
) -> dict[str, list[tuple[float, float]]]:
    """By stage, how far the telemetry is off, in ms and as a share, for each keystroke."""
    traces = [trace for _, trace in read_traces(database)]
    found: dict[str, list[tuple[float, float]]] = {
        name: [] for name in ("first byte", "first token", "decode", "total", "sum of stages")
    }
    asked = [(trace, whole) for trace, whole in zip(traces, took, strict=True) if trace.attempts]
    if len(asked) != len(seen):
        raise BenchError(f"{len(asked)} keys were asked for, and {len(seen)} requests came")
    for (trace, whole), (received, headers, *pieces) in zip(asked, seen, strict=True):
        stamps = {stage: at for stage, at in zip(Stage, trace.stamps, strict=True) if at}
        (attempt,) = trace.attempts
        at = {stage: each for stage, each in zip(AttemptStage, attempt.stamps, strict=True) if each}
        measured = {
            "first byte": at[AttemptStage.HEADERS] - at[AttemptStage.SENT],
            "first token": at[AttemptStage.FIRST_TOKEN] - at[AttemptStage.SENT],
            "decode": at[AttemptStage.FIRST_USABLE] - at[AttemptStage.FIRST_TOKEN],
            "total": stamps[Stage.RESPONSE_SENT] - stamps[Stage.CHANGE_RECEIVED],
        }
        first, last = pieces[0], pieces[len(PIECES) - 1]
        truth = {
            "first byte": headers - received,
            "first token": first - received,
            "decode": last - first,
            "total": whole,
        }
        for name, measure in measured.items():
            off = (measure - truth[name]) / MS
            found[name].append((off, off * MS / truth[name]))
        summed = sum(each.duration_ns for each in path_of(stamps, at, (None, None)))
        off = (summed - measured["total"]) / MS
        found["sum of stages"].append((off, off * MS / measured["total"]))
    return found


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="telemetry_stages", description=__doc__)
    parser.add_argument("--strict", action="store_true", help="fail when a target is missed")
    parser.add_argument("--keys", type=int, default=KEYS)
    arguments = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="ghostlap-bench-") as folder:
        log = Path(folder, "seen.json")
        with _provider(log) as port:
            Path(folder, "config.toml").write_text(CONFIG.format(port=port))
            took = asyncio.run(_type(arguments.keys, folder))
        seen = json.loads(log.read_text())
        database = Path(folder, "telemetry.sqlite3")
        with closing(sqlite3.connect(database)) as connection:
            (lost,) = connection.execute("SELECT count(*) FROM keystroke").fetchone()
        errors = _errors(database, seen, took)
    figures = [Figure("keystrokes typed and not recorded", arguments.keys - lost, limit=0)]
    for name, off in errors.items():
        false = sum(abs(ms) > 1 and abs(share) > 0.02 for ms, share in off)
        worst = percentile([abs(ms) for ms, _ in off], 99)
        note = f"off by {median([ms for ms, _ in off]):+.3f} ms in the middle, p99 {worst:.3f} ms"
        figures.append(
            Figure(f"{name}: neither within 1 ms nor 2 %", 100 * false / len(off), "%", 1.0, note)
        )
    figures_table(Console(width=120), f"stages over {len(took):,} keystrokes", figures)
    return int(arguments.strict and any(figure.missed for figure in figures))


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(asyncio.run(_serve())))
