"""Which pieces of other files say what comes next: the ranking in use, and others for comparison.

At places in the middle of files of Python's library, with eleven other files of the same package
open: of the names that come up in the next six lines and stand nowhere before, how many do the
chosen pieces hold; of those lines, how many; and how long the ranking takes. Each ranking chooses
as much as fits into the same budget. Lines behind those six are the suffix.
"""

from __future__ import annotations

import argparse
import math
import random
import sysconfig
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from keyword import iskeyword
from pathlib import Path
from re import findall
from time import perf_counter_ns
from typing import TypeAlias

from rich.console import Console

from ghostlap.lsp_server.context.budgets import Budget
from ghostlap.lsp_server.context.imports import imported_words, module_words
from ghostlap.lsp_server.context.snippets import Around, Ranking, Source
from ghostlap.providers._settings import ProviderSettings
from tests.bench._figures import table

_PACKAGES = (
    *("asyncio", "email", "unittest", "importlib", "http", "multiprocessing", "json", "logging"),
    *("concurrent/futures", "xml/dom", "tkinter", "ctypes", "idlelib", "lib2to3", "wsgiref"),
)
_BESIDE, _COMES_LINES, _BEFORE_LINES, _BEHIND_LINES = 11, 6, 150, 24
_BUDGET_CHARS = Budget.of(ProviderSettings().context_tokens).snippet_chars
_SHORTEST_LINE = 12
"""A shorter one, such as `else:`, stands in every file."""


@dataclass(frozen=True, slots=True)
class Place:
    prefix: str
    suffix: str
    comes: list[str]
    imported: frozenset[str]
    sources: Mapping[str, Source]


_Choose: TypeAlias = Callable[[Place], list[str]]
_Score: TypeAlias = Callable[[Place, Around, str, frozenset[str]], float]


def places(count: int, seed: int) -> Iterator[Place]:
    """Take `count` places of each package that is there."""
    rng = random.Random(seed)
    library = Path(sysconfig.get_paths()["stdlib"])
    for package in _PACKAGES:
        texts = {
            path.name: path.read_text(encoding="utf-8", errors="replace").split("\n")
            for path in sorted((library / package).glob("*.py"))
        }
        sources = {
            name: Source.of(name, 1, lines, module_words(f"{package}/{name}"))
            for name, lines in texts.items()
        }
        long = [name for name in texts if len(texts[name]) > 80]
        if len(long) < 3:
            continue
        for name in rng.choices(long, k=count):
            others = [each for each in sorted(texts) if each != name]
            chosen = rng.sample(others, min(_BESIDE, len(others)))
            yield _place(texts[name], rng, {each: sources[each] for each in chosen})


def _place(lines: list[str], rng: random.Random, sources: Mapping[str, Source]) -> Place:
    inner = range(40, len(lines) - 10)
    at = rng.choice([number for number in inner if lines[number].strip()])
    indent = len(lines[at]) - len(lines[at].lstrip())
    before = [*lines[max(0, at - _BEFORE_LINES) : at], lines[at][:indent]]
    stop = at + _COMES_LINES
    suffix = "\n".join(lines[stop : stop + _BEHIND_LINES])
    imported = imported_words(lines[:200])
    return Place("\n".join(before), suffix, lines[at:stop], imported, sources)


def in_use(place: Place) -> list[str]:
    ranking = Ranking(place.sources, Around.of(place.prefix, place.suffix, place.imported))
    for name in place.sources:
        ranking.score(name)
    return [piece.snippet.text for piece in ranking.best(_BUDGET_CHARS)]


def ranked_by(score: _Score, *, above: int, below: int, imports_first: bool = False) -> _Choose:
    """Make a ranking that compares the windows with so many lines around the cursor."""

    def choose(place: Place) -> list[str]:
        near = [*place.prefix.split("\n")[-above:], *place.suffix.split("\n")[:below]]
        around = Around.of("", "\n".join(near), place.imported)
        words = frozenset(findall(r"[A-Za-z_]\w{2,}", "\n".join(near)))
        around = Around(words, "\n".join(near), place.imported)
        scored = [
            (imports_first and bool(source.modules & place.imported), likeness, name, number)
            for name, source in place.sources.items()
            for number, (text, theirs) in enumerate(source.windows)
            if (likeness := score(place, around, text, theirs))
        ]
        return _fitting(place, sorted(scored, key=lambda each: each[:2], reverse=True))

    return choose


