"""The streaming loop that all HTTP dialects share: ask, read, clean, stamp, and let go.

A dialect says what to send and what an event means. All else stands here once: the key, the
circuit, the status, the terminator, the errors, and what the attempt records.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, Self

import orjson

from ghostlap.providers._answers import ErrorEvent, error_from_answer, error_from_event
from ghostlap.providers._base import CompletionRequest
from ghostlap.providers._circuit import Circuit
from ghostlap.providers._clean import TextFilter
from ghostlap.providers._errors import ProtocolError, ProviderError, StatusError, Truncated
from ghostlap.providers._exchange import Endpoint
from ghostlap.providers._keys import Key
from ghostlap.providers._ndjson import NdjsonReader
from ghostlap.providers._prompt import Prompt, prompt_for
from ghostlap.providers._secret import Secret
from ghostlap.providers._settings import ProviderSettings
from ghostlap.providers._sse import Event, SseReader
from ghostlap.telemetry import (
    Attempt,
    AttemptOutcome,
    AttemptStage,
    CensorCause,
    Trace,
)

__all__ = ["Answer", "Carrier", "Dialect", "Exchange", "HttpProvider"]

_DONE = b"[DONE]"
_ERROR_BODY_BYTES = 65_536
_LONGEST_BODY_BYTES = 16 * 1024 * 1024
"""No completion is this long: what streams on is not one, and would fill the memory."""


class Exchange(Protocol):
    """One request under way: see `ghostlap.providers._exchange`."""

    status: int
    headers: Mapping[str, str]

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...

    async def receive(self) -> bytes: ...

    async def read(self, limit: int) -> bytes: ...

    def token_seen(self) -> None: ...

    def completed(self) -> None: ...


class Carrier(Protocol):
    """What carries requests: HTTP connections, or sockets that are kept open."""

    def exchange(
        self,
        endpoint: Endpoint,
        headers: Mapping[str, str],
        content: bytes,
        attempt: Attempt,
    ) -> Exchange: ...

    async def warm(self, endpoint: Endpoint) -> None: ...

    async def aclose(self) -> None: ...


class Answer(Protocol):
    """Reads the events of one answer."""

    ended: bool
    """Set by `read` when the event was the dialect's last."""

    def read(self, event: Event, attempt: Attempt) -> str:
        """Return an event's visible text, and note in `attempt` whatever else it says.

        Raises `ErrorEvent` for an error inside the stream, and whatever comes of JSON that is not
        in the dialect: the loop makes a `ProtocolError` of that. `[DONE]` is the loop's business.
        """
        ...


@dataclass(frozen=True, slots=True)
class Dialect:
    """A wire format."""

    name: str
    route: Callable[[ProviderSettings, Prompt], str]
    """What to append to the base URL."""
    body: Callable[[CompletionRequest, ProviderSettings, Prompt], dict[str, Any]]
    answer: Callable[[], Answer]
    """Makes the reader of one answer."""
    ndjson: bool = False
    """Lines of JSON rather than server-sent events."""
    terminates: bool = True
    """Whether an answer says that it is complete: if so, one that does not was truncated."""
    prompts: tuple[str, ...] = ("chat", "fim", "suffix")
    """The kinds of prompt that the route takes, the preferred one for `auto` first if not FIM."""


