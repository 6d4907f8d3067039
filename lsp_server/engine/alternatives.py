"""Several texts for one position, for a user who asked to choose."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from ghostlap.lsp_server.engine.advance import Rest
from ghostlap.lsp_server.engine.flight import Flight
from ghostlap.lsp_server.engine.shared import Route
from ghostlap.providers import ProviderError
from ghostlap.telemetry import AttemptStage, Trace

__all__ = ["MOST", "texts_to_choose_from"]

MOST = 3
_LONGER_S = 0.5
"""How long the further texts are waited for when there is one. The user chooses between what is
there; more than half a second more and it is the waiting that is noticed."""


async def texts_to_choose_from(route: Route, flight: Flight, trace: Trace) -> list[Rest]:
    """Return what the provider says when it is asked several times at once, the first answer first.

    Empty: nothing worth showing. Raises ProviderError when nothing came and a request failed.
    """
    if route.instant:
        return _different(await _one(route, flight, trace))
    tasks = [asyncio.ensure_future(_one(route, flight, trace)) for _ in range(MOST)]
    found: list[Rest] = []
    error: ProviderError | None = None
    waiting: set[asyncio.Future[list[Rest]]] = set(tasks)
    try:
        while waiting and len(_different(found)) < MOST:
            done, waiting = await asyncio.wait(
                waiting,
                timeout=_LONGER_S if found else None,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if not done:
                break
            for task in done:
                if isinstance(failure := task.exception(), ProviderError):
                    error = failure
                else:
                    found += task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    if error is not None and not found:
        raise error
    return _different(found)


async def _one(route: Route, flight: Flight, trace: Trace) -> list[Rest]:
    """Ask once. A provider in this process gives its own alternatives, at the stream's end."""
    assert flight.request is not None, "the flight has its request"
    request = flight.request
    async with route.provider.stream(request, trace) as stream:
        text, finished = "", False
        pieces = aiter(stream)
        try:
            async for piece in pieces:
                text += piece
                if not route.instant and request.judge(text, False).decided:
                    break
            else:
                finished = True
        finally:
            if isinstance(pieces, AsyncGenerator):
                await pieces.aclose()
        raw = [text, *stream.alternatives]
        found = [flight.shape_another(each, finished=finished) for each in raw]
        if found[0].text:
            stream.attempt.stamp(AttemptStage.FIRST_USABLE)
            stream.attempt.won = not any(each.won for each in trace.attempts)
        return [each for each in found if each.text]


def _different(found: list[Rest]) -> list[Rest]:
    return list(dict.fromkeys(found))[:MOST]
