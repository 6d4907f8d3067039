"""Which lines of a file are typed anew."""

from __future__ import annotations

import re

from ghostlap.telemetry.workload._gaps import Gaps, ModelGaps
from ghostlap.telemetry.workload._manuscript import Manuscript

__all__ = ["take_out", "take_out_lines"]

_BLOCK_BEGINS = re.compile(r"^[^\s#/*].*[:{(,]$|^\s+(?:async )?def .*[:(]$")


def take_out(
    name: str, language: str, text: str, keys: int, *, gaps: Gaps | None = None, seed: int = 0
) -> Manuscript | None:
    """Take lines out from where a block begins near the middle, until they are so many keys.

    What would be suggested there plays no part in it. None: there are not so many keys behind it.
    """
    lines = text.split("\n")
    begins = [number for number, line in enumerate(lines) if _BLOCK_BEGINS.match(line)]
    if not begins:
        return None
    start = min(begins, key=lambda number: abs(number - len(lines) // 2))
    for stop in range(start + 1, len(lines) + 1):
        found = take_out_lines(name, language, lines, start, stop, gaps=gaps, seed=seed)
        ends_well = found.wanted and not found.wanted.endswith("\n")
        if ends_well and sum(1 for _ in found.keys_from(0)) >= keys:
            return found
    return None


def take_out_lines(
    name: str,
    language: str,
    lines: list[str],
    start: int,
    stop: int,
    *,
    gaps: Gaps | None = None,
    seed: int = 0,
) -> Manuscript:
    """Take out the lines from `start` up to `stop`, but for the first one's indentation."""
    indentation = lines[start][: len(lines[start]) - len(lines[start].lstrip())]
    before = "".join(line + "\n" for line in lines[:start]) + indentation
    wanted = "\n".join(lines[start:stop])[len(indentation) :]
    after = "".join("\n" + line for line in lines[stop:])
    return Manuscript(name, language, before, wanted, after, gaps or ModelGaps(), seed)
