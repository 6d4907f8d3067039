"""Newline-delimited JSON, read from bytes as they arrive. An event is a line that is not blank."""

from __future__ import annotations

from ghostlap.providers._sse import Event

__all__ = ["NdjsonReader"]


class NdjsonReader:
    """Cuts one response's bytes into lines, however the network cut them into reads."""

    __slots__ = ("_rest", "comments")

    def __init__(self) -> None:
        self.comments = 0
        """Always 0: the format has none. Here so that all readers look alike."""
        self._rest = b""

    def feed(self, received: bytes) -> list[Event]:
        """Return the lines that `received` completes."""
        *lines, self._rest = (self._rest + received).split(b"\n")
        return [Event("", stripped) for line in lines if (stripped := line.strip())]

    def end(self) -> list[Event]:
        """Return the last line if the body ended without a line end."""
        last, self._rest = self._rest.strip(), b""
        return [Event("", last)] if last else []
