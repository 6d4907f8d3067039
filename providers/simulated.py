"""Providers that are only played: at published speeds, in their own dialect, from a seed.

What they say of a text that they were told of is right two times in three, about as often as users
take a suggestion over; of any other code they say the same line.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from itertools import count
from math import log
from random import Random
from types import MappingProxyType
from typing import Any
from zlib import crc32

from ghostlap.providers.scripted_dialects import Answer, Pace, Reply, json_reply
from ghostlap.providers.scripted_server import SeenRequest
from ghostlap.telemetry import Usage

__all__ = ["Profile", "Simulation", "profiles"]

_CURSOR = re.compile(r"<CURSOR(?:_\d+)?>")
_FIM = re.compile(r"(.*)(?:<\|?fim_suffix\|?>|<fim-suffix>|\[SUFFIX\]| <SUF>)", re.DOTALL)
_TOKEN = re.compile(r"\s*\w{1,6}|\s*[^\w\s]{1,3}|\s+")
_CHARS_PER_TOKEN = 4
_CONTEXT_CHARS = (80, 24)
"""Before the cursor: by so much a place is known; the shorter one after a slip further up."""
_RIGHT_OF = 3  # two of three
_LONGEST_TOKENS = 24
_ELSEWHERE = "simulated = True"


@dataclass(frozen=True, slots=True)
class Profile:
    """How fast somebody says that somebody is; see `simulated.toml`."""

    name: str
    title: str
    row: str
    ttft_ms: float
    tokens_per_s: float
    source: str
    as_of: date
    spread: float
    tail: float
    tail_times: float
    errors: float
    assumed: str

    def first_token_s(self, random: Random) -> float:
        """Draw a time to first token."""
        drawn_s = random.lognormvariate(log(self.ttft_ms / 1000), self.spread)
        return drawn_s * self.tail_times if random.random() < self.tail else drawn_s


@cache
def profiles() -> Mapping[str, Profile]:
    """Return the shipped profiles by name. Reads the file once, on the first call."""
    text = files("ghostlap.providers").joinpath("simulated.toml").read_text(encoding="utf-8")
    rows = tomllib.loads(text)
    return MappingProxyType({name: Profile(name=name, **row) for name, row in rows.items()})


class Simulation:
    """Answers requests as a `ScriptedServer`'s script. Used from one event loop.

    `texts` are what is going to be written: then its suggestions can be right.
    """

    def __init__(self, profile: Profile, texts: Sequence[str] = (), *, seed: int = 0) -> None:
        self.profile = profile
        self._texts = texts
        self._seed = f"{seed}:{profile.name}"
        self._numbers = count()

    def __call__(self, seen: SeenRequest) -> Answer | Reply:
        random = Random(f"{self._seed}:{next(self._numbers)}")  # noqa: S311 - a play, no secret
        first_s = self.profile.first_token_s(random)
        if random.random() < self.profile.errors:
            return json_reply(503, {"error": {"message": "overloaded, as simulated"}})
        prompt = "".join(_strings(seen.json()))
        pieces = tuple(_TOKEN.findall(self._line(_before_cursor(seen.json()))))[:_LONGEST_TOKENS]
        usage = Usage(len(prompt) // _CHARS_PER_TOKEN, len(pieces))
        pace = Pace(head_delay_s=first_s, delay_s=1 / self.profile.tokens_per_s)
        return Answer(pieces=pieces, usage=usage, pace=pace)

    def _line(self, before: str) -> str:
        """Return what it takes for the rest of the line."""
        for size in _CONTEXT_CHARS:
            mark = before[-size:]
            for text in self._texts:
                at = text.find(mark) if mark.strip() else -1
                if at >= 0:
                    return _as_known(text[at + len(mark) :].lstrip("\n").partition("\n")[0])
        return _ELSEWHERE


def _as_known(line: str) -> str:
    """Return the line, or one that goes wrong behind its first word: the same each time."""
    if crc32(line.encode("utf-8", "surrogatepass")) % _RIGHT_OF:
        return line
    return " ".join([*line.split(" ")[:1], _ELSEWHERE])


def _before_cursor(body: Mapping[str, Any]) -> str:
    """Return the code before the cursor, in whichever way the request has it."""
    found = ""
    for text in _strings(body):
        if (chat := list(_CURSOR.finditer(text))) and "Reply with exactly" not in text:
            return text[: chat[-1].start()]
        if (fim := _FIM.match(text)) is not None:
            return fim[1]
    for name in ("prompt", "input_prefix"):
        if isinstance(body.get(name), str):
            found += body[name]
    return found


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each)
