"""The provider of the replay: it knows the ten files, is wrong now and then, and keeps accounts.

The shipped scripted server over real sockets. At the same place it always says the same, as a model
at temperature 0 does, and both clients are told by the same rules.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from random import Random
from typing import Any, TypeAlias
from zlib import crc32

from ghostlap.providers.scripted_dialects import Answer, Pace
from ghostlap.providers.scripted_server import ScriptedServer, SeenRequest
from tests.bench._replay_keys import Manuscript

__all__ = ["Asked", "Provider"]

_TOKEN = re.compile(
    r"\n[ \t]*|[ ]?\w{1,6}|[ ]?[^\w\s]{1,3}|[ \t]+|.", re.DOTALL
)  # 3 to 4 characters
_CHARS_PER_TOKEN = 4  # of a prompt
_ASTRAY = 1 / 8
"""How many tokens a model can't know: about one in each line, so that 3 or 4 of 10 lines come out
right to their end, which is how many suggestions users take over (Cody's and Copilot's reports)."""
_LONGEST_SLIP = 3  # characters that a model sees through
_MARK_CHARS = 100

_Tokens: TypeAlias = list[re.Match[str]]


@dataclass(slots=True)
class Asked:
    """One request, and how much of its answer was ever on display."""

    seen: SeenRequest
    manuscript: Manuscript
    typed: str
    """What stood behind `manuscript.before`."""
    pieces: Sequence[str]
    prompt_tokens: int
    shown_from: int = -1
    """Counted in characters that are not blank; -1: none of it was shown."""
    shown_to: int = -1

    @property
    def generated(self) -> Sequence[str]:
        return self.pieces[: len(self.seen.chunk_sent_ns)]

    @property
    def was_shown(self) -> bool:
        return self.shown_to >= 0

    @property
    def cancelled(self) -> bool:
        """Whether it was closed before it had said a line, and to no avail."""
        whole_line = "\n" in "".join(self.generated).lstrip()
        return bool(self.seen.closed_ns) and not (self.was_shown or whole_line)

    @property
    def unseen_tokens(self) -> int:
        """How many of the generated tokens were never on display."""
        unseen, at = 0, 0
        for piece in self.generated:
            end = at + len(_squashed(piece))
            unseen += not (at < self.shown_to and end > self.shown_from)
            at = end
        return unseen

    def explains(self, typed: str, text: str) -> bool:
        """Tell whether `text` behind `typed` is what has been said, blanks aside."""
        if not typed.startswith(self.typed):
            return False
        said = _squashed(self.typed + "".join(self.generated))
        return said.startswith(_squashed(typed + text))

    def note_shown(self, typed: str, text: str) -> None:
        start = len(_squashed(typed)) - len(_squashed(self.typed))
        self.shown_from = start if self.shown_from < 0 else min(self.shown_from, start)
        self.shown_to = max(self.shown_to, start + len(_squashed(text)))


@dataclass(slots=True)
class Provider:
    """Answers OpenAI's completions with prompt and suffix. Open `server` to use it."""

    manuscripts: Sequence[Manuscript]
    first_token_s: float
    token_s: float
    asked: list[Asked] = field(default_factory=list)
    unexplained: int = 0
    """Texts that were shown and that no answer says."""
    server: ScriptedServer = field(init=False)
    _models: dict[str, _Model] = field(init=False)

    def __post_init__(self) -> None:
        self.server = ScriptedServer(self._answer)
        self._models = {each.name: _Model(each) for each in self.manuscripts}

    def shown(self, manuscript: Manuscript, typed: str, text: str) -> None:
        """Charge a text on display to the newest request that explains it."""
        for asked in reversed(self.asked):
            if asked.manuscript is manuscript and asked.explains(typed, text):
                asked.note_shown(typed, text)
                return
        self.unexplained += 1

    def _answer(self, seen: SeenRequest) -> Answer:
        body = seen.json()
        prompt, suffix = str(body["prompt"]), str(body.get("suffix") or "")
        manuscript, typed = self._place(prompt)
        text = self._models[manuscript.name].says(typed, int(body["max_tokens"]))
        pieces = tuple(_until_stop(text, body))
        size = (len(prompt) + len(suffix)) // _CHARS_PER_TOKEN
        self.asked.append(Asked(seen, manuscript, typed, pieces, size))
        pace = Pace(first_delay_s=self.first_token_s, delay_s=self.token_s)
        return Answer(pieces=pieces, pace=pace)

    def _place(self, prompt: str) -> tuple[Manuscript, str]:
        for manuscript in self.manuscripts:
            mark = manuscript.before[-_MARK_CHARS:]
            at = prompt.rfind(mark)
            if at >= 0:
                return manuscript, prompt[at + len(mark) :]
        raise AssertionError("each prompt ends in what stands before the cursor")


class _Model:
    """Knows one file but for some of its tokens, and goes astray at these."""

    def __init__(self, manuscript: Manuscript) -> None:
        self._name = manuscript.name
        self._wanted = manuscript.wanted
        self._tokens: _Tokens = list(_TOKEN.finditer(manuscript.wanted))
        self._other: _Tokens = list(_TOKEN.finditer(manuscript.before[-4000:]))

    def says(self, typed: str, limit: int) -> Iterator[str]:
        """Yield the tokens that follow `typed`, at most so many."""
        return islice(self._tokens_behind(typed), limit)

    def _tokens_behind(self, typed: str) -> Iterator[str]:
        right = _common(typed, self._wanted)
        if len(typed) - right > _LONGEST_SLIP:
            yield from self._astray(crc32(typed.encode()))
            return
        place = len(typed)
        for token in self._tokens:
            if token.end() <= place:
                continue
            if token.start() >= place and self._is_unknown(token.start()):
                yield from self._astray(token.start())
                return
            yield self._wanted[max(place, token.start()) : token.end()]

    def _is_unknown(self, start: int) -> bool:
        """Tell whether a token can't be known before a part of it was typed."""
        return Random(f"{self._name}:{start}").random() < _ASTRAY

    def _astray(self, seed: int) -> Iterator[str]:
        """Go on as the file does elsewhere, further up."""
        start = Random(f"{self._name}:{seed}").randrange(len(self._other) // 2)
        return (token[0] for token in islice(self._other, start, None))


def _until_stop(pieces: Iterator[str], body: dict[str, Any]) -> Iterator[str]:
    stops = body.get("stop") or ()
    for piece in pieces:
        ends = [piece.find(stop) for stop in stops if stop in piece]
        if ends:
            if head := piece[: min(ends)]:
                yield head
            return
        yield piece


def _common(one: str, other: str) -> int:
    """Return how many characters two texts begin with alike."""
    for at, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b:
            return at
    return min(len(one), len(other))


def _squashed(text: str) -> str:
    """Without blanks, which shaping may change."""
    return "".join(text.split())
