"""What is typed in the replay, and when: ten real files, a stretch of each typed anew.

Nine come with the packages that requirements.lock pins, so that they are the same on every machine;
one is the project's own. Gaps and slips depend on nothing but the file and the place in it.
"""

from __future__ import annotations

import math
import re
import sysconfig
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.bench._driver import ROOT, BenchError

__all__ = ["FILES", "Key", "Manuscript", "manuscripts"]

_PACKAGES = Path(sysconfig.get_path("purelib"))
_SAMPLES = (
    (_PACKAGES / "rich/table.py", "python"),
    (_PACKAGES / "httpx/_models.py", "python"),
    (_PACKAGES / "aiohttp/web_response.py", "python"),
    (_PACKAGES / "mypyc/lib-rt/str_ops.c", "c"),
    (_PACKAGES / "numpy/f2py/src/fortranobject.c", "c"),
    (_PACKAGES / "numpy/_core/tests/data/generate_umath_validation_data.cpp", "cpp"),
    (_PACKAGES / "importlinter/ui/static/explorer.js", "javascript"),
    (_PACKAGES / "urllib3/contrib/emscripten/emscripten_fetch_worker.js", "javascript"),
    (_PACKAGES / "importlinter/ui/static/styles.css", "css"),
    (ROOT / "tests/debian.sh", "shellscript"),
)
FILES = len(_SAMPLES)
_BLOCK_BEGINS = re.compile(r"^[^\s#/*].*[:{(,]$|^\s+(?:async )?def .*[:(]$")

# Medians of gaps in seconds, drawn log-normal around them. Dhakal et al., "Observations on Typing
# from 136 Million Keystrokes" (CHI 2018): fast typists have 120 ms between two keys, all have 239
# in the mean; words are typed in bursts, and what comes next is thought of between two lines.
_IN_WORD_S, _OTHER_S, _LINE_S, _BLOCK_S, _SPREAD = 0.12, 0.17, 0.45, 0.9, 0.38
_SHORTEST_S, _LONGEST_S = 0.04, 2.5
_THOUGHTS, _THOUGHT_S = 0.03, (0.6, 1.5)  # before a word: its name has to be looked up
_SLIPS = 0.025  # of the letters; with the keys that mend them some 6% of all, as in that study
_NOTICED_S = 0.28
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")


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

    def keys_from(self, place: int) -> Iterator[Key]:
        """Yield the keys that type the rest of `wanted`, the same ones at the same places."""
        while place < len(self.wanted):
            keys, place = self._keys_at(place)
            yield from keys

    def _keys_at(self, place: int) -> tuple[Sequence[Key], int]:
        """Return the keys that type the next character, and the place behind it."""
        random = Random(f"{self.name}:{place}")
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
            keys.append(Key(following, _gap(_IN_WORD_S, random)))
        mending = [Key("", _gap(_IN_WORD_S, random), removes=1) for _ in keys]
        mending[0] = Key("", _gap(_NOTICED_S, random), removes=1)
        return [*keys, *mending, Key(right, _gap(_OTHER_S, random))]

    def _pause_s(self, place: int, random: Random) -> float:
        done, here = self.wanted[:place], self.wanted[place]
        if not done.rpartition("\n")[2].strip():  # the first key of a line
            above, _, indentation = done.rpartition("\n")
            last = above.rpartition("\n")[2]
            dedents = len(indentation) < len(last) - len(last.lstrip())
            return _gap(_BLOCK_S if dedents or not last.strip() else _LINE_S, random)
        in_word = here.isalnum() and done[-1].isalnum()
        if here.isalnum() and not in_word and random.random() < _THOUGHTS:
            return random.uniform(*_THOUGHT_S)
        return _gap(_IN_WORD_S if in_word else _OTHER_S, random)


def manuscripts(keys: int) -> list[Manuscript]:
    """Return the ten files, each with a stretch that takes at least so many keys out."""
    return [_manuscript(path, language, keys) for path, language in _SAMPLES]


def _manuscript(path: Path, language: str, keys: int) -> Manuscript:
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except OSError as error:
        raise BenchError(f"{path} can't be read: {error.strerror}; run make setup") from error
    begins = [number for number, line in enumerate(lines) if _BLOCK_BEGINS.match(line)]
    start = min(begins, key=lambda number: abs(number - len(lines) // 2))
    indentation = lines[start][: len(lines[start]) - len(lines[start].lstrip())]
    before = "".join(line + "\n" for line in lines[:start]) + indentation
    for stop in range(start + 1, len(lines) + 1):
        wanted = "\n".join(lines[start:stop])[len(indentation) :]
        after = "".join("\n" + line for line in lines[stop:])
        found = Manuscript(path.name, language, before, wanted, after)
        if wanted and not wanted.endswith("\n") and sum(1 for _ in found.keys_from(0)) >= keys:
            return found
    raise BenchError(f"{path.name} has no {keys} keys from its middle on; ask for fewer --keys")


def _next(wanted: str, place: int) -> str:
    """Return the next character; with a line's end the indentation behind it."""
    found = re.compile(r"\n[ \t]*(?=\S)|.|\n").match(wanted, place)
    assert found is not None, "any character matches"
    return found[0]


def _gap(median_s: float, random: Random) -> float:
    gap_s = random.lognormvariate(math.log(median_s), _SPREAD)
    return min(max(gap_s, _SHORTEST_S), _LONGEST_S)


def _neighbour(letter: str, random: Random) -> str:
    for row in _ROWS:
        at = row.find(letter.lower())
        if at >= 0:
            found = row[max(0, at - 1) : at] + row[at + 1 : at + 2]
            return random.choice(found)
    return "e"
