"""What stands before the cursor, as tokens, in the numbering of whichever index is asked."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ghostlap.providers.local.lexer import (
    WORD_AT_END,
    indent_width,
    pieces,
    shape_of,
    split_space,
)
from ghostlap.providers.local.words import ITSELF, Break, line_tokens, shape_code

if TYPE_CHECKING:
    from ghostlap.providers.local.places import Places, Source, Spelled

__all__ = [
    "CONTEXT_TOKENS",
    "FEW",
    "LEAST_TYPED",
    "Half",
    "Index",
    "Numbered",
    "Query",
    "query_at",
    "unknown_token",
]

CONTEXT_TOKENS = 16
"""More did not measurably help."""
LEAST_TYPED = 2
"""Letters after which a half-typed word is looked for among all words, whatever the context."""
FEW = 4
"""Fewer candidates than these are not enough."""
_CONTEXT_LINES = 24
UNKNOWN = 1 << 30
"""The token of a word that an index does not hold: no place has it."""

Half = tuple[int, str]
"""Whether a space stands before the word that is being typed, and what there is of it."""


class Index(Protocol):
    """Tokens of known text that can be searched for what followed a context."""

    source: Source

    def number(self, text: str) -> int:
        """Return a word's number, -1 if it does not occur."""
        ...

    def numbered(self, word: str, space: int) -> tuple[int, int]:
        """Return the token and the shape code of a word, known or not."""
        ...

    def text(self, word: int) -> str: ...

    def places(self, query: Query, half: Half | None) -> Places | None:
        """Return places whose tokens may continue the query; None where there are none."""
        ...

    def spelled(self, half: Half, query: Query, /) -> list[Spelled]:
        """Return a few words that begin as the half-typed one does, whatever the context."""
        ...


class Numbered(NamedTuple):
    """A context's tokens and their shape codes, nearest first."""

    tokens: list[int]
    shapes: list[int]
    token_array: NDArray[np.int32]
    shape_array: NDArray[np.int32]


class Query:
    """A context. Words stand most recent first; a line break is its `Break`."""

    __slots__ = ("_numbered", "document", "line", "spaces", "words")

    def __init__(
        self, words: list[str | int], spaces: list[int], *, document: int = -1, line: int = -1
    ) -> None:
        """`words` and `spaces` have `CONTEXT_TOKENS` entries: before a file are its edges."""
        self.words = words
        self.spaces = spaces
        self.document = document
        self.line = line
        self._numbered: dict[Index, Numbered] = {}

    @property
    def key(self) -> tuple[tuple[str | int, ...], tuple[int, ...]]:
        """Two queries of one cursor that have the same key are the same."""
        return tuple(self.words), tuple(self.spaces)

    def numbered(self, index: Index) -> Numbered:
        """Return the context as `index` numbers it."""
        found = self._numbered.get(index)
        if found is None:
            both = [
                (2 * word, ITSELF + 2 * word)
                if isinstance(word, int)
                else index.numbered(word, space)
                for word, space in zip(self.words, self.spaces, strict=True)
            ]
            found = self._numbered[index] = _numbered(both)
        return found

    def then(self, word: str | int, space: int) -> Query:
        """Return the context after one more token."""
        further = Query(
            [word, *self.words[: CONTEXT_TOKENS - 1]],
            [space, *self.spaces[: CONTEXT_TOKENS - 1]],
            document=self.document,
            line=self.line,
        )
        for index, before in self._numbered.items():
            if isinstance(word, int):
                first = (2 * word, ITSELF + 2 * word)
            else:
                first = index.numbered(word, space)
            both = [first, *zip(before.tokens[:-1], before.shapes[:-1], strict=True)]
            further._numbered[index] = _numbered(both)
        return further


def _numbered(both: list[tuple[int, int]]) -> Numbered:
    array = np.array(both, np.int32)
    tokens, shapes = [each[0] for each in both], [each[1] for each in both]
    return Numbered(tokens, shapes, array[:, 0].copy(), array[:, 1].copy())


def unknown_token(word: str, space: int) -> tuple[int, int]:
    """Return the token and the shape code of a word that an index does not hold."""
    return UNKNOWN, shape_code(UNKNOWN | space, shape_of(word))


def query_at(prefix: str, *, document: int = -1, line: int = -1) -> tuple[Query, Half | None, int]:
    """Return the context at the end of `prefix`, the word that is half typed there, and its length.

    `prefix` begins with a whole line, unless its last line alone is longer than the window.
    """
    start = prefix.rfind("\n") + 1
    above_words, above_spaces, width = _above(prefix[:start])
    left = prefix[start:]
    body = left.lstrip(" \t")
    half = _half_word(body)
    words: list[str | int] = []
    spaces: list[int] = []
    done = body[: len(body) - len(half)]
    kind = Break.EDGE
    if start:
        own = indent_width(left)
        kind = Break.SAME if own == width else Break.IN if own > width else Break.OUT
    _extend(words, spaces, kind, pieces(done))
    words += above_words
    spaces += above_spaces
    missing = max(0, CONTEXT_TOKENS - len(words))
    query = Query(
        words[:CONTEXT_TOKENS] + [int(Break.EDGE)] * missing,
        spaces[:CONTEXT_TOKENS] + [0] * missing,
        document=document,
        line=line,
    )
    if not half:
        return query, None, 0
    return query, ((1, half[1:]) if half[0] == " " else (0, half)), len(half)


@lru_cache(8)
def _above(text: str) -> tuple[list[str | int], list[int], int]:
    """Return the last tokens of whole lines, the nearest first, and the last indentation."""
    words: list[str | int] = []
    spaces: list[int] = []
    if not text:
        return words, spaces, 0
    lines = text[:-1].rsplit("\n", _CONTEXT_LINES)
    if len(lines) > _CONTEXT_LINES:
        lines[0] = ""  # not looked at: what is left of the text before
    widths = []
    width = 0
    for each in lines:
        widths.append(width)
        if each.strip():
            width = indent_width(each)
    for number in range(len(lines) - 1, -1, -1):
        kind, parts, _ = line_tokens(lines[number].removesuffix("\r"), widths[number])
        _extend(words, spaces, kind if number else Break.EDGE, parts)
        if len(words) >= CONTEXT_TOKENS:
            break
    return words, spaces, width


def _half_word(left: str) -> str:
    found = WORD_AT_END.search(left)
    return found.group() if found else ""


def _extend(words: list[str | int], spaces: list[int], kind: Break, parts: list[str]) -> None:
    """Add a line's tokens, the last one first."""
    for part in reversed(parts):
        word, space = split_space(part)
        words.append(word)
        spaces.append(space)
    words.append(int(kind))
    spaces.append(0)
