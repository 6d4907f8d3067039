"""Keys that the embedded engine saves, how often what it shows is right, how fast, how large.

Lines of packages are typed anew, key by key, into files that hold their other lines. The package is
indexed as a workspace, the file itself is left out of the index; the standard library's index is
there too. A suggestion that the line goes on with is accepted: it saves its characters but one.
What a later release added is typed into the one before it; so is, where the checkout has a history,
what its last commits added.
Beside the engine, on the same lines: the nearest word that begins as the half-typed one, and what
followed the longest text before the cursor that stands elsewhere in the file.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median

import psutil  # type: ignore[import-untyped] # it ships no types
from rich.console import Console

from ghostlap.providers.local import EmbeddedEngine, EmbeddedSettings
from ghostlap.providers.local.buffer import Buffer
from ghostlap.providers.local.workspace_build import workspace_folder
from tests.bench._driver import BenchError
from tests.bench._figures import Figure, figures_table, table
from tests.bench.embedded_engine_data import (
    PACKAGES,
    RELEASES,
    Passage,
    added,
    blocks,
    copy,
    fetch,
    hunks,
    is_code,
    large_workspace,
    sources,
    standard_library,
)
from tests.bench.embedded_engine_typing import (
    Guess,
    Tally,
    index_all,
    longest_match,
    rest_of_line,
    type_passage,
    type_with_engine,
    word_completion,
)

__all__ = ["main"]

THRESHOLDS = (0.5, 0.7, 0.8)
COMMITS = 40
"""How far the history is gone back."""
LARGE_BYTES = 25_000_000
_LINES_A_FILE = 10
_PAUSE_S = 0.5
"""Between two passages while the index is made: a person pauses more."""
BESIDE: dict[str, Guess] = {"longest match": longest_match, "word completion": word_completion}


@asynccontextmanager
async def engine_on(
    root: Path | None, cache: Path, *, wait: bool = True, **settings: float
) -> AsyncIterator[EmbeddedEngine]:
    """An engine that has indexed `root`, in a process, as the server does."""
    engine = EmbeddedEngine(EmbeddedSettings(**settings), cache)  # type: ignore[arg-type]
    if root is not None:
        command = [sys.executable, "-I", "-m", "ghostlap.lsp_server", "index", "--porcelain"]
        engine.folders.use([root], [*command, f"--cache-dir={cache}"])
    try:
        await engine.warm()
        if wait:
            await engine.settled()
            await engine.folders.settled()
        yield engine
    finally:
        await engine.aclose()


async def type_all(root: Path, passages: Sequence[Passage], cache: Path) -> dict[str, Tally]:
    tallies = {}
    for threshold in THRESHOLDS:
        tally = tallies[f"τ = {threshold}"] = Tally()
        async with engine_on(root, cache, confidence=threshold) as engine:
            for passage in passages:
                type_with_engine(engine, passage, tally)
    for name, guess in BESIDE.items():
        tally = tallies[name] = Tally()
        for passage in passages:
            type_passage(passage, guess, tally)
    return tallies


def typed(cache: Path, count: int, seed: int) -> dict[str, dict[str, Tally]]:
    """Type passages of every package that can be had, of later releases and of the checkout."""
    found = {}
    for package in PACKAGES:
        try:
            fetched = fetch(package)
        except BenchError as error:
            print(error, file=sys.stderr)  # noqa: T201 - for the user
            continue
        name = package.partition("=")[0].partition("@")[0]
        root = cache / name
        copy(fetched, root)
        passages = [*blocks(root, count, seed)]
        found[name] = asyncio.run(type_all(root, passages, cache))
    for earlier, later in RELEASES:
        root = cache / earlier
        copy(fetch(earlier), root)
        passages = [*added(root, fetch(later), count, seed)]
        name, _, version = later.partition("==")
        found[f"{name} to {version}"] = asyncio.run(type_all(root, passages, cache))
    old = cache / "history"
    committed = [*hunks(old, 2 * count, seed, COMMITS)]
    if committed:
        found[f"git, {COMMITS} commits"] = asyncio.run(type_all(old, committed, cache))
    return found


def typed_figures(found: dict[str, dict[str, Tally]]) -> Iterator[Figure]:
    """State the targets as what may be missing: a figure is good when it is small."""
    for package, tallies in found.items():
        tally, words = tallies["τ = 0.7"], tallies["word completion"]
        saved = 0.40 if package.startswith("git") or " to " in package else 0.35
        yield Figure(f"{package}: keys not saved", 1 - tally.saved_share, limit=1 - saved)
        yield Figure(f"{package}: shown and wrong", 1 - tally.precision, limit=0.30)
        times = words.saved_share / max(0.001, tally.saved_share)
        yield Figure(f"{package}: of them by word completion", times, limit=1 / 1.6)


async def latencies(cache: Path, seed: int) -> list[Figure]:
    """Type beside an index of 25 MB, while it is made and when it is there."""
    root = cache / "large"
    size_mb = large_workspace(root, LARGE_BYTES) / 1e6
    passages = [*blocks(root, 30, seed)]
    figures = []
    process = psutil.Process()
    async with engine_on(None, cache, confidence=0.7) as engine:
        type_with_engine(engine, passages[0], Tally())
    gc.freeze()  # as the server does when it has started
    rss = process.memory_info().rss
    cpu, began = _children_s(), time.monotonic()
    async with engine_on(root, cache, wait=False, confidence=0.7) as engine:
        indexing = asyncio.ensure_future(engine.folders.settled())
        tally = Tally()
        while not indexing.done():
            type_with_engine(engine, passages[tally.keys % len(passages)], tally)
            await asyncio.sleep(_PAUSE_S)
        figures += _latency("while it is indexed", tally)
        wall_s = time.monotonic() - began
        build_s = _children_s() - cpu or wall_s
        tally = Tally()
        for passage in passages:
            type_with_engine(engine, passage, tally)
        figures += _latency(f"with {size_mb:.0f} MB indexed", tally)
        more_mb = (process.memory_info().rss - rss) / 1e6
    folder = workspace_folder(cache, root)
    disk_mb = sum(each.stat().st_size for each in folder.glob("*.index")) / 1e6
    note = f"{wall_s:.0f} s beside a busy typist"
    return [
        *figures,
        Figure("build, CPU time", build_s / size_mb, "s/MB", 0.7, note),
        Figure("memory", more_mb / size_mb, "MB/MB", 7.0, "what was read of the map included"),
        Figure("disk", disk_mb / size_mb, "MB/MB", 7.0),
    ]


def _latency(when: str, tally: Tally) -> list[Figure]:
    limits = ((0.5, "p50", 0.6), (0.99, "p99", 3.0), (1.0, "max", 5.0))
    note = f"{tally.keys} keys"
    return [
        Figure(f"a key {when}, {name}", tally.took_ms(share), "ms", limit, note)
        for share, name, limit in limits
    ]


def _children_s() -> float:
    times = os.times()
    return times.children_user + times.children_system


def edit_us(seed: int) -> float:
    """Return what it takes to take up a line that was edited, indexing it included."""
    rng = random.Random(seed)
    lines = Path(random.__file__).read_text(encoding="utf-8").split("\n")
    buffer = Buffer()
    buffer.open("file:///a.py", lines)
    buffer.catch_up("file:///a.py", -1, len(lines))
    took = []
    for _ in range(2_000):
        number = rng.randrange(len(lines))
        began = time.perf_counter_ns()
        buffer.edit("file:///a.py", number, number + 1, [rng.choice(lines)])
        buffer.catch_up("file:///a.py", number + 1, 10)
        took.append(time.perf_counter_ns() - began)
    return median(took) / 1e3


async def exact_rests(cache: Path, points: int, seed: int) -> list[Figure]:
    """Let the engine finish lines of the standard library, at their start and within."""
    root = cache / "library"
    standard_library(root)
    rng = random.Random(seed)
    paths = [path for path in sources(root) if path.stat().st_size > 4_000]
    right = {"line start": 0, "mid-line": 0, "at any character": 0}
    async with engine_on(root, cache, confidence=1e-30, standard_library=False) as engine:
        for _ in range(points // _LINES_A_FILE):
            path = rng.choice(paths)
            lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
            uri = path.as_uri()
            engine.document_opened(uri, "python", lines)
            index_all(engine, uri, -1)
            for number in _some_code(lines, rng):
                line = lines[number].rstrip()
                start = len(line) - len(line.lstrip())
                within = rng.choice(_token_starts(line) or [start])
                anywhere = rng.randrange(start + 1, len(line))
                for where, at in zip(right, (start, within, anywhere), strict=True):
                    rest = rest_of_line(engine, uri, lines, number, at)
                    right[where] += rest.strip() == line[at:].strip()
            engine.document_closed(uri)
    return [
        Figure(f"{where}: rests missed", 1 - right[where] / points, "", limit, f"{points} points")
        for where, limit in (("line start", 0.90), ("mid-line", 0.70), ("at any character", 0.70))
    ]


def _some_code(lines: Sequence[str], rng: random.Random) -> list[int]:
    code = [number for number, line in enumerate(lines) if is_code(line)]
    return rng.choices(code, k=_LINES_A_FILE)


def _token_starts(line: str) -> list[int]:
    """Return where the cursor may stand within a line, with two characters at least behind it."""
    first = len(line) - len(line.lstrip()) + 1
    return [
        at
        for at in range(first, len(line) - 1)
        if not _is_word(line[at - 1]) or not _is_word(line[at])
    ]


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _rows(found: dict[str, dict[str, Tally]]) -> Iterator[list[str]]:
    for package, tallies in found.items():
        for arm, tally in tallies.items():
            yield [
                package,
                arm,
                str(tally.keys),
                str(tally.shown),
                f"{tally.precision:.2f}",
                f"{tally.saved_share:.2f}",
                f"{tally.took_ms(0.5):.2f}",
                f"{tally.took_ms(0.99):.2f}",
            ]


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="embedded_engine", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--long", action="store_true", help="type five times as much")
    parser.add_argument("--strict", action="store_true", help="fail when a target is missed")
    args = parser.parse_args(argv)
    times = 5 if args.long else 1
    console = Console()
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder)
        found = typed(cache, 36 * times, args.seed)
        heads = ["", "", "keys", "shown", "right", "saved", "p50 ms", "p99 ms"]
        table(console, f"Passages of packages, seed {args.seed}", heads, _rows(found))
        figures = [*typed_figures(found)]
        figures += asyncio.run(latencies(cache, args.seed))
        figures.append(Figure("a line's edit", edit_us(args.seed), "µs", 50.0, "indexed, too"))
        figures += asyncio.run(exact_rests(cache, 1_000 * times, args.seed))
    figures_table(console, "Targets", figures)
    return 1 if args.strict and any(each.missed for each in figures) else 0
