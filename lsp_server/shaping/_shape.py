"""The order in which an answer is shaped."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ghostlap.lsp_server.shaping._brackets import CLOSERS, Brackets, scan_lines, scan_on
from ghostlap.lsp_server.shaping._debris import (
    strip_fences,
    strip_header,
    strip_middle_token,
    strip_prose,
    strip_special_tokens,
)
from ghostlap.lsp_server.shaping._echo import strip_echo
from ghostlap.lsp_server.shaping._extent import Extent, Reach, extent_at
from ghostlap.lsp_server.shaping._indentation import (
    Indentation,
    drop_columns,
    indentation_of,
    rebase,
    width,
)
from ghostlap.lsp_server.shaping._languages import Language, language
from ghostlap.lsp_server.shaping._lazy import lazy
from ghostlap.lsp_server.shaping._overlap import Seam
from ghostlap.lsp_server.shaping._repetition import (
    closes_again,
    cut_at_lines_below,
    cut_loop,
    repeats_line_above,
)
from ghostlap.lsp_server.shaping._syntax import Syntax, inside_at

__all__ = ["Shaped", "Shaper"]

_LONGEST_STRING_SCAN_CHARS = 4_000
_BEGINS_BLANK = re.compile(r"\s*\n[^\n]*")
_BLANK_LINES = re.compile(r"(?:[ \t]*\n)+")


@dataclass(frozen=True, slots=True)
class Shaped:
    """What an answer amounts to so far."""

    text: str
    """What to insert at the cursor; empty: nothing to show."""
    replaces: int = 0
    """How many code points right of the cursor it takes the place of, on the cursor's line."""
    decided: bool = False
    """Whether nothing that may still arrive can change it: the stream can be closed."""

    @property
    def usable(self) -> bool:
        """Whether it can be shown now and will not have to be taken back."""
        return self.decided and bool(self.text)


