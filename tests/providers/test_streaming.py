"""The loop that all HTTP dialects share: what is yielded, stamped, remembered and let go."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ghostlap.providers import (
    AuthenticationFailed,
    CompletionRequest,
    Overloaded,
    ProtocolError,
    Provider,
    ProviderError,
    RateLimited,
    Truncated,
)
from ghostlap.providers._settings import ProviderSettings
from ghostlap.providers._transport import Transport
from ghostlap.providers.registry import build
from ghostlap.providers.scripted_dialects import Answer, Pace, Reply, json_reply, sse
from ghostlap.providers.scripted_server import ScriptedServer
from ghostlap.telemetry import Attempt, AttemptOutcome, AttemptStage, Trace

REQUEST = CompletionRequest(prefix="def f(", suffix="):\n")
STREAM = {"content-type": "text/event-stream"}


@pytest.fixture
def provider(server: ScriptedServer, transport: Transport) -> Provider:
    return build(
        "acme",
        ProviderSettings(base_url=server.url, model="m", prompt="suffix", warm_connections=0),
        transport,
    )


async def complete(provider: Provider) -> tuple[str, Attempt]:
    trace = Trace(1)
    async with provider.stream(REQUEST, trace) as stream:
        text = "".join([piece async for piece in stream])
    return text, trace.attempts[0]


def chunk(text: str, **extra: object) -> bytes:
    return sse({"choices": [{"index": 0, "text": text, "finish_reason": None}], **extra})


async def test_what_arrived_before_an_error_in_the_same_packet_is_yielded_first(
    server: ScriptedServer, provider: Provider
) -> None:
    broken = sse({"error": {"message": "boom", "type": "server_error", "code": 500}})
    server.upcoming.append(Reply(200, STREAM, (chunk("half") + broken,)))
    trace = Trace(1)
    async with provider.stream(REQUEST, trace) as stream:
        pieces = aiter(stream)
        assert await anext(pieces) == "half"
        with pytest.raises(Overloaded, match=r"acme: .*boom"):
            await anext(pieces)
        with pytest.raises(StopAsyncIteration):
            await anext(pieces)
    (attempt,) = trace.attempts
    assert attempt.outcome is AttemptOutcome.ERROR
    assert attempt.error == "Overloaded"
    assert attempt.text_length == 4


async def test_what_arrived_at_one_time_is_yielded_at_one_time(
    server: ScriptedServer, provider: Provider
) -> None:
    server.upcoming.append(Reply(200, STREAM, (chunk("a") + chunk("b"), chunk("c"), DONE)))
    text, attempt = await complete(provider)
    assert text == "abc"
    assert attempt.text_length == 3


async def test_bytes_after_the_end_are_not_read_as_text(
    server: ScriptedServer, provider: Provider
) -> None:
    server.upcoming.append(Reply(200, STREAM, (chunk("a") + DONE + chunk("b"),)))
    assert (await complete(provider))[0] == "a"


async def test_white_space_and_comments_are_no_first_token(
    server: ScriptedServer, provider: Provider
) -> None:
    writes = (b": keep-alive\n\n", chunk("\n  "), chunk("x"), DONE)
    server.upcoming.append(Reply(200, STREAM, writes, Pace(delay_s=0.01)))
    text, attempt = await complete(provider)
    assert text == "\n  x"
    stamps = attempt.stamps
    assert stamps[AttemptStage.FIRST_BYTE] + 15_000_000 < stamps[AttemptStage.FIRST_TOKEN]
    assert stamps[AttemptStage.FIRST_TOKEN] == stamps[AttemptStage.LAST_TOKEN]


async def test_a_stream_that_is_never_read_asks_nobody(
    server: ScriptedServer, provider: Provider
) -> None:
    trace = Trace(1)
    async with provider.stream(REQUEST, trace):
        pass
    assert server.connections == []
    assert trace.attempts[0].outcome is AttemptOutcome.CENSORED


async def test_the_cut_that_was_wanted_is_a_completion_and_not_censored(
    server: ScriptedServer, provider: Provider
) -> None:
    server.upcoming.append(Answer(pieces=("a", "b"), pace=Pace(stall_after=1)))
    trace = Trace(1)
    async with provider.stream(REQUEST, trace) as stream:
        await anext(aiter(stream))
        stream.attempt.stamp(AttemptStage.FIRST_USABLE)
    assert trace.attempts[0].outcome is AttemptOutcome.COMPLETED
    await server.until(lambda: bool(server.requests[0].closed_ns))


async def test_after_a_rate_limit_nobody_is_asked_until_the_time_that_was_named(
    server: ScriptedServer, provider: Provider
) -> None:
    told = {"error": {"message": "slow down", "code": "rate_limit_exceeded"}}
    server.upcoming.append(json_reply(429, told, {"retry-after": "60"}))
    for _ in range(3):
        with pytest.raises(RateLimited, match="slow down") as caught:
            await complete(provider)
        assert caught.value.retry_after_s == 60
    assert len(server.requests) == 1


def traceback_length(error: BaseException) -> int:
    length, entry = 0, error.__traceback__
    while entry is not None:
        length, entry = length + 1, entry.tb_next
    return length


async def test_an_error_that_is_given_again_and_again_does_not_grow(
    server: ScriptedServer, provider: Provider
) -> None:
    server.upcoming.append(json_reply(401, {"error": {"message": "bad key"}}))
    lengths = []
    for _ in range(5):
        with pytest.raises(AuthenticationFailed) as caught:
            await complete(provider)
        lengths.append(traceback_length(caught.value))
    assert len(set(lengths[1:])) == 1


async def test_the_attempt_of_a_keystroke_that_was_refused_is_recorded_too(
    server: ScriptedServer, provider: Provider
) -> None:
    server.upcoming.append(json_reply(401, {"error": {"message": "bad key"}}))
    for _ in range(2):
        trace = Trace(1)
        with pytest.raises(AuthenticationFailed):
            async with provider.stream(REQUEST, trace) as stream:
                await anext(aiter(stream))
        (attempt,) = trace.attempts
        assert (attempt.outcome, attempt.status) == (AttemptOutcome.ERROR, 401)


@pytest.mark.parametrize(
    ("reply", "meaning"),
    [
        (json_reply(200, {"error": {"message": "no", "code": "rate_limit_exceeded"}}), RateLimited),
        (json_reply(200, {"choices": [{"text": "all at once"}]}), ProtocolError),
        (Reply(200, {"content-type": "text/html"}, (b"<h1>Sign in</h1>",)), ProtocolError),
        (Reply(200, STREAM, (b"data: {nonsense\n\n",)), ProtocolError),
        (Reply(200, STREAM, (b"data: [1, 2]\n\n",)), ProtocolError),
        (Reply(200, STREAM, (sse({"choices": [3]}),)), ProtocolError),
        (Reply(200, STREAM, (chunk("a"),)), Truncated),
        (Reply(200, STREAM, ()), Truncated),
        (Reply(302, {"location": "https://elsewhere.test/"}), ProviderError),
        (Reply(500, {"content-type": "text/html"}, (b"<html>Bad gateway",)), Overloaded),
    ],
)
async def test_an_answer_that_is_not_a_stream_is_told_for_what_it_is(
    server: ScriptedServer, provider: Provider, reply: Reply, meaning: type[ProviderError]
) -> None:
    server.upcoming.append(reply)
    with pytest.raises(meaning, match=r"^acme: "):
        await complete(provider)


async def test_an_answer_without_end_is_given_up(
    server: ScriptedServer, provider: Provider
) -> None:
    server.upcoming.append(Reply(200, STREAM, 20 * (b"x" * 2**20,)))
    with pytest.raises(ProtocolError, match="without end"):
        await complete(provider)


async def test_a_variable_that_is_not_set_is_named_and_nothing_is_sent(
    server: ScriptedServer, transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ACME_KEY", raising=False)
    settings = ProviderSettings(base_url=server.url, model="m", key_env="ACME_KEY")
    with pytest.raises(AuthenticationFailed, match="set ACME_KEY"):
        await complete(build("acme", settings, transport))
    assert server.requests == []


@pytest.mark.parametrize("shown", [repr, str])
async def test_the_key_is_not_shown_by_the_provider(
    transport: Transport, monkeypatch: pytest.MonkeyPatch, shown: Callable[[object], str]
) -> None:
    monkeypatch.setenv("ACME_KEY", "planted-key-0123456789")
    settings = ProviderSettings(base_url="http://127.0.0.1:9/v1", model="m", key_env="ACME_KEY")
    provider = build("acme", settings, transport)
    with pytest.raises(ProviderError) as caught:
        await complete(provider)
    assert "planted" not in shown(provider) + shown(caught.value) + shown(vars(provider))


DONE = sse(b"[DONE]")
