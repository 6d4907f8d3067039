"""A segment whose file may turn out to be damaged while somebody types."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ghostlap.providers.local.places import Places, Source
from ghostlap.providers.local.query import Half, Query
from ghostlap.providers.local.segment import Segment
from ghostlap.providers.local.words import FIRST_WORD

__all__ = ["GuardedSegment"]


class GuardedSegment(Segment):
    """A segment that knows nothing any more once a number in its streams has led astray.

    Opening a file reads its front alone (see `index_file`): a position that lies outside of the
    streams, or a token that is no word, is found when a key leads there. It is a segment, and does
    not merely hold one, because the votes are spared the way through a second object.
    """

    def __init__(
        self,
        path: Path,
        source: Source = Source.LIBRARY,
        on_damage: Callable[[], None] = lambda: None,
    ) -> None:
        """`on_damage` is called once. Raises as `Segment` does."""
        super().__init__(path, source)
        self.path = path
        self.is_damaged = False
        self._on_damage = on_damage
        self._tokens_there = 2 * (FIRST_WORD + len(self._word_ends))

    def places(self, query: Query, half: Half | None) -> Places | None:
        if self.is_damaged:
            return None
        try:
            found = super().places(query, half)
            if found is None:
                return None
            nexts = found.nexts
            if nexts[nexts.argmax()] < self._tokens_there:  # a quarter of the time of max
                return found
        except (IndexError, ValueError, OverflowError):
            pass  # as with a token that is no word
        self.is_damaged = True
        self._on_damage()
        return None
