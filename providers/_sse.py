"""Server-sent events, read from bytes as they arrive (WHATWG HTML, "Server-sent events").

Two things differ from the standard's browser rules, since providers do them: the last event counts
even when the stream ends without the blank line, and an event without data is dropped.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Event", "SseReader"]

_BOM = b"\xef\xbb\xbf"


class Event(NamedTuple):
    """One message of a stream, before its JSON is read."""

    name: str
    """The `event:` field; empty when there was none."""
    data: bytes


class SseReader:
    """Cuts one response's bytes into events, however the network cut them into reads."""

    __slots__ = ("_data", "_first", "_name", "_rest", "_skip_lf", "comments")

    def __init__(self) -> None:
        self.comments = 0
        """Comment lines so far: a provider's signs of life while a request queues."""
        self._rest = b""
        self._name = ""
        self._data: list[bytes] = []
        self._first = True
        self._skip_lf = False

    def feed(self, received: bytes) -> list[Event]:
        """Return the events that `received` completes."""
        if self._first:
            received = self._without_bom(received)
        if self._skip_lf and received:
            # The last read ended in CR, which ended a line; this LF belongs to it.
            self._skip_lf = False
            received = received.removeprefix(b"\n")
        if not received:
            return []
        self._skip_lf = received.endswith(b"\r")
        lines = (self._rest + received).splitlines()  # of bytes: at CR, LF and CRLF, nowhere else
        self._rest = b"" if received.endswith((b"\n", b"\r")) else lines.pop()
        return self._events(lines)

    def end(self) -> list[Event]:
        """Return what the end of the body completes."""
        last, self._rest = self._rest, b""
        return self._events([last, b""] if last else [b""])

    def _without_bom(self, received: bytes) -> bytes:
        received = self._rest + received
        self._rest = b""
        if len(received) < len(_BOM) and _BOM.startswith(received):
            self._rest = received
            return b""
        self._first = False
        return received.removeprefix(_BOM)

    def _events(self, lines: list[bytes]) -> list[Event]:
        """Return what `lines` complete. One loop without calls: it runs for every token."""
        events: list[Event] = []
        data = self._data
        for line in lines:
            if line.startswith(b"data:"):
                data.append(line[6:] if line.startswith(b" ", 5) else line[5:])
            elif line:
                self._other_field(line)
            else:
                if data:
                    events.append(Event(self._name, b"\n".join(data)))
                    data.clear()
                self._name = ""
        return events

    def _other_field(self, line: bytes) -> None:
        if line.startswith(b":"):
            self.comments += 1
            return
        field, _, value = line.partition(b":")
        if field == b"event":
            self._name = value.removeprefix(b" ").decode(errors="replace")
        elif field == b"data":  # the field's name alone: an empty line of data
            self._data.append(b"")
