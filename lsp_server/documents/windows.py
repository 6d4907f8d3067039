"""How much of a document around the cursor is taken along."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["window_after", "window_before"]

_FIRST_BLOCK_LINES = 16
"""Joined in blocks of lines that double: a third of the time of going line by line, and a document
of very long lines costs no more than a few of them."""
_STEPS_LINES = (32, 8, 1)
"""A window starts at a multiple of the first of these whose lines fit; see `window_before`."""


def window_before(lines: Sequence[str], number: int, line_prefix: str, limit: int) -> str:
    """At most `limit` code points that end with `line_prefix`, the start of line `number`.

    Whole lines, with their ends, stand before it; it is cut itself only if it is too long alone.

    The first of them is one in `_STEPS_LINES`, so that it stays the first for many keystrokes:
    providers keep what they made of a prompt's head, and one that slid along with the cursor would
    share nothing with the one before. The window is smaller for that by half a step on average.
    """
    room = limit - len(line_prefix)
    if room <= 0:
        return line_prefix[-limit:] if limit else ""
    for step in _STEPS_LINES:
        first = number - number % step
        above = "".join(lines[first:number])
        if len(above) > room:
            continue
        while first:
            block = "".join(lines[first - step : first])
            if len(above) + len(block) > room:
                break
            above = block + above
            first -= step
        return above + line_prefix
    raise AssertionError("no lines at all always fit")


def window_after(lines: Sequence[str], number: int, rest_of_line: str, limit: int) -> str:
    """At most `limit` code points that begin with `rest_of_line`, the end of line `number`.

    Whole lines follow it; it is cut itself only if it is too long alone.
    """
    text, stop, count = rest_of_line, number + 1, _FIRST_BLOCK_LINES
    while stop < len(lines) and len(text) <= limit:
        text += "".join(lines[stop : stop + count])
        stop += count
        count *= 2
    if len(text) <= limit:
        return text
    last = limit - (text[limit - 1 : limit + 1] == "\r\n")  # not between the two
    if len(rest_of_line) > limit:
        return text[:last]
    return text[: max(text.rfind("\n", 0, last), text.rfind("\r", 0, last)) + 1]
