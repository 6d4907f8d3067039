"""Where a completion meets what already stands to the right of the cursor."""

from __future__ import annotations

from ghostlap.lsp_server.shaping._brackets import scan
from ghostlap.lsp_server.shaping._languages import Language

__all__ = ["cut_unopened", "fit_to_line"]

_CLOSERS = frozenset(")]}")
_QUOTES = frozenset("\"'`")


def fit_to_line(text: str, line_suffix: str, language: Language) -> tuple[str, int]:
    """Return what to insert, and how many code points of `line_suffix` it takes the place of.

    `wi(█)` completed by `1, 2)` is `1, 2` before the bracket that the editor closed; by `1, 2) {`
    it is the whole text in the place of that bracket.
    """
    suffix = line_suffix.rstrip()
    if not suffix or not text:
        return text, 0
    head, newline, _ = text.partition("\n")
    for size in range(min(len(suffix), len(text)), 0, -1):
        if text.endswith(suffix[:size]) and _is_theirs(text, len(text) - size, language):
            return text[: len(text) - size], 0
    at = head.rfind(suffix)
    if at > 0 and not newline and _is_theirs(head, at, language, at + len(suffix)):
        return text, len(suffix)
    return text, 0


def _is_theirs(text: str, start: int, language: Language, stop: int | None = None) -> bool:
    """Tell whether the brackets and quotes of `text[start:stop]` close what `text` did not open."""
    part = text[start:stop]
    if not part.strip():
        return False
    if any(char in _CLOSERS for char in part):
        unmatched = set(scan(text, language).unmatched)
        inner = scan(part, language)
        return all(start + at in unmatched for at in inner.unmatched)
    if part[0] in _QUOTES:
        return text[:start].count(part[0]) % 2 == 0
    return True


def cut_unopened(text: str, prefix: str, line_suffix: str, language: Language) -> str:
    """End the text before a closer that neither it nor the text before the cursor opened.

    The window before the cursor may begin inside a block, so that a `}` may close what it does not
    show: only `)` and `]` are judged, and `}` where its own line opened something.
    """
    found = scan(text, language).unmatched
    if not found:
        return text
    before = list(scan(prefix, language).open)
    for char in reversed(line_suffix):  # what the editor closed is no longer open
        if char in _CLOSERS and before and before[-1] == _OPENER[char]:
            before.pop()
    for at in found:
        if before and before[-1] == _OPENER[text[at]]:
            before.pop()
        elif text[at] != "}" or (before and "\n" not in text[:at]):
            return text[:at].rstrip(" \t")
    return text


_OPENER = {")": "(", "]": "[", "}": "{"}