class HttpProvider:
    """A provider that is asked by HTTP in some dialect."""

    def __init__(
        self,
        name: str,
        settings: ProviderSettings,
        dialect: Dialect,
        carrier: Carrier,
        *,
        owns_carrier: bool = False,
    ) -> None:
        self.circuit = Circuit()
        self._name = name
        self._settings = settings
        self._dialect = dialect
        self._carrier = carrier
        self._owns_carrier = owns_carrier
        self._prompt = prompt_for(name, settings, dialect.prompts)
        self._key = Key(name, settings)
        self._endpoint = Endpoint(
            provider=name,
            url=settings.base_url + (settings.path or dialect.route(settings, self._prompt)),
            connect_timeout_s=settings.connect_timeout_s,
            first_token_timeout_s=settings.first_token_timeout_s,
            stall_timeout_s=settings.stall_timeout_s,
            spares=settings.warm_connections,
            ca_file=settings.ca_file,
            client_cert_file=settings.client_cert_file,
            client_key_file=settings.client_key_file,
        )

    @property
    def name(self) -> str:
        return self._name

    def stream(self, request: CompletionRequest, trace: Trace) -> HttpStream:
        settings = self._settings
        attempt = trace.attempt(self._name, settings.model, simulated=settings.simulated)
        return HttpStream(self, request, attempt)

    async def warm(self) -> None:
        if self.circuit.open_error() is None:
            await self._carrier.warm(self._endpoint)

    async def aclose(self) -> None:
        """Close the connections, unless others use them too."""
        if self._owns_carrier:
            await self._carrier.aclose()

    def __repr__(self) -> str:
        return f"<HttpProvider {self._name} {self._settings!r}>"

    # For HttpStream.

    async def exchange(
        self, request: CompletionRequest, attempt: Attempt
    ) -> tuple[Exchange, Secret | None]:
        key = self._key.known
        if key is None and self._key.wanted:
            key = await self._key.find()
        headers = {"content-type": "application/json", **self.headers(key)}
        body = self._dialect.body(request, self._settings, self._prompt)
        content = orjson.dumps(body)
        return self._carrier.exchange(self._endpoint, headers, content, attempt), key

    def headers(self, key: Secret | None) -> dict[str, str]:
        headers = dict(self._settings.headers)
        if key:
            name = self._settings.key_header
            bearer = name.lower() == "authorization"
            headers[name] = f"Bearer {key.reveal()}" if bearer else key.reveal()
        return headers

    async def headers_with_key(self) -> dict[str, str]:
        """Return the headers that identify the user. Raises `AuthenticationFailed`."""
        return self.headers(await self._key.find())

    def reader(self) -> SseReader | NdjsonReader:
        return NdjsonReader() if self._dialect.ndjson else SseReader()

    def answer(self) -> Answer:
        return self._dialect.answer()

    def cleaner(self, request: CompletionRequest) -> TextFilter:
        return self._prompt.cleaner(request)

    def refused(self, exchange: Exchange, body: bytes, key: Secret | None) -> StatusError:
        status = exchange.status if exchange.status >= 300 else 0  # an error that came as a 200
        headers = {name.lower(): value for name, value in exchange.headers.items()}
        return error_from_answer(self._name, self._settings, status, headers, body, key=key)

    def failed(self, event: ErrorEvent, key: Secret | None) -> StatusError:
        return error_from_event(self._name, self._settings, event.data, key=key)

    def not_in_dialect(self, what: str) -> ProtocolError:
        return ProtocolError(
            self._name, f"{what} is not {self._dialect.name}", "check base_url, path and dialect"
        )

    def truncated(self) -> Truncated:
        return Truncated(
            self._name, "the stream ended before its end was announced", "set a backup"
        )

    @property
    def terminates(self) -> bool:
        return self._dialect.terminates


