"""The fake that ships keeps the contract that real providers keep."""

from __future__ import annotations

import asyncio

import pytest

from ghostlap.providers import BadRequest, CompletionRequest, Overloaded
from ghostlap.providers._settings import ProviderSettings
from ghostlap.providers._transport import Transport
from ghostlap.providers.scripted import Script, ScriptedProvider, build, echo_of
from ghostlap.telemetry import AttemptOutcome, AttemptStage, CensorCause, Trace

REQUEST = CompletionRequest(prefix="def f(", suffix="):\n")


async def play(provider: ScriptedProvider, trace: Trace) -> list[str]:
    async with provider.stream(REQUEST, trace) as stream:
        return [piece async for piece in stream]


async def test_the_text_arrives_in_pieces_and_the_attempt_is_complete() -> None:
    provider, trace = ScriptedProvider(scripts=[Script("abcde", piece_chars=2)]), Trace(1)
    assert await play(provider, trace) == ["ab", "cd", "e"]
    (attempt,) = trace.attempts
    assert attempt.outcome is AttemptOutcome.COMPLETED
    assert attempt.simulated
    assert attempt.text_length == 5
    assert attempt.stamps[AttemptStage.FIRST_TOKEN]
    assert provider.requests == [REQUEST]


async def test_each_script_is_played_once_and_the_last_one_for_ever() -> None:
    provider = ScriptedProvider(scripts=[Script("a"), Script("b")])
    assert [await play(provider, Trace(n)) for n in range(3)] == [["a"], ["b"], ["b"]]


async def test_nothing_but_white_space_is_an_empty_answer() -> None:
    trace = Trace(1)
    await play(ScriptedProvider(scripts=[Script("  ")]), trace)
    assert trace.attempts[0].outcome is AttemptOutcome.EMPTY


async def test_an_error_comes_after_as_many_pieces_as_told() -> None:
    script = Script("abc", piece_chars=1, error="Overloaded", error_after=2, retry_after_s=3.0)
    trace = Trace(1)
    async with ScriptedProvider(scripts=[script]).stream(REQUEST, trace) as stream:
        pieces = aiter(stream)
        assert [await anext(pieces), await anext(pieces)] == ["a", "b"]
        with pytest.raises(Overloaded, match="as scripted") as caught:
            await anext(pieces)
    assert caught.value.retry_after_s == 3.0
    assert trace.attempts[0].outcome is AttemptOutcome.ERROR
    assert trace.attempts[0].error == "Overloaded"


async def test_leaving_early_is_a_cancel() -> None:
    provider, trace = ScriptedProvider(scripts=[Script(hang=True)]), Trace(1)
    async with provider.stream(REQUEST, trace) as stream:
        assert await anext(aiter(stream)) == "ok"
        assert provider.open_streams == 1
    assert (provider.cancelled, provider.open_streams) == (1, 0)
    assert trace.attempts[0].outcome is AttemptOutcome.CENSORED
    assert trace.attempts[0].censor_cause is CensorCause.KEYSTROKE


async def test_leaving_after_what_was_usable_is_no_censored_observation() -> None:
    provider, trace = ScriptedProvider(scripts=[Script(hang=True)]), Trace(1)
    async with provider.stream(REQUEST, trace) as stream:
        await anext(aiter(stream))
        stream.attempt.stamp(AttemptStage.FIRST_USABLE)
    assert trace.attempts[0].outcome is AttemptOutcome.COMPLETED


async def test_a_task_waiting_for_it_can_be_cancelled() -> None:
    provider = ScriptedProvider(scripts=[Script("", hang=True)])
    task = asyncio.create_task(play(provider, Trace(1)))
    await asyncio.sleep(0)
    assert provider.open_streams == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert provider.cancelled == 1


async def test_an_echo_tells_what_the_provider_was_shown() -> None:
    settings = ProviderSettings(dialect="scripted", script={"echo": True})
    provider = build("fake", settings, Transport())
    assert await play(provider, Trace(1)) == [echo_of("def f(", "):\n")]
    assert echo_of("a", "bc") != echo_of("ab", "c")
    assert echo_of("\ud800", "")


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ({"txt": "a"}, "script has no 'txt'"),
        ({"text": 3}, "script.text = 3 is not str"),
        ({"echo": 1}, "script.echo = 1 is not bool"),
        ({"error": "Boom"}, "script.error = 'Boom' is unknown"),
    ],
)
async def test_a_script_that_cannot_be_played_is_refused_by_name(
    script: dict[str, object], said: str
) -> None:
    with pytest.raises(BadRequest, match=said):
        build("fake", ProviderSettings(script=script), Transport())
