"""What stands before the cursor, as tokens, in the numbering of whichever index is asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ghostlap.providers.local.lexer import (
    WORD_AT_END,
    Shape,
    indent_width,
    pieces,
    shape_of,
    split_space,
)
from ghostlap.providers.local.words import Break, line_tokens, shape_key

__all__ = ["CONTEXT_TOKENS", "FEW", "LEAST_TYPED", "Half", "Index", "Query", "query_at"]

CONTEXT_TOKENS = 16
"""More did not measurably help."""
LEAST_TYPED = 3
"""Letters after which a half-typed word is looked for among all words, whatever the context."""
FEW = 4
"""Fewer candidates than these are not enough."""
_CONTEXT_LINES = 24
_UNKNOWN = -1_000_000

Half = tuple[int, str]
"""Whether a space stands before the word that is being typed, and what there is of it."""


class Index(Protocol):
    """Tokens of known text that can be searched for what followed a context."""

    def token_at(self, position: int) -> int: ...

    def shape(self, word: int) -> int: ...

    def word(self, text: str) -> int:
        """Return a word's number, -1 if it does not occur."""
        ...

    def text(self, word: int) -> str: ...

    def candidates(self, query: Query, half: Half | None) -> Sequence[int]:
        """Return positions whose tokens may continue the query, the likeliest first."""
        ...

    def distance(self, position: int, query: Query) -> float:
        """Return how far away in tokens a position is; infinite in another document."""
        ...


class Query:
    """A context. Words stand most recent first; a line break is its `Break`."""

    __slots__ = ("_numbered", "document", "length", "line", "spaces", "words")

    def __init__(
        self, words: list[str | int], spaces: list[int], *, document: int = -1, line: int = -1
    ) -> None:
        self.words = words
        self.spaces = spaces
        self.document = document
        self.line = line
        self.length = min(len(words), CONTEXT_TOKENS)
        self._numbered: dict[int, tuple[list[int], list[int]]] = {}

    def tokens(self, index: Index) -> tuple[list[int], list[int]]:
        """Return the context's tokens and their shape keys, as `index` numbers them."""
        found = self._numbered.get(id(index))
        if found is None:
            found = self._numbered[id(index)] = self._number(index)
        return found

    def then(self, word: str | int, space: int) -> Query:
        """Return the context after one more token."""
        return Query(
            [word, *self.words[: CONTEXT_TOKENS - 1]],
            [space, *self.spaces[: CONTEXT_TOKENS - 1]],
            document=self.document,
            line=self.line,
        )

    def _number(self, index: Index) -> tuple[list[int], list[int]]:
        tokens: list[int] = []
        shapes: list[int] = []
        for word, space in zip(self.words[: self.length], self.spaces, strict=False):
            if isinstance(word, int):
                token, shape = 2 * word, int(Shape.ITSELF)
            else:
                number = index.word(word)
                token = 2 * number + space if number >= 0 else _UNKNOWN
                shape = shape_of(word)
            tokens.append(token)
            shapes.append(-(2 * shape + space) if shape else shape_key(token, shape))
        return tokens, shapes


def query_at(prefix: str, *, document: int = -1, line: int = -1) -> tuple[Query, Half | None, int]:
    """Return the context at the end of `prefix`, the word that is half typed there, and its length.

    `prefix` begins with a whole line, unless its last line alone is longer than the window.
    """
    lines = prefix.split("\n")[-_CONTEXT_LINES:]
    at_file_start = len(lines) < _CONTEXT_LINES
    left = lines.pop()
    body = left.lstrip(" \t")
    half = _half_word(left) if body else ""
    if len(half) > len(body):
        half = half.lstrip(" ")
    words: list[str | int] = []
    spaces: list[int] = []
    width = 0
    for number, text in enumerate(lines):
        kind, parts, width = line_tokens(text.removesuffix("\r"), width)
        _extend(words, spaces, Break.EDGE if at_file_start and not number else kind, parts)
    head = left[: len(left) - len(half)]
    own = indent_width(left)
    kind = Break.SAME if own == width else Break.IN if own > width else Break.OUT
    first = at_file_start and not lines
    head_pieces = pieces(head.lstrip(" \t")) if head.strip() else []
    _extend(words, spaces, Break.EDGE if first else kind, head_pieces)
    query = Query(
        words[: -CONTEXT_TOKENS - 1 : -1],
        spaces[: -CONTEXT_TOKENS - 1 : -1],
        document=document,
        line=line,
    )
    if not half:
        return query, None, 0
    return query, ((1, half[1:]) if half[0] == " " else (0, half)), len(half)


def _half_word(left: str) -> str:
    found = WORD_AT_END.search(left)
    return found.group() if found else ""


def _extend(words: list[str | int], spaces: list[int], kind: Break, parts: list[str]) -> None:
    words.append(int(kind))
    spaces.append(0)
    for part in parts:
        word, space = split_space(part)
        words.append(word)
        spaces.append(space)
