"""How tokens are numbered: what segments and buffers share.

A token is `2 · word + space`: the number of a word, and whether a single space stands before it.
The first few words are no words but what a line break does to the indentation.
"""

from __future__ import annotations

from enum import IntEnum

from ghostlap.providers.local.lexer import indent_width, pieces

__all__ = ["EDGE_TOKEN", "FIRST_WORD", "ITSELF", "Break", "line_tokens", "shape_code"]


class Break(IntEnum):
    """What a line break does to the indentation of the last line that is not blank."""

    SAME = 0
    IN = 1
    OUT = 2
    BLANK = 3
    """The next line is blank."""
    EDGE = 4
    """The file begins."""


FIRST_WORD = len(Break)
EDGE_TOKEN = 2 * Break.EDGE
ITSELF = 16
"""Shape codes from here on are those of tokens that nothing else is like."""


def line_tokens(line: str, width_above: int) -> tuple[Break, list[str], int]:
    """Return how a line is broken to, its pieces, and its indentation in columns.

    The indentation of a blank line is that of the line above: it changes nothing.
    """
    body = line.lstrip(" \t")
    if not body:
        return Break.BLANK, [], width_above
    width = indent_width(line)
    if width == width_above:
        return Break.SAME, pieces(body), width
    return (Break.IN if width > width_above else Break.OUT), pieces(body), width


def shape_code(token: int, shape: int) -> int:
    """Return what tokens of one shape have in common, or what is the token's own."""
    return 2 * shape + (token & 1) if shape else ITSELF + token
