"""Tabs or spaces, and by how much: the file's way, whatever the model's."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

__all__ = ["Indentation", "drop_columns", "indentation_of", "rebase", "width"]

_LEADING = re.compile(r"^[ \t]+(?=\S)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Indentation:
    tabs: bool
    size: int
    """Columns of one step."""

    @classmethod
    def of(cls, text: str, *, default_size: int = 4, default_tabs: bool = False) -> Indentation:
        """Read it off the lines of a file; the defaults hold where they show none."""
        leading = _LEADING.findall(text)
        if not leading:
            return cls(tabs=default_tabs, size=default_size)
        tabs = sum(1 for each in leading if each[0] == "\t")
        if tabs * 2 > len(leading):
            return cls(tabs=True, size=default_size)
        widths = sorted({len(each) for each in leading if each[0] == " " and len(each) > 1})
        steps = [high - low for low, high in zip([0, *widths], widths, strict=False)]
        size = min((step for step in steps if step > 1), default=default_size)
        return cls(tabs=False, size=min(size, 8))

    def render(self, columns: int) -> str:
        if not self.tabs:
            return " " * columns
        return "\t" * (columns // self.size) + " " * (columns % self.size)


@lru_cache(maxsize=8)
def indentation_of(text: str, *, default_tabs: bool) -> Indentation:
    """Read it off the lines around the cursor's: the same for as long as it stays in its own."""
    return Indentation.of(text, default_tabs=default_tabs)


def width(line: str, size: int = 4) -> int:
    """Return the columns of white space that a line begins with."""
    columns = 0
    for char in line:
        if char == "\t":
            columns += size - columns % size
        elif char == " ":
            columns += 1
        else:
            break
    return columns


def drop_columns(text: str, columns: int, size: int) -> str:
    """Take up to so many columns of white space off the beginning: they stand there already."""
    at = gone = 0
    while at < len(text) and gone < columns and text[at] in " \t":
        gone += size - gone % size if text[at] == "\t" else 1
        at += 1
    return text[at:]


def rebase(
    text: str, file: Indentation, base: int, *, body_of_line: bool, outdented: bool = False
) -> str:
    """Give the lines after the first the file's indentation.

    `base` is the indentation of the cursor's line in columns. A block whose first line would not be
    indented against the line that opens it was written from column 0, and is moved right;
    `body_of_line` says that the lines are the body of what the first of them opens, and `outdented`
    that the body begins with a line that need not be indented, such as a `case`.
    """
    first, newline, rest = text.partition("\n")
    if not newline:
        return text
    lines = rest.split("\n")
    head = next((line for line in lines if line.strip()), "")
    shift = _shift(head, file, base, outdented=outdented) if body_of_line else 0
    theirs = _step(head, file, base)
    return "\n".join([first, *(_rebase_line(line, file, theirs, shift) for line in lines)])


def _shift(head: str, file: Indentation, base: int, *, outdented: bool) -> int:
    if not head or head.lstrip()[0] in ")]}":
        return 0
    given = width(head, file.size)
    least = base if outdented else base + 1
    return 0 if given >= least else base + (0 if outdented else file.size) - given


def _step(head: str, file: Indentation, base: int) -> int:
    """Return the columns of one step in the text, by the one line that shows it for certain."""
    spaces = len(head) - len(head.lstrip(" "))
    levels = base // file.size + 1
    if spaces and spaces % levels == 0 and spaces // levels in (2, 3, 4, 8):
        return spaces // levels
    return 2 if spaces == 2 else 4


def _rebase_line(line: str, file: Indentation, theirs: int, shift: int) -> str:
    code = line.lstrip(" \t")
    if not code:
        return ""
    leading = line[: len(line) - len(code)]
    columns = width(leading, file.size)
    if file.tabs and " " in leading:
        columns = columns // theirs * file.size + columns % theirs
    return file.render(columns + shift) + code
