"""Pieces of other files that resemble the text around the cursor.

Windows of lines, ranked by the Jaccard similarity of their words with those around the cursor, as
Copilot's first clients did, with those of imported files first.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ghostlap.providers import Snippet

__all__ = ["Around", "Piece", "Source", "are_related", "best_pieces"]

_WINDOW_LINES = 24
_STEP_LINES = 12
_AROUND_LINES = 40
"""Lines around the cursor whose words are compared."""
_LEAST_SIMILARITY = 0.08
"""Below it two windows share the language's own words and little else."""
_WORD = re.compile(r"[A-Za-z_]\w{2,}")
_LONGEST_FILE_LINES = 4_000
_LONGEST_PIECE_CHARS = 4_000
_FAMILIES = (
    {"javascript", "javascriptreact", "typescript", "typescriptreact", "vue", "svelte"},
    {"c", "cpp", "objective-c", "objective-cpp", "cuda-cpp"},
    {"css", "scss", "less"},
    {"java", "kotlin", "scala"},
)


@dataclass(frozen=True, slots=True)
class Around:
    """What stands around the cursor."""

    words: frozenset[str]
    text: str
    imported: frozenset[str] = frozenset()
    """The words of the import lines."""

    @classmethod
    def of(cls, prefix: str, suffix: str, imported: frozenset[str] = frozenset()) -> Around:
        near = "\n".join(prefix.split("\n")[-_AROUND_LINES:]) + suffix
        return cls(_words(near), prefix + suffix, imported)


@dataclass(frozen=True, slots=True)
class Source:
    """A file that pieces are taken from, cut into windows that overlap by half."""

    path: str
    version: int
    modules: frozenset[str]
    """What it is called where it is imported."""
    windows: tuple[tuple[str, frozenset[str]], ...]

    @classmethod
    def of(cls, path: str, version: int, lines: Sequence[str], modules: frozenset[str]) -> Source:
        texts = (
            "\n".join(lines[start : start + _WINDOW_LINES]).strip("\n")
            for start in range(0, min(len(lines), _LONGEST_FILE_LINES), _STEP_LINES)
        )
        windows = ((text, _words(text[:_LONGEST_PIECE_CHARS])) for text in texts)
        return cls(path, version, modules, tuple(windows))


@dataclass(frozen=True, slots=True)
class Piece:
    uri: str
    snippet: Snippet


def are_related(one: str, other: str) -> bool:
    """Tell whether the code of one language can use, or resembles, that of the other."""
    return one == other or any(one in family and other in family for family in _FAMILIES)


def best_pieces(sources: Mapping[str, Source], around: Around, *, budget_chars: int) -> list[Piece]:
    """Return the best pieces of the sources, by URI, the least similar first.

    The most similar piece stands nearest to the cursor in the prompt. None overlaps another, and
    none holds what the text around the cursor holds already.
    """
    chosen: list[Piece] = []
    taken: set[tuple[str, int]] = set()
    texts: set[str] = set()
    for _, uri, number in _ranked(sources, around):
        source = sources[uri]
        text = source.windows[number][0]
        if len(text) > budget_chars or text in texts or text in around.text:
            continue
        if {(uri, number - 1), (uri, number), (uri, number + 1)} & taken:
            continue
        budget_chars -= len(text)
        taken.add((uri, number))
        texts.add(text)
        chosen.append(Piece(uri, Snippet(source.path, text)))
    chosen.reverse()
    return chosen


def _ranked(
    sources: Mapping[str, Source], around: Around
) -> list[tuple[tuple[bool, float], str, int]]:
    scored = []
    for uri, source in sources.items():
        is_imported = bool(source.modules & around.imported)
        for number, (_, words) in enumerate(source.windows):
            shared = len(around.words & words)
            if not shared:
                continue
            similarity = shared / (len(around.words) + len(words) - shared)
            if similarity >= _LEAST_SIMILARITY:
                scored.append(((is_imported, similarity), uri, number))
    scored.sort(key=lambda each: each[0], reverse=True)
    return scored


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text))
