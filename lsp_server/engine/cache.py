"""What was suggested before, for when the user types it, takes it back, or comes again.

Keyed by the text around the cursor as it really was, suffix included: an entry serves every state
that comes of its own by typing the beginning of its text.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from ghostlap.lsp_server.documents import Snapshot
from ghostlap.lsp_server.engine.advance import Rest, advance, rest_of
from ghostlap.telemetry import Source, monotonic_ns

__all__ = ["Cache", "Entry"]

_MOST_PER_DOCUMENT = 32  # looked through one by one at a key; a miss costs 0.2 µs each
_MOST_BYTES = 4 * 1024 * 1024  # of windows and texts: some 600 entries of the usual 6 kB
_ABSTENTION_NS = 60_000_000_000
"""How long it holds that a provider had nothing to say: its context may be another by then."""


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """A suggestion for the state that it was asked for. An empty text: there was none to give."""

    snapshot: Snapshot
    text: str
    replaces: int
    sequence: int
    """The keystroke that asked for it."""
    source: Source = Source.CACHE
    put_ns: int = 0

    @property
    def size_bytes(self) -> int:
        return len(self.snapshot.prefix) + len(self.snapshot.suffix) + len(self.text)


class Cache:
    """Least recently used entries go first. Used from one event loop alone."""

    def __init__(self, *, most_bytes: int = _MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._size_bytes = 0
        self._by_uri: OrderedDict[str, list[Entry]] = OrderedDict()
        """The least recently used document first, and in each the least recently used entry."""

    def __len__(self) -> int:
        return sum(map(len, self._by_uri.values()))

    def put(
        self,
        snapshot: Snapshot,
        text: str,
        replaces: int,
        sequence: int,
        source: Source = Source.CACHE,
    ) -> Entry:
        entry = Entry(snapshot, text, replaces, sequence, source, monotonic_ns())
        entries = self._by_uri.setdefault(snapshot.uri, [])
        self._by_uri.move_to_end(snapshot.uri)
        entries.append(entry)
        self._size_bytes += entry.size_bytes
        if len(entries) > _MOST_PER_DOCUMENT:
            self._size_bytes -= entries.pop(0).size_bytes
        while self._size_bytes > self._most_bytes and len(self) > 1:
            self._drop_oldest()
        return entry

    def find(self, snapshot: Snapshot) -> tuple[Entry, Rest] | None:
        """Return the entry last used that has something to say here, and what it has to say.

        An empty rest: the provider was asked this very thing, and had nothing to say.
        """
        entries = self._by_uri.get(snapshot.uri)
        if entries is None:
            return None
        line, typed = snapshot.line, snapshot.line_prefix
        for at in range(len(entries) - 1, -1, -1):
            entry = entries[at]
            asked = entry.snapshot
            # Most that do not serve are told apart before any text is looked at closely.
            if asked.line == line:
                before = asked.line_prefix
                if not (typed.startswith(before) and entry.text.startswith(typed[len(before) :])):
                    continue
            elif not 0 < line - asked.line <= entry.text.count("\n"):
                continue
            step = advance(entry.snapshot, snapshot)
            if step is None:
                continue
            rest = rest_of(entry.text, entry.replaces, step)
            if rest is None or not _is_news(entry, snapshot, rest):
                continue
            if at != len(entries) - 1:  # what is on display stays on display
                del entries[at]
                entries.append(entry)
            self._by_uri.move_to_end(snapshot.uri)
            return entry, rest
        return None

    def forget(self, uri: str) -> None:
        """Drop what is known of one document."""
        for entry in self._by_uri.pop(uri, ()):
            self._size_bytes -= entry.size_bytes

    def clear(self) -> None:
        self._by_uri.clear()
        self._size_bytes = 0

    def _drop_oldest(self) -> None:
        uri, entries = next(iter(self._by_uri.items()))
        self._size_bytes -= entries.pop(0).size_bytes
        if not entries:
            del self._by_uri[uri]


def _is_news(entry: Entry, snapshot: Snapshot, rest: Rest) -> bool:
    """Whether there is something left to show; or it is known that there is not."""
    if not entry.text:
        return monotonic_ns() - entry.put_ns < _ABSTENTION_NS
    return rest.is_news(snapshot.line_suffix)
