"""What became of a suggestion after it was sent, by the editor's own report."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Feedback", "FeedbackKind"]


class FeedbackKind(StrEnum):
    SHOWN = "shown"
    HIDDEN = "hidden"
    ACCEPTED = "accepted"
    """All of it was taken over."""
    ACCEPTED_PARTLY = "accepted_partly"
    """A word or a line of it was; may come several times for one suggestion."""
    REJECTED = "rejected"
    PERSISTED = "persisted"
    """Accepted text was looked at again some time later."""


@dataclass(frozen=True, slots=True)
class Feedback:
    """One event in the life of the suggestion that keystroke `sequence` brought."""

    sequence: int
    kind: FeedbackKind
    at_ns: int
    """Monotonic, of this process."""
    length: int = 0
    """Characters that were taken over, or that are still there (`PERSISTED`)."""
