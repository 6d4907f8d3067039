"""Lines that look like secrets, by the rules of detect-secrets.

Its plug-ins know the keys of some twenty vendors, private keys, passwords in assignments and quoted
strings of high entropy; its heuristics set aside placeholders, UUIDs and references. Loading them
takes half a second, so that is done off the path, and a line is judged once: of a window of a
hundred lines one keystroke changes one.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import takewhile
from types import MappingProxyType
from typing import Any, TypeAlias

__all__ = ["SecretDetector"]

_REMEMBERED_LINES = 20_000
_PIECE_CHARS, _OVERLAP_CHARS = 2_000, 200
"""A longer line is minified code or data: it is judged in pieces, so that no rule meets more."""

# What a rule wants to see before it can find anything. Asking its plug-in costs 1 to 75 µs, all of
# them 190; of the lines of Python's library 3 in 100 have something to ask about, and the others
# cost 4 µs.
_RUN = re.compile(  # of a key's characters: 20 with a digit, or 24 letters
    r"(?<![A-Za-z0-9+/=_-])(?=[A-Za-z+/=_-]*+[0-9])[A-Za-z0-9+/=_-]{20}|[A-Za-z]{24}"
)
_MARK = re.compile(  # of vendors whose keys can be shorter, or have no digit by chance
    r"://[^/\s]*:[^/\s]*@|_authToken|hooks\.slack|BEGIN|PuTTY|xox|eyJ|gl[a-z]{2,4}-"
    r"|A(?:[BCKS]IA|KC|P[0-9A-F])[A-Za-z0-9]{8}"
)
_QUOTED_HEX = re.compile(r"['\"][0-9A-Fa-f]{9}")
"""Entropy above 3 bits takes 9 different characters, above 4.5 bits 23."""
_QUOTED_BASE64 = re.compile(r"['\"][A-Za-z0-9+/\\_=-]{23}")
_ASSIGNED = re.compile(r':=|=\s*@(?=")')
"""Go's and Objective-C's ways to say `=`, which the rule for names knows by file names alone."""
_NAMES = ("key", "pass", "pwd", "secret", "contrase")
_NOT_SECRET = frozenset({"Public IP (ipv4)"})
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


def _has_vendors_key(line: str) -> bool:
    return bool(_RUN.search(line) or _MARK.search(line))


def _has_name(line: str) -> bool:
    folded = line.casefold()
    return any(name in folded for name in _NAMES)


_Gate: TypeAlias = Callable[[str], object]
_GATES: Mapping[str, _Gate] = MappingProxyType(
    {
        "Base64 High Entropy String": _QUOTED_BASE64.search,
        "Hex High Entropy String": _QUOTED_HEX.search,
        "Secret Keyword": _has_name,
    }
)
"""By what a plug-in calls what it finds; all others know keys by their vendors' forms."""


class SecretDetector:
    """Tells lines that look like secrets. Safe to use from several threads."""

    def __init__(self) -> None:
        self._rules: dict[_Gate, list[Any]] = {}
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
            rules: dict[_Gate, list[Any]] = {}
            for kind in known.keys() - _NOT_SECRET:
                rules.setdefault(_GATES.get(kind, _has_vendors_key), []).append(known[kind]())
            self._rules = rules

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
        if _KEY_BEGINS.search(line) or _KEY_ENDS.search(line) or _BASE64_LINE.fullmatch(line):
            return True
        self.load()
        if quote := _open_quote(line):  # a string that is not closed counts as one
            line += quote
        line = _ASSIGNED.sub("=", line)
        filename = "settings.yaml" if unquoted else ""
        return any(
            not any(is_harmless(found.secret_value or "") for is_harmless in self._heuristics)
            for may_find, rules in self._rules.items()
            if may_find(line)
            for rule in rules
            for found in rule.analyze_line(filename=filename, line=line, line_number=0)
        )


def _open_quote(line: str) -> str:
    """Return the quote that a line ends within, as far as counting tells."""
    quote = max(_QUOTES, key=line.rfind)
    return quote if line.count(quote) % 2 else ""


def _body(lines: list[str], numbers: Iterable[int]) -> Iterator[int]:
    """Yield the lines that a key's mark is followed, or preceded, by."""
    return takewhile(lambda number: _KEY_BODY.fullmatch(lines[number]) is not None, numbers)