class HttpStream:
    """One completion as it arrives. Leaving the context before its end closes the connection."""

    def __init__(
        self, provider: HttpProvider, request: CompletionRequest, attempt: Attempt
    ) -> None:
        self._provider = provider
        self._request = request
        self._attempt = attempt
        self._key: Secret | None = None
        self._exchange: Exchange | None = None
        self._reader = provider.reader()
        self._answer = provider.answer()
        self._cleaner = provider.cleaner(request)
        self._pieces: list[str] = []
        self._received_bytes = 0
        self._error: ProviderError | None = None
        self._over = False

    @property
    def attempt(self) -> Attempt:
        return self._attempt

    @property
    def alternatives(self) -> Sequence[str]:
        return ()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._over = True
        attempt = self._attempt
        if attempt.outcome is AttemptOutcome.RUNNING:
            if attempt.stamps[AttemptStage.FIRST_USABLE]:
                attempt.end(AttemptOutcome.COMPLETED)
                self._provider.circuit.succeeded()
            else:
                cause = attempt.censor_cause or CensorCause.KEYSTROKE
                attempt.end(AttemptOutcome.CENSORED, cause=cause)
        if self._exchange is not None:
            exchange, self._exchange = self._exchange, None
            await exchange.__aexit__(kind, error, traceback)

    def __aiter__(self) -> AsyncIterator[str]:
        return self

    async def __anext__(self) -> str:
        try:
            while not self._pieces:
                if self._error is not None:
                    error, self._error = self._error, None
                    raise error
                if self._over:
                    raise StopAsyncIteration
                if self._exchange is None:
                    await self._ask()
                else:
                    self._take(await self._exchange.receive())
        except ProviderError as error:
            self._fail(error)
            raise
        text = "".join(self._pieces)
        self._pieces.clear()
        return text

    async def _ask(self) -> None:
        if open_error := self._provider.circuit.open_error():
            raise open_error.with_traceback(None)  # else each raising would add to it, and keep it
        exchange, self._key = await self._provider.exchange(self._request, self._attempt)
        self._exchange = await exchange.__aenter__()
        if not 200 <= exchange.status < 300:
            body = await exchange.read(_ERROR_BODY_BYTES)
            raise self._provider.refused(exchange, body, self._key)
        kind = exchange.headers.get("content-type", "")
        if kind.startswith(("text/html", "application/json")):
            await self._read_whole(exchange, kind)

    async def _read_whole(self, exchange: Exchange, kind: str) -> None:
        """A gateway may answer an error, or an only line, as one body with a status of 200."""
        body = await exchange.read(_ERROR_BODY_BYTES)
        try:
            data = orjson.loads(body)
        except orjson.JSONDecodeError:
            data = None
        if isinstance(data, dict) and ("error" in data or "detail" in data):
            raise self._provider.refused(exchange, body, self._key)
        if data is None and not self._reader.feed(body):
            raise self._provider.not_in_dialect(f"an answer of type {kind.partition(';')[0]}")
        raise self._provider.not_in_dialect("an answer that is not a stream")

    def _take(self, received: bytes) -> None:
        """Read what arrived; empty: the body has ended."""
        self._received_bytes += len(received)
        if self._received_bytes > _LONGEST_BODY_BYTES:
            raise self._provider.not_in_dialect("an answer without end")
        error = self._read(self._reader.feed(received) if received else self._reader.end())
        if error is not None:
            if not self._pieces:
                raise error
            self._error = error  # to be raised after the text that came before it
            return
        if self._answer.ended:
            assert self._exchange is not None  # something was received on it
            self._exchange.completed()
        if not received and not self._answer.ended and self._provider.terminates:
            raise self._provider.truncated()
        if not received or self._answer.ended or self._cleaner.done:
            self._finish()

    def _read(self, events: list[Event]) -> ProviderError | None:
        """Read what arrived at one time; return the error that it holds, if any."""
        answer, attempt = self._answer, self._attempt
        texts: list[str] = []
        error: ProviderError | None = None
        try:
            for event in events:
                if event.data == _DONE:
                    answer.ended = True
                    break
                if text := answer.read(event, attempt):
                    texts.append(text)
                if answer.ended:
                    break
        except ErrorEvent as raised:
            error = self._provider.failed(raised, self._key)
        except (ValueError, TypeError, AttributeError, KeyError, IndexError):
            error = self._provider.not_in_dialect("an event")
        if texts:
            self._arrived("".join(texts))
        return error

    def _arrived(self, text: str) -> None:
        attempt = self._attempt
        attempt.stamps[AttemptStage.LAST_TOKEN] = attempt.received_ns
        if not attempt.stamps[AttemptStage.FIRST_TOKEN] and not text.isspace():
            attempt.stamp(AttemptStage.FIRST_TOKEN, attempt.received_ns)
            assert self._exchange is not None  # something was received on it
            self._exchange.token_seen()
        attempt.text_length += len(text)
        if piece := self._cleaner.feed(text):
            self._pieces.append(piece)

    def _finish(self) -> None:
        self._over = True
        if piece := self._cleaner.finish():
            self._pieces.append(piece)
        seen = self._attempt.stamps[AttemptStage.FIRST_TOKEN]
        self._attempt.end(AttemptOutcome.COMPLETED if seen else AttemptOutcome.EMPTY)
        self._provider.circuit.succeeded()

    def _fail(self, error: ProviderError) -> None:
        self._over = True
        status = error.status if isinstance(error, StatusError) else 0
        self._attempt.end(AttemptOutcome.ERROR, error=type(error).__name__, status=status)
        self._provider.circuit.failed(error)
