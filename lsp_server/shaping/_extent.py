"""How much of an answer is wanted: the rest of the line, a statement, or a block.

Decided from what stands before the cursor, and cut as the text streams: the moment that nothing
which may still arrive can change the cut, the stream can be closed. Every cut is judged by the
lines before it and the line that it is made at, so that a longer text is cut at the same place.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import Enum, auto

from ghostlap.lsp_server.shaping._brackets import CLOSERS, scan
from ghostlap.lsp_server.shaping._indentation import width
from ghostlap.lsp_server.shaping._languages import Language
from ghostlap.lsp_server.shaping._syntax import Syntax

__all__ = ["MOST_LINES", "Extent", "Reach", "extent_at"]

MOST_LINES = 40
"""A longer suggestion is not read; what it would say is asked for again further down."""
_GOES_ON = ("\\", ",", "+", "&&", "||", "|", "=", ".", "(", "[", "{")
_MAY_GO_ON = re.compile(r"^\s*[)\]}]*\s*(?:if|try|do|else|catch|match|begin|case)\b")
_INCOMPLETE = re.compile(r"[\s=+\-*/%&|^<!~.]$")
"""What a line ends with that wants more on the same line."""


class Reach(Enum):
    LINE = auto()
    """The rest of the cursor's line."""
    STATEMENT = auto()
    """One statement, with the block that it opens if it opens one."""
    BLOCK = auto()
    """The block that the line before the cursor opened."""


@dataclass(frozen=True, slots=True)
class Extent:
    reach: Reach
    line_prefix: str = ""
    header: int = 0
    """Indentation of the line that opens the block or begins the statement, in columns."""
    floor: int = 0
    """Indentation that a line needs to belong to the block."""
    closer_stands: bool = False
    """Whether what closes the block already stands below the cursor."""
    body_line: bool = False
    """Whether the cursor is on a line of the body, and not on the one that opens it."""
    in_comment: bool = False

    def cut(
        self, text: str, language: Language, syntax: Syntax, *, finished: bool
    ) -> tuple[str, bool]:
        """Return the text that is wanted of `text`, and whether that is decided.

        `text` begins behind the cursor; all but its last line are complete, and that too when the
        stream has `finished`.
        """
        lines = text.split("\n")
        cutter = _Cutter(self._for(lines, language), lines, language, syntax, finished=finished)
        kept, decided = cutter.cut()
        return "\n".join(kept), decided

    def _for(self, lines: list[str], language: Language) -> Extent:
        """Reconsider, now that the first line is there."""
        first = self.line_prefix + lines[0]
        if self.in_comment and lines[0].strip():
            return replace(self, reach=Reach.LINE)
        if self.reach is Reach.LINE:
            return self
        own = Extent(
            Reach.STATEMENT,
            self.line_prefix,
            width(first),
            self.floor,
            self.closer_stands,
            in_comment=self.in_comment,
        )
        if self.reach is Reach.STATEMENT:
            return own
        if self.body_line:
            case = language.outdented is not None and bool(language.outdented.match(first))
            belongs = case or width(first) >= self.floor or not lines[0].strip()
            return self if belongs else own
        if not lines[0].strip() or language.opens_block.search(first):
            return self
        still_open = scan(first, language).open and self.line_prefix.rstrip()[-1:] in "([{"
        return self if still_open else replace(self, reach=Reach.LINE)


def extent_at(
    prefix: str, line_prefix: str, suffix: str, language: Language, *, inside: str = ""
) -> Extent:
    """Decide how much is wanted at a cursor; `inside` is "string" or "comment" where it is."""
    line_suffix, _, below = suffix.partition("\n")
    code_behind = line_suffix.strip().strip(")]}'\"`;,:> \t")
    if inside == "string" or (code_behind and not _is_between(line_prefix, line_suffix)):
        return Extent(Reach.LINE)
    next_line = next((line for line in below.split("\n") if line.strip()), "")
    header = width(line_prefix)
    if not line_prefix.strip():
        return _at_line_start(prefix, line_prefix, next_line, language)
    if inside != "comment" and language.opens_block.search(line_prefix):
        if next_line and width(next_line) > header:  # the block has a body already
            return Extent(Reach.LINE)
        stands = not line_suffix.strip() and _closes(next_line, header, language)
        return Extent(Reach.BLOCK, line_prefix, header, header + 1, stands)
    if line_suffix.strip():
        return Extent(Reach.LINE)
    return Extent(Reach.STATEMENT, line_prefix, header, in_comment=inside == "comment")


