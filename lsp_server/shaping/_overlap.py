"""Where a completion meets what already stands to the right of the cursor."""

from __future__ import annotations

from dataclasses import dataclass

from ghostlap.lsp_server.shaping._brackets import CLOSERS, OPENER_OF, scan
from ghostlap.lsp_server.shaping._languages import Language

__all__ = ["Seam"]

_QUOTES = frozenset("\"'`")
_AUTO_CLOSED = frozenset(")]}\"'`;,:> \t")
"""What stands right of a cursor without having been meant as an end of what is typed."""


@dataclass(frozen=True, slots=True)
class Seam:
    """The cursor, between what stands on its left and on its right."""

    opened: tuple[str, ...]
    """The brackets that stand open before the cursor, outermost first."""
    line_prefix: str
    suffix: str
    """The rest of the cursor's line, without white space at its end."""
    language: Language
    quote: str = ""
    """The mark of the string that the cursor is inside of."""

    def fit(self, text: str) -> tuple[str, int]:
        """Return what to insert, and how many code points of the suffix it takes the place of.

        `wi(█)` completed by `1, 2)` is `1, 2` before the bracket that the editor closed; by
        `1, 2) {` it is the whole text in the place of that bracket. In the middle of a word only a
        text that ends as the word does is sure to fit.
        """
        text = self._cut_unopened(text, "")
        if not self.suffix or not text.strip():
            return text, 0
        unmatched = scan(text, self.language, quote=self.quote).unmatched
        overlap = self._overlap(text.rstrip(), unmatched)
        if overlap:
            return text.rstrip()[:-overlap], 0
        if self._splits_word():
            return "", 0
        if _AUTO_CLOSED.issuperset(self.suffix):
            replaces = self._closed_by(text, unmatched)
            if replaces and not self.suffix.startswith(">", replaces):  # a tag would end twice
                return text, replaces
        if self.quote and self.quote in self.suffix:  # what ends the string stands there
            text = text.partition(self.quote)[0]
        return self._cut_unopened(text, self.suffix), 0

    def fit_block(self, text: str) -> tuple[str, int]:
        """Set what closes a block on a line of its own: in `f({█})` it stands on the cursor's.

        What begins on the cursor's line, as in `f(█)`, may close its own block with the last one.
        """
        body, closing = text.rstrip(), self.suffix
        if unmatched := scan(text, self.language).unmatched:
            body, said = text[: unmatched[0]].rstrip(), text[unmatched[0] :].strip()
            closing = said if said.startswith(self.suffix) else self.suffix
        if text.partition("\n")[0].strip():
            return (body, 0) if closing == self.suffix else (body + closing, len(self.suffix))
        indent = self.line_prefix[: len(self.line_prefix) - len(self.line_prefix.lstrip())]
        return f"{body}\n{indent}{closing}", len(self.suffix)

    def _splits_word(self) -> bool:
        return _is_word(self.line_prefix[-1:]) and _is_word(self.suffix[:1])

    def _overlap(self, text: str, unmatched: tuple[int, ...]) -> int:
        """Return how much of the suffix the end of the text says again, the most that is sure."""
        for size in range(min(len(self.suffix), len(text)), 0, -1):
            start = len(text) - size
            if (
                text.endswith(self.suffix[:size])
                and self._is_between_words(text, start, size)
                and self._is_theirs(text, start, unmatched)
            ):
                return size
        return 0

    def _is_between_words(self, text: str, start: int, size: int) -> bool:
        """Whether text and suffix are cut at a word's end: `data` does not end in `append`'s a."""
        if _is_word(self.suffix[size - 1]) and _is_word(self.suffix[size : size + 1]):
            return False
        splits = start > 0 and _is_word(text[start - 1]) and _is_word(text[start])
        return not splits or self._splits_word()

    def _is_theirs(self, text: str, start: int, unmatched: tuple[int, ...]) -> bool:
        """Whether `text[start:]` is the suffix's own: its quotes and brackets close nothing else.

        The one in `len(x)` is not the one that stands behind `print(█)`.
        """
        part = text[start:]
        if not part.strip():
            return False
        if part.lstrip()[0] in _QUOTES:
            before = scan(text[:start], self.language, quote=self.quote)
            return (before.inside == "string") == bool(self.quote)
        if self.quote:
            return True
        inner = scan(part, self.language).unmatched
        return not inner or unmatched[:1] == (start + inner[0],)

    def _closed_by(self, text: str, unmatched: tuple[int, ...]) -> int:
        """Return how much of the suffix the text closes itself, before it goes on."""
        ends = [(at, text[at]) for at in unmatched]
        if self.quote:
            closing = text.find(self.quote)
            if closing < 0:
                return 0
            ends.insert(0, (closing, self.quote))
        at = 0
        for where, mark in ends:
            if not self.suffix.startswith(mark, at):
                break
            at += len(mark)
            behind = text[where + len(mark) :].lstrip()
            more = len(self.suffix) - len(self.suffix[at:].lstrip(";,: \t"))
            if more > at and behind.startswith(self.suffix[at:more].strip()):
                at = more
        return at

    def _cut_unopened(self, text: str, suffix: str) -> str:
        """End the text before a closer that neither it nor the text before the cursor opened.

        The window before the cursor may begin inside a block, so that a `}` may close what it does
        not show: `)` and `]` are judged, and `}` where its own line opened something.
        """
        found = scan(text, self.language, quote=self.quote).unmatched
        if not found:
            return text
        before = list(self.opened)
        for char in reversed(suffix):  # what the editor closed is no longer open
            if char in CLOSERS and before and before[-1] == OPENER_OF[char]:
                before.pop()
        for at in found:
            if before and before[-1] == OPENER_OF[text[at]]:
                before.pop()
            elif text[at] != "}" or (before and "\n" not in text[:at]):
                return text[:at].rstrip(" \t")
        return text


def _is_word(char: str) -> bool:
    return char.isalnum() or char == "_"
