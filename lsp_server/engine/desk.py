"""One document's requests: at most one under way, and one that waits."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from functools import partial

from ghostlap.lsp_server.engine.advance import Rest, accepted
from ghostlap.lsp_server.engine.ahead import Glance, mark_as_ahead
from ghostlap.lsp_server.engine.alternatives import MOST, texts_to_choose_from
from ghostlap.lsp_server.engine.asking import request_for, wants_one_line
from ghostlap.lsp_server.engine.cache import Entry
from ghostlap.lsp_server.engine.cancels import HOLD_S
from ghostlap.lsp_server.engine.flight import Flight, Standing
from ghostlap.lsp_server.engine.guess import Guess, guess_for
from ghostlap.lsp_server.engine.job import Job
from ghostlap.lsp_server.engine.shared import Route, Shared
from ghostlap.lsp_server.logs import log_failure
from ghostlap.providers import Provider, ProviderError
from ghostlap.telemetry import (
    AttemptOutcome,
    CensorCause,
    Outcome,
    Source,
    Stage,
    Trace,
    monotonic_ns,
)

__all__ = ["Desk"]

log = logging.getLogger(__name__)

_UNDER_WAY_S = 0.005
"""A request has been sent by then, and no provider elsewhere has answered it."""

_NOBODY_CAME_S = 1.0
"""How long a request goes on that an edit has left without a taker. Neovim's own feature asks
200 ms after the last of a row of keys."""


class Desk:
    """Used from one event loop alone, and not from within an `Answer`."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self.job: Job | None = None
        """The request that is not answered yet."""
        self._flight: Flight | None = None
        self._timer: asyncio.TimerHandle | None = None
        """Ends a wait: of the job for its turn, or of the flight for a taker."""
        self._glance = Glance(self._ask_ahead)
        self._guess: Guess | None = None
        """What is on display until a remote answer is ready."""
        self._behind: Job | None = None
        """Answered with a guess, it waits for its turn to ask the provider."""

    def ask(self, job: Job) -> None:
        """Answer `job`, now or later, in place of the one before it."""
        self.supersede()
        self.job = job
        shared, route = self._shared, self._shared.route
        if not shared.settled:
            return
        if route is None:
            self._reply(job, Outcome.INELIGIBLE)
            return
        reason = shared.context.why_not(job.snapshot)
        if reason is not None:
            self._drop(CensorCause.KEYSTROKE)
            self._reply(job, Outcome.INELIGIBLE)
            shared.withheld(job.snapshot.uri, reason)
            return
        if not job.invoked and (
            self._keep_guess(job, route) or self._serve_from_cache(job) or self._board(job, route)
        ):
            return
        self._drop(CensorCause.KEYSTROKE)
        if route.guess is None or job.invoked:
            self._schedule(job, route)
        else:
            shared.tasks.start(self._guess_first(job, route.guess, route))

    def supersede(self) -> None:
        """Answer who waits: the text has changed, or goes."""
        self._stop_waiting()
        if self.job is not None:
            self._reply(self.job, Outcome.SUPERSEDED)

    def edited(self) -> None:
        """Answer who waits, and leave what is under way to the next request for a while."""
        self.supersede()
        self._shared.cancels.edited(monotonic_ns())
        if self._flight is not None:
            self._timer = asyncio.get_running_loop().call_later(
                _NOBODY_CAME_S, self._drop, CensorCause.KEYSTROKE
            )

    def cancel(self, job: Job) -> None:
        """Answer a request as cancelled, if it is not answered yet."""
        if self.job is not job:
            return
        self._stop_waiting()
        self._reply(job, Outcome.CANCELLED)
        self._shared.cancels.cancelled(monotonic_ns())
        if self._shared.cancels.are_for_edits and self._flight is not None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(HOLD_S, self._cancelled_for_good)
        else:
            self._drop(CensorCause.KEYSTROKE)

    def close(self, outcome: Outcome, cause: CensorCause) -> None:
        """Answer who waits, and end what is under way."""
        self._stop_waiting()
        if self.job is not None:
            self._reply(self.job, outcome)
        self._drop(cause)

    # Where an answer can come from.

    def _keep_guess(self, job: Job, route: Route) -> bool:
        """Show what is left of a guess, unless the remote answer is to be shown."""
        guess = self._guess
        left = guess.left(job.snapshot) if guess is not None else None
        found = self._shared.cache.find(job.snapshot) if left is not None else None
        remote = found[1] if found is not None else None
        if guess is None or left is None or not guess.stays(left[0], remote, is_typed=left[1]):
            self._guess = None
            return False
        flight = self._flight
        if flight is not None and flight.takes_others:
            if flight.standing(job.snapshot)[0] is Standing.SPENT:
                self._drop(CensorCause.KEYSTROKE)
            else:
                flight.wanted = job.snapshot
        job.began()
        self._leave(job)
        guess.serve(job, left[0])
        self._ask_behind(job, route, is_known=remote is not None)
        return True

    async def _guess_first(self, job: Job, guesser: Provider, route: Route) -> None:
        """Show a guess at once, and ask the provider behind it."""
        found = None
        if self.job is job:
            try:
                found = await guess_for(job, guesser, route, self._shared)
            except Exception as error:  # noqa: BLE001 - it was a guess; the provider is asked
                log_failure(log, "Guessing", error)
        if self.job is not job:
            return
        if found is None:
            self._schedule(job, route)
            return
        flight, rest = found
        assert flight.stream is not None, "what it said came from a stream"
        flight.stream.attempt.won = True
        job.began()
        self._leave(job)
        job.serve(rest, source=Source.PROVIDER, text_from=job.trace.sequence)
        self._guess = Guess(job.snapshot, rest, job.trace.sequence, monotonic_ns())
        self._ask_behind(job, route, is_known=False)

    def _ask_behind(self, job: Job, route: Route, *, is_known: bool) -> None:
        """Ask the provider for a job that was answered, unless that is done or under way."""
        if is_known or (self._flight is not None and not self._flight.ended):
            job.ended()
            return
        self._behind = job
        self._schedule(job, route)

    def _serve_from_cache(self, job: Job) -> bool:
        found = self._shared.cache.find(job.snapshot)
        job.trace.stamp(Stage.CACHE_CHECKED)
        if found is None:
            return False
        entry, rest = found
        flight = self._flight
        if (
            flight is not None
            and not flight.is_before(job.snapshot)
            and flight.standing(job.snapshot)[0] is Standing.SPENT
        ):
            self._drop(CensorCause.KEYSTROKE)
        if not rest.text:
            job.trace.source = Source.CACHE
            job.trace.text_from = entry.sequence
            self._reply(job, Outcome.EMPTY)
            return True
        self._serve_entry(job, entry, rest)
        return True

    def _board(self, job: Job, route: Route) -> bool:
        """Let the request under way serve this job too, if it can."""
        flight = self._flight
        if flight is None or not flight.takes_others or flight.provider is not route.provider:
            return False
        standing, rest = flight.standing(job.snapshot)
        if standing in (Standing.SPENT, Standing.EMPTY):
            return False
        flight.wanted = job.snapshot
        flight.job = job
        if standing is Standing.USABLE:
            self._serve(job, flight, rest)
        elif not flight.raw:
            delay_s = max(0.0, route.schedule.delay_s(job.snapshot, job.trace))
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(delay_s, self._reconsider, flight, job, route)
        return True

    def _reconsider(self, flight: Flight, job: Job, route: Route) -> None:
        """Ask anew at a pause in typing, where that is likely to be answered sooner."""
        self._timer = None
        if flight.job is job and not flight.is_worth_waiting_for(route.schedule.usable_s):
            self._drop(CensorCause.KEYSTROKE)
            self._launch(job, route)

    def _schedule(self, job: Job, route: Route) -> None:
        delay_s = route.schedule.delay_s(job.snapshot, job.trace)
        if delay_s > 0:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(delay_s, self._launch, job, route)
        else:
            self._launch(job, route)

    # One request to the provider.

    def _launch(self, job: Job, route: Route) -> None:
        self._timer = None
        self._shared.budget.earn()
        taker = None if job.is_answered else job
        self._start(Flight(job, job.snapshot, taker, route.provider), route)
        self._let_go_behind()

    def _start(self, flight: Flight, route: Route) -> None:
        self._flight = flight
        self._shared.flights.add(flight)
        flight.origin.began()
        flight.task = self._shared.tasks.start(
            self._fly(flight, route), then=partial(self._landed, flight)
        )

    async def _fly(self, flight: Flight, route: Route) -> None:
        trace = flight.origin.trace
        try:
            self._prepare(flight, route, trace)
            if flight.gives_choice:
                await self._offer_choice(flight, route, trace)
            else:
                await self._read(flight, route, trace)
        except ProviderError as error:
            self._failed(flight)
            if not flight.ended:
                self._shared.failed(error)
        except Exception as error:  # noqa: BLE001 - a provider's bug costs one answer, no more
            self._failed(flight)
            for attempt in trace.attempts:
                attempt.end(AttemptOutcome.ERROR, error=type(error).__name__)
            log_failure(log, "Completing", error)

    def _prepare(self, flight: Flight, route: Route, trace: Trace) -> None:
        ahead = flight.is_ahead or flight.origin.is_answered
        if not ahead:
            trace.stamp(Stage.DEBOUNCED)
        flight.request = request_for(
            flight.snapshot,
            self._shared.context.surroundings(flight.snapshot),
            flight.judge,
            max_tokens=route.max_tokens,
            single_line=route.single_line or wants_one_line(flight.snapshot),
            alternatives=MOST if flight.gives_choice else 1,
        )
        if not route.instant:
            asyncio.get_running_loop().call_later(_UNDER_WAY_S, flight.prepare)
        if not ahead:
            trace.stamp(Stage.CONTEXT_READY)
            trace.stamp(Stage.DISPATCHED)

    async def _read(self, flight: Flight, route: Route, trace: Trace) -> None:
        assert flight.request is not None, "it was prepared"
        before = len(trace.attempts)
        async with route.provider.stream(flight.request, trace) as stream:
            flight.stream = stream
            if flight.is_ahead:
                mark_as_ahead(trace, before)
            pieces = aiter(stream)
            try:
                async for piece in pieces:
                    flight.read(piece)
                    if self._goes_no_further(flight, route):
                        break
                else:
                    flight.finished = True
                    self._goes_no_further(flight, route)
            finally:
                if isinstance(pieces, AsyncGenerator):
                    await pieces.aclose()  # or the loop would, in a task that nobody owns

    def _goes_no_further(self, flight: Flight, route: Route) -> bool:
        """Serve what can be served; says whether the stream can be closed.

        The answer goes out before anything is closed.
        """
        if flight.ended:  # given up, and its provider has not noticed
            return True
        if flight.decides_nothing():
            return False
        is_known = flight.shape().decided or flight.finished
        if not is_known:
            if flight.wanted is flight.snapshot:
                return False
            if flight.standing(flight.wanted)[0] is not Standing.SPENT:
                return False
        job = flight.job
        flight.ended = True
        standing, rest = flight.standing((job or flight).snapshot)
        if job is not None and standing is Standing.USABLE:
            self._serve(job, flight, rest)
            job = None
        if is_known:
            self._keep(flight, route)
        if job is None:
            return True
        if standing is Standing.EMPTY:
            self._reply(job, Outcome.EMPTY)
        else:  # its turn has come
            flight.give_up(CensorCause.KEYSTROKE)
            self._flight = None
            self._stop_waiting()
            self._schedule(job, route)
        return True

    def _keep(self, flight: Flight, route: Route) -> None:
        """Remember a text that is known, and how long it took."""
        shaped = flight.shape()
        assert flight.stream is not None, "what it said came from a stream"
        attempt = flight.stream.attempt
        if shaped.text:
            flight.stamp_usable()
            route.schedule.answered((flight.usable_ns - flight.started_ns) / 1e9)
        else:
            attempt.end(AttemptOutcome.EMPTY)
        self._shared.cache.put(
            flight.snapshot,
            shaped.text,
            shaped.replaces,
            flight.origin.trace.sequence,
            Source.SPECULATED if flight.is_ahead else Source.CACHE,
        )

    async def _offer_choice(self, flight: Flight, route: Route, trace: Trace) -> None:
        """Serve several texts; what is on display already stays the first of them."""
        found = await texts_to_choose_from(route, flight, trace)
        job = flight.job
        if job is None or flight.ended:
            return
        flight.ended = True
        cached = self._shared.cache.find(job.snapshot)
        if cached is not None and cached[1].text:
            found = [cached[1], *(each for each in found if each != cached[1])][:MOST]
        sequence = trace.sequence
        for text, replaces in reversed(found):
            self._shared.cache.put(job.snapshot, text, replaces, sequence)
        if not found:
            self._reply(job, Outcome.EMPTY)
            return
        self._leave(job)
        job.serve(*found, source=Source.PROVIDER, text_from=sequence)

    def _landed(self, flight: Flight) -> None:
        """Note that a flight's task has ended, and with it all that it had opened."""
        self._shared.flights.discard(flight)
        if self._flight is flight:
            self._flight = None
        job, flight.job = flight.job, None
        if job is not None and not job.is_answered:  # only its owner's closing ends it so
            self._reply(job, Outcome.CANCELLED)
        flight.ended = True
        flight.origin.ended()

    # Answering.

    def _serve(self, job: Job, flight: Flight, rest: Rest) -> None:
        assert flight.stream is not None, "what it said came from a stream"
        own = flight.origin is job
        flight.stream.attempt.won = True
        self._leave(job)
        job.began()
        job.serve(
            rest,
            source=Source.PROVIDER if own else flight.source,
            text_from=flight.origin.trace.sequence,
            at_ns=flight.usable_ns if own else 0,
        )
        self._look(job, rest, len(flight.shape().text) - len(rest.text))
        job.ended()

    def _serve_entry(self, job: Job, entry: Entry, rest: Rest) -> None:
        typed = len(entry.text) - len(rest.text)
        self._leave(job)
        job.began()
        job.serve(rest, source=Source.CACHE if typed else entry.source, text_from=entry.sequence)
        self._look(job, rest, typed)
        job.ended()

    def _look(self, job: Job, rest: Rest, typed: int) -> None:
        """Have the user look at `rest`, of which so much was typed before."""
        if self._shared.budget.share:
            self._glance.look(job, rest, typed)

    def _reply(self, job: Job, outcome: Outcome) -> None:
        self._leave(job)
        job.reply(outcome)

    def _leave(self, job: Job) -> None:
        """Forget a job that is about to be answered."""
        self.job = None
        if self._flight is not None and self._flight.job is job:
            self._flight.job = None

    def _failed(self, flight: Flight) -> None:
        if flight.job is not None:
            self._reply(flight.job, Outcome.ERROR)

    def _drop(self, cause: CensorCause) -> None:
        """End what is under way, if anything is."""
        flight, self._flight = self._flight, None
        if flight is None or flight.ended:
            return
        flight.give_up(cause)
        assert flight.task is not None, "a flight is known only once its task was started"
        flight.task.cancel()

    def _cancelled_for_good(self) -> None:
        """No edit came behind a cancel: the client meant it."""
        self._shared.cancels.held_in_vain()
        self._drop(CensorCause.KEYSTROKE)

    def _ask_ahead(self, job: Job, rest: Rest) -> None:
        """Ask for what would come behind a suggestion, if there is nothing better to do."""
        shared, route = self._shared, self._shared.route
        busy = self._flight is not None and not self._flight.ended
        if route is None or route.instant or busy or self.job is not None:
            return
        state = accepted(job.snapshot, *rest)
        if shared.cache.find(state) is None and shared.budget.spend():
            self._start(Flight(job, state, None, route.provider), route)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._let_go_behind()
        self._glance.look_away()

    def _let_go_behind(self) -> None:
        behind, self._behind = self._behind, None
        if behind is not None:
            behind.ended()
