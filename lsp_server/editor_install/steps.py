"""What an installation does, one thing after the other; and what it is done with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

__all__ = ["NotPossible", "Step", "shipped"]


class NotPossible(Exception):
    """It can't be done here. `str()` is one sentence for the user that says what to do."""


@dataclass(frozen=True, slots=True)
class Step:
    says: str
    """What is done, as a line that a person could do as well."""
    do: Callable[[], None]
    """Does it. Raises OSError and NotPossible."""


def shipped(*trail: str) -> Path:
    """Return a file or folder of `editors/`, which lies beside us in the wheel as in the tree."""
    return Path(__file__).resolve().parents[2].joinpath("editors", *trail)
