"""The server's half of `ghostlap workload record`: it notes edits while a file says that it should.

Off unless the user asks for it, on this machine alone. Without text there are times, languages,
places and lengths; with text only source files are noted, by their extension. What would never be
sent is not noted: files that a rule excludes, and lines that look like secrets, of which the ones
that stand there are masked; a document into which one is typed is `withheld`, with all that was
noted of it before. What is noted is of the format of `telemetry/workload/FORMAT.md`, but for that
kind, and for its times, which are the monotonic clock's.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from ghostlap.providers import DocumentObserver
from ghostlap.telemetry import monotonic_ns

__all__ = ["Rules", "TypingTap", "Wish", "follow_wishes", "wish_path"]

_LOOK_EVERY_S = 0.5
_LONGEST_BYTES = 4096
_AROUND_LINES = 100  # the longest private keys that are in use have 70
_KEPT = 10_000
"""Lines at most until they are written: a disk that does not take them costs no more memory."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the user has asked for."""

    folder: Path
    text: bool
    until_unix_s: float
    """When it ends by itself, should whoever asked be gone."""


def wish_path(state_folder: Path) -> Path:
    return state_folder / "record-typing.json"


def _read_wish(path: Path) -> Wish | None:
    try:
        with path.open("rb") as file:
            told = json.loads(file.read(_LONGEST_BYTES))
        wish = Wish(Path(told["folder"]), told["text"] is True, float(told["until_unix_s"]))
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None
    return wish if wish.until_unix_s > time.time() else None


class Rules(Protocol):
    """What may be noted: see `WorkspaceContext`."""

    def load(self) -> None:
        """Make ready for `scrub`; slow. May be called in another thread, and again."""
        ...

    def exclusion(self, uri: str) -> str | None:
        """Return why nothing of a document is sent, whoever is asked; None where it may be."""
        ...

    def scrub(self, text: str, language: str) -> str:
        """Return `text` with its secret lines emptied, so that all others keep their places."""
        ...


@dataclass(slots=True)
class _Noted:
    """An open document."""

    number: int
    language: str
    lines: list[str]
    told: dict[str, Any]
    """What was noted when it was opened."""
    was_edited: bool = False
    """Since its rules were looked at."""


class TypingTap:
    """Turns edits of lines into lines of a workload. Used from one event loop alone."""

    def __init__(self, *, text: bool, rules: Rules) -> None:
        self._text = text
        self._rules = rules
        self._documents: dict[str, _Noted] = {}
        self._count = 0
        self._noted: list[dict[str, Any]] = []

    def take(self) -> list[dict[str, Any]]:
        """Return what was noted since the last time, of files that no rule excludes by now."""
        for uri, document in [*self._documents.items()]:
            if document.was_edited and self._rules.exclusion(uri) is not None:
                self._withhold(uri)
            document.was_edited = False
        noted, self._noted = self._noted, []
        return noted

    def document_opened(self, uri: str, language: str, lines: Sequence[str]) -> None:
        path = PurePosixPath(uri)
        if self._rules.exclusion(uri) or (self._text and not _is_source(path.suffix)):
            return
        name = path.name if self._text else path.suffix
        told = {"kind": "document", "name": name, "language": language}
        if self._text:
            told["text"] = "\n".join(self._masked(lines, language))
        self._documents[uri] = _Noted(self._count, language, list(lines), told)
        self._count += 1
        self._note(told)

    def document_edited(self, uri: str, start: int, stop: int, lines: Sequence[str]) -> None:
        document = self._documents.get(uri)
        if document is None:
            return
        kept = document.lines
        change = _change(kept, start, stop, lines)
        kept[start:stop] = lines
        if change is None:
            return
        document.was_edited = True
        if self._text and self._is_secret(document, start, start + len(lines)):
            self._withhold(uri)
            return
        first, last, text = change
        line = {"kind": "edit", "at_ms": monotonic_ns() / 1e6, "document": document.number}
        line |= {"start": first, "end": last}
        if self._text:
            line["text"] = text
        else:
            line |= {"chars": len(text), "newlines": text.count("\n")}
        self._note(line)

    def document_closed(self, uri: str) -> None:
        self._documents.pop(uri, None)

    def _withhold(self, uri: str) -> None:
        document = self._documents.pop(uri)
        number = document.number
        document.told |= {"name": "", "text": ""}
        self._noted = [each for each in self._noted if each.get("document") != number]
        self._note({"kind": "withheld", "document": number})

    def _is_secret(self, document: _Noted, start: int, stop: int) -> bool:
        """Tell so of some lines: where a key is of several lines, those around it say so."""
        first = max(0, start - _AROUND_LINES)
        around = document.lines[first : stop + _AROUND_LINES]
        masked = self._masked(around, document.language)
        return masked[start - first : stop - first] != around[start - first : stop - first]

    def _masked(self, lines: Sequence[str], language: str) -> list[str]:
        """Return the lines, and for those that look like secrets as many x."""
        scrubbed = self._rules.scrub("\n".join(lines), language).split("\n")
        return [
            line if line == left else "x" * len(line)
            for line, left in zip(lines, scrubbed, strict=True)
        ]

    def _note(self, line: dict[str, Any]) -> None:
        if len(self._noted) < _KEPT:
            self._noted.append(line)


