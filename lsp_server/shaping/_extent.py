"""How much of an answer is wanted: the rest of the line, a statement, or a block.

Decided from what stands before the cursor, and cut as the text streams: the moment that nothing
which may still arrive can change the cut, the stream can be closed.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from ghostlap.lsp_server.shaping._indentation import width
from ghostlap.lsp_server.shaping._languages import Language

__all__ = ["MOST_LINES", "Extent", "Reach", "extent_at"]

MOST_LINES = 40
"""A longer suggestion is not read; what it would say is asked for again further down."""
_CLOSERS = ")]}"


class Reach(Enum):
    LINE = auto()
    """The rest of the cursor's line."""
    STATEMENT = auto()
    """One line, with the block that it opens if it opens one."""
    BLOCK = auto()
    """The block that the line before the cursor opened."""


@dataclass(frozen=True, slots=True)
class Extent:
    reach: Reach
    header: int = 0
    """Indentation of the line that opens the block, in columns."""
    floor: int = 0
    """Indentation that a line needs to belong to the block."""
    closer_stands: bool = False
    """Whether what closes the block already stands below the cursor."""

    def cut(self, text: str, language: Language, *, finished: bool) -> tuple[str, bool]:
        """Return the text that is wanted of `text`, and whether that is decided.

        `text` begins behind the cursor; all but its last line are complete, and that too when the
        stream has `finished`.
        """
        lines = text.split("\n")
        if self.reach is Reach.LINE:
            return lines[0], finished or len(lines) > 1
        if self.reach is Reach.STATEMENT:
            return self._statement(lines, language, finished=finished)
        kept, decided = self._block(lines, 1, language, finished=finished)
        return "\n".join(kept), decided

    def _statement(
        self, lines: list[str], language: Language, *, finished: bool
    ) -> tuple[str, bool]:
        if len(lines) == 1:
            return lines[0], finished
        if not language.opens_block.search(lines[0]):
            return lines[0], True
        inner = Extent(Reach.BLOCK, self.header, self.header + 1)
        kept, decided = inner._block(lines, 1, language, finished=finished)
        return "\n".join(kept), decided

    def _block(
        self, lines: list[str], start: int, language: Language, *, finished: bool
    ) -> tuple[list[str], bool]:
        """Keep lines while they belong to the block, and the line that closes it."""
        for number in range(start, len(lines)):
            line = lines[number]
            complete = finished or number < len(lines) - 1
            if number >= MOST_LINES:
                return lines[:number], True
            if not line.strip() or width(line) >= self.floor:
                continue
            closing = self._closing(line, language)
            if closing is None:  # half a word may yet become the one that closes
                return lines[:number], complete or language.closing_word is None
            if not complete:
                return lines[:number], False
            return [*lines[:number], *([closing] if closing else [])], True
        return lines, finished

    def _closing(self, line: str, language: Language) -> str | None:
        """Return what of `line` closes the block; "" if it stands already, None if nothing does."""
        code = line.strip()
        by_word = language.closing_word is not None and language.closing_word.match(line)
        if width(line) != self.header or not (code[0] in _CLOSERS or by_word):
            return None
        if self.closer_stands:
            return ""
        if code[0] in _CLOSERS and language.opens_block.search(line):  # `} else {`
            brackets = len(code) - len(code.lstrip(_CLOSERS))
            return line[: len(line) - len(line.lstrip())] + code[:brackets]
        return line.rstrip()


def extent_at(
    prefix: str, line_prefix: str, suffix: str, language: Language, *, inside: str = ""
) -> Extent:
    """Decide how much is wanted at a cursor; `inside` is "string" or "comment" where it is."""
    line_suffix, _, below = suffix.partition("\n")
    if inside or line_suffix.strip().strip(")]}'\"`;,:> \t"):
        return Extent(Reach.LINE)
    next_line = next((line for line in below.split("\n") if line.strip()), "")
    if line_prefix.strip():
        if not language.opens_block.search(line_prefix):
            return Extent(Reach.LINE)
        header = width(line_prefix)
        if next_line and width(next_line) > header:  # the block has a body already
            return Extent(Reach.LINE)
        stands = bool(line_suffix.strip()) or _closes(next_line, header, language)
        return Extent(Reach.BLOCK, header, header + 1, stands)
    return _at_line_start(prefix, line_prefix, next_line, language)


def _at_line_start(prefix: str, line_prefix: str, next_line: str, language: Language) -> Extent:
    own = width(line_prefix)
    above = prefix[: len(prefix) - len(line_prefix)].rstrip()
    last = above[above.rfind("\n") + 1 :]
    header = width(last)
    empty_body = not next_line or width(next_line) <= header
    if last and language.opens_block.search(last) and own > header and empty_body:
        return Extent(Reach.BLOCK, header, own, _closes(next_line, header, language))
    return Extent(Reach.STATEMENT, own, own)


def _closes(line: str, header: int, language: Language) -> bool:
    if not line or width(line) != header:
        return False
    by_word = language.closing_word is not None and bool(language.closing_word.match(line))
    return line.lstrip()[0] in _CLOSERS or by_word
