"""The order in which an answer is shaped."""

from __future__ import annotations

from dataclasses import dataclass

from ghostlap.lsp_server.shaping._brackets import scan
from ghostlap.lsp_server.shaping._debris import (
    strip_echo,
    strip_fences,
    strip_header,
    strip_special_tokens,
)
from ghostlap.lsp_server.shaping._extent import Extent, Reach, extent_at
from ghostlap.lsp_server.shaping._indentation import Indentation, drop_columns, rebase, width
from ghostlap.lsp_server.shaping._languages import language
from ghostlap.lsp_server.shaping._overlap import cut_unopened, fit_to_line
from ghostlap.lsp_server.shaping._repetition import cut_at_lines_below, cut_loop, repeats_line_above

__all__ = ["Shaped", "Shaper"]

_LONGEST_STRING_SCAN_CHARS = 4_000


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
    """Shapes the answers for one position. Feed it the whole text so far, as often as it grows."""

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
        self._prefix = prefix.replace("\r\n", "\n").replace("\r", "\n")
        self._suffix = suffix.replace("\r\n", "\n").replace("\r", "\n")
        self._line_prefix = self._prefix[self._prefix.rfind("\n") + 1 :]
        self._line_suffix = self._suffix.partition("\n")[0]
        self._language = language(language_id)
        self._path = path
        self._newline = newline
        self._file = Indentation.of(
            self._prefix + self._suffix, default_tabs=self._language.indents_by_tabs
        )
        self._extent = self._extent_at(single_line=single_line)

    @property
    def multi_line(self) -> bool:
        """Whether more than the rest of the cursor's line may be wanted."""
        return self._extent.reach is not Reach.LINE

    def shape(self, raw: str, *, finished: bool) -> Shaped:
        """Return what `raw`, the text that has arrived so far, amounts to."""
        text = strip_special_tokens(raw)
        ended = finished or len(text) < len(raw)
        text = self._clean(text.replace("\r\n", "\n").replace("\r", "\n"))
        text = self._indent(text)
        wanted, decided = self._extent.cut(text, self._language, finished=ended)
        text = self._without_repetition(wanted, finished=decided)
        decided = decided or text != wanted
        text, replaces = self._fit(text)
        if not text.strip():
            return Shaped("", decided=decided)
        return Shaped(text.replace("\n", self._newline), replaces, decided)

    def _extent_at(self, *, single_line: bool) -> Extent:
        if single_line:
            return Extent(Reach.LINE)
        inside = scan(self._prefix[-_LONGEST_STRING_SCAN_CHARS:], self._language).inside
        return extent_at(
            self._prefix, self._line_prefix, self._suffix, self._language, inside=inside
        )

    def _clean(self, text: str) -> str:
        text = strip_header(strip_fences(text), self._path)
        text = strip_echo(text, self._line_prefix)
        if not self._line_prefix.strip():
            text = text.lstrip("\n")  # the cursor's line is empty: nothing is gained by skipping it
            return drop_columns(text, width(self._line_prefix, self._file.size), self._file.size)
        if self._line_prefix.endswith((" ", "\t")):
            first = text.partition("\n")[0]
            if first.strip():
                text = text.lstrip(" \t")
        return text

    def _indent(self, text: str) -> str:
        base = width(self._line_prefix, self._file.size)
        opens = bool(self._language.opens_block.search(self._line_prefix))
        return rebase(text, self._file, base, opens_block=opens and bool(self._line_prefix.strip()))

    def _without_repetition(self, text: str, *, finished: bool) -> str:
        text = cut_loop(text)
        text = cut_at_lines_below(text, self._line_prefix, self._suffix, finished=finished)
        if repeats_line_above(text, self._prefix, self._line_prefix):
            return ""
        return text

    def _fit(self, text: str) -> tuple[str, int]:
        text = "\n".join(line.rstrip() for line in text.split("\n")).rstrip("\n")
        text, replaces = fit_to_line(text, self._line_suffix, self._language)
        if replaces:
            return text, replaces
        return cut_unopened(text, self._prefix, self._line_suffix, self._language), 0
