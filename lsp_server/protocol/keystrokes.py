"""Traces: one is begun for each request, with what is known of its document."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from hashlib import blake2b

from ghostlap.telemetry import Stage, Trace

__all__ = ["Keystrokes"]

_TRIGGERS = (1, 2)  # InlineCompletionTriggerKind: invoked, automatic
_AUTOMATIC = 2
# A longer or stranger extension is rather a part of a name, and names stay here.
_FILE_TYPE = re.compile(r"\.([A-Za-z0-9_+#-]{1,10})$")


@dataclass(slots=True)
class _Origin:
    """What the traces of one document have in common, and its last edit."""

    language: str
    file_type: str
    digest: int
    changed_ns: int = 0
    """When the last edit arrived that no request has followed yet; 0: there is none."""


class Keystrokes:
    """Begins traces, numbered from 1. Used from one event loop alone."""

    def __init__(self, salt: bytes | None = None) -> None:
        self._salt = salt or os.urandom(16)
        """New in each process, so that a digest tells nothing to whoever can guess the URI."""
        self._sequence = 0
        self._origins: dict[str, _Origin] = {}

    def opened(self, uri: str, language: str) -> None:
        self._origins[uri] = _Origin(language, _file_type(uri), self._digest(uri))

    def changed(self, uri: str, at_ns: int) -> None:
        self._origins[uri].changed_ns = at_ns

    def closed(self, uri: str) -> None:
        del self._origins[uri]

    def begin(self, uri: str, received_ns: int, trigger: int | None = None) -> Trace:
        """Begin the trace of a request for an open document.

        The edit before it is its keystroke's, but for a second request after the same edit: that
        one came for another reason, such as a cursor that was moved.
        """
        self._sequence += 1
        origin = self._origins[uri]
        trace = Trace(self._sequence, language=origin.language, file_type=origin.file_type)
        trace.document = origin.digest
        trace.trigger = trigger if trigger in _TRIGGERS else _AUTOMATIC
        trace.stamps[Stage.CHANGE_RECEIVED] = origin.changed_ns
        trace.stamps[Stage.REQUEST_RECEIVED] = received_ns
        origin.changed_ns = 0
        return trace

    def _digest(self, uri: str) -> int:
        data = uri.encode("utf-8", "surrogatepass")
        # SQLite's integers have a sign.
        return int.from_bytes(blake2b(data, key=self._salt, digest_size=8).digest()) >> 1


def _file_type(uri: str) -> str:
    found = _FILE_TYPE.search(uri)
    return found[1].lower() if found else ""
