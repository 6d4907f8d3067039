from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from ghostlap.telemetry import Feedback, FeedbackKind, Session, Trace
from ghostlap.telemetry._store import Store
from ghostlap.telemetry.acceptance import summarise_acceptance

MakeTrace = Callable[..., Trace]
Kind = FeedbackKind


def test_what_became_of_suggestions_is_told_by_provider(path: Path, make_trace: MakeTrace) -> None:
    events = [
        Feedback(1, Kind.SHOWN, 1),
        Feedback(1, Kind.ACCEPTED_WORD, 2, 4),
        Feedback(1, Kind.ACCEPTED_WORD, 3, 5),
        Feedback(1, Kind.PERSISTED, 4, 9, 30),
        Feedback(2, Kind.SHOWN, 1),
        Feedback(2, Kind.ACCEPTED, 2, 20),
        Feedback(2, Kind.PERSISTED, 3, 0, 30),
        Feedback(3, Kind.SHOWN, 1),
        Feedback(3, Kind.REJECTED, 2),
    ]
    with closing(Store(path, Session())) as store:
        store.write([make_trace(1), make_trace(2), make_trace(3, provider="other")], events)
    chip, other = summarise_acceptance(path)
    assert chip.counts == {Kind.SHOWN: 2, Kind.ACCEPTED_WORD: 1, Kind.ACCEPTED: 1}
    assert chip.accepted_chars == 29
    assert chip.share_kept(30) == 1 / 2
    assert chip.share_kept(600) is None
    assert (other.provider, other.counts[Kind.REJECTED]) == ("other", 1)


def test_where_no_editor_tells_there_is_nothing_to_say(path: Path, make_trace: MakeTrace) -> None:
    with closing(Store(path, Session())) as store:
        store.write([make_trace(1)])
    assert summarise_acceptance(path) == []
