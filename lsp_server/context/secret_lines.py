"""Lines that look like secrets, by the rules of detect-secrets.

Its plug-ins know the keys of some twenty vendors, private keys, passwords in assignments and quoted
strings of high entropy; its heuristics set aside placeholders, UUIDs and references. Loading them
takes half a second, so that is done off the path, and a line is judged once: of a window of a
hundred lines one keystroke changes one.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator
from itertools import takewhile
from typing import Any

__all__ = ["SecretDetector"]

_REMEMBERED_LINES = 20_000
_PIECE_CHARS, _OVERLAP_CHARS = 2_000, 200
"""A longer line is minified code or data: it is judged in pieces, so that no rule meets more."""
# What every rule wants to see at least one of; judging a line that has none costs 2 µs, not 40.
_SUSPICIOUS = re.compile(
    r"[A-Za-z0-9+/=_-]{16}|['\"][0-9A-Fa-f]{9}|://[^/\s]*:[^/\s]*@"
    r"|(?i:pass|pwd|secret|key|contrase|token|begin)|xox"
)
# What the rule for named secrets wants to see: it takes 50 µs, more than all others together.
_NAMED = re.compile(r"(?i:pass|pwd|secret|key|contrase)")
_NOT_SECRET = frozenset({"Public IP (ipv4)"})
_BY_NAME = "Secret Keyword"
_CONFIGURATION = frozenset(
    {"yaml", "dockercompose", "ini", "toml", "properties", "dotenv", "env", "editorconfig"}
)
"""Languages in which a value stands without quotes."""

# A key's lines say nothing of themselves, but for the marks around them (RFC 7468, section 2).
_KEY_BEGINS = re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY( BLOCK)?-----")
_KEY_ENDS = re.compile(r"-----END [A-Z0-9 ]*PRIVATE KEY( BLOCK)?-----")
_KEY_BODY = re.compile(
    r"[\s\"'#/*+>-]*(?:[A-Za-z0-9+/=]*|[A-Za-z-]+: [^;(]*)(?:\\n)?[\s\"'\\,;+)]*"
)
_BASE64_LINE = re.compile(r"[\s\"'#/*+>-]*[A-Za-z0-9+/]{60,}={0,2}(?:\\n)?[\s\"'\\,;+)]*")
_QUOTES = ('"', "'", "`")


class SecretDetector:
    """Tells lines that look like secrets. Safe to use from several threads."""

    def __init__(self) -> None:
        self._rules: list[Any] = []
        self._heuristics: tuple[Callable[[str], bool], ...] = ()
        self._judged: dict[tuple[str, bool], bool] = {}
        self._older: dict[tuple[str, bool], bool] = {}
        self._loading = threading.Lock()

    @property
    def is_loaded(self) -> bool:
        return bool(self._rules)

    def load(self) -> None:
        """Load the rules, which takes about half a second. Safe to call again."""
        with self._loading:
            if self._rules:
                return
            from detect_secrets.core.plugins import util  # noqa: PLC0415 - slow, not always needed
            from detect_secrets.filters import heuristic  # noqa: PLC0415 - as above

            known: dict[str, Any] = util.get_mapping_from_secret_type_to_class()
            self._heuristics = (
                heuristic.is_sequential_string,
                heuristic.is_potential_uuid,
                heuristic.is_templated_secret,
                heuristic.is_not_alphanumeric_string,
            )
            self._rules = [rule() for kind, rule in known.items() if kind not in _NOT_SECRET]

    def is_secret(self, line: str, language: str = "") -> bool:
        """Tell whether a line, without its end, looks as if it held a secret."""
        key = (line, language in _CONFIGURATION)
        judged = self._judged.get(key)
        if judged is None:
            judged = self._older.get(key)
            if judged is None:
                judged = self._judge(line, unquoted=key[1])
            if len(self._judged) >= _REMEMBERED_LINES // 2:
                self._judged, self._older = {}, self._judged
            self._judged[key] = judged
        return judged

    def is_secret_at(self, before: str, behind: str, language: str = "") -> bool:
        """Tell so of a line with a cursor in it, and of what stands before the cursor alone."""
        if self.is_secret(before + behind, language):
            return True
        return bool(behind and _open_quote(before)) and self.is_secret(before, language)

    def scrub(self, text: str, language: str = "") -> str:
        """Return `text` with its secret lines emptied, so that all others keep their places."""
        lines = text.split("\n")
        secret = self._secret_lines(lines, language)
        if not secret:
            return text
        for number in secret:
            lines[number] = "\r" if lines[number].endswith("\r") else ""
        return "\n".join(lines)

    def _secret_lines(self, lines: list[str], language: str) -> set[int]:
        found: set[int] = set()
        for number, line in enumerate(lines):
            if number in found or not self.is_secret(line.rstrip("\r"), language):
                continue
            found.add(number)
            begins, ends = _KEY_BEGINS.search(line), _KEY_ENDS.search(line)
            if begins and not ends:
                found.update(_body(lines, range(number + 1, len(lines))))
            elif ends and not begins:  # it began above the window
                found.update(_body(lines, range(number - 1, -1, -1)))
        return found

    def _judge(self, line: str, *, unquoted: bool) -> bool:
        if len(line) > _PIECE_CHARS:
            step = _PIECE_CHARS - _OVERLAP_CHARS
            pieces = [line[at : at + _PIECE_CHARS] for at in range(0, len(line), step)]
            return any(self._judge(piece, unquoted=unquoted) for piece in pieces)
        if not _SUSPICIOUS.search(line):
            return False
        if _KEY_BEGINS.search(line) or _KEY_ENDS.search(line) or _BASE64_LINE.fullmatch(line):
            return True
        self.load()
        if quote := _open_quote(line):  # a string that is not closed counts as one
            line += quote
        is_named = _NAMED.search(line) is not None
        filename = "settings.yaml" if unquoted else ""
        return any(
            not any(is_harmless(found.secret_value or "") for is_harmless in self._heuristics)
            for rule in self._rules
            if is_named or rule.secret_type != _BY_NAME
            for found in rule.analyze_line(filename=filename, line=line, line_number=0)
        )


def _open_quote(line: str) -> str:
    """Return the quote that a line ends within, as far as counting tells."""
    quote = max(_QUOTES, key=line.rfind)
    return quote if line.count(quote) % 2 else ""


def _body(lines: list[str], numbers: Iterable[int]) -> Iterator[int]:
    """Yield the lines that a key's mark is followed, or preceded, by."""
    return takewhile(lambda number: _KEY_BODY.fullmatch(lines[number]) is not None, numbers)