class Shaper:
    """Shapes the answers for one position. Feed it the whole text so far, as often as it grows.

    What a cursor gets: behind a line that opens a block, the block; else the rest of the line, and
    of a statement what it goes on with below; on an empty line, one statement; inside of a string,
    or before code on the same line, the rest of the line. With `single_line` the rest of the line,
    which on an empty line is the first one that is not blank. A text that begins with a line end is
    shown behind a line that is complete, and nowhere before the end of an unfinished one.

    Nothing is looked at before the first call of a method.
    """

    def __init__(
        self,
        *,
        prefix: str,
        suffix: str,
        language_id: str = "plaintext",
        path: str = "",
        newline: str = "\n",
        single_line: bool = False,
    ) -> None:
        self._raw_prefix = prefix
        self._raw_suffix = suffix
        self._language_id = language_id
        self._path = path
        self._newline = newline
        self._single_line = single_line

    @property
    def multi_line(self) -> bool:
        """Whether more than the rest of the cursor's line may be wanted."""
        return self._extent.reach is not Reach.LINE

    def prepare(self) -> None:
        """Look at what stands around the cursor: up to some 5 ms that the answer need not wait."""
        _ = self._extent, self._before, self._seam, self._header_above, self._file, self._below

    def shape(self, raw: str, *, finished: bool) -> Shaped:
        """Return what `raw`, the text that has arrived so far, amounts to."""
        raw = strip_middle_token(raw)
        text = strip_special_tokens(raw, self._language)
        ended = finished or len(text) < len(raw)
        text, ended, pending = self._clean(_with_newlines(text), ended=ended)
        if pending:
            return Shaped("")
        text = self._indent(text)
        wanted, decided = self._extent.cut(text, self._language, self._syntax, finished=ended)
        text = self._without_repetition(wanted, finished=decided)
        decided = decided or text != wanted
        text, replaces = self._fit(text)
        if not text.strip():
            return Shaped("", decided=decided)
        return Shaped(text.replace("\n", self._newline), replaces, decided)

    @lazy
    def _prefix(self) -> str:
        return _with_newlines(self._raw_prefix)

    @lazy
    def _suffix(self) -> str:
        return _with_newlines(self._raw_suffix)

    @lazy
    def _line_prefix(self) -> str:
        return self._prefix[self._prefix.rfind("\n") + 1 :]

    @lazy
    def _head(self) -> str:
        """The lines above the cursor's, as far as they are looked at."""
        head = self._prefix[: len(self._prefix) - len(self._line_prefix)]
        return head[-_LONGEST_STRING_SCAN_CHARS:]

    @lazy
    def _line_suffix(self) -> str:
        return self._suffix.partition("\n")[0].rstrip()

    @lazy
    def _below(self) -> str:
        """The next line below the cursor's that holds anything."""
        lines = self._suffix.split("\n")[1:]
        return next((line.strip() for line in lines if line.strip()), "")

    @lazy
    def _language(self) -> Language:
        return language(self._language_id)

    @lazy
    def _syntax(self) -> Syntax:
        return Syntax(self._language_id, self._prefix, self._suffix)

    @lazy
    def _file(self) -> Indentation:
        below = self._suffix.partition("\n")[2][:_LONGEST_STRING_SCAN_CHARS]
        return indentation_of(self._head + below, default_tabs=self._language.indents_by_tabs)

    @lazy
    def _before(self) -> Brackets:
        """What the scan of the text before the cursor found, where the grammar does not object."""
        above = scan_lines(self._head, self._language)
        if above.inside and inside_at(self._language_id, self._head, self._suffix) == "":
            above = Brackets(above.open, above.unmatched, "")
        found = scan_on(above, self._line_prefix, self._language)
        if found.inside and not found.mark_end:  # it goes on from the lines above
            return found
        begun = self._head + self._line_prefix[: found.mark_end]
        if found.inside and inside_at(self._language_id, begun, self._suffix) == "":
            return Brackets(found.open, found.unmatched, "")
        return found

    @lazy
    def _extent(self) -> Extent:
        if self._single_line:
            return Extent(Reach.LINE)
        return extent_at(
            self._prefix,
            self._line_prefix,
            self._suffix,
            self._language,
            inside=self._before.inside,
        )

    @lazy
    def _seam(self) -> Seam:
        quote = self._before.mark if self._before.inside == "string" else self._attribute
        return Seam(self._before.open, self._line_prefix, self._line_suffix, self._language, quote)

    @property
    def _attribute(self) -> str:
        """The quote of the attribute that the cursor is in: markup's text may hold lone ones."""
        tag = self._line_prefix[self._line_prefix.rfind("<") :]
        quote = self._line_suffix[:1]
        inside = self._language.is_markup and quote and quote in "\"'" and ">" not in tag
        return quote if inside and tag.count(quote) % 2 else ""

    @lazy
    def _header_above(self) -> int | None:
        """The indentation of the line above that wants a body, of which the cursor's is bare."""
        above = self._prefix[:-1].rpartition("\n")[2]
        if self._line_prefix or not self._language.bodies_are_indented:
            return None
        below = next((line for line in self._suffix.split("\n") if line.strip()), "")
        header = width(above, self._file.size)
        opens = above and self._language.opens_block.search(above) and not self._before.inside
        return header if opens and width(below, self._file.size) <= header else None

    def _clean(self, text: str, *, ended: bool) -> tuple[str, bool, bool]:
        """Return the code of a text, whether it is at its end, and whether to wait for more."""
        if not ended and _BEGINS_BLANK.fullmatch(text):  # a fence or a sentence may come yet
            return "", ended, True
        if not self._before.inside and not self._language.is_prose:
            prose = strip_prose(text, finished=ended)
            if prose is None:
                return "", ended, True
            text = prose
        if not self._language.is_prose:
            text, closed = strip_fences(text, finished=ended)
            ended = ended or closed
        echo = strip_echo(strip_header(text, self._path), self._prefix, finished=ended)
        if echo is None:
            return "", ended, True
        return self._without_white_space(echo), ended, False

    def _without_white_space(self, text: str) -> str:
        if not self._line_prefix.strip():
            blank = _BLANK_LINES.match(text)  # the line is empty: nothing is gained by skipping it
            text = text[blank.end() :] if blank else text
            if not self._line_prefix:
                return text
            return drop_columns(text, width(self._line_prefix, self._file.size), self._file.size)
        if self._line_prefix.endswith((" ", "\t")) and text.partition("\n")[0].strip():
            return text.lstrip(" \t")
        return text

    def _indent(self, text: str) -> str:
        if self._line_prefix and self._extent.reach is Reach.LINE:
            return text  # no more than its first line is wanted
        first, newline, rest = text.partition("\n")
        header, outdented = self._header_above, self._language.outdented
        if header is not None and not (
            self._language.goes_on.match(first) or (outdented and outdented.match(first))
        ):
            return rebase("\n" + text, self._file, header, body_of_line=True)[1:]
        if not newline:
            return text
        base = width(self._line_prefix, self._file.size)
        body = bool(self._language.opens_block.search(self._line_prefix + first))
        return rebase(
            text,
            self._file,
            base,
            body_of_line=body and not self._before.inside,
            outdented=bool(outdented and outdented.match(rest.lstrip("\n"))),
        )

    def _without_repetition(self, text: str, *, finished: bool) -> str:
        text = cut_loop(text, finished=finished)
        text = cut_at_lines_below(text, self._line_prefix, self._below, finished=finished)
        if repeats_line_above(text, self._prefix, self._line_prefix):
            return ""
        if closes_again(text, self._line_prefix, self._below):
            return ""
        return text

    def _fit(self, text: str) -> tuple[str, int]:
        lines = text.split("\n")
        if len(lines) > 1 or not self._line_suffix[:1].strip():  # `x █= 1` may want its blank
            text = "\n".join(line.rstrip() for line in lines).rstrip("\n")
        if self._line_suffix and "\n" in text and self._line_suffix[0] in CLOSERS:
            return self._seam.fit_block(text)
        return self._seam.fit(text)


def _with_newlines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
