"""Types a manuscript into a page, key by key, and notes what was on display at each."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial

from ghostlap.telemetry import monotonic_ns
from tests.bench._replay_keys import Manuscript
from tests.bench._replay_provider import Provider
from tests.bench._replay_target import Ghost, Page

__all__ = ["Habits", "Stroke", "Typist"]

_READING_S = 0.3  # to see that a suggestion is right, and to press Tab
_WORTH_ACCEPTING = 4  # a shorter one is typed sooner than read
_LAST_LOOK_S = 0.5


@dataclass(frozen=True, slots=True)
class Habits:
    accepts: bool = False
    """Takes over what is right to its end."""
    keeps: bool = False
    """The editor leaves a suggestion standing while it is typed along, as VS Code does."""


@dataclass(slots=True)
class Stroke:
    """One key, and the suggestion that was on display before the next one."""

    pressed_ns: int
    goes_on: str = ""
    """What was left of the last suggestion, when this key typed its beginning."""
    ghost: Ghost | None = None
    right: bool = False
    """Whether the first line of the suggestion is what is typed next."""
    replaced: bool = False
    """Whether another suggestion came up although the last one was being typed."""
    late_ms: float = 0.0
    """How long after it was due the key came, because this machine was busy."""
    accepted: int = 0
    """How many characters it brought, if it took a suggestion over."""

    @property
    def wait_ms(self) -> float | None:
        return None if self.ghost is None else (self.ghost.read_ns - self.pressed_ns) / 1e6


class Typist:
    """Presses each key when it is due. Used from one event loop."""

    def __init__(self, manuscript: Manuscript, provider: Provider, habits: Habits) -> None:
        self.strokes: list[Stroke] = []
        self.manuscript = manuscript
        self._provider = provider
        self._habits = habits
        self._typed = ""

    async def type_into(self, page: Page, keys: int) -> None:
        """Press so many keys at most."""
        loop = asyncio.get_running_loop()
        due, script = loop.time(), self.manuscript.keys_from(0)
        while len(self.strokes) < keys and (key := next(script, None)):
            due += key.pause_s
            await asyncio.sleep(due - loop.time())
            ghost = self._worth_accepting() if self._habits.accepts else None
            if ghost is None:
                late_s, due = loop.time() - due, loop.time()  # what comes next keeps its distance
                self._press(page, key.text, key.removes)
                self.strokes[-1].late_ms = late_s * 1000
                continue
            await asyncio.sleep(_READING_S - (monotonic_ns() - ghost.read_ns) / 1e9)
            page.accepted(ghost)
            self._press(page, ghost.text)
            self.strokes[-1].accepted = len(ghost.text)
            due, script = loop.time(), self.manuscript.keys_from(len(self._typed))
        await asyncio.sleep(_LAST_LOOK_S)

    def _press(self, page: Page, text: str, removes: int = 0) -> None:
        last = self.strokes[-1].ghost if self.strokes else None
        self._typed = self._typed[: len(self._typed) - removes] + text
        stroke = Stroke(monotonic_ns())
        self.strokes.append(stroke)
        if last is not None and text and last.text.startswith(text):
            stroke.goes_on = last.text[len(text) :]
        if self._habits.keeps and stroke.goes_on:
            self._draw(stroke, Ghost(stroke.goes_on, stroke.pressed_ns, last and last.command))
        page.edited(self._typed, text, removes, partial(self._show, stroke))

    def _show(self, stroke: Stroke, ghost: Ghost) -> None:
        if stroke is not self.strokes[-1]:
            return
        stroke.replaced = not ghost.text.startswith(stroke.goes_on)
        self._provider.shown(self.manuscript, self._typed, ghost.text)
        if stroke.ghost is None:
            self._draw(stroke, ghost)

    def _draw(self, stroke: Stroke, ghost: Ghost) -> None:
        stroke.ghost = ghost
        line = ghost.text.lstrip("\n").partition("\n")[0]
        stroke.right = self.manuscript.wanted.startswith(self._typed + line)

    def _worth_accepting(self) -> Ghost | None:
        ghost = self.strokes[-1].ghost if self.strokes else None
        if ghost is None or len(ghost.text) < _WORTH_ACCEPTING:
            return None
        return ghost if self.manuscript.wanted.startswith(self._typed + ghost.text) else None
