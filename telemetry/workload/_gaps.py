"""How long it takes to the next key: the one model of gaps that synthesised typing goes by."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Protocol

from ghostlap.telemetry.workload._workload import Edit, Workload

__all__ = ["Before", "Gaps", "MeasuredGaps", "ModelGaps"]

# Medians of gaps in seconds, drawn log-normal around them. Dhakal et al., "Observations on Typing
# from 136 Million Keystrokes" (CHI 2018): fast typists have 120 ms between two keys, all have 239
# in the mean; words are typed in bursts, and what comes next is thought of between two lines.
_MEDIANS_S = {"word": 0.12, "other": 0.17, "line": 0.45, "block": 0.9, "noticed": 0.28}
_SPREAD = 0.38
_SHORTEST_S, _LONGEST_S = 0.04, 2.5
_THOUGHTS, _THOUGHT_S = 0.03, (0.6, 1.5)  # before a word: its name has to be looked up
_LONGEST_MEASURED_S = 5.0  # who pauses longer does something else
_ENOUGH = 20


class Before(StrEnum):
    """What kind of key the gap is before."""

    WORD = "word"
    """Within a word."""
    OTHER = "other"
    LINE = "line"
    """The first of a line."""
    BLOCK = "block"
    """The first of a line that begins something new."""
    NOTICED = "noticed"
    """The first backspace after a slip."""


class Gaps(Protocol):
    """Gaps between two keys, in seconds."""

    @property
    def source(self) -> str:
        """Where they come from, in words."""
        ...

    def gap_s(self, before: Before, random: Random) -> float: ...

    def thought_s(self, random: Random) -> float | None:
        """A pause to think of the next word, where there is one."""
        ...


@dataclass(frozen=True, slots=True)
class ModelGaps:
    """Log-normal gaps around medians that were published."""

    @property
    def source(self) -> str:
        return "log-normal, medians by Dhakal et al., CHI 2018"

    def gap_s(self, before: Before, random: Random) -> float:
        gap_s = random.lognormvariate(math.log(_MEDIANS_S[before]), _SPREAD)
        return min(max(gap_s, _SHORTEST_S), _LONGEST_S)

    def thought_s(self, random: Random) -> float | None:
        return random.uniform(*_THOUGHT_S) if random.random() < _THOUGHTS else None


class MeasuredGaps:
    """Gaps drawn from those of a recording, by the kind of key as far as shapes tell it."""

    def __init__(self, recording: Workload) -> None:
        self._by_kind: dict[Before, list[float]] = {each: [] for each in Before}
        for last, edit in zip(recording.edits, recording.edits[1:], strict=False):
            gap_s = (edit.at_ms - last.at_ms) / 1000
            if 0 < gap_s <= _LONGEST_MEASURED_S and not edit.accepted:
                self._by_kind[_kind(last, edit)].append(gap_s)

    @property
    def source(self) -> str:
        return f"drawn from {sum(map(len, self._by_kind.values()))} recorded ones"

    def gap_s(self, before: Before, random: Random) -> float:
        found = self._by_kind[before]
        if before is Before.BLOCK:
            found = self._by_kind[Before.LINE]
        if len(found) < _ENOUGH:
            return ModelGaps().gap_s(before, random)
        return random.choice(found)

    def thought_s(self, random: Random) -> float | None:
        """None: the recorded gaps hold the thoughts."""
        del random
        return None


def _kind(last: Edit, edit: Edit) -> Before:
    if edit.end != edit.start:
        return Before.NOTICED if last.end == last.start else Before.WORD
    if last.newlines:
        return Before.LINE
    return Before.WORD if _is_run(last, edit) else Before.OTHER


def _is_run(last: Edit, edit: Edit) -> bool:
    """Tell whether a word goes on, where there is text; shapes can't tell words apart."""
    if last.text is None or edit.text is None:
        return True
    return last.text[-1:].isalnum() and edit.text[:1].isalnum()
