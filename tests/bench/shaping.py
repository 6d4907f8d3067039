"""What shaping an answer costs: the making, the first text, each further chunk.

In this process, for a cursor in the middle of 1,000 lines and an answer that arrives in pieces of
four characters. Making a shaper is what stands before a request is sent; all else comes after it.
The last column is a chunk's p50 over that of the same answer with the first line alone wanted.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from time import perf_counter_ns

from rich.console import Console

from ghostlap.lsp_server.shaping import Shaper
from tests.bench._figures import percentile, table

_CHUNK_CHARS = 4
_FILES = {  # a line's unit that is repeated, the place of the cursor, the answer
    "python": (
        "def area(a, b):\n    return a * b\n\n",
        "def f(a):",
        "\n    b = a + 1\n    if b:\n        c(b)\n    return b\n\nx",
    ),
    "typescript": (
        "function area(a, b) {\n  return a * b;\n}\n",
        "",
        "if (a) {\n  b();\n} else {\n  c(`x`);\n}\nd();\n",
    ),
    "go": (
        "func area(a int) int {\n\treturn a\n}\n",
        "func f() {",
        "\n\tif err != nil {\n\t\treturn err\n\t}\n\treturn nil\n}\n",
    ),
    "rust": (
        "fn area(a: u8) -> u8 {\n    a\n}\n",
        "",
        "fn f() -> u8 {\n    let x = y\n        .z();\n    x\n}\n\nfn g",
    ),
    "sql": ("SELECT a\nFROM b;\n\n", "", "SELECT a\nFROM b\nWHERE c = 1;\n\nSELECT"),
}


def samples(
    language: str, rounds: int, *, single_line: bool
) -> tuple[list[float], list[float], list[float]]:
    """Microseconds of construction, of the first call and of each further one."""
    unit, cursor, answer = _FILES[language]
    half = unit * (500 // unit.count("\n"))
    made: list[float] = []
    first: list[float] = []
    later: list[float] = []
    for _ in range(rounds):
        began = perf_counter_ns()
        shaper = Shaper(
            prefix=half + cursor, suffix="\n" + half, language_id=language, single_line=single_line
        )
        made.append((perf_counter_ns() - began) / 1e3)
        into = first
        for stop in range(_CHUNK_CHARS, len(answer) + _CHUNK_CHARS, _CHUNK_CHARS):
            began = perf_counter_ns()
            decided = shaper.shape(answer[:stop], finished=False).decided
            into.append((perf_counter_ns() - began) / 1e3)
            into = later
            if decided:
                break
    return made, first, later or first


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="shaping", description=__doc__)
    parser.add_argument("--strict", action="store_true", help="fail when a target is missed")
    parser.add_argument("--rounds", type=int, default=100)
    arguments = parser.parse_args(argv)
    rows, missed = [], False
    for language in _FILES:
        began = perf_counter_ns()
        samples(language, 1, single_line=False)
        once = (perf_counter_ns() - began) / 1e6
        made, first, later = samples(language, arguments.rounds, single_line=False)
        plain = samples(language, arguments.rounds, single_line=True)[2]
        middle = percentile(later, 50)
        missed = missed or percentile(made, 50) > _MADE_US
        figures = [percentile(made, 50), percentile(first, 50), middle, percentile(later, 99)]
        ratio = middle / percentile(plain, 50)
        rows.append((language, f"{once:.1f}", *(f"{each:.0f}" for each in figures), f"{ratio:.1f}"))
    header = ("", "once, ms", "made, µs", "first", "chunk p50", "chunk p99", "per one line")
    table(Console(width=110), "shaping an answer", header, rows)
    return int(arguments.strict and missed)


_MADE_US = 20.0
"""Of the time before a request is sent: a hundredth of a millisecond, and as much again."""
