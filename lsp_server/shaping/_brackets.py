"""Which brackets are open, without a grammar: strings and comments are skipped by their marks.

A completion is a fragment, and so is the window before it: a parser has to guess at both. This scan
has one rule for what it can't know, that a string which does not end on its line ends with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from ghostlap.lsp_server.shaping._languages import Language

__all__ = ["CLOSERS", "OPENER_OF", "Brackets", "scan", "scan_lines", "scan_on"]

OPENER_OF = {")": "(", "]": "[", "}": "{"}
CLOSERS = frozenset(OPENER_OF)
_OPENERS = frozenset(OPENER_OF.values())


@dataclass(frozen=True, slots=True)
class Brackets:
    open: tuple[str, ...]
    """Openers that nothing in the text closes, outermost first."""
    unmatched: tuple[int, ...]
    """Where closers stand that nothing in the text opened."""
    inside: str
    """What the end of the text is inside of: "" for code, "string" or "comment"."""
    mark: str = ""
    """The quote or comment mark that it is inside of."""
    mark_end: int = 0
    """Where that mark ends in the text; 0 where it stands before it."""


@lru_cache(maxsize=8)
def scan_lines(text: str, language: Language) -> Brackets:
    """Scan the lines above the cursor's: the same ones for as long as it stays in its own."""
    return scan(text, language)


def scan_on(before: Brackets, text: str, language: Language) -> Brackets:
    """Scan what follows a text that was scanned; only the end of it all is looked at afterwards."""
    if before.inside == "comment" and before.mark in language.line_comments:
        before = Brackets(before.open, before.unmatched, "")
    return scan(text, language, quote=before.mark if before.inside else "", stack=before.open)


def scan(
    text: str, language: Language, *, quote: str = "", stack: tuple[str, ...] = ()
) -> Brackets:
    """Return the brackets that `text` leaves open or closes without having opened them.

    `quote` is the mark of the string or comment in which the text begins, if it begins in one, and
    `stack` holds the brackets that stand open there.
    """
    return _scan(text, language, quote, list(stack))


def _scan(text: str, language: Language, quote: str, stack: list[str]) -> Brackets:
    unmatched: list[int] = []
    at, inside, mark = _rest_of(text, quote, language) if quote else (0, "", "")
    mark_end = 0
    while found := language.marks.search(text, at):
        at, mark, inside = found.end(), found[0], ""
        if mark in _OPENERS:
            stack.append(mark)
        elif mark in CLOSERS:
            if stack and stack[-1] == OPENER_OF[mark]:
                stack.pop()
            elif mark not in language.lone_closers:
                unmatched.append(found.start())
        elif mark[0] != "/" or mark in language.line_comments or mark == "/*":
            mark_end = found.end()
            at, inside, mark = _skip(text, found.start(), mark, language)
    if not inside:
        return Brackets(tuple(stack), tuple(unmatched), "")
    return Brackets(tuple(stack), tuple(unmatched), inside, mark, mark_end)


def _rest_of(text: str, mark: str, language: Language) -> tuple[int, str, str]:
    """Return where that ends in whose midst the text begins."""
    if language.block_comment and mark == language.block_comment[0]:
        return _until(text, 0, language.block_comment[1], "comment", mark)
    return _string(text, 0, mark, language)


def _skip(text: str, at: int, mark: str, language: Language) -> tuple[int, str, str]:
    """Return where the string or comment that `mark` begins ends, and what the end is inside of."""
    start = at + len(mark)
    if language.block_comment and mark == language.block_comment[0]:
        return _until(text, start, language.block_comment[1], "comment", mark)
    if mark in language.line_comments:
        if not _begins_comment(text, at, mark):
            return start, "", ""
        end = text.find("\n", at)
        return (len(text), "comment", mark) if end < 0 else (end, "", "")
    if mark == "'" and language.single_quote_is_char and not _is_char(text, at):
        return start, "", ""
    return _string(text, start, mark, language)


def _begins_comment(text: str, at: int, mark: str) -> bool:
    """`#` begins a comment behind white space alone: `$#`, `a#b` and `${#x}` are something else.

    So does `//`, but for the one in `https://`.
    """
    if mark == "//":
        return at == 0 or text[at - 1] != ":"
    return mark != "#" or at == 0 or text[at - 1].isspace() or text[at - 1] in ")]};,"


def _string(text: str, start: int, quote: str, language: Language) -> tuple[int, str, str]:
    """Return where a string ends whose inside begins at `start`."""
    if quote in language.long_quotes:
        return _until(text, start, quote, "string", quote)
    end = start
    while end < len(text) and text[end] != "\n":
        if text[end] == "\\":
            end += 2
            continue
        if text[end] == quote:
            return end + 1, "", ""
        end += 1
    return (len(text), "string", quote) if end >= len(text) else (end, "", "")


def _until(text: str, start: int, closing: str, inside: str, mark: str) -> tuple[int, str, str]:
    end = text.find(closing, start)
    return (len(text), inside, mark) if end < 0 else (end + len(closing), "", "")


def _is_char(text: str, at: int) -> bool:
    return text[at + 1 : at + 2] == "\\" or text[at + 2 : at + 3] == "'"
