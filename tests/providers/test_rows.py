"""Every row of the catalogue, driven end to end over real sockets by the scripted server."""

from collections.abc import AsyncIterator
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from ghostlap.providers import (
    AuthenticationFailed,
    CompletionRequest,
    FirstTokenTimeout,
    NotFound,
    Overloaded,
    Provider,
    ProviderError,
    RateLimited,
    Snippet,
    StatusError,
    StreamStalled,
    Truncated,
)
from ghostlap.providers._transport import Transport
from ghostlap.providers.catalog import catalog
from ghostlap.providers.registry import build
from ghostlap.providers.scripted_dialects import Answer, Pace, json_reply
from ghostlap.providers.scripted_server import ScriptedServer
from ghostlap.telemetry import Attempt, AttemptOutcome, AttemptStage, CensorCause, Trace, Usage

NOT_HTTP = {"embedded", "openai-codex-spark"}
ROWS = sorted(set(catalog()) - NOT_HTTP)
KEY = "planted-key-0123456789"
REQUEST = CompletionRequest(
    prefix="def add(first, second):\n    return ",
    suffix="\n\nprint(add(1, 2))\n",
    language="python",
    path="src/arithmetic.py",
    snippets=(Snippet("src/other.py", "def sub(first, second): ..."),),
    single_line=False,
)


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer() as running:
        yield running


@pytest.fixture
async def transport() -> AsyncIterator[Transport]:
    running = Transport()
    yield running
    await running.aclose()


def provider_of(
    row: str,
    server: ScriptedServer,
    transport: Transport,
    monkeypatch: pytest.MonkeyPatch,
    *,
    first_token_timeout_s: float = 5.0,
    stall_timeout_s: float = 5.0,
) -> Provider:
    """Return the row's provider as a user gets it, with the address alone turned to the server."""
    settings = catalog()[row].settings
    path = urlsplit(settings.base_url).path or ("" if settings.base_url else "/v1")
    settings = replace(
        settings,
        base_url=f"http://127.0.0.1:{server.port}{path}",
        model=settings.model or "acme-coder",
        first_token_timeout_s=first_token_timeout_s,
        stall_timeout_s=stall_timeout_s,
    )
    if settings.key_env:
        monkeypatch.setenv(settings.key_env, KEY)
    return build(row, settings, transport)


async def complete(provider: Provider) -> tuple[str, Attempt]:
    trace = Trace(1)
    async with provider.stream(REQUEST, trace) as stream:
        text = "".join([piece async for piece in stream])
    return text, trace.attempts[0]


async def failure_of(provider: Provider) -> tuple[ProviderError, Attempt]:
    trace = Trace(1)
    try:
        async with provider.stream(REQUEST, trace) as stream:
            async for _ in stream:
                pass
    except ProviderError as error:
        return error, trace.attempts[0]
    pytest.fail("the provider did not fail")


