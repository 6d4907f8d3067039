"""The Responses API over kept-open WebSockets, against a server of the test's own."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import orjson
import pytest
from aiohttp import WSMsgType, web

from ghostlap.providers import (
    AuthenticationFailed,
    CompletionRequest,
    ConnectError,
    FirstTokenTimeout,
    Provider,
    RateLimited,
)
from ghostlap.providers._transport import Transport
from ghostlap.providers.catalog import settings_of
from ghostlap.providers.registry import build
from ghostlap.providers.scripted_dialects import Answer
from ghostlap.providers.scripted_vendors import responses_events
from ghostlap.telemetry import Attempt, AttemptOutcome, Trace

REQUEST = CompletionRequest(prefix="return ", suffix="\n")


class Sockets:
    """Answers every `response.create` as told, and notes what it saw."""

    def __init__(self) -> None:
        self.answer: Answer | None = Answer(pieces=("first", " + second"))
        self.refuse = 0
        self.opened = self.closed = self.prepared = 0
        self.messages: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.hang_up_after_answer = False
        self.url = ""

    async def serve(self, request: web.Request) -> web.StreamResponse:
        if self.refuse:
            raise web.HTTPException(text="no") if self.refuse < 400 else _status(self.refuse)
        self.headers.append({name.lower(): value for name, value in request.headers.items()})
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.opened += 1
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                await self._answer(socket, orjson.loads(message.data))
            if self.hang_up_after_answer and self.messages:
                break
        self.closed += 1
        return socket

    async def _answer(self, socket: web.WebSocketResponse, message: dict[str, Any]) -> None:
        if message.get("generate") is False:
            self.prepared += 1
            answer: Answer | None = Answer(pieces=())
        else:
            self.messages.append(message)
            answer = self.answer
        for event in responses_events(answer, message) if answer else ():
            await socket.send_str(orjson.dumps(event).decode())


def _status(status: int) -> web.HTTPException:
    return {401: web.HTTPUnauthorized, 429: web.HTTPTooManyRequests}[status]()


@pytest.fixture
async def sockets() -> AsyncIterator[Sockets]:
    seen = Sockets()
    app = web.Application()
    app.router.add_get("/v1/responses", seen.serve)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    seen.url = f"http://127.0.0.1:{port}/v1"
    yield seen
    await runner.cleanup()


@pytest.fixture
async def provider(sockets: Sockets, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Provider]:
    monkeypatch.setenv("OPENAI_API_KEY", "planted-key")
    settings = replace(
        settings_of("openai-codex-spark"), base_url=sockets.url, first_token_timeout_s=0.3
    )
    built = build("openai-codex-spark", settings, Transport())
    yield built
    await built.aclose()


async def complete(provider: Provider) -> tuple[str, Attempt]:
    trace = Trace(1)
    async with provider.stream(REQUEST, trace) as stream:
        text = "".join([piece async for piece in stream])
    return text, trace.attempts[0]


async def test_completions_share_one_socket(sockets: Sockets, provider: Provider) -> None:
    for number in range(5):
        text, attempt = await complete(provider)
        assert text == "first + second"
        assert attempt.cold_connection == (number == 0)
        assert attempt.usage.completion_tokens == 7
    assert sockets.opened == 1
    assert len(sockets.messages) == 5


async def test_the_message_is_the_posts_body_without_stream(
    sockets: Sockets, provider: Provider
) -> None:
    await complete(provider)
    (message,) = sockets.messages
    assert message["type"] == "response.create"
    assert message["store"] is False
    assert "stream" not in message
    assert sockets.headers[0]["authorization"] == "Bearer planted-key"


async def test_warming_opens_sockets_and_makes_the_server_ready(
    sockets: Sockets, provider: Provider
) -> None:
    await provider.warm()
    assert (sockets.opened, sockets.prepared) == (2, 2)
    _, attempt = await complete(provider)
    assert not attempt.cold_connection
    assert sockets.opened == 2


async def test_leaving_early_closes_the_socket_and_the_next_request_has_another(
    sockets: Sockets, provider: Provider
) -> None:
    trace = Trace(1)
    async with provider.stream(REQUEST, trace) as stream:
        async for _ in stream:
            break
    assert trace.attempts[0].outcome is AttemptOutcome.CENSORED
    text, _ = await complete(provider)
    assert text == "first + second"
    assert sockets.opened >= 2


async def test_a_socket_that_the_server_closed_is_replaced(
    sockets: Sockets, provider: Provider
) -> None:
    sockets.hang_up_after_answer = True
    for _ in range(3):
        text, _ = await complete(provider)
        assert text == "first + second"


async def test_an_error_message_is_told(sockets: Sockets, provider: Provider) -> None:
    sockets.answer = Answer(pieces=(), error={"code": "rate_limit_exceeded", "message": "slow"})
    with pytest.raises(RateLimited):
        await complete(provider)


async def test_a_refused_key_is_told_with_its_variable(
    sockets: Sockets, provider: Provider
) -> None:
    sockets.refuse = 401
    with pytest.raises(AuthenticationFailed, match="OPENAI_API_KEY"):
        await complete(provider)


async def test_silence_is_given_up(sockets: Sockets, provider: Provider) -> None:
    sockets.answer = None
    with pytest.raises(FirstTokenTimeout):
        await complete(provider)


async def test_nobody_there_is_a_connect_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "planted-key")
    settings = replace(settings_of("openai-codex-spark"), base_url="http://127.0.0.1:9/v1")
    provider = build("openai-codex-spark", settings, Transport())
    with pytest.raises(ConnectError, match=r"127\.0\.0\.1:9"):
        await complete(provider)
    await provider.aclose()
