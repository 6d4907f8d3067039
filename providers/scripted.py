"""A provider that plays a script: for tests, demonstrations and benchmarks, never for real figures.

`[providers.NAME]` with `dialect = "scripted"` has one, and says what it plays in `script`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, fields
from hashlib import blake2b
from types import TracebackType
from typing import Any, Self

from ghostlap.providers import _errors
from ghostlap.providers._base import CompletionRequest
from ghostlap.providers._errors import BadRequest, ProviderError, StatusError
from ghostlap.providers._settings import ProviderSettings
from ghostlap.providers._transport import Transport
from ghostlap.telemetry import (
    Attempt,
    AttemptOutcome,
    AttemptStage,
    CensorCause,
    Trace,
    Usage,
    monotonic_ns,
)

__all__ = ["Script", "ScriptedProvider", "build", "echo_of"]


@dataclass(frozen=True, slots=True)
class Script:
    """What is played to one request."""

    text: str = "ok"
    piece_chars: int = 0
    """How many characters arrive at a time; 0: all at once."""
    first_delay_s: float = 0.0
    """Before the first piece."""
    delay_s: float = 0.0
    """Before each further piece."""
    error: str = ""
    """The name of a `ProviderError` to fail with, for instance `Overloaded`."""
    error_after: int = 0
    """After how many pieces it fails."""
    retry_after_s: float = 0.0
    """What the error asks for, if it is one that asks."""
    echo: bool = False
    """Answer with `echo_of` the request instead of with `text`."""
    hang: bool = False
    """After the last piece, never end."""

    def pieces(self, request: CompletionRequest) -> list[str]:
        text = echo_of(request.prefix, request.suffix) if self.echo else self.text
        size = self.piece_chars or len(text) or 1
        return [text[at : at + size] for at in range(0, len(text), size)]

    def failure(self, provider: str) -> ProviderError:
        kind: type[ProviderError] = getattr(_errors, self.error)
        if issubclass(kind, StatusError):
            return kind(provider, "as scripted", retry_after_s=self.retry_after_s or None)
        return kind(provider, "as scripted")


def echo_of(prefix: str, suffix: str) -> str:
    """Return a line that tells whether the provider was shown just this text."""
    digest = blake2b(f"{prefix}\0{suffix}".encode("utf-8", "surrogatepass"), digest_size=8)
    return f"{digest.hexdigest()} {len(prefix)} {len(suffix)}"


class ScriptedProvider:
    """Plays each of its scripts to one request, and the last of them to all that follow."""

    def __init__(
        self, name: str = "scripted", scripts: Sequence[Script] = (), *, model: str = "script"
    ) -> None:
        self.requests: list[CompletionRequest] = []
        """What was asked, in order; kept in memory alone."""
        self.cancelled = 0
        """How many streams were left before their end."""
        self.open_streams = 0
        self.warmed = 0
        self.closed = False
        self._name = name
        self._model = model
        self._scripts = tuple(scripts) or (Script(),)

    @property
    def name(self) -> str:
        return self._name

    def stream(self, request: CompletionRequest, trace: Trace) -> ScriptedStream:
        script = self._scripts[min(len(self.requests), len(self._scripts) - 1)]
        self.requests.append(request)
        attempt = trace.attempt(self._name, self._model, simulated=True)
        return ScriptedStream(self, script, request, attempt)

    async def warm(self) -> None:
        self.warmed += 1

    async def aclose(self) -> None:
        self.closed = True


class ScriptedStream:
    """One script being played."""

    def __init__(
        self,
        provider: ScriptedProvider,
        script: Script,
        request: CompletionRequest,
        attempt: Attempt,
    ) -> None:
        self._provider = provider
        self._script = script
        self._pieces = script.pieces(request)
        self._attempt = attempt
        self._played = 0

    @property
    def attempt(self) -> Attempt:
        return self._attempt

    @property
    def alternatives(self) -> Sequence[str]:
        return ()

    async def __aenter__(self) -> Self:
        self._provider.open_streams += 1
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._provider.open_streams -= 1
        if self._attempt.outcome is not AttemptOutcome.RUNNING:
            return
        self._provider.cancelled += 1
        if self._attempt.stamps[AttemptStage.FIRST_USABLE]:
            self._attempt.end(AttemptOutcome.COMPLETED)
        else:
            cause = self._attempt.censor_cause or CensorCause.KEYSTROKE
            self._attempt.end(AttemptOutcome.CENSORED, cause=cause)

    def __aiter__(self) -> AsyncIterator[str]:
        return self

    async def __anext__(self) -> str:
        if self._attempt.outcome is not AttemptOutcome.RUNNING:
            raise StopAsyncIteration
        script, number = self._script, self._played
        await asyncio.sleep(script.delay_s if number else script.first_delay_s)
        if script.error and number >= min(script.error_after, len(self._pieces)):
            error = script.failure(self._provider.name)
            self._attempt.end(AttemptOutcome.ERROR, error=type(error).__name__)
            raise error
        if number == len(self._pieces):
            await self._end()
            raise StopAsyncIteration
        self._played += 1
        self._stamp(self._pieces[number])
        return self._pieces[number]

    def _stamp(self, piece: str) -> None:
        now = monotonic_ns()
        for stage in (AttemptStage.CONNECTED, AttemptStage.SENT, AttemptStage.HEADERS):
            self._attempt.stamp(stage, now)
        self._attempt.stamp(AttemptStage.FIRST_BYTE, now)
        if not piece.isspace():
            self._attempt.stamp(AttemptStage.FIRST_TOKEN, now)
        self._attempt.stamps[AttemptStage.LAST_TOKEN] = now
        self._attempt.text_length += len(piece)

    async def _end(self) -> None:
        if self._script.hang:
            await asyncio.Event().wait()
        self._attempt.finish_reason = "stop"
        self._attempt.usage = Usage(completion_tokens=len(self._pieces))
        seen = self._attempt.stamps[AttemptStage.FIRST_TOKEN]
        self._attempt.end(AttemptOutcome.COMPLETED if seen else AttemptOutcome.EMPTY)


def build(name: str, settings: ProviderSettings, transport: Transport) -> ScriptedProvider:  # noqa: ARG001 - every dialect's builder is given it
    """Return the provider that the settings describe. Raises `BadRequest` for a bad script."""
    return ScriptedProvider(name, [_script(name, settings.script)], model=settings.model)


def _script(name: str, told: Mapping[str, Any]) -> Script:
    wanted = {each.name: type(each.default) for each in fields(Script)}
    for key, value in told.items():
        kind = wanted.get(key)
        if kind is None:
            known = ", ".join(wanted)
            raise BadRequest(name, f"script has no {key!r}", f"it may have {known}")
        if not (type(value) is kind or (kind is float and type(value) is int)):
            raise BadRequest(name, f"script.{key} = {value!r} is not {kind.__name__}", "change it")
    error = told.get("error")
    if error and not _is_error(error):
        raise BadRequest(name, f"script.error = {error!r} is unknown", f"see {_errors.__name__}")
    return Script(**told)


def _is_error(name: str) -> bool:
    return name in _errors.__all__
