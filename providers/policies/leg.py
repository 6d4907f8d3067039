"""One attempt of a contest, read in a task of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from enum import Enum, auto
from typing import Protocol

from ghostlap.providers._base import CompletionRequest, CompletionStream
from ghostlap.providers._errors import ProviderTimeout
from ghostlap.providers.policies.backend import Backend
from ghostlap.providers.policies.estimator import Cut, prompt_length
from ghostlap.telemetry import (
    Attempt,
    AttemptOutcome,
    AttemptStage,
    CensorCause,
    LaunchReason,
    Role,
    Trace,
    monotonic_ns,
)

__all__ = ["Leg", "LegState", "Referee"]

_CUTS = {
    CensorCause.NONE: Cut.KEYSTROKE,
    CensorCause.KEYSTROKE: Cut.KEYSTROKE,
    CensorCause.SHUTDOWN: Cut.KEYSTROKE,
    CensorCause.RACE: Cut.DEFEAT,
    CensorCause.TIMEOUT: Cut.DEFEAT,
}


class LegState(Enum):
    RUNNING = auto()
    USABLE = auto()
    """Its text can be shown."""
    ABSTAINED = auto()
    """It is known that there will be nothing to show."""
    FAILED = auto()
    STOPPED = auto()


class Referee(Protocol):
    """Is told of each leg what becomes of it, within the leg's own task. Must not wait."""

    def changed(self, leg: Leg) -> None:
        """It is usable, has abstained or has failed: once for each leg at most."""
        ...

    def arrived(self, leg: Leg) -> None:
        """Text came behind the usable one, or its end."""
        ...

    def settled(self, leg: Leg) -> None:
        """It has let go of everything, and its attempt is complete."""
        ...