def _is_source(suffix: str) -> bool:
    from ghostlap.lsp_server.demo.material import LANGUAGES  # noqa: PLC0415 - while recording

    return suffix.lower() in LANGUAGES


def _change(
    kept: Sequence[str], start: int, stop: int, lines: Sequence[str]
) -> tuple[list[int], list[int], str] | None:
    """Return what differs, as two places and the text between them; None: nothing does.

    Lines that come or go take the end of a line with them: one more line is looked at.
    """
    old, new = list(kept[start:stop]), list(lines)
    if len(old) != len(new) and stop < len(kept):
        old.append(kept[stop])
        new.append(kept[stop])
    before, after = "\n".join(old), "\n".join(new)
    if before == after:
        return None
    head = len(os.path.commonprefix([before, after]))  # noqa: RUF071 - of any two texts
    shorter = min(len(before), len(after)) - head
    tail = 0
    while tail < shorter and before[-1 - tail] == after[-1 - tail]:
        tail += 1
    end = len(before) - tail
    return _place(before, head, start), _place(before, end, start), after[head : len(after) - tail]


def _place(text: str, at: int, first_line: int) -> list[int]:
    above = text[:at]
    return [first_line + above.count("\n"), at - (above.rfind("\n") + 1)]


class Tapped(Protocol):
    """Whoever sees the edits: `TextSync`."""

    def tap(self, observer: DocumentObserver | None) -> None:
        """Tell `observer` of the open documents, and of all edits from now on."""
        ...


async def follow_wishes(state_folder: Path, edits: Tapped, rules: Rules) -> None:
    """Note typing whenever the user wishes it, as far as the rules allow, until cancelled."""
    tap: TypingTap | None = None
    served: Wish | None = None
    while True:
        wish = await asyncio.to_thread(_read_wish, wish_path(state_folder))
        folder = None if wish is None else wish.folder
        if tap is not None and served is not None:
            await asyncio.to_thread(_append, served.folder, tap.take())
        if folder != (None if served is None else served.folder):
            if wish is not None and wish.text:
                await asyncio.to_thread(rules.load)
            tap = None if wish is None else TypingTap(text=wish.text, rules=rules)
            edits.tap(tap)
            served = wish
        await asyncio.sleep(_LOOK_EVERY_S)


def _append(folder: Path, lines: Sequence[dict[str, Any]]) -> None:
    """Write nothing where the folder is gone: then nobody wants it any more."""
    if not lines:
        return
    text = "".join(json.dumps(line) + "\n" for line in lines)
    try:
        with (folder / f"{os.getpid()}.jsonl").open("a", encoding="utf-8") as file:
            file.write(text)
    except OSError:
        return
