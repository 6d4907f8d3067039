"""Builds an index file, in a process of its own: `python -m ghostlap.providers.local.build FILE`.

It indexes the standard library of the interpreter that runs it. An indexing thread would hold the
interpreter's lock from the server's keystrokes; a process of low priority does not.
"""

from __future__ import annotations

import contextlib
import os
import sys
import sysconfig
from array import array
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ghostlap.providers.local.index_file import write_index
from ghostlap.providers.local.lexer import indent_width, pieces, shape_of, split_space
from ghostlap.providers.local.query import CONTEXT_TOKENS
from ghostlap.providers.local.sorted_contexts import sort_by_context
from ghostlap.providers.local.words import EDGE_TOKEN, FIRST_WORD, ITSELF, Break

__all__ = ["build", "main", "standard_library"]

_LARGEST_BYTES = 400_000
"""A larger module is data: tables of names and codes."""
_NOT_CODE = frozenset(
    {"test", "tests", "idlelib", "idle_test", "lib2to3", "site-packages", "dist-packages"}
    | {"turtledemo", "pydoc_data", "encodings", "__phello__", "__pycache__"}
)


def main() -> int:
    with contextlib.suppress(AttributeError, OSError):  # Windows has no such call
        os.nice(10)
    target = Path(sys.argv[1])
    build(standard_library(), target)
    return 0


def standard_library() -> Iterator[str]:
    """Yield the sources of the interpreter's standard library, without its tests."""
    root = Path(sysconfig.get_path("stdlib"))
    for path in sorted(root.rglob("*.py")):
        if _NOT_CODE.isdisjoint(path.relative_to(root).parts):
            with contextlib.suppress(OSError):
                if path.stat().st_size <= _LARGEST_BYTES:
                    yield path.read_text(encoding="utf-8", errors="replace")


def build(
    sources: Iterable[str], target: Path, about: Mapping[str, Any] = MappingProxyType({})
) -> None:
    """Index `sources` into the file `target`, which is complete or not there at all."""
    raw: dict[str, int] = {"": 0}  # stands for the edge of a file
    parts: list[array[int]] = []
    size = 0
    for source in sources:
        size += len(source)
        numbers = array("i", [0])
        numbers.extend(raw.setdefault(piece, len(raw)) for piece in pieces(source))
        parts.append(numbers)
    stream = np.concatenate([np.frombuffer(each, dtype=np.int32) for each in parts] or [_EMPTY])
    words, tokens = _number(list(raw), stream)
    word_shapes = np.zeros(FIRST_WORD + len(words), np.uint8)
    word_shapes[FIRST_WORD:] = [shape_of(word) for word in words]
    tokens = np.concatenate([tokens[::-1], np.full(CONTEXT_TOKENS, EDGE_TOKEN)])
    kinds = word_shapes[tokens >> 1].astype(np.int64)
    codes = np.where(kinds > 0, 2 * kinds + (tokens & 1), ITSELF + tokens)
    encoded = [word.encode("utf-8", "surrogatepass") for word in words]
    indexed = tokens[:-CONTEXT_TOKENS]
    places = np.zeros(2 * len(word_shapes), np.int32)
    places[indexed[::-1]] = np.arange(len(indexed) - 1, -1, -1)
    ends = np.cumsum([len(each) for each in parts])
    starts = (ends[-1] - ends)[::-1] if parts else _EMPTY
    arrays = {
        "tokens": tokens,
        "shapes": codes,
        "by_context": sort_by_context(tokens, len(indexed)),
        "by_shape": sort_by_context(codes, len(indexed)),
        "file_starts": starts,
        "word_shapes": word_shapes,
        "word_ends": np.cumsum([len(each) for each in encoded]),
        "word_bytes": np.frombuffer(b"".join(encoded), np.uint8),
        "counts": np.bincount(indexed, minlength=2 * len(word_shapes)),
        "places": places,
    }
    write_index(target, arrays, {"source_bytes": size, "files": len(parts), **about})


_EMPTY = np.zeros(0, np.int32)


def _number(raw: list[str], stream: NDArray[np.int32]) -> tuple[list[str], NDArray[np.int64]]:
    """Return the sorted words, and the tokens of the stream of raw pieces."""
    split = [split_space(piece) if piece and piece[0] not in "\r\n" else None for piece in raw]
    words = sorted(
        {each[0] for each in split if each},
        key=lambda word: word.encode("utf-8", "surrogatepass"),
    )
    number = {word: at for at, word in enumerate(words, FIRST_WORD)}
    token_of = np.array(
        [2 * number[each[0]] + each[1] if each else 2 * Break.EDGE for each in split], np.int64
    )
    width_of = np.array(
        [
            indent_width(piece.lstrip("\r\n")) if piece and piece[0] in "\r\n" else -1
            for piece in raw
        ],
        np.int64,
    )
    tokens = token_of[stream]
    _break_lines(tokens, width_of[stream], stream == 0)
    return words, tokens


def _break_lines(tokens: NDArray[np.int64], widths: NDArray[np.int64], edges: NDArray[Any]) -> None:
    """Write into `tokens` what each line break does to the indentation."""
    breaks = np.flatnonzero(widths >= 0)
    following = np.append(breaks[1:], len(tokens)) if len(breaks) else breaks
    next_is_edge = np.append(edges[1:], True)
    blank = (following == breaks + 1) | next_is_edge[breaks]
    tokens[breaks[blank]] = 2 * Break.BLANK
    kept = np.sort(np.concatenate([breaks[~blank], np.flatnonzero(edges)]))
    own = np.where(edges[kept], 0, widths[kept])
    change = np.diff(own, prepend=0)
    kinds = np.where(change == 0, Break.SAME, np.where(change > 0, Break.IN, Break.OUT))
    kinds = np.where(edges[kept], Break.EDGE, kinds)
    tokens[kept] = 2 * kinds


if __name__ == "__main__":
    sys.exit(main())
