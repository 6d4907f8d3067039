"""Keys that the embedded engine saves, how often what it shows is right, and how long it thinks.

Lines of installed packages are typed anew, key by key, in a file that holds all its other lines.
The packages are not in the engine's index, which is that of the standard library. A suggestion that
the line goes on with is accepted and saves its characters but one. Beside it, on the same lines:
the longest match, what followed the longest text before the cursor that stands elsewhere in the
file; and the nearest word that begins as the half-typed one.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sysconfig
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from ghostlap.providers import CompletionRequest
from ghostlap.providers.local import EmbeddedEngine, EmbeddedSettings
from ghostlap.telemetry import monotonic_ns
from tests.bench._figures import table

__all__ = ["main"]

PACKAGES = ("rich", "aiohttp", "hypothesis")
THRESHOLDS = (0.5, 0.7, 0.8)
LINES = 60
"""Lines of each package that are typed anew."""
URI = "file:///typed.py"
_WINDOW_LINES = 80
_BELOW_LINES = 30
_LONGEST_MATCH = 40

Guess = Callable[[list[str], int, int], str]


@dataclass(slots=True)
class Tally:
    keys: int = 0
    saved: int = 0
    shown: int = 0
    right: int = 0
    took_ns: list[int] = field(default_factory=list)

    @property
    def saved_share(self) -> float:
        return self.saved / max(1, self.keys + self.saved)

    @property
    def precision(self) -> float:
        return self.right / max(1, self.shown)

    def took_ms(self, share: float) -> float:
        ordered = sorted(self.took_ns)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] / 1e6


def passages(package: str, rng: random.Random) -> Iterator[tuple[list[str], int]]:
    """Yield files as lines, each with the number of a line to type anew."""
    root = Path(sysconfig.get_path("purelib"), package)
    files = [path for path in sorted(root.rglob("*.py")) if path.stat().st_size > 4_000]
    found = 0
    while found < LINES:
        lines = rng.choice(files).read_text(encoding="utf-8").split("\n")
        worth = [number for number, line in enumerate(lines) if number > 5 and _is_code(line)]
        if len(worth) > 50:
            found += 1
            yield lines, rng.choice(worth)


def _is_code(line: str) -> bool:
    return len(line.strip()) > 3 and not line.lstrip().startswith(("#", '"', "'"))


def type_line(lines: list[str], number: int, guess: Guess, tally: Tally) -> None:
    """Type one line as a person does who accepts whatever is right."""
    line = lines[number]
    at = len(line) - len(line.lstrip())
    while at < len(line):
        began = monotonic_ns()
        text = guess(lines, number, at)
        tally.took_ns.append(monotonic_ns() - began)
        tally.keys += 1
        if text:
            tally.shown += 1
            if line.startswith(text, at):
                tally.right += 1
                tally.saved += len(text) - 1
                at += len(text)
                continue
        at += 1


def longest_match(lines: list[str], number: int, at: int) -> str:
    """Return the rest of the line that follows the longest equal text elsewhere in the file."""
    others = "\n".join(lines[:number] + lines[number + 1 :])
    before = "\n".join(lines[max(0, number - 3) : number]) + "\n" + lines[number][:at]
    for length in range(min(_LONGEST_MATCH, len(before)), 3, -1):
        found = others.find(before[-length:])
        if found >= 0:
            start = found + length
            return others[start : others.find("\n", start)]
    return ""


def word_completion(lines: list[str], number: int, at: int) -> str:
    """Return the rest of the nearest word that begins as two or more typed letters do."""
    line = lines[number]
    start = at
    while start and (line[start - 1].isalnum() or line[start - 1] == "_"):
        start -= 1
    half = line[start:at]
    if len(half) < 2 or half[0].isdigit():
        return ""
    for distance in range(1, len(lines)):
        for other in (number - distance, number + distance):
            if 0 <= other < len(lines) and half in lines[other]:
                for word in _words(lines[other]):
                    if word.startswith(half) and len(word) > len(half) + 1:
                        return word[len(half) :]
    return ""


def _words(line: str) -> list[str]:
    return "".join(char if char.isalnum() or char == "_" else " " for char in line).split()


def guess_of(engine: EmbeddedEngine) -> Guess:
    def guess(lines: list[str], number: int, at: int) -> str:
        prefix = "\n".join([*lines[max(0, number - _WINDOW_LINES) : number], lines[number][:at]])
        suffix = "\n" + "\n".join(lines[number + 1 : number + _BELOW_LINES])
        request = CompletionRequest(
            prefix=prefix, suffix=suffix, language="python", uri=URI, line=number
        )
        found = engine.suggest(request)
        return found[0].text if found else ""

    return guess


async def with_engine(threshold: float, seed: int, cache: Path) -> dict[str, Tally]:
    engine = EmbeddedEngine(EmbeddedSettings(confidence=threshold), cache)
    await engine.warm()
    await engine.settled()
    tallies = {}
    for package in PACKAGES:
        tally = tallies[package] = Tally()
        for lines, number in passages(package, random.Random(seed)):
            engine.document_opened(URI, "python", lines)
            engine.document_edited(URI, number, number + 1, [""])
            buffer = engine._buffers["python"]  # indexed before, not while typing
            buffer.catch_up(URI, number, len(lines))
            type_line(lines, number, guess_of(engine), tally)
    await engine.aclose()
    return tallies


def without_engine(guess: Guess, seed: int) -> dict[str, Tally]:
    tallies = {package: Tally() for package in PACKAGES}
    for package, tally in tallies.items():
        for lines, number in passages(package, random.Random(seed)):
            type_line(lines, number, guess, tally)
    return tallies


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="embedded_engine", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--strict", action="store_true", help="has no target here")
    seed = parser.parse_args(argv).seed
    arms: dict[str, dict[str, Tally]] = {}
    with tempfile.TemporaryDirectory() as cache:
        for threshold in THRESHOLDS:
            arms[f"embedded, τ = {threshold}"] = asyncio.run(
                with_engine(threshold, seed, Path(cache))
            )
    arms["longest match"] = without_engine(longest_match, seed)
    arms["word completion"] = without_engine(word_completion, seed)
    rows = [
        [
            arm,
            package,
            str(tally.keys),
            str(tally.shown),
            f"{tally.precision:.2f}",
            f"{tally.saved_share:.2f}",
            f"{tally.took_ms(0.5):.2f}",
            f"{tally.took_ms(0.99):.2f}",
        ]
        for arm, tallies in arms.items()
        for package, tally in tallies.items()
    ]
    heads = ["", "package", "keys", "shown", "right", "saved", "p50 ms", "p99 ms"]
    table(Console(), f"{LINES} lines of each package, seed {seed}", heads, rows)
    return 0
