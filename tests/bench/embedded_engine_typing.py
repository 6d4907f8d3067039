"""A person who types and accepts whatever is right, and what is guessed meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ghostlap.providers import CompletionRequest
from ghostlap.providers.local import EmbeddedEngine
from ghostlap.telemetry import monotonic_ns
from tests.bench.embedded_engine_data import Passage, is_code

__all__ = [
    "Guess",
    "Tally",
    "index_all",
    "longest_match",
    "rest_of_line",
    "type_passage",
    "type_with_engine",
    "word_completion",
]

_WINDOW_LINES = 80
_BELOW_LINES = 30
_LONGEST_MATCH = 40

Guess = Callable[[list[str], int, str], str]
"""Takes the file's lines, the number of the one that is typed, and what is typed of it."""


@dataclass(slots=True)
class Tally:
    keys: int = 0
    saved: int = 0
    shown: int = 0
    right: int = 0
    took_ns: list[int] = field(default_factory=list)

    def is_right(self, text: str, rest: str) -> bool:
        """Count a text that was shown, and tell whether it is what comes."""
        self.shown += 1
        if not rest.startswith(text):
            return False
        first, *lines = text.split("\n")
        self.right += 1
        self.saved += len(first) + sum(1 + len(each.lstrip()) for each in lines) - 1
        return True

    @property
    def saved_share(self) -> float:
        return self.saved / max(1, self.keys + self.saved)

    @property
    def precision(self) -> float:
        return self.right / max(1, self.shown)

    def took_ms(self, share: float) -> float:
        ordered = sorted(self.took_ns)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] / 1e6


def type_passage(passage: Passage, guess: Guess, tally: Tally) -> None:
    """Type a passage's code key by key, and accept what it goes on with, also over lines."""
    number, at = passage.start, 0
    while number < passage.stop:
        line = passage.lines[number].rstrip()
        if not at and is_code(line):
            at = len(line) - len(line.lstrip())
        elif not at or at >= len(line):
            number, at = number + 1, 0
            continue
        number, at = _type_on(passage, number, at, guess, tally)


def _type_on(passage: Passage, number: int, at: int, guess: Guess, tally: Tally) -> tuple[int, int]:
    """Type a line from column `at` on, and return where the cursor is then: line and column."""
    visible = [*passage.lines[:number], "", *passage.below]
    line, *further = (each.rstrip() for each in passage.lines[number : passage.stop])
    while at < len(line):
        began = monotonic_ns()
        text = guess(visible, number, line[:at])
        tally.took_ns.append(monotonic_ns() - began)
        tally.keys += 1
        if text and not tally.is_right(text, "\n".join([line[at:], *further])):
            at += 1
        elif "\n" in text:
            return number + text.count("\n"), len(text.rpartition("\n")[2])
        else:
            at += len(text) or 1
    return number + 1, 0


def type_with_engine(engine: EmbeddedEngine, passage: Passage, tally: Tally) -> None:
    """Type a passage into an open document. An edit and the guess after it are timed together."""
    uri = passage.path.as_uri()
    language = {".ts": "typescript", ".js": "javascript"}.get(passage.path.suffix, "python")
    engine.document_opened(uri, language, [*passage.lines[: passage.start], "", *passage.below])
    last = passage.start
    index_all(engine, uri, last)

    def guess(visible: list[str], number: int, typed: str) -> str:
        nonlocal last
        if number != last:  # the lines between were typed, too
            new = visible[last:number]
            engine.document_edited(uri, last, last + 1, [*new, typed])
            last = number
        else:
            engine.document_edited(uri, number, number + 1, [typed])
        prefix = "\n".join([*visible[max(0, number - _WINDOW_LINES) : number], typed])
        suffix = "\n" + "\n".join(visible[number + 1 : number + _BELOW_LINES])
        request = CompletionRequest(
            prefix=prefix, suffix=suffix, language=language, uri=uri, line=number
        )
        found = engine.suggest(request)
        return found[0].text if found else ""

    type_passage(passage, guess, tally)
    engine.document_closed(uri)


def index_all(engine: EmbeddedEngine, uri: str, line: int) -> None:
    """Have an open document indexed, as it is a moment after it was opened."""
    for buffer in engine._buffers.values():
        buffer.catch_up(uri, line, 1_000_000)


def longest_match(visible: list[str], number: int, typed: str) -> str:
    """Return the rest of the line that follows the longest equal text elsewhere in the file."""
    others = "\n".join(visible[:number] + visible[number + 1 :])
    before = "\n".join(visible[max(0, number - 3) : number]) + "\n" + typed
    for length in range(min(_LONGEST_MATCH, len(before)), 3, -1):
        found = others.find(before[-length:])
        if found >= 0 and (start := found + length) < len(others):
            return others[start:].partition("\n")[0]
    return ""


def word_completion(visible: list[str], number: int, typed: str) -> str:
    """Return the rest of the nearest word that begins as two or more typed letters do."""
    start = len(typed)
    while start and (typed[start - 1].isalnum() or typed[start - 1] == "_"):
        start -= 1
    half = typed[start:]
    if len(half) < 2 or half[0].isdigit():
        return ""
    for distance in range(1, len(visible)):
        for other in (number - distance, number + distance):
            if 0 <= other < len(visible) and half in visible[other]:
                for word in _words(visible[other]):
                    if word.startswith(half) and len(word) > len(half) + 1:
                        return word[len(half) :]
    return ""


def _words(line: str) -> list[str]:
    return "".join(char if char.isalnum() or char == "_" else " " for char in line).split()


def rest_of_line(engine: EmbeddedEngine, uri: str, lines: list[str], number: int, at: int) -> str:
    """Return what the engine thinks the rest of an open document's line is, however unsure."""
    line = lines[number]
    engine.document_edited(uri, number, number + 1, [line[:at]])
    prefix = "\n".join([*lines[max(0, number - _WINDOW_LINES) : number], line[:at]])
    found = engine.suggest(
        CompletionRequest(prefix=prefix, language="python", uri=uri, line=number)
    )
    engine.document_edited(uri, number, number + 1, [line])
    index_all(engine, uri, -1)
    return found[0].text if found else ""
