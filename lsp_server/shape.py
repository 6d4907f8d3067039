"""From what a model said to what the user sees."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Shaped", "shape"]

_OPENER = {")": "(", "]": "[", "}": "{"}
_CLOSERS = frozenset(_OPENER)
_QUOTES = frozenset("\"'`")
_AUTO_CLOSED = ")]}\"'`;,:"
"""What stands right of a cursor without having been meant as an end of what is typed."""


class Shaped(NamedTuple):
    text: str
    """What to insert at the cursor; empty: nothing to show."""
    replaces: int = 0
    """How many code points right of the cursor it takes the place of, on the cursor's line."""


def shape(raw: str, *, line_suffix: str, newline: str, single_line: bool) -> Shaped:
    """Shape the whole of an answer, or as much of it as `single_line` wants."""
    text = raw.replace("\r\n", "\n").replace("\r", "\n")
    if single_line:
        text = text.partition("\n")[0]
    text, replaces = _fit_to_line(text, line_suffix.rstrip())
    if not text or text.isspace():
        return Shaped("")
    return Shaped(text if newline == "\n" else text.replace("\n", newline), replaces)


def _fit_to_line(text: str, suffix: str) -> tuple[str, int]:
    """Leave out what the line holds already, or say how much of the line is said again.

    `wi(█)` completed by `1, 2)` is `1, 2` before the bracket that the editor closed; by `1, 2) {`
    it is the whole text in the place of that bracket.
    """
    said = text.rstrip()
    if not suffix:
        return said, 0
    if "\n" in said:
        return text, 0
    for size in range(min(len(suffix), len(said)), 0, -1):
        if said.endswith(suffix[:size]) and _is_repeated(said, len(said) - size, suffix, size):
            return said[: len(said) - size], 0
    at = said.rfind(suffix) if not suffix.strip(_AUTO_CLOSED) else -1
    if at > 0 and _is_repeated(said, at, suffix, len(suffix)):
        return said, len(suffix)
    return text, 0


def _is_repeated(text: str, at: int, suffix: str, size: int) -> bool:
    """Whether `text[at:]` begins with the start of the line's rest, and not by chance.

    By chance it does where a word is cut in two, or where a bracket or quote ends what `text`
    itself began: the one in `len(x)` is not the one that stands behind `print(█)`.
    """
    if _in_word(text, at) or _in_word(suffix, size):
        return False
    return not _has_open(text[:at])


def _in_word(text: str, at: int) -> bool:
    return 0 < at < len(text) and _is_word(text[at - 1]) and _is_word(text[at])


def _is_word(char: str) -> bool:
    return char.isalnum() or char == "_"


def _has_open(text: str) -> bool:
    """Whether a bracket or quote is left open at the end of `text`."""
    stack: list[str] = []
    for char in text:
        if stack and stack[-1] in _QUOTES:
            if char == stack[-1]:
                stack.pop()
        elif char in _QUOTES or char in "([{":
            stack.append(char)
        elif char in _CLOSERS and stack and stack[-1] == _OPENER[char]:
            stack.pop()
    return bool(stack)
