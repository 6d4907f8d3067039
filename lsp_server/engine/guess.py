"""A guess that is on display until a remote answer is ready, and what that answer may do to it.

What can have been read does not change. A remote text that goes on from what is left of the guess
extends it. One that the guess goes on from says less: the guess stays. Any other takes its place
only if nobody can have begun to read: no more than `UNREAD_S` after the guess was sent, and before
the next key. Else it is shown when nothing is left of the guess.
"""

from __future__ import annotations

from dataclasses import dataclass

from ghostlap.lsp_server.documents import Snapshot
from ghostlap.lsp_server.engine.advance import Rest, advance, rest_of
from ghostlap.lsp_server.engine.asking import request_for, wants_one_line
from ghostlap.lsp_server.engine.flight import Flight, Standing
from ghostlap.lsp_server.engine.job import Job
from ghostlap.lsp_server.engine.shared import Route, Shared
from ghostlap.providers import Provider
from ghostlap.telemetry import Source, Stage, monotonic_ns

__all__ = ["UNREAD_S", "Guess", "gives_way", "guess_for"]

UNREAD_S = 0.2
"""A text that appears is not looked at any sooner: the eye takes as long to turn to it."""


def gives_way(left: str, remote: str, *, shown_s: float, is_typed: bool) -> bool:
    """Whether a remote text is shown in place of what is left of a guess.

    `is_typed` tells whether a key came since the guess was sent.
    """
    if not left or remote.startswith(left):
        return True
    if left.startswith(remote):
        return False
    return not is_typed and shown_s <= UNREAD_S


@dataclass(frozen=True, slots=True)
class Guess:
    """What was sent."""

    snapshot: Snapshot
    rest: Rest
    sequence: int
    """The keystroke that it answered."""
    sent_ns: int

    def left(self, snapshot: Snapshot) -> tuple[Rest, bool] | None:
        """Return what is left of it and whether a key came since; None: nothing is."""
        step = advance(self.snapshot, snapshot)
        rest = rest_of(*self.rest, step) if step is not None else None
        if step is None or rest is None or not rest.is_news(snapshot.line_suffix):
            return None
        return rest, bool(step.typed)

    def stays(self, left: Rest, remote: Rest | None, *, is_typed: bool) -> bool:
        """Whether it is shown rather than the remote answer, where there is one."""
        if remote is None or not remote.text:
            return True
        shown_s = (monotonic_ns() - self.sent_ns) / 1e9
        return not gives_way(left.text, remote.text, shown_s=shown_s, is_typed=is_typed)

    def serve(self, job: Job, left: Rest) -> None:
        """Answer a later request with what is left of it."""
        job.serve(left, source=Source.CACHE, text_from=self.sequence)


async def guess_for(
    job: Job, guesser: Provider, route: Route, shared: Shared
) -> tuple[Flight, Rest] | None:
    """Ask for a guess; None where there is nothing to show."""
    flight = Flight(job, job.snapshot, job, guesser)
    began_ns = monotonic_ns()
    flight.request = request_for(
        job.snapshot,
        shared.context.surroundings(job.snapshot),
        flight.judge,
        max_tokens=route.max_tokens,
        single_line=route.single_line or wants_one_line(job.snapshot),
    )
    async with guesser.stream(flight.request, job.trace) as stream:
        flight.stream = stream
        async for piece in stream:
            flight.read(piece)
        flight.finished = True
        standing, rest = flight.standing(job.snapshot)
        if standing is not Standing.USABLE:
            return None
        flight.stamp_usable()
    for stage in (Stage.DEBOUNCED, Stage.CONTEXT_READY, Stage.DISPATCHED):
        job.trace.stamp(stage, began_ns)
    return flight, rest
