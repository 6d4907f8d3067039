"""Builds an index file, in a process of its own: `python -m ghostlap.providers.local.build FILE`.

It indexes the standard library of the interpreter that runs it. An indexing thread would hold the
interpreter's lock from the server's keystrokes; a process of low priority does not.
"""

from __future__ import annotations

import contextlib
import os
import sys
import sysconfig
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ghostlap.providers.local.index_file import MAGIC, write_index
from ghostlap.providers.local.lexer import indent_width, pieces, shape_of, split_space
from ghostlap.providers.local.query import CONTEXT_TOKENS
from ghostlap.providers.local.sorted_contexts import sort_by_context
from ghostlap.providers.local.words import EDGE_TOKEN, FIRST_WORD, ITSELF, Break

__all__ = ["build", "main", "standard_library"]

_LONGEST_BUILD_S = 3_600
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
    _tidy(target.parent)
    build(standard_library(), target)
    return 0


def _tidy(folder: Path) -> None:
    """Remove indexes of other versions, and what processes that were ended have left half done."""
    for path in folder.glob("python-*.index*"):
        with contextlib.suppress(OSError):
            with path.open("rb") as file:
                is_ours = file.read(len(MAGIC)) == MAGIC
            is_done = path.suffix == ".index"
            is_old = time.time() - path.stat().st_mtime > _LONGEST_BUILD_S
            if is_old and not (is_ours and is_done):
                path.unlink()


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
    raw, stream, ends, size = _numbered(sources)
    words = _words(raw)
    tokens = _tokens(raw, stream, words)
    del stream
    tokens = np.concatenate([tokens[::-1], np.full(CONTEXT_TOKENS, EDGE_TOKEN, np.int32)])
    indexed = tokens[:-CONTEXT_TOKENS]
    word_shapes = np.zeros(FIRST_WORD + len(words), np.uint8)
    word_shapes[FIRST_WORD:] = [shape_of(word) for word in words]
    codes = _shape_codes(word_shapes)[tokens]
    encoded = [word.encode("utf-8", "surrogatepass") for word in words]
    arrays: dict[str, NDArray[Any]] = {
        "tokens": tokens,
        "shapes": codes,
        "by_context": sort_by_context(tokens, len(indexed)),
        "by_shape": sort_by_context(codes, len(indexed)),
        "file_starts": len(indexed) - ends[::-1],
        "word_shapes": word_shapes,
        "word_ends": np.cumsum([len(each) for each in encoded]),
        "word_bytes": np.frombuffer(b"".join(encoded), np.uint8),
        "counts": np.bincount(indexed, minlength=2 * len(word_shapes)),
    }
    write_index(target, arrays, {"source_bytes": size, "files": len(ends), **about})


class _Numbers(dict[str, int]):
    """Numbers pieces as they come up. One that came up before costs no step of the interpreter."""

    def __missing__(self, piece: str) -> int:
        number = self[piece] = len(self)
        return number


_EDGE = ""
"""The piece, of no text, that a file begins with; the first to be numbered."""


def _numbered(
    sources: Iterable[str],
) -> tuple[list[str], NDArray[np.int32], NDArray[np.int64], int]:
    """Return the pieces there are, all texts as their numbers, where each ends, and characters."""
    numbers = _Numbers({_EDGE: 0})
    parts = [np.zeros(0, np.int32)]
    size = 0
    for source in sources:
        size += len(source)
        found = pieces(source)
        part = np.zeros(1 + len(found), np.int32)
        part[1:] = np.fromiter(map(numbers.__getitem__, found), np.int32, len(found))
        parts.append(part)
    ends = np.cumsum([len(each) for each in parts[1:]], dtype=np.int64)
    return [*numbers], np.concatenate(parts), ends, size


def _words(raw: Iterable[str]) -> list[str]:
    """Return the words of pieces, in the order of their bytes."""
    words = {split_space(piece)[0] for piece in raw if not _is_break(piece)}
    return sorted(words, key=lambda word: word.encode("utf-8", "surrogatepass"))


def _is_break(piece: str) -> bool:
    return piece[:1] in "\r\n"  # or the edge


def _tokens(raw: list[str], stream: NDArray[np.int32], words: list[str]) -> NDArray[np.int32]:
    """Return the tokens of a stream of raw pieces."""
    number = {word: at for at, word in enumerate(words, FIRST_WORD)}

    def token(piece: str) -> int:
        word, space = split_space(piece)
        return 2 * number[word] + space

    breaks = [_is_break(piece) for piece in raw]
    tokens = [-1 if is_break else token(piece) for is_break, piece in zip(breaks, raw, strict=True)]
    widths = [
        indent_width(piece.lstrip("\r\n")) if is_break else 0
        for is_break, piece in zip(breaks, raw, strict=True)
    ]
    found = np.array(tokens, np.int32)[stream]
    _break_lines(found, stream, np.array(widths, np.int64))
    return found


def _break_lines(
    tokens: NDArray[np.int32], stream: NDArray[np.int32], widths: NDArray[np.int64]
) -> None:
    """Write into `tokens`, -1 where a line breaks or a file begins, what that does to indentation.

    `widths` has each piece's indentation.
    """
    ends = np.append(tokens < 0, True)
    breaks = np.flatnonzero(ends[:-1])
    is_edge = stream[breaks] == 0
    blank = ends[breaks + 1] & ~is_edge
    tokens[breaks[blank]] = 2 * Break.BLANK
    kept, is_edge = breaks[~blank], is_edge[~blank]
    change = np.diff(widths[stream[kept]], prepend=0)
    kinds = np.where(change == 0, Break.SAME, np.where(change > 0, Break.IN, Break.OUT))
    tokens[kept] = 2 * np.where(is_edge, Break.EDGE, kinds)


def _shape_codes(word_shapes: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Return the shape code of each token there is, as `shape_code` does."""
    kinds = np.repeat(word_shapes.astype(np.int32), 2)
    tokens = np.arange(len(kinds), dtype=np.int32)
    return np.where(kinds > 0, 2 * kinds + (tokens & 1), ITSELF + tokens)


if __name__ == "__main__":
    sys.exit(main())
