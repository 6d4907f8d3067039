"""What the client was offered, and what it says became of it, on its way into the telemetry."""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from ghostlap.lsp_server.copilot.quirks import Quirk
from ghostlap.lsp_server.documents import Documents, InvalidParams, Snapshot
from ghostlap.lsp_server.documents.positions import PositionEncoding, character_at, index_at
from ghostlap.lsp_server.engine import Suggestion
from ghostlap.telemetry import FeedbackKind, Recorder, monotonic_ns

__all__ = ["Offers"]

_KEPT = 256  # keystrokes; a client speaks of the last one or two

_TYPED_ON_S = 0.5
"""How long after a rejection an edit still says that it was none: copilot.vim sends its edits with
the next request, 75 ms after the key."""

_ID = re.compile(r"(\d{1,15})(?:-(\d{1,3}))?")


@dataclass(slots=True)
class _Offer:
    """The suggestions of one keystroke."""

    texts: list[str]
    before_units: int
    """How much of the line stands before the cursor, in UTF-16."""
    uri: str
    version: int
    is_shown: bool = False
    is_over: bool = False
    """It was accepted or rejected: what comes later of it is an echo."""
    taken: int = 0
    """Characters that were accepted so far."""


class Offers:
    """Tells by an id which keystroke's suggestion is meant. Used from one event loop alone.

    An id names a keystroke and which of its texts it is, counted from 0: `17-0`.
    """

    def __init__(self, documents: Documents, recorder: Callable[[], Recorder]) -> None:
        self._documents = documents
        self._recorder = recorder
        self._offers: OrderedDict[int, _Offer] = OrderedDict()
        self._held: dict[int, tuple[asyncio.TimerHandle, int]] = {}
        """Rejections that may turn out to be none, with the time that each came at."""

    def put(self, snapshot: Snapshot, suggestions: Sequence[Suggestion]) -> list[str]:
        """Remember what is offered, and return an id for each."""
        if suggestions:
            prefix = snapshot.line_prefix
            self._offers[suggestions[0].id] = _Offer(
                [each.text for each in suggestions],
                character_at(prefix, len(prefix), PositionEncoding.UTF_16),
                snapshot.uri,
                snapshot.version,
            )
            while len(self._offers) > _KEPT:
                self._offers.popitem(last=False)
        return [f"{each.id}-{index}" for index, each in enumerate(suggestions)]

    def id_of_text(self, text: str) -> str:
        """Return the id of the newest offer of this text. Raises InvalidParams."""
        for sequence, offer in reversed(self._offers.items()):
            if text in offer.texts:
                return f"{sequence}-{offer.texts.index(text)}"
        raise InvalidParams("There is no suggestion of this text.")

    def shown(self, name: str) -> None:
        """Note that it is on the screen. Only the first time counts: clients say so at a redraw."""
        sequence, _, offer = self._find(name)
        if offer is not None and not offer.is_shown:
            offer.is_shown = True
            self._recorder().record_feedback(sequence, FeedbackKind.SHOWN)

    def accepted(self, name: str) -> None:
        """Note that all of it was taken over."""
        sequence, text, offer = self._find(name)
        self._take(sequence, text, offer, len(text))

    def partly_accepted(
        self, name: str, units: int, quirks: Collection[Quirk] = frozenset()
    ) -> None:
        """Note that so much of it was taken over, in all so far, in UTF-16."""
        sequence, text, offer = self._find(name)
        if offer is not None and Quirk.LENGTH_FROM_LINE_START in quirks:
            units -= offer.before_units
        self._take(sequence, text, offer, index_at(text, units, PositionEncoding.UTF_16))

    def rejected(self, names: Iterable[str], quirks: Collection[Quirk] = frozenset()) -> None:
        """Note that the user did not want them."""
        for sequence, _, offer in [*map(self._find, names)]:
            if offer is None or offer.is_over:
                continue
            offer.is_over = True
            now_ns = monotonic_ns()
            self._recorder().record_editor_times(sequence, hidden_ns=now_ns)
            self._recorder().record_feedback(sequence, FeedbackKind.HIDDEN, at_ns=now_ns)
            if Quirk.REJECTS_THE_TYPED_OVER in quirks:
                loop = asyncio.get_running_loop()
                timer = loop.call_later(_TYPED_ON_S, self._decide, sequence)
                self._held[sequence] = (timer, now_ns)
            else:
                self._recorder().record_feedback(sequence, FeedbackKind.REJECTED, at_ns=now_ns)

    def settle(self) -> None:
        """Decide now what was left open, because the client ends."""
        for sequence, (timer, _) in [*self._held.items()]:
            timer.cancel()
            self._decide(sequence)

    def _find(self, name: str) -> tuple[int, str, _Offer | None]:
        """Return what an id names: the keystroke, the text, and the offer if it is still known."""
        found = _ID.fullmatch(name)
        if found is None:
            raise InvalidParams("This is no id of a suggestion.")
        sequence, index = int(found[1]), int(found[2] or 0)
        offer = self._offers.get(sequence)
        if offer is None or index >= len(offer.texts):
            return sequence, "", None
        return sequence, offer.texts[index], offer

    def _take(self, sequence: int, text: str, offer: _Offer | None, upto: int) -> None:
        if offer is None or offer.is_over:
            return
        length, offer.taken = upto - offer.taken, max(upto, offer.taken)
        offer.is_over = upto >= len(text)
        kind = FeedbackKind.ACCEPTED if offer.is_over else FeedbackKind.ACCEPTED_PARTLY
        if offer.is_over or length > 0:
            self._recorder().record_feedback(sequence, kind, length=max(length, 0))

    def _decide(self, sequence: int) -> None:
        _, at_ns = self._held.pop(sequence)
        offer = self._offers.get(sequence)
        document = self._documents.get(offer.uri) if offer else None
        if offer and document and document.version == offer.version:
            self._recorder().record_feedback(sequence, FeedbackKind.REJECTED, at_ns=at_ns)
