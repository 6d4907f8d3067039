"""The server's half of `ghostlap workload record`: it notes edits while a file says that it should.

Off unless the user asks for it, on this machine alone. Without text there are times, languages,
places and lengths; with text only source files are noted, by their extension. What is noted is of
the format of `telemetry/workload/FORMAT.md`, but for its times, which are the monotonic clock's.
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

__all__ = ["TypingTap", "Wish", "follow_wishes", "wish_path"]

_LOOK_EVERY_S = 0.5
_LONGEST_BYTES = 4096
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


class TypingTap:
    """Turns edits of lines into lines of a workload. Used from one event loop alone."""

    def __init__(self, *, text: bool) -> None:
        self._text = text
        self._documents: dict[str, tuple[int, list[str]]] = {}
        self._count = 0
        self._noted: list[dict[str, Any]] = []

    def take(self) -> list[dict[str, Any]]:
        """Return what was noted since the last time."""
        noted, self._noted = self._noted, []
        return noted

    def document_opened(self, uri: str, language: str, lines: Sequence[str]) -> None:
        path = PurePosixPath(uri)
        if self._text and not _is_source(path.suffix):
            return
        self._documents[uri] = self._count, list(lines)
        self._count += 1
        name = path.name if self._text else path.suffix
        line = {"kind": "document", "name": name, "language": language}
        self._note({**line, "text": "\n".join(lines)} if self._text else line)

    def document_edited(self, uri: str, start: int, stop: int, lines: Sequence[str]) -> None:
        if uri not in self._documents:
            return
        number, kept = self._documents[uri]
        change = _change(kept, start, stop, lines)
        kept[start:stop] = lines
        if change is None:
            return
        first, last, text = change
        line = {"kind": "edit", "at_ms": monotonic_ns() / 1e6, "document": number}
        line |= {"start": first, "end": last}
        if self._text:
            line["text"] = text
        else:
            line |= {"chars": len(text), "newlines": text.count("\n")}
        self._note(line)

    def document_closed(self, uri: str) -> None:
        self._documents.pop(uri, None)

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


async def follow_wishes(state_folder: Path, edits: Tapped) -> None:
    """Note typing whenever the user wishes it, until cancelled."""
    tap: TypingTap | None = None
    served: Wish | None = None
    while True:
        wish = await asyncio.to_thread(_read_wish, wish_path(state_folder))
        folder = None if wish is None else wish.folder
        if tap is not None and served is not None:
            await asyncio.to_thread(_append, served.folder, tap.take())
        if folder != (None if served is None else served.folder):
            tap = None if wish is None else TypingTap(text=wish.text)
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
