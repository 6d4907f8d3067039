"""A real llama.cpp server with a model of ours, asked through its three routes.

Where the server can't be had the tests skip and say so; with GHOSTLAP_REQUIRE_EDITORS=1 they fail.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import anyio
import pytest

from ghostlap.providers import (
    BadRequest,
    CompletionRequest,
    ConnectError,
    Provider,
    ProviderError,
    ProviderSettings,
    Snippet,
)
from ghostlap.providers._transport import Transport
from ghostlap.providers.registry import build
from ghostlap.telemetry import Attempt, AttemptOutcome, AttemptStage, Trace

START_S = 60.0
"""A machine that is busy may take long."""

COMPLETIONS = 50
"""The server closes a connection after five requests, and says in the last that it keeps it."""
ANSWER = "a + b\n"
REQUEST = CompletionRequest(
    prefix="def add(a, b):\n    return ",
    suffix="\n\n\nprint(add(1, 2))\n",
    language="python",
    path="src/arithmetic.py",
    snippets=(Snippet("src/other.py", "def sub(a, b):\n    return a - b\n"),),
    single_line=False,
)
TOO_LONG = replace(REQUEST, prefix="x = 1\n" * 2000)
"""Twelve thousand tokens: the model has one for each byte."""
ENDLESS = {"logit_bias": [["x", 100]], "n_predict": 7000}
"""Makes the model say `x` for seconds on end."""


@pytest.fixture(scope="session")
def llama(start_llama: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with start_llama(tmp_path_factory.mktemp("llama") / "log") as server:
        yield server


@pytest.fixture
async def transport() -> AsyncIterator[Transport]:
    shared = Transport()
    yield shared
    await shared.aclose()


Settings: TypeAlias = Callable[..., ProviderSettings]


def infill(root: str, **more: Any) -> ProviderSettings:
    return ProviderSettings(dialect="llama-cpp", base_url=root, **more)


def completions(root: str, **more: Any) -> ProviderSettings:
    model = "qwen2.5-coder"
    return ProviderSettings(base_url=f"{root}/v1", model=model, prompt="fim", **more)


def chat(root: str, **more: Any) -> ProviderSettings:
    return ProviderSettings(base_url=f"{root}/v1", model="any", prompt="chat", **more)


ROUTES = pytest.mark.parametrize("settings", [infill, completions, chat])


async def complete(provider: Provider, request: CompletionRequest = REQUEST) -> tuple[str, Attempt]:
    trace = Trace(1)
    async with provider.stream(request, trace) as stream:
        text = "".join([piece async for piece in stream])
    return text, trace.attempts[0]


async def failure_of(provider: Provider) -> ProviderError:
    try:
        await complete(provider)
    except ProviderError as error:
        return error
    pytest.fail("the provider did not fail")


@ROUTES
async def test_every_route_answers_with_text_usage_and_the_servers_own_times(
    settings: Settings, llama: Any, transport: Transport
) -> None:
    text, attempt = await complete(build("llama", settings(llama.root), transport))
    assert text == ANSWER
    assert attempt.outcome is AttemptOutcome.COMPLETED
    assert attempt.finish_reason in ("eos", "stop")
    assert attempt.usage.completion_tokens == 5  # the end of the text is one of them
    assert attempt.usage.prompt_tokens > 50
    timing = attempt.server_timing
    assert timing.prefill_s is not None
    assert timing.decode_s is not None
    # The server can be at work before the one who sent is on the CPU again to note that it did.
    began, ended = attempt.stamps[AttemptStage.CONNECTED], attempt.stamps[AttemptStage.ENDED]
    assert 0 < timing.prefill_s + timing.decode_s < (ended - began) / 1e9


@pytest.mark.parametrize("settings", [infill, completions])
async def test_the_rest_of_a_line_ends_on_the_server_at_the_lines_end(
    settings: Settings, llama: Any, transport: Transport
) -> None:
    provider = build("llama", settings(llama.root), transport)
    text, attempt = await complete(provider, replace(REQUEST, single_line=True))
    assert text == "a + b"
    assert attempt.finish_reason in ("word", "stop")
    assert attempt.usage.completion_tokens == 4  # the line's end, and not the text's


@ROUTES
async def test_the_cap_on_tokens_reaches_the_server(
    settings: Settings, llama: Any, transport: Transport
) -> None:
    provider = build("llama", settings(llama.root, max_tokens=2), transport)
    text, attempt = await complete(provider)
    assert text == "a +"
    assert attempt.finish_reason in ("limit", "length")
    assert attempt.usage.completion_tokens == 2


@ROUTES
async def test_a_server_that_closes_what_it_says_it_keeps_never_fails_a_completion(
    settings: Settings, llama: Any, transport: Transport
) -> None:
    provider = build("llama", settings(llama.root), transport)
    await provider.warm()
    attempts = []
    for _ in range(COMPLETIONS):
        text, attempt = await complete(provider)
        assert text == ANSWER
        attempts.append(attempt)
    assert sum(attempt.reconnects for attempt in attempts) > 0
    assert max(attempt.reconnects for attempt in attempts) == 1


@ROUTES
async def test_leaving_early_ends_the_work_on_the_server(
    settings: Settings, llama: Any, transport: Transport
) -> None:
    body = {**ENDLESS, "max_tokens": ENDLESS["n_predict"]}
    provider = build("llama", settings(llama.root, body=body), transport)
    trace = Trace(1)
    async with provider.stream(REQUEST, trace) as stream:
        async for piece in stream:
            assert set(piece) == {"x"}
            break
        assert await anyio.to_thread.run_sync(llama.is_busy)
        cancelled = llama.cancelled()
    assert trace.attempts[0].outcome is AttemptOutcome.CENSORED
    with anyio.fail_after(START_S):
        while llama.cancelled() == cancelled:  # noqa: ASYNC110 - the server's log tells nobody
            await anyio.sleep(0.01)
        while await anyio.to_thread.run_sync(llama.is_busy):  # noqa: ASYNC110 - it can only be asked
            await anyio.sleep(0.01)
    assert (await complete(build("llama", settings(llama.root), transport)))[0] == ANSWER


@pytest.mark.parametrize("settings", [completions, chat])
async def test_what_the_model_has_no_room_for_is_refused_and_its_size_is_told(
    settings: Settings, llama: Any, transport: Transport
) -> None:
    provider = build("llama", settings(llama.root), transport)
    with pytest.raises(BadRequest, match=r"exceeds the available context size \(8192 tokens\)"):
        await complete(provider, TOO_LONG)


async def test_infill_cuts_what_it_has_no_room_for(llama: Any, transport: Transport) -> None:
    provider = build("llama", infill(llama.root), transport)
    text, attempt = await complete(provider, TOO_LONG)
    assert text == ANSWER
    assert 50 < attempt.usage.prompt_tokens < 8192


async def test_a_server_that_has_gone_is_a_connection_error_with_a_remedy(
    start_llama: Any, tmp_path: Path, transport: Transport
) -> None:
    with start_llama(tmp_path / "log") as server:
        provider = build("llama", infill(server.root), transport)
        assert (await complete(provider))[0] == ANSWER
        await anyio.to_thread.run_sync(server.stop)
        error = await failure_of(provider)
    assert type(error) is ConnectError
    assert str(error).startswith("llama: ")
    assert "base_url" in error.remedy
