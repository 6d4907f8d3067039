"""How much of a document around the cursor is taken along."""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["window_after", "window_before"]

# Joined in blocks of lines that double: a third of the time of going line by line, and a document
# of very long lines costs no more than a few of them.
_FIRST_BLOCK_LINES = 16
_LINE_END = re.compile(r"\r\n|\r|\n")


def window_before(lines: Sequence[str], number: int, line_prefix: str, limit: int) -> str:
    """At most `limit` code points that end with `line_prefix`, the start of line `number`.

    Whole lines, with their ends, stand before it; it is cut itself only if it is too long alone.
    """
    room = limit - len(line_prefix)
    if room <= 0:
        return line_prefix[-limit:] if limit else ""
    above, first, count = "", number, _FIRST_BLOCK_LINES
    while first and len(above) <= room:
        stop, first = first, max(0, first - count)
        above = "".join(lines[first:stop]) + above
        count *= 2
    excess = len(above) - room
    if excess > 0:
        end = _LINE_END.search(above, excess - 1)
        assert end, "every line above another has an end"
        above = above[end.end() :]
    return above + line_prefix


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
