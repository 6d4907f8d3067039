"""Which brackets are open, without a grammar: strings and comments are skipped by their marks.

A completion is a fragment, and so is the window before it: a parser has to guess at both. This scan
has one rule for what it can't know, that a string which does not end on its line ends with it.
"""

from __future__ import annotations

from dataclasses import dataclass

from ghostlap.lsp_server.shaping._languages import Language

__all__ = ["Brackets", "scan"]

_CLOSES = {")": "(", "]": "[", "}": "{"}
_OPENERS = frozenset(_CLOSES.values())


@dataclass(frozen=True, slots=True)
class Brackets:
    open: tuple[str, ...]
    """Openers that nothing in the text closes, outermost first."""
    unmatched: tuple[int, ...]
    """Where closers stand that nothing in the text opened."""
    inside: str
    """What the end of the text is inside of: "" for code, "string" or "comment"."""


def scan(text: str, language: Language) -> Brackets:
    """Return the brackets that `text` leaves open or closes without having opened them."""
    stack: list[str] = []
    unmatched: list[int] = []
    at, inside = 0, ""
    while at < len(text):
        char = text[at]
        if char in _OPENERS:
            stack.append(char)
        elif char in _CLOSES:
            if stack and stack[-1] == _CLOSES[char]:
                stack.pop()
            else:
                unmatched.append(at)
        else:
            at, inside = _skip(text, at, language)
            continue
        at += 1
    return Brackets(tuple(stack), tuple(unmatched), inside)


def _skip(text: str, at: int, language: Language) -> tuple[int, str]:
    """Return where the string or comment at `at` ends, or the next character."""
    if language.block_comment and text.startswith(language.block_comment[0], at):
        opening, closing = language.block_comment
        return _until(text, at + len(opening), closing, "comment")
    for mark in language.line_comments:
        if text.startswith(mark, at) and _begins_comment(text, at, mark):
            return _to_line_end(text, at, "comment")
    for quote in language.long_quotes:
        if text.startswith(quote, at):
            return _until(text, at + len(quote), quote, "string")
    if text[at] in language.quotes:
        return _string(text, at, language)
    return at + 1, ""


def _begins_comment(text: str, at: int, mark: str) -> bool:
    """`#` begins a comment behind white space alone: `$#`, `a#b` and `${#x}` are something else."""
    return mark != "#" or at == 0 or text[at - 1].isspace() or text[at - 1] in ")]};,"


def _until(text: str, start: int, closing: str, inside: str) -> tuple[int, str]:
    end = text.find(closing, start)
    return (len(text), inside) if end < 0 else (end + len(closing), "")


def _to_line_end(text: str, at: int, inside: str) -> tuple[int, str]:
    end = text.find("\n", at)
    return (len(text), inside) if end < 0 else (end, "")


def _string(text: str, at: int, language: Language) -> tuple[int, str]:
    quote = text[at]
    if quote == "'" and language.single_quote_is_char and not _is_char(text, at):
        return at + 1, ""
    end = at + 1
    while end < len(text) and text[end] != "\n":
        if text[end] == "\\":
            end += 2
            continue
        if text[end] == quote:
            return end + 1, ""
        end += 1
    return min(end, len(text)), "string" if end >= len(text) else ""


def _is_char(text: str, at: int) -> bool:
    return text[at + 1 : at + 2] == "\\" or text[at + 2 : at + 3] == "'"
