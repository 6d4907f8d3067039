from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

import pytest

from ghostlap.providers import CompletionRequest, Provider
from ghostlap.providers.policies import (
    Backend,
    Budget,
    Hedge,
    Ledger,
    Limits,
    NoDelay,
    Shadow,
    Split,
)
from ghostlap.providers.scripted import Script, ScriptedProvider
from ghostlap.telemetry import AttemptOutcome, AttemptStage, CensorCause, LaunchReason, Role, Trace

Ask = Callable[[Provider], Awaitable[tuple[str, Trace]]]


def budget(**limits: Any) -> Budget:
    return Budget(Limits(**limits), Ledger())


def shadowed(
    shown: Script, second: Script, failures: list[Exception] | None = None, **options: Any
) -> tuple[Shadow, ScriptedProvider, ScriptedProvider]:
    a, b = ScriptedProvider("a", [shown]), ScriptedProvider("b", [second])
    paid = options.pop("budget", budget())
    told = [] if failures is None else failures
    return Shadow(a, Backend(b), paid, told.append, **options), a, b


async def test_a_share_of_the_keystrokes_goes_elsewhere(ask: Ask) -> None:
    rest, canary = ScriptedProvider("rest"), ScriptedProvider("canary")
    split = Split(rest, [(0.1, canary)], chance=Random(7))
    for _ in range(500):
        await ask(split)
    assert 30 <= len(canary.requests) <= 70
    assert len(rest.requests) + len(canary.requests) == 500


async def test_a_keystroke_that_was_split_off_says_so_and_falls_back(line: Any, ask: Ask) -> None:
    both = line(Script(error="Overloaded"), Script("rest\n"))
    canary = both.hedge(NoDelay(), name="split", role=Role.SPLIT, reason=LaunchReason.SPLIT)
    text, trace = await ask(Split(both.hedge(NoDelay()), [(1.0, canary)]))
    assert text == "rest\n"
    assert [each.role for each in trace.attempts] == [Role.SPLIT, Role.BACKUP]
    assert trace.attempts[0].launch_reason is LaunchReason.SPLIT
    assert trace.policy == "split"


async def test_closing_a_split_closes_its_parts() -> None:
    rest, canary = ScriptedProvider(), ScriptedProvider()
    split = Split(rest, [(0.5, canary)])
    await split.warm()
    await split.aclose()
    assert rest.warmed == canary.warmed == 1
    assert rest.closed
    assert canary.closed


async def test_a_shadow_is_measured_to_its_first_usable_text_and_not_shown(ask: Ask) -> None:
    second = Script("shadow\nmore\n", piece_chars=7, first_delay_s=0.03, delay_s=60.0)
    policy, _, b = shadowed(Script("shown\n"), second)
    text, trace = await ask(policy)
    assert text == "shown\n"
    shown, shadow = trace.attempts
    assert (shadow.role, shadow.launch_reason) == (Role.SHADOW, LaunchReason.MEASURE)
    assert shadow.stamps[AttemptStage.FIRST_USABLE] > shown.stamps[AttemptStage.ENDED]
    assert shadow.outcome is AttemptOutcome.COMPLETED
    assert not shadow.won
    assert trace.policy == "off+shadow"
    assert b.open_streams == 0


async def test_a_keystroke_ends_the_shadow_too(
    request_: CompletionRequest, wait_for_settled: Callable[[Trace], Awaitable[None]]
) -> None:
    policy, _, b = shadowed(Script(first_delay_s=60.0), Script(first_delay_s=60.0))
    trace = Trace(1)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02), policy.stream(request_, trace) as stream:
            await anext(aiter(stream))
    await wait_for_settled(trace)
    assert b.cancelled == 1
    assert [each.censor_cause for each in trace.attempts] == [CensorCause.KEYSTROKE] * 2


async def test_a_shadow_that_fails_is_told_of_and_harms_nobody(ask: Ask) -> None:
    failures: list[Exception] = []
    policy, _, b = shadowed(Script("shown\n"), Script(error="AuthenticationFailed"), failures)
    for _ in range(3):
        assert (await ask(policy))[0] == "shown\n"
    assert len(failures) == len(b.requests) == 1


async def test_a_shadow_is_held_to_the_days_limits(ask: Ask) -> None:
    policy, _, b = shadowed(Script("shown\n"), Script(), budget=budget(daily_requests=2))
    traces = [(await ask(policy))[1] for _ in range(3)]
    assert len(b.requests) == 2
    assert [each.denied for each in traces] == ["", "", "daily requests"]


async def test_a_share_of_shadows(ask: Ask) -> None:
    policy, _, b = shadowed(Script("shown\n"), Script(), share=0.2, chance=Random(2))
    for _ in range(200):
        await ask(policy)
    assert 20 <= len(b.requests) <= 60


async def test_policies_wrap_each_other(line: Any, ask: Ask) -> None:
    three = line(Script(first_delay_s=60.0), Script("backup\n"), Script("shadow\n"))
    hedge = Hedge(three.backends[:2], NoDelay(), three.budget, three.failures.append)
    split = Split(hedge, [])
    policy = Shadow(split, three.backends[2], three.budget, three.failures.append)
    three.providers[0]._scripts = (Script(error="ConnectError"),)
    text, trace = await ask(policy)
    assert text == "backup\n"
    assert [each.role for each in trace.attempts] == [Role.PRIMARY, Role.SHADOW, Role.BACKUP]
    await policy.aclose()


async def test_a_further_request_for_the_same_keystroke_leaves_the_policys_name(
    request_: CompletionRequest,
) -> None:
    a, b = ScriptedProvider("a"), ScriptedProvider("b")
    failures: list[Exception] = []
    hedge = Hedge([Backend(a)], NoDelay(), budget(), failures.append, name="hedge")
    trace = Trace(1)
    for policy in (Shadow(hedge, Backend(b), budget(), failures.append), hedge):
        async with policy.stream(request_, trace) as stream:
            async for _ in stream:
                await asyncio.sleep(0)
    assert trace.policy == "hedge+shadow"


async def test_what_is_asked_ahead_of_need_has_no_shadow(request_: CompletionRequest) -> None:
    policy, _, b = shadowed(Script("shown\n", first_delay_s=0.01), Script())
    trace = Trace(1)
    async with policy.stream(request_, trace) as stream:
        trace.attempts[0].role = Role.SPECULATIVE
        await anext(aiter(stream))
    assert not b.requests


async def test_closing_ends_the_shadows(request_: CompletionRequest) -> None:
    policy, a, _ = shadowed(Script("shown\n", first_delay_s=0.01), Script(first_delay_s=60.0))
    trace = Trace(1)
    async with policy.stream(request_, trace) as stream:
        await anext(aiter(stream))
    await policy.aclose()
    assert trace.unsettled == 0
    assert trace.attempts[1].censor_cause is CensorCause.SHUTDOWN
    assert a.closed
