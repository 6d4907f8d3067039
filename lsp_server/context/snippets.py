"""Pieces of other files that resemble the text around the cursor.

Windows of lines, ranked by the Jaccard similarity of their words with those around the cursor, as
Copilot's first clients did; files edited or viewed of late only.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ghostlap.providers import Snippet

__all__ = ["RecentFiles"]

_WINDOW_LINES = 24
_STEP_LINES = 12
_AROUND_LINES = 40
"""Lines around the cursor whose words are compared."""
_FILES = 12
_LEAST_SIMILARITY = 0.08
"""Below it two windows share the language's own words and little else."""
_WORD = re.compile(r"[A-Za-z_]\w{2,}")
_LONGEST_FILE_LINES = 4_000


@dataclass(slots=True)
class _File:
    path: str
    language: str
    lines: Sequence[str]
    windows: list[tuple[int, frozenset[str]]] | None = None


class RecentFiles:
    """The files that were edited or viewed last, most recent last."""

    def __init__(self) -> None:
        self._files: OrderedDict[str, _File] = OrderedDict()

    def touch(self, uri: str, path: str, language: str, lines: Sequence[str]) -> None:
        """Note that a file was viewed or edited, with what it holds now."""
        self._files[uri] = _File(path, language, lines)
        self._files.move_to_end(uri)
        if len(self._files) > _FILES:
            self._files.popitem(last=False)

    def forget(self, uri: str) -> None:
        self._files.pop(uri, None)

    def similar(
        self, uri: str, prefix: str, suffix: str, language: str, *, budget_chars: int
    ) -> tuple[Snippet, ...]:
        """Return the best pieces of other files of the same language, least similar first.

        The most similar piece stands nearest to the cursor in the prompt. None overlaps another,
        and none holds what the text around the cursor holds already.
        """
        around = _words("\n".join(prefix.split("\n")[-_AROUND_LINES:]) + suffix)
        if not around:
            return ()
        ranked = sorted(self._scored(uri, language, around), key=lambda each: -each[0])
        chosen: list[Snippet] = []
        taken: set[tuple[str, int]] = set()
        for _, file, start in ranked:
            text = "\n".join(file.lines[start : start + _WINDOW_LINES]).strip("\n")
            neighbours = {(file.path, start - _STEP_LINES), (file.path, start + _STEP_LINES)}
            if len(text) > budget_chars or neighbours & taken or text in prefix:
                continue
            budget_chars -= len(text)
            taken.add((file.path, start))
            chosen.append(Snippet(file.path, text))
        return tuple(reversed(chosen))

    def _scored(
        self, uri: str, language: str, around: frozenset[str]
    ) -> Iterator[tuple[float, _File, int]]:
        for other, file in self._files.items():
            if other == uri or file.language != language:
                continue
            if file.windows is None:
                file.windows = list(_windows(file.lines))
            for start, words in file.windows:
                shared = len(around & words)
                similarity = shared / (len(around) + len(words) - shared)
                if similarity >= _LEAST_SIMILARITY:
                    yield similarity, file, start


def _windows(lines: Sequence[str]) -> Iterator[tuple[int, frozenset[str]]]:
    for start in range(0, min(len(lines), _LONGEST_FILE_LINES), _STEP_LINES):
        if words := _words("\n".join(lines[start : start + _WINDOW_LINES])):
            yield start, words


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text))
