"""What became of a suggestion after it was sent, by the editor's own report."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["ACCEPTANCES", "PERSISTENCE_CHECKS_S", "EditorTimes", "Feedback", "FeedbackKind"]

PERSISTENCE_CHECKS_S = (30, 120, 300, 600)
"""After so many seconds an editor looks whether accepted text is still there."""


class FeedbackKind(StrEnum):
    SHOWN = "shown"
    HIDDEN = "hidden"
    ACCEPTED = "accepted"
    """All of it was taken over."""
    ACCEPTED_WORD = "accepted_word"
    """One word of it was; may come several times for one suggestion, as the two below."""
    ACCEPTED_LINE = "accepted_line"
    ACCEPTED_PARTLY = "accepted_partly"
    """A part of it was, and the editor does not say which."""
    REJECTED = "rejected"
    PERSISTED = "persisted"
    """Accepted text was looked at again some time later."""


ACCEPTANCES = (
    FeedbackKind.ACCEPTED,
    FeedbackKind.ACCEPTED_WORD,
    FeedbackKind.ACCEPTED_LINE,
    FeedbackKind.ACCEPTED_PARTLY,
)


@dataclass(frozen=True, slots=True)
class Feedback:
    """One event in the life of the suggestion that keystroke `sequence` brought."""

    sequence: int
    kind: FeedbackKind
    at_ns: int
    """Monotonic, of this process."""
    length: int = 0
    """Characters that were taken over, or that are still there (`PERSISTED`)."""
    after_s: int = 0
    """How long after the acceptance `PERSISTED` looked: one of `PERSISTENCE_CHECKS_S`."""


@dataclass(frozen=True, slots=True)
class EditorTimes:
    """When the editor says that things happened, on this process's monotonic clock; 0: not said."""

    sequence: int
    keystroke_ns: int = 0
    received_ns: int = 0
    rendered_ns: int = 0
    hidden_ns: int = 0
