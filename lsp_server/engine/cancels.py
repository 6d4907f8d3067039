"""Whether a client's cancels are meant, or sent for the sake of a newer key.

VS Code cancels the request of the last key right before it sends the edit of the next one: what is
under way may well serve that key. Neovim and others cancel when nobody wants an answer any more,
and then the provider is to stop at once. A client shows which of the two it is.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["HOLD_S", "Cancels"]

HOLD_S = 0.02
"""Cancel and edit come from one event of the editor's, one right after the other; the next key of a
fast typist comes after 50 ms."""

_ENOUGH = 2
_MOST = 64


@dataclass(slots=True)
class Cancels:
    _since_ns: int = 0
    """When the last cancel came that no edit has followed yet; 0: there is none."""
    _in_a_row: int = 0
    """Cancels that an edit followed within HOLD_S."""
    _needed: int = _ENOUGH

    @property
    def are_for_edits(self) -> bool:
        return self._in_a_row >= self._needed

    def cancelled(self, at_ns: int) -> None:
        self._since_ns = at_ns

    def edited(self, at_ns: int) -> None:
        if not self._since_ns:
            return
        soon = (at_ns - self._since_ns) / 1e9 < HOLD_S
        self._in_a_row = self._in_a_row + 1 if soon else 0
        self._since_ns = 0

    def held_in_vain(self) -> None:
        """No edit came behind a cancel: it was meant. More is needed to think so again."""
        self._since_ns = 0
        self._in_a_row = 0
        self._needed = min(_MOST, 4 * self._needed)
