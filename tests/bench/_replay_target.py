"""What the typist of the replay types into, whoever makes the suggestions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

__all__ = ["Ghost", "Inconsistent", "Page", "Show"]


class Inconsistent(AssertionError):
    """A suggestion does not fit the document that it was given for."""


@dataclass(frozen=True, slots=True)
class Ghost:
    """A suggestion, as it stands behind the cursor."""

    text: str
    read_ns: int
    """`monotonic_ns` when it could be drawn."""
    command: Any = None
    """The LSP command that an editor runs when it was accepted."""


Show: TypeAlias = Callable[[Ghost], None]
"""Called on the loop, for the state of the document that was newest when it was handed over."""


class Page(Protocol):
    """One open document in one client."""

    def edited(self, typed: str, text: str, removed: int, show: Show) -> None:
        """`removed` characters before the cursor went, `text` came.

        `typed` is all that stands behind the manuscript's `before` now. Whatever was on display
        is gone: what is to be seen now has to be shown anew.
        """
        ...

    def accepted(self, ghost: Ghost) -> None:
        """A suggestion was taken over; its text is the next edit."""
        ...
