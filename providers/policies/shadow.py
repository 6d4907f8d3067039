"""Ask a second backend as well, and only measure it: nothing of what it says is shown."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from random import Random
from types import TracebackType
from typing import Self

from ghostlap.providers._base import CompletionRequest, CompletionStream, Provider
from ghostlap.providers.policies.backend import Backend
from ghostlap.providers.policies.budget import Budget
from ghostlap.providers.policies.leg import Leg
from ghostlap.telemetry import Attempt, CensorCause, LaunchReason, Role, Trace

__all__ = ["Shadow"]

_SUFFIX = "+shadow"
"""Of the policy's name, for keystrokes that had a shadow."""


class Shadow:
    """Wraps the provider that is shown, which is closed along with it; the backend is not.

    A shadow ends at its first usable text. A keystroke that makes the request void ends it too.
    """

    def __init__(
        self,
        shown: Provider,
        backend: Backend,
        budget: Budget,
        failed: Callable[[Exception], None],
        *,
        share: float = 1.0,
        chance: Random | None = None,
    ) -> None:
        """`share`: of the keystrokes. `failed` is told of the backend's failures."""
        self._shown = shown
        self._backend = backend
        self._budget = budget
        self._failed = failed
        self._share = share
        self._chance = chance or Random()  # noqa: S311 - it draws samples, no secrets
        self._running: set[Leg] = set()

    @property
    def name(self) -> str:
        return self._shown.name

    def stream(
        self, request: CompletionRequest, trace: Trace
    ) -> AbstractAsyncContextManager[CompletionStream]:
        shown = self._shown.stream(request, trace)
        wanted = request.alternatives == 1 and self._chance.random() < self._share
        if not wanted or self._backend.refusal():
            return shown
        return _Shadowed(self, shown, request, trace)

    async def warm(self) -> None:
        await asyncio.gather(self._shown.warm(), self._backend.provider.warm())

    async def aclose(self) -> None:
        running = list(self._running)
        for leg in running:
            leg.stop(CensorCause.SHUTDOWN)
        for leg in running:
            await leg.ended()
        await self._shown.aclose()

    # For _Shadowed, and as the legs' referee.

    def begin(self, request: CompletionRequest, trace: Trace) -> Leg | None:
        if denial := self._budget.measure():
            trace.denied = trace.denied or denial
            return None
        if not trace.policy.endswith(_SUFFIX):  # one shadow may be another's shown provider
            trace.policy = (trace.policy or "off") + _SUFFIX
        reason = LaunchReason.MEASURE
        leg = Leg(self._backend, request, trace, self, role=Role.SHADOW, reason=reason)
        self._running.add(leg)
        leg.start()
        leg.end_when_usable()
        return leg

    def changed(self, leg: Leg) -> None:
        if leg.error is not None:
            self._failed(leg.error)

    def arrived(self, leg: Leg) -> None:
        """Nobody reads it."""

    def settled(self, leg: Leg) -> None:
        self._running.discard(leg)
        self._budget.charge(leg.backend.cost_usd(leg.attempt))


class _Shadowed:
    """The shown stream, with a shadow beside it."""

    def __init__(
        self,
        policy: Shadow,
        shown: AbstractAsyncContextManager[CompletionStream],
        request: CompletionRequest,
        trace: Trace,
    ) -> None:
        self._policy = policy
        self._context = shown
        self._request = request
        self._trace = trace
        self._stream: CompletionStream
        self._shadow: Leg | None = None
        self._begin: asyncio.Handle

    @property
    def attempt(self) -> Attempt:
        return self._stream.attempt

    @property
    def alternatives(self) -> Sequence[str]:
        return self._stream.alternatives

    async def __aenter__(self) -> Self:
        self._stream = await self._context.__aenter__()
        # The request that is shown goes first, and the engine marks what it asks ahead of need.
        self._begin = asyncio.get_running_loop().call_soon(self._start)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._begin.cancel()
        if kind is not None and self._shadow is not None:
            self._shadow.stop(CensorCause.KEYSTROKE)
        await self._context.__aexit__(kind, error, traceback)

    def __aiter__(self) -> AsyncIterator[str]:
        return aiter(self._stream)

    def _start(self) -> None:
        if self._stream.attempt.role is not Role.SPECULATIVE:
            self._shadow = self._policy.begin(self._request, self._trace)