def _fitting(place: Place, ranked: Sequence[tuple[bool, float, str, int]]) -> list[str]:
    room, taken, chosen = _BUDGET_CHARS, set[tuple[str, int]](), list[str]()
    for _, _, name, number in ranked:
        text = place.sources[name].windows[number][0]
        if len(text) > room or {(name, number + step) for step in (-1, 0, 1)} & taken:
            continue
        room -= len(text)
        taken.add((name, number))
        chosen.append(text)
    return chosen


def jaccard(_place: Place, around: Around, _text: str, words: frozenset[str]) -> float:
    return len(around.words & words) / max(1, len(around.words | words))


def weighted_jaccard(place: Place, around: Around, _text: str, words: frozenset[str]) -> float:
    def weight(of: frozenset[str]) -> float:
        return sum(math.log((windows + 1) / (_count(place, word) + 0.5)) for word in of)

    windows = sum(len(source.windows) for source in place.sources.values())
    shared = around.words & words
    return weight(shared) / weight(around.words | words) if shared else 0.0


def _count(place: Place, word: str) -> int:
    return sum(source.counts.get(word, 0) for source in place.sources.values())


def shared_pairs(_place: Place, around: Around, text: str, words: frozenset[str]) -> float:
    """Pairs of words that follow one another in both; a tie is broken by the words themselves."""
    if not around.words & words:
        return 0.0
    ours, theirs = ({*pairwise(findall(r"[A-Za-z_]\w{2,}", each))} for each in (around.text, text))
    shared = len(ours & theirs) / max(1, len(ours | theirs))
    return shared + 0.05 * len(around.words & words) / len(around.words | words)


def at_random(_place: Place, _around: Around, text: str, _words: frozenset[str]) -> float:
    return random.Random(text).random()


RANKINGS: Mapping[str, _Choose] = {
    "random": ranked_by(at_random, above=1, below=1),
    "Jaccard, 40 lines above and 24 below, imports before all": ranked_by(
        jaccard, above=40, below=24, imports_first=True
    ),
    "Jaccard, 40 and 24": ranked_by(jaccard, above=40, below=24),
    "Jaccard, 12 and 8": ranked_by(jaccard, above=12, below=8),
    "pairs of words, 12 and 8": ranked_by(shared_pairs, above=12, below=8),
    "weighted Jaccard, 12 and 8": ranked_by(weighted_jaccard, above=12, below=8),
    "in use": in_use,
}


def score(place: Place, pieces: list[str]) -> Counter[str]:
    """Count what comes and is new, and what of it the pieces hold."""
    known = {*findall(r"\w{3,}", place.prefix + "\n" + place.suffix)}
    names = {*findall(r"[A-Za-z_]\w{2,}", "\n".join(place.comes))}
    new = {each for each in names - known if not iskeyword(each)}
    held = {*findall(r"[A-Za-z_]\w{2,}", "\n".join(pieces))}
    stripped = [line.strip() for line in place.comes]
    lines = [each for each in stripped if len(each) > _SHORTEST_LINE and each not in place.prefix]
    held_lines = {line.strip() for piece in pieces for line in piece.split("\n")}
    return Counter(
        names=len(new),
        held_names=len(new & held),
        lines=len(lines),
        held_lines=sum(line in held_lines for line in lines),
    )


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="snippets", description=__doc__)
    parser.add_argument("--strict", action="store_true", help="fail when another ranking is better")
    parser.add_argument("--places", type=int, default=60, help="of each package")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args(argv)
    found = [*places(arguments.places, arguments.seed)]
    totals: dict[str, Counter[str]] = {name: Counter() for name in RANKINGS}
    took_ms: dict[str, float] = {}
    for name, choose in RANKINGS.items():
        began = perf_counter_ns()
        chosen = [choose(place) for place in found]
        took_ms[name] = (perf_counter_ns() - began) / 1e6 / len(found)
        for place, pieces in zip(found, chosen, strict=True):
            totals[name] += score(place, pieces)
    rows = [
        (
            name,
            f"{total['held_names'] / total['names']:.1%}",
            f"{total['held_lines'] / total['lines']:.1%}",
            f"{took_ms[name]:.2f}",
        )
        for name, total in totals.items()
    ]
    console = Console(width=110)
    table(console, "what pieces hold of what comes", ("", "names", "lines", "ms"), rows)
    total = totals["in use"]
    console.print(f"{len(found):,} places, {total['names']:,} names, {total['lines']:,} lines")
    best = max(each["held_names"] for each in totals.values())
    return int(arguments.strict and total["held_names"] < best)
