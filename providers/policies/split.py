"""Send a share of the keystrokes elsewhere: a canary, for instance a tenth on the new chip."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from random import Random

from ghostlap.providers._base import CompletionRequest, CompletionStream, Provider
from ghostlap.telemetry import Trace

__all__ = ["Split"]


class Split:
    """Asks one of several providers, drawn anew for each request. Used from one event loop.

    The providers are closed along with it.
    """

    def __init__(
        self,
        rest: Provider,
        shares: Sequence[tuple[float, Provider]],
        *,
        chance: Random | None = None,
    ) -> None:
        """`shares` are between 0 and 1 and sum up to 1 at most; `rest` gets what is left."""
        self._rest = rest
        self._shares = tuple(shares)
        self._chance = chance or Random()  # noqa: S311 - it draws samples, no secrets

    @property
    def name(self) -> str:
        return self._rest.name

    def stream(
        self, request: CompletionRequest, trace: Trace
    ) -> AbstractAsyncContextManager[CompletionStream]:
        return self._draw().stream(request, trace)

    async def warm(self) -> None:
        await asyncio.gather(*(each.warm() for each in self._all()))

    async def aclose(self) -> None:
        await asyncio.gather(*(each.aclose() for each in self._all()))

    def _draw(self) -> Provider:
        drawn = self._chance.random()
        for share, provider in self._shares:
            drawn -= share
            if drawn < 0:
                return provider
        return self._rest

    def _all(self) -> list[Provider]:
        return [self._rest, *(provider for _, provider in self._shares)]
