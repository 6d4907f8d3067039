"""Lines that look like secrets, by the rules of detect-secrets.

Its plug-ins know the keys of some twenty vendors, private keys, passwords in assignments and quoted
strings of high entropy; its heuristics set aside placeholders, UUIDs and references. Loading them
takes half a second, so that is done off the path, and a line is judged once: of a window of a
hundred lines one keystroke changes one.
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

__all__ = ["SecretDetector"]

_REMEMBERED_LINES = 20_000
_LONGEST_LINE_CHARS = 2_000
"""A longer line is minified code or data: it is judged by its beginning."""
# What every rule wants to see at least one of; judging a line that has none costs 2 µs, not 140.
_SUSPICIOUS = re.compile(
    r"[A-Za-z0-9+/=_-]{16}|://[^/\s]*:[^/\s]*@|(?i:pass|pwd|secret|key|contrase|token|begin)"
)
_NOT_SECRET = frozenset({"Public IP (ipv4)"})


class SecretDetector:
    """Tells lines that look like secrets. Safe to use from several threads."""

    def __init__(self) -> None:
        self._rules: list[Any] = []
        self._heuristics: tuple[Callable[[str], bool], ...] = ()
        self._judged: OrderedDict[str, bool] = OrderedDict()
        self._loading = threading.Lock()

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

    def is_secret(self, line: str) -> bool:
        """Tell whether a line looks as if it held a secret."""
        judged = self._judged.get(line)
        if judged is None:
            judged = self._judge(line)
            self._judged[line] = judged
            if len(self._judged) > _REMEMBERED_LINES:
                self._judged.popitem(last=False)
        return judged

    def scrub(self, text: str) -> str:
        """Return `text` with its secret lines emptied, so that all others keep their places."""
        lines = text.split("\n")
        kept = ["" if self.is_secret(line) else line for line in lines]
        return text if kept == lines else "\n".join(kept)

    def _judge(self, line: str) -> bool:
        if not _SUSPICIOUS.search(line, 0, _LONGEST_LINE_CHARS):
            return False
        self.load()
        part = line[:_LONGEST_LINE_CHARS]
        return any(
            not any(is_harmless(found.secret_value or "") for is_harmless in self._heuristics)
            for rule in self._rules
            for found in rule.analyze_line(filename="", line=part, line_number=0)
        )
