"""What an editor says of a suggestion it was sent, and of its clock: `editors/PROTOCOL.md`.

All of it is optional: an editor that says nothing loses nothing but figures.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from ghostlap.lsp_server.protocol.params import optional, require
from ghostlap.lsp_server.protocol.wire import Channel
from ghostlap.telemetry import FeedbackKind, Recorder, monotonic_ns

__all__ = ["Reports"]

_LONGEST_AGO_NS = 60_000_000_000
"""A time further from now than this was not read from our clock."""

_PARTS: Mapping[str | None, FeedbackKind] = MappingProxyType(
    {"word": FeedbackKind.ACCEPTED_WORD, "line": FeedbackKind.ACCEPTED_LINE}
)


class Reports:
    """The handlers of `ghostlap/…`. Used from one event loop alone."""

    def __init__(self, channel: Channel, recorder: Callable[[], Recorder]) -> None:
        self._channel = channel
        self._recorder = recorder

    def clock(self, request_id: int | str, _params: Any) -> None:
        """Answer with our clock, so that the client can tell its times by it."""
        result = {"receivedMs": self._channel.received_ns / 1e6, "answeredMs": monotonic_ns() / 1e6}
        self._channel.send({"jsonrpc": "2.0", "id": request_id, "result": result})

    def shown(self, params: Any) -> None:
        sequence = require(params, int, "id")
        rendered_ns = _time_ns(params, "renderedMs")
        self._recorder().record_editor_times(
            sequence,
            keystroke_ns=_time_ns(params, "keyMs"),
            received_ns=_time_ns(params, "receivedMs"),
            rendered_ns=rendered_ns,
        )
        self._recorder().record_feedback(sequence, FeedbackKind.SHOWN, at_ns=rendered_ns)

    def hidden(self, params: Any) -> None:
        sequence = require(params, int, "id")
        at_ns = _time_ns(params, "atMs")
        self._recorder().record_editor_times(sequence, hidden_ns=at_ns or monotonic_ns())
        self._recorder().record_feedback(sequence, FeedbackKind.HIDDEN, at_ns=at_ns)
        if optional(params, str, "reason") == "dismissed":
            self._recorder().record_feedback(sequence, FeedbackKind.REJECTED, at_ns=at_ns)

    def accepted(self, params: Any) -> None:
        self._feedback(params, FeedbackKind.ACCEPTED)

    def partially_accepted(self, params: Any) -> None:
        kind = _PARTS.get(optional(params, str, "kind"), FeedbackKind.ACCEPTED_PARTLY)
        self._feedback(params, kind)

    def persisted(self, params: Any) -> None:
        after_s = require(params, int, "afterS")
        self._feedback(params, FeedbackKind.PERSISTED, after_s=after_s)

    def _feedback(self, params: Any, kind: FeedbackKind, *, after_s: int = 0) -> None:
        sequence = require(params, int, "id")
        length = max(0, optional(params, int, "length") or 0)
        at_ns = _time_ns(params, "atMs")
        self._recorder().record_feedback(
            sequence, kind, at_ns=at_ns, length=length, after_s=after_s
        )


def _time_ns(params: Any, name: str) -> int:
    """Return a time of our clock, or 0 where there is none, or one that can't be."""
    value = optional(params, float, name) or optional(params, int, name)
    if value is None or not math.isfinite(value):
        return 0
    at_ns = round(value * 1e6)
    return at_ns if abs(monotonic_ns() - at_ns) < _LONGEST_AGO_NS else 0