def _is_between(line_prefix: str, line_suffix: str) -> bool:
    """Whether a cursor stands right between braces, as in `f(() => {█}, 3)`."""
    return line_prefix.rstrip().endswith("{") and line_suffix.lstrip().startswith("}")


def _at_line_start(prefix: str, line_prefix: str, next_line: str, language: Language) -> Extent:
    own = width(line_prefix)
    above = prefix[: len(prefix) - len(line_prefix)].rstrip()
    last = above[above.rfind("\n") + 1 :]
    header = width(last)
    empty_body = not next_line or width(next_line) <= header
    if last and language.opens_block.search(last) and empty_body and (own > header or not own):
        stands = _closes(next_line, header, language)
        return Extent(
            Reach.BLOCK, line_prefix, header, max(own, header + 1), stands, body_line=True
        )
    return Extent(Reach.STATEMENT, line_prefix, own)


def _closes(line: str, header: int, language: Language) -> bool:
    if not line or width(line) != header:
        return False
    by_word = language.closing_word is not None and bool(language.closing_word.match(line))
    return line.lstrip()[0] in CLOSERS or by_word


class _Cutter:
    """Goes down the lines of one text until one of them is wanted no more."""

    def __init__(
        self,
        extent: Extent,
        lines: list[str],
        language: Language,
        syntax: Syntax,
        *,
        finished: bool,
    ) -> None:
        self._extent = extent
        self._lines = lines
        self._language = language
        self._syntax = syntax
        self._finished = finished

    def cut(self) -> tuple[list[str], bool]:
        if self._extent.reach is Reach.LINE:
            return self._lines[:1], self._finished or len(self._lines) > 1
        if self._extent.reach is Reach.BLOCK:
            return self._block(0 if self._extent.body_line else 1)
        return self._statement()

    def _is_complete(self, number: int) -> bool:
        return self._finished or number < len(self._lines) - 1

    def _so_far(self, stop: int) -> str:
        return self._extent.line_prefix + "\n".join(self._lines[:stop])

    def _block(self, start: int) -> tuple[list[str], bool]:
        """Keep lines while they belong to the block, and the line that closes it."""
        extent, language = self._extent, self._language
        for number in range(start, len(self._lines)):
            line = self._lines[number]
            complete = self._is_complete(number)
            if number >= MOST_LINES:
                return self._lines[:number], True
            if (
                not line.strip()
                or (number == 0 and extent.body_line)
                or width(line) >= extent.floor
                or self._is_in_string(number)
            ):
                continue
            may_belong = language.closing_word or language.outdented
            if not complete and (may_belong or line.lstrip()[0] in CLOSERS):
                return [*self._lines[:number], ""], False  # these are complete
            if self._is_outdented_part(line):
                continue
            closing = self._closing(line)
            return [*self._lines[:number], *([closing] if closing else [])], True
        return self._lines, self._finished

    def _is_outdented_part(self, line: str) -> bool:
        """Whether the block goes on with it: `else` before an `end`, a `case` or a label."""
        if width(line) != self._extent.header and not line.startswith("#"):
            return False
        language = self._language
        if language.closing_word and language.goes_on.match(line):
            return not language.closing_word.match(line) and not self._extent.closer_stands
        return bool(language.outdented and language.outdented.match(line))

    def _closing(self, line: str) -> str:
        """Return what of `line` closes the block and does not stand there already."""
        code = line.strip()
        word = self._language.closing_word
        if width(line) != self._extent.header or self._extent.closer_stands:
            return ""
        if code[0] not in CLOSERS and not (word and word.match(line)):
            return ""
        if code[0] in CLOSERS and self._language.opens_block.search(line):  # `} else {`
            brackets = len(code) - len(code.lstrip(")]}"))
            return line[: len(line) - len(line.lstrip())] + code[:brackets]
        return line.rstrip()

    def _statement(self) -> tuple[list[str], bool]:
        """Keep lines until the statement ends that the first of them begins or goes on with."""
        first = next((at for at, line in enumerate(self._lines) if line.strip()), None)
        if first is None:
            return [""], self._finished
        if first and not self._may_begin_below(first):
            return [""], True
        for number in range(first + 1, len(self._lines)):
            if number >= MOST_LINES or self._is_settled(first, number):
                return self._lines[:number], True
            line = self._lines[number]
            if not line.strip() or width(line) > self._extent.header:
                continue
            if not self._is_complete(number):
                return [*self._lines[:number], ""], False  # these are complete
            if not self._belongs(first, number):
                return self._lines[:number], True
        return self._lines, self._finished

    def _may_begin_below(self, first: int) -> bool:
        """Whether the cursor's line is complete, so that what the text says below it is wanted."""
        complete = not _INCOMPLETE.search(self._extent.line_prefix)
        return complete and width(self._lines[first]) >= self._extent.header

    def _opens(self, first: int) -> bool:
        """Whether the statement's first line opens a block."""
        return bool(self._language.opens_block.search(self._head(first)))

    def _head(self, first: int) -> str:
        return self._extent.line_prefix + self._lines[0] if first == 0 else self._lines[first]

    def _belongs(self, first: int, number: int) -> bool:
        """Whether a line goes on with the statement that is indented as it is itself."""
        line, language = self._lines[number], self._language
        if self._is_in_string(number):
            return True
        if width(line) < self._extent.header:
            return False
        if self._only_announced(first, number):
            return True
        word = language.closing_word
        if self._opens(first) and (
            line.lstrip()[0] in CLOSERS or (word is not None and bool(word.match(line)))
        ):
            return True
        if language.goes_on.match(line) or scan(self._so_far(number), language).open:
            return True
        return bool(self._syntax.is_same_statement("\n".join(self._lines[: number + 1])))

    def _only_announced(self, first: int, number: int) -> bool:
        """Whether all lines so far are comments and decorators, which belong to what follows."""
        lines = [self._head(first), *self._lines[first + 1 : number]]
        return all(self._announces(line) for line in lines if line.strip())

    def _announces(self, line: str) -> bool:
        code = line.lstrip()
        language = self._language
        comment = any(code.startswith(mark) for mark in language.line_comments)
        return comment or bool(language.announces and language.announces.match(line))

    def _is_settled(self, first: int, number: int) -> bool:
        """Whether nothing below the first `number` lines can belong to the statement any more."""
        language, head = self._language, self._head(first)
        last = self._lines[number - 1] if number - 1 > first else head
        if not last.strip() or self._only_announced(first, number):
            return False
        found = scan(self._so_far(number), language)
        if found.open or found.inside == "string":
            return False
        if self._opens(first):
            return number - 1 > first and self._is_end(head, last)
        code = last.rstrip()
        if language.opens_block.search(last):
            return False
        if language.lines_end_statements:
            return not code.endswith(_GOES_ON)
        return code.endswith((";", ","))

    def _is_end(self, head: str, last: str) -> bool:
        """Whether `last` closes the block of `head`, and no `else` can follow."""
        language = self._language
        if width(last) > self._extent.header:
            return False
        if language.closing_word and language.closing_word.match(last):
            return True
        closes = last.lstrip()[0] in CLOSERS and not language.opens_block.search(last)
        return closes and not _MAY_GO_ON.match(head)

    def _is_in_string(self, number: int) -> bool:
        if not self._language.long_quotes:
            return False
        found = scan(self._so_far(number), self._language)
        return found.inside == "string" and found.mark in self._language.long_quotes
