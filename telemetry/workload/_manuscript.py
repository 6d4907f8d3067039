"""A stretch of a file, and the keys that type it: with slips, and the backspaces that mend them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

from ghostlap.telemetry.workload._gaps import Before, Gaps, ModelGaps

__all__ = ["Key", "Manuscript"]

_SLIPS = 0.025
"""Of the letters; with the keys that mend them some 6 % of all, as in Dhakal et al., CHI 2018."""
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_NEXT = re.compile(r"\n[ \t]*(?=\S)|.|\n")


@dataclass(frozen=True, slots=True)
class Key:
    text: str
    """What it inserts; with the end of a line the next one's indentation, as editors have it."""
    pause_s: float
    """Since the key before."""
    removes: int = 0
    """How many characters before the cursor it takes away."""


@dataclass(frozen=True, slots=True)
class Manuscript:
    """A file with a stretch taken out, which is to be typed."""

    name: str
    language: str
    before: str
    """Up to where the first key is typed, its line's indentation included."""
    wanted: str
    after: str
    """From a line end on."""
    gaps: Gaps = field(default_factory=ModelGaps)
    seed: int = 0

    def keys_from(self, place: int) -> Iterator[Key]:
        """Yield the keys that type the rest of `wanted`, the same ones at the same places."""
        while place < len(self.wanted):
            keys, place = self._keys_at(place)
            yield from keys

    def _keys_at(self, place: int) -> tuple[Sequence[Key], int]:
        """Return the keys that type the next character, and the place behind it."""
        seed = f"{self.seed}:" if self.seed else ""
        random = Random(f"{seed}{self.name}:{place}")  # noqa: S311 - typing, not cryptography
        text, pause_s = _next(self.wanted, place), self._pause_s(place, random)
        if text.isalpha() and random.random() < _SLIPS:
            return self._slip(place, pause_s, random), place + 1
        return [Key(text, pause_s)], place + len(text)

    def _slip(self, place: int, pause_s: float, random: Random) -> list[Key]:
        """Hit a neighbour, go on for a letter or not, see it, take it back."""
        right = self.wanted[place]
        keys = [Key(_neighbour(right, random), pause_s)]
        following = self.wanted[place + 1 : place + 2]
        if following.isalpha() and random.random() < 0.5:
            keys.append(Key(following, self.gaps.gap_s(Before.WORD, random)))
        mending = [Key("", self.gaps.gap_s(Before.WORD, random), removes=1) for _ in keys]
        mending[0] = Key("", self.gaps.gap_s(Before.NOTICED, random), removes=1)
        return [*keys, *mending, Key(right, self.gaps.gap_s(Before.OTHER, random))]

    def _pause_s(self, place: int, random: Random) -> float:
        done, here = self.wanted[:place], self.wanted[place]
        if not done.rpartition("\n")[2].strip():  # the first key of a line
            above, _, indentation = done.rpartition("\n")
            last = above.rpartition("\n")[2]
            dedents = len(indentation) < len(last) - len(last.lstrip())
            begins = dedents or not last.strip()
            return self.gaps.gap_s(Before.BLOCK if begins else Before.LINE, random)
        in_word = here.isalnum() and done[-1].isalnum()
        if here.isalnum() and not in_word:
            thought_s = self.gaps.thought_s(random)
            if thought_s is not None:
                return thought_s
        return self.gaps.gap_s(Before.WORD if in_word else Before.OTHER, random)


def _next(wanted: str, place: int) -> str:
    """Return the next character; with a line's end the indentation behind it."""
    found = _NEXT.match(wanted, place)
    assert found is not None, "any character matches"
    return found[0]


def _neighbour(letter: str, random: Random) -> str:
    for row in _ROWS:
        at = row.find(letter.lower())
        if at >= 0:
            found = row[max(0, at - 1) : at] + row[at + 1 : at + 2]
            return random.choice(found)
    return "e"
