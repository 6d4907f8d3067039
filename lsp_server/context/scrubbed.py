"""The text around the cursor without its secret lines, at the cost of one line per keystroke."""

from __future__ import annotations

from ghostlap.lsp_server.context.secret_lines import SecretDetector
from ghostlap.lsp_server.documents import Snapshot

__all__ = ["Scrubber"]


class Scrubber:
    """Scrubs windows that differ little from the ones before. Used from one event loop alone.

    The cursor's line is left as it is: who asks has judged it.
    """

    def __init__(self, detector: SecretDetector) -> None:
        self._detector = detector
        self._head = ("", "", "")
        self._tail = ("", "", "")
        """Language, text and scrubbed text of what stood above and below the cursor's line."""

    def scrub(self, snapshot: Snapshot) -> tuple[str, str]:
        """Return the prefix and the suffix."""
        # A line that is too long was cut: then its rest is the whole of the window.
        before = min(len(snapshot.line_prefix), len(snapshot.prefix))
        behind = min(len(snapshot.line_suffix), len(snapshot.suffix))
        head = snapshot.prefix[: len(snapshot.prefix) - before]
        tail = snapshot.suffix[behind:]
        if self._head[:2] != (snapshot.language, head):
            scrubbed = self._detector.scrub(head, snapshot.language)
            self._head = (snapshot.language, head, scrubbed)
        if self._tail[:2] != (snapshot.language, tail):
            scrubbed = self._detector.scrub(tail, snapshot.language)
            self._tail = (snapshot.language, tail, scrubbed)
        return (
            self._head[2] + snapshot.prefix[len(head) :],
            snapshot.suffix[:behind] + self._tail[2],
        )
