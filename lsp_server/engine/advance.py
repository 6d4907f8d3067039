"""Whether one state of a document is an older one with some text typed at its cursor.

This is what makes a suggestion for the older state one for the newer: its text has to go on from
what was typed, and what was typed is left off.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ghostlap.lsp_server.documents import Snapshot

__all__ = ["Advance", "Rest", "accepted", "advance", "rest_of"]

_MOST_LINES = 60
"""No suggestion has more."""

_CLOSERS = re.compile(r"""[)\]}>"'`;\s]{1,80}""")
_CLOSED_BY = {"(": ")", "[": "]", "{": "}", "<": ">", '"': '"', "'": "'", "`": "`"}
_COMPARED_CHARS = 200
"""So much of a text is not the same by chance, where a window has cut one of two short."""


class Advance(NamedTuple):
    typed: str
    closers: str
    """What the editor closed by itself behind the cursor, as typing went on."""


class Rest(NamedTuple):
    text: str
    replaces: int

    def is_news(self, line_suffix: str) -> bool:
        """Whether it would change what a user sees."""
        return not (self.text in ("", line_suffix[: self.replaces]) or self.text.isspace())


def advance(old: Snapshot, new: Snapshot) -> Advance | None:
    """Return what was typed between two states; None where that alone does not make the newer one.

    A move of the cursor, a deletion or an edit elsewhere in the windows gives None.
    """
    count = new.line - old.line
    if count == 0:
        if not new.line_prefix.startswith(old.line_prefix):
            return None
        typed = new.line_prefix[len(old.line_prefix) :]
        head = len(new.prefix) - len(new.line_prefix)
    elif 0 < count <= _MOST_LINES:
        head = _line_start(new.prefix, len(new.prefix) - len(new.line_prefix), count)
        if head < 0 or not new.prefix.startswith(old.line_prefix, head):
            return None
        typed = new.prefix[head + len(old.line_prefix) :]
    else:
        return None
    if old.suffix == new.suffix:
        closers = ""
    else:
        found = _closers(old.suffix, new.suffix, typed)
        if found is None:
            return None
        closers = found
    return Advance(typed, closers) if _same_head(old, new, head) else None


def rest_of(text: str, replaces: int, step: Advance) -> Rest | None:
    """Return what is left of a suggestion for the older state; None where typing went elsewhere.

    `wi(1, 2)` of which `wi(` was typed and the bracket closed by the editor is `1, 2)` over it.
    """
    if not text.startswith(step.typed):
        return None
    rest = text[len(step.typed) :]
    closers = step.closers
    if not closers:
        return Rest(rest, replaces)
    if "\n" in closers:  # a range can't reach over several lines
        bracket = closers.strip()
        said = rest.rstrip()
        return Rest(said[: -len(bracket)].rstrip() if said.endswith(bracket) else rest, replaces)
    return Rest(rest, replaces + len(closers) if _closes(rest, closers) else replaces)


def accepted(snapshot: Snapshot, text: str, replaces: int) -> Snapshot:
    """Return the state that accepting a suggestion leads to."""
    lines = text.count("\n")
    last = text[text.rfind("\n") + 1 :] if lines else snapshot.line_prefix + text
    return Snapshot(
        uri=snapshot.uri,
        language=snapshot.language,
        version=snapshot.version,
        line=snapshot.line + lines,
        prefix=snapshot.prefix + text,
        suffix=snapshot.suffix[replaces:],
        line_prefix=last,
        line_suffix=snapshot.line_suffix[replaces:],
        newline=snapshot.newline,
        encoding=snapshot.encoding,
    )


def _line_start(prefix: str, at: int, count: int) -> int:
    """Where the line starts that is `count` lines above the one at `at`; -1: nowhere."""
    for _ in range(count):
        if at <= 0:
            return -1
        at = prefix.rfind("\n", 0, at - 1) + 1
    return at


def _same_head(old: Snapshot, new: Snapshot, head: int) -> bool:
    """Whether the same text stands above, as far as both windows reach."""
    mine = len(old.prefix) - len(old.line_prefix)
    if head == mine:
        return new.prefix.startswith(old.prefix[:mine])
    shorter = min(head, mine)
    if shorter < _COMPARED_CHARS:
        return False
    return new.prefix[head - shorter : head] == old.prefix[mine - shorter : mine]


def _closers(old: str, new: str, typed: str) -> str | None:
    found = _CLOSERS.match(new)
    if found is None:
        return None
    for size in range(1, found.end() + 1):
        left = new[size:]
        same = left == old or (len(left) >= _COMPARED_CHARS and old.startswith(left))
        if same and _are_owed(new[:size], typed):
            return new[:size]
    return None


def _are_owed(closers: str, typed: str) -> bool:
    """Whether the closers close something, and each has its opener among what was typed."""
    if closers.isspace():
        return False
    owed = [_CLOSED_BY[char] for char in typed if char in _CLOSED_BY]
    for char in closers:
        if char in owed:
            owed.remove(char)
        elif not char.isspace() and char != ";":
            return False
    return True


def _closes(rest: str, closers: str) -> bool:
    """Whether the text itself says the closers that stand behind the cursor."""
    depth = 0
    closer = closers[0]
    opener = next((one for one, other in _CLOSED_BY.items() if other == closer), "")
    for char in rest:
        if char == closer:
            if depth == 0:
                return True
            depth -= 1
        elif char == opener:
            depth += 1
    return False