class Leg:
    """Buffers what one backend says, until somebody wants it. Used from one event loop alone."""

    def __init__(
        self,
        backend: Backend,
        request: CompletionRequest,
        trace: Trace,
        referee: Referee,
        *,
        role: Role,
        reason: LaunchReason,
        begun_ns: int = 0,
    ) -> None:
        """`begun_ns`: when the keystroke's first attempt was started; 0: this is the first."""
        self.backend = backend
        self.state = LegState.RUNNING
        self.pieces: list[str] = []
        self.is_over = False
        """Whether nothing more will come."""
        self.error: Exception | None = None
        self._request = request
        self._trace = trace
        self._referee = referee
        self._text = ""
        self._lost_ns = 0
        self._ends_when_usable = False
        self._stream: CompletionStream | None = None
        self._context: AbstractAsyncContextManager[CompletionStream]
        self._task: asyncio.Task[None] | None = None
        self.started_ns = monotonic_ns()
        self.attempt = self._begin(role, reason, begun_ns)
        backend.asked()

    @property
    def has_text(self) -> bool:
        return bool(self._text)

    @property
    def alternatives(self) -> Sequence[str]:
        return () if self._stream is None else self._stream.alternatives

    @property
    def runs(self) -> bool:
        return self.state is LegState.RUNNING

    def start(self) -> None:
        """Begin to ask. The trace is not settled before the leg has let go of everything."""
        self._trace.unsettled += 1
        self._task = asyncio.get_running_loop().create_task(self._run())
        self._task.add_done_callback(self._settle)

    async def ended(self) -> None:
        """Wait until it has let go of everything."""
        if self._task is not None:
            await asyncio.wait([self._task])

    def let_run(self) -> None:
        """Let a loser go on to its first usable text, and end there."""
        self.attempt.let_run = True
        self._lost_ns = monotonic_ns()
        self.end_when_usable()

    def end_when_usable(self) -> None:
        """Read no more than it takes to know when its text can be shown."""
        self._ends_when_usable = True

    def stop(self, cause: CensorCause) -> None:
        """Close it, in its own task. What it had come to by then stays."""
        if self._task is None or self._task.done():
            return
        if self.attempt.outcome is AttemptOutcome.RUNNING and not self.attempt.censor_cause:
            self.attempt.censor_cause = cause
        if self.runs:
            self.state = LegState.STOPPED
        self._task.cancel()

    def _begin(self, role: Role, reason: LaunchReason, begun_ns: int) -> Attempt:
        attempts = self._trace.attempts
        before = len(attempts)
        self._context = self.backend.provider.stream(self._request, self._trace)
        if len(attempts) == before:  # a provider that begins its attempt only when it is entered
            attempts.append(Attempt(self.backend.name))
        attempt = attempts[before]
        attempt.role = role
        attempt.launch_reason = reason
        attempt.delay_ns = self.started_ns - begun_ns if begun_ns else 0
        attempt.prompt_length = prompt_length(self._request)
        attempt.asked_tokens = self._request.max_tokens
        return attempt

    async def _run(self) -> None:
        try:
            async with self._context as self._stream:
                pieces = aiter(self._stream)
                try:
                    await self._read(pieces)
                finally:
                    if isinstance(pieces, AsyncGenerator):
                        await pieces.aclose()
        except Exception as error:  # noqa: BLE001 - whatever it is, another backend may answer
            self._fail(error)

    async def _read(self, pieces: AsyncIterator[str]) -> None:
        async for piece in pieces:
            self._take(piece)
            if self.state is LegState.ABSTAINED or (self._ends_when_usable and not self.runs):
                self.is_over = True
                return
        self.is_over = True
        if self.runs:
            self._judge(finished=True)
        else:
            self._referee.arrived(self)

    def _take(self, piece: str) -> None:
        self.pieces.append(piece)
        self._text += piece
        if self.runs:
            self._judge(finished=False)
        else:
            self._referee.arrived(self)

    def _judge(self, *, finished: bool) -> None:
        verdict = self._request.judge(self._text, finished)
        if verdict.usable:
            self.attempt.stamp(AttemptStage.FIRST_USABLE, self.attempt.received_ns)
            self._become(LegState.USABLE)
        elif verdict.decided or finished:
            self.attempt.end(AttemptOutcome.EMPTY)
            self.is_over = True
            self._become(LegState.ABSTAINED)

    def _fail(self, error: Exception) -> None:
        self.attempt.end(AttemptOutcome.ERROR, error=type(error).__name__)
        self.backend.failed(error)
        self.error = error
        self.is_over = True
        if self.runs:
            self._become(LegState.FAILED)
        else:
            self._referee.arrived(self)

    def _become(self, state: LegState) -> None:
        self.state = state
        self._referee.changed(self)

    # When it has let go.

    def _settle(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            task.exception()  # a bug of ours in the lines above: it is not to hide in a warning
        self.is_over = True
        attempt = self.attempt
        attempt.end(AttemptOutcome.CENSORED, cause=attempt.censor_cause or CensorCause.KEYSTROKE)
        self._learn()
        self._referee.settled(self)
        self._trace.settle()

    def _learn(self) -> None:
        """Tell the backend what can be learnt of it."""
        attempt = self.attempt
        if attempt.outcome in (AttemptOutcome.COMPLETED, AttemptOutcome.EMPTY):
            self.backend.answered()
        elif attempt.stamps[AttemptStage.FIRST_BYTE]:
            self.backend.heard()
        elif attempt.outcome is AttemptOutcome.CENSORED:
            self.backend.silent(self._request, self._after_s(AttemptStage.ENDED))
        if not attempt.delay_ns:  # begun because another was late, it tells of such moments alone
            self._observe()

    def _observe(self) -> None:
        attempt = self.attempt
        times = self.backend.times(self._request)
        if attempt.stamps[AttemptStage.FIRST_USABLE]:
            whole_s = self._after_s(AttemptStage.FIRST_USABLE)
            if self._lost_ns:
                times.observe_let_run((self._lost_ns - self.started_ns) / 1e9, whole_s)
            else:
                times.observe(whole_s)
        elif attempt.outcome is AttemptOutcome.CENSORED:
            times.observe(self._after_s(AttemptStage.ENDED), _CUTS[attempt.censor_cause])
        elif isinstance(self.error, ProviderTimeout):
            times.observe(self._after_s(AttemptStage.ENDED))  # at least: far beyond any delay

    def _after_s(self, stage: AttemptStage) -> float:
        return max(0, self.attempt.stamps[stage] - self.started_ns) / 1e9