@pytest.mark.parametrize("row", ROWS)
async def test_a_row_completes(
    row: str, server: ScriptedServer, transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.upcoming.append(
        Answer(
            pieces=("first", " + ", "second"), usage=Usage(prompt_tokens=31, completion_tokens=3)
        )
    )
    text, attempt = await complete(provider_of(row, server, transport, monkeypatch))
    assert text == "first + second"
    assert attempt.outcome is AttemptOutcome.COMPLETED
    assert attempt.finish_reason
    assert attempt.provider == row
    if row != "azure-openai":
        assert (attempt.usage.prompt_tokens, attempt.usage.completion_tokens) == (31, 3)
    stages = [
        AttemptStage.STARTED,
        AttemptStage.CONNECTED,
        AttemptStage.SENT,
        AttemptStage.HEADERS,
        AttemptStage.FIRST_BYTE,
        AttemptStage.FIRST_TOKEN,
        AttemptStage.LAST_TOKEN,
        AttemptStage.ENDED,
    ]
    stamps = [attempt.stamps[stage] for stage in stages]
    assert all(stamps)
    assert stamps == sorted(stamps)


@pytest.mark.parametrize("row", ROWS)
async def test_a_row_sends_its_key_where_it_belongs_and_nowhere_else(
    row: str, server: ScriptedServer, transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    await complete(provider_of(row, server, transport, monkeypatch))
    settings = catalog()[row].settings
    (request,) = server.requests
    carriers = [name for name, value in request.headers.items() if KEY in value]
    assert carriers == ([settings.key_header] if settings.key_env else [])
    assert KEY not in request.path
    assert KEY.encode() not in request.body
    assert b"def add(first, second)" in request.body


@pytest.mark.parametrize("row", ROWS)
async def test_a_row_sends_no_more_stops_and_no_sampling_than_its_vendor_takes(
    row: str, server: ScriptedServer, transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    await complete(provider_of(row, server, transport, monkeypatch))
    body = server.requests[0].json()
    nested = body.get("options") or body.get("parameters") or body.get("generationConfig") or {}
    stops = body.get("stop") or nested.get("stop") or []
    assert len(stops) <= catalog()[row].settings.stop_limit
    assert "temperature" not in body
    assert "temperature" not in nested


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("size", [1, 7])
async def test_a_row_reads_a_stream_however_the_network_cuts_it(
    row: str,
    size: int,
    server: ScriptedServer,
    transport: Transport,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server.upcoming.append(Answer(pieces=("größe", " = 'é🎉'"), pace=Pace(fragment_bytes=size)))
    text, _ = await complete(provider_of(row, server, transport, monkeypatch))
    assert text == "größe = 'é🎉'"


REASONING_ROWS = sorted(set(ROWS) - {"llama-cpp", "tgi"} - {
    row for row in ROWS if catalog()[row].settings.prompt in ("fim", "suffix")
} - {"openai-compatible"})  # fmt: skip


@pytest.mark.parametrize("row", REASONING_ROWS)
async def test_reasoning_is_stamped_and_not_shown(
    row: str, server: ScriptedServer, transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.upcoming.append(Answer(pieces=("code",), reasoning=("let me", " think")))
    text, attempt = await complete(provider_of(row, server, transport, monkeypatch))
    assert text == "code"
    reasoned = attempt.stamps[AttemptStage.FIRST_REASONING]
    assert 0 < reasoned <= attempt.stamps[AttemptStage.FIRST_TOKEN]


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize(
    ("status", "meaning"),
    [(401, AuthenticationFailed), (404, NotFound), (429, RateLimited), (503, Overloaded)],
)
async def test_an_error_before_the_stream_is_told_and_names_the_row(
    row: str,
    status: int,
    meaning: type[StatusError],
    server: ScriptedServer,
    transport: Transport,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sent = KEY if catalog()[row].settings.key_env else "no key"
    server.upcoming.append(json_reply(status, {"error": {"message": f"refused: {sent}"}}))
    error, attempt = await failure_of(provider_of(row, server, transport, monkeypatch))
    assert type(error) is meaning
    assert str(error).startswith(f"{row}: ")
    assert error.remedy
    assert KEY not in str(error)
    assert (attempt.outcome, attempt.status) == (AttemptOutcome.ERROR, status)
    assert attempt.error == meaning.__name__


@pytest.mark.parametrize("row", ROWS)
async def test_an_error_inside_a_stream_is_an_error_after_its_text(
    row: str, server: ScriptedServer, transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.upcoming.append(
        Answer(pieces=("half",), error={"message": "overloaded", "type": "overloaded_error"})
    )
    error, attempt = await failure_of(provider_of(row, server, transport, monkeypatch))
    assert isinstance(error, StatusError)
    assert error.in_stream
    assert attempt.outcome is AttemptOutcome.ERROR
    assert attempt.text_length == len("half")


@pytest.mark.parametrize("row", ROWS)
async def test_a_provider_that_says_nothing_is_given_up(
    row: str, server: ScriptedServer, transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.upcoming.append(Answer(pace=Pace(stall_after=0)))
    provider = provider_of(row, server, transport, monkeypatch, first_token_timeout_s=0.05)
    error, _ = await failure_of(provider)
    assert isinstance(error, FirstTokenTimeout)


@pytest.mark.parametrize("row", ROWS)
async def test_a_stream_that_falls_silent_is_given_up(
    row: str, server: ScriptedServer, transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    pieces = ("a", "b", "c", "d")
    stalled = Answer(pieces=pieces, pace=Pace(stall_after=_writes_until_text(row) + 1))
    server.upcoming.append(stalled)
    provider = provider_of(row, server, transport, monkeypatch, stall_timeout_s=0.05)
    error, _ = await failure_of(provider)
    assert isinstance(error, StreamStalled)


@pytest.mark.parametrize("row", ROWS)
async def test_a_stream_that_breaks_off_is_not_taken_for_complete(
    row: str, server: ScriptedServer, transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = Answer(pieces=("a", "b"), pace=Pace(close_after=_writes_until_text(row) + 1))
    server.upcoming.append(broken)
    error, attempt = await failure_of(provider_of(row, server, transport, monkeypatch))
    assert isinstance(error, Truncated)
    assert attempt.outcome is AttemptOutcome.ERROR


TERMINATED = sorted(row for row in ROWS if catalog()[row].settings.dialect != "gemini")


@pytest.mark.parametrize("row", TERMINATED)
async def test_a_body_that_ends_without_the_dialects_end_is_truncated(
    row: str, server: ScriptedServer, transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut = Pace(close_after=_writes_until_text(row) + 1, keep_alive=False)
    server.upcoming.append(Answer(pieces=("a", "b"), pace=cut))
    error, _ = await failure_of(provider_of(row, server, transport, monkeypatch))
    assert isinstance(error, Truncated)


@pytest.mark.parametrize("row", ROWS)
async def test_leaving_early_closes_the_connection_and_is_told_as_censored(
    row: str, server: ScriptedServer, transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.upcoming.append(Answer(pieces=("a",) * 50, pace=Pace(stall_after=8)))
    provider = provider_of(row, server, transport, monkeypatch)
    trace = Trace(1)
    async with provider.stream(REQUEST, trace) as stream:
        async for _ in stream:
            break
    await server.until(lambda: bool(server.requests[0].closed_ns))
    (attempt,) = trace.attempts
    assert attempt.outcome is AttemptOutcome.CENSORED
    assert attempt.censor_cause is CensorCause.KEYSTROKE


@pytest.mark.parametrize("row", ROWS)
async def test_an_answer_without_text_is_an_abstention(
    row: str, server: ScriptedServer, transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.upcoming.append(Answer(pieces=()))
    text, attempt = await complete(provider_of(row, server, transport, monkeypatch))
    assert text == ""
    assert attempt.outcome is AttemptOutcome.EMPTY


@pytest.mark.parametrize("row", ROWS)
async def test_one_connection_serves_one_completion_after_another(
    row: str, server: ScriptedServer, transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = provider_of(row, server, transport, monkeypatch)
    await provider.warm()
    opened = len(server.connections)
    for _ in range(5):
        await complete(provider)
    assert len(server.connections) == opened


def _writes_until_text(row: str) -> int:
    """How many writes of an answer come before its first text."""
    dialect, prompt = catalog()[row].settings.dialect, catalog()[row].settings.prompt
    if dialect == "openai-compatible":
        chat = prompt == "chat" or row == "openai-compatible"  # whose model has no template
        return 1 if chat else 0
    return {"anthropic": 3, "openai-responses": 3, "mistral-fim": 1, "mercury-fim": 1}.get(
        dialect, 0
    )
