"""What the model says once more although it stands before the cursor."""

from __future__ import annotations

import re

from ghostlap.lsp_server.shaping._repetition import is_telling

__all__ = ["strip_echo"]

_LINES = 10
"""So many lines above the cursor may be repeated: models repeat a function's head, not a file."""
_SAYS_WHERE = re.compile(r"(?:[=:>]|<-)\s*$")
_WORD = re.compile(r"(?:[^\W\d]\w*\.)+$|[^\W\d]\w+$")
"""A word, or whose member is wanted: `printprint` is no name, and `self.self.x` means little."""
_LEAST_CHARS = 6
_LONGEST_WORD = 80


def strip_echo(text: str, prefix: str, *, finished: bool) -> str | None:
    """Take off a repetition of the text before the cursor; None: it may yet become one."""
    said = text.lstrip()
    for written in _candidates(prefix, said):
        if said.startswith(written):
            return said[len(written) :]
        bare = written.rstrip(" \t")
        if bare != written and (said == bare or said.startswith(bare + "\n")):
            return said[len(bare) :]
        if not finished and written.startswith(said):
            return None
    word = _WORD.search(prefix[-_LONGEST_WORD:])
    if word and text.startswith(word[0]):
        return text[len(word[0]) :]
    return text


def _candidates(prefix: str, said: str) -> list[str]:
    """Return what an echo would look like that begins as `said` does, longest first."""
    lines = prefix.rsplit("\n", _LINES)[-_LINES:]
    first = said[:1]
    found = [
        "\n".join(lines[at:]).lstrip()
        for at, line in enumerate(lines[:-1])
        if first in line and _begin_alike(line.lstrip(), said) and is_telling(line)
    ]
    return [*found, lines[-1].lstrip()] if _is_line_telling(lines[-1]) else found


def _begin_alike(line: str, said: str) -> bool:
    return line.startswith(said) or said.startswith(line)


def _is_line_telling(line_prefix: str) -> bool:
    """Whether nobody would write the same twice in a row.

    `fib(` may well stand in `fib(fib(`; `x = ` and `return ` never follow themselves.
    """
    written = line_prefix.strip()
    return len(written) >= _LEAST_CHARS or (bool(written) and bool(_SAYS_WHERE.search(written)))
