from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from ghostlap.providers import (
    AuthenticationFailed,
    CompletionRequest,
    Overloaded,
    Provider,
    Snippet,
)
from ghostlap.providers.policies import Budget, FixedDelay, Ledger, Limits, NoDelay
from ghostlap.providers.scripted import Script
from ghostlap.telemetry import (
    AttemptOutcome,
    AttemptStage,
    CensorCause,
    LaunchReason,
    Role,
    Trace,
)

Ask = Callable[[Provider], Awaitable[tuple[str, Trace]]]
Line = Callable[..., Any]

RACE = FixedDelay(0.0)
NEVER = 60.0
SLOW = Script(text="slow\n", first_delay_s=NEVER)
QUICK = Script(text="quick\n")
EMPTY = Script(text="")
BROKEN = Script(error="Overloaded")


async def test_a_primary_in_time_is_the_only_one_that_is_asked(line: Line, ask: Ask) -> None:
    both = line(QUICK, SLOW)
    text, trace = await ask(both.hedge())
    assert text == "quick\n"
    assert both.asked() == [1, 0]
    (attempt,) = trace.attempts
    assert attempt.role is Role.PRIMARY
    assert attempt.launch_reason is LaunchReason.REQUEST
    assert attempt.outcome is AttemptOutcome.COMPLETED
    assert trace.policy == "hedge"
    assert trace.hedge_delay_ns == 20_000_000
    assert trace.denied == ""


async def test_a_backup_is_asked_when_the_primary_is_late_and_may_win(line: Line, ask: Ask) -> None:
    both = line(SLOW, QUICK)
    text, trace = await ask(both.hedge())
    assert text == "quick\n"
    primary, backup = trace.attempts
    assert (backup.role, backup.launch_reason) == (Role.BACKUP, LaunchReason.DELAY)
    assert backup.delay_ns >= 20_000_000
    assert backup.won
    assert not primary.won
    assert primary.outcome is AttemptOutcome.CENSORED
    assert primary.censor_cause is CensorCause.RACE
    assert primary.stamps[AttemptStage.FIRST_USABLE] == 0
    lower_bound_ns = primary.stamps[AttemptStage.ENDED] - backup.stamps[AttemptStage.FIRST_USABLE]
    assert lower_bound_ns > 0


async def test_a_race_begins_with_all_of_the_line(line: Line, ask: Ask) -> None:
    three = line(SLOW, SLOW, QUICK)
    text, trace = await ask(three.hedge(RACE))
    assert text == "quick\n"
    assert three.asked() == [1, 1, 1]
    assert [each.delay_ns for each in trace.attempts] == [0, 0, 0]
    assert [each.launch_reason for each in trace.attempts[1:]] == [LaunchReason.RACE] * 2
    assert [each.open_streams for each in three.providers] == [0, 0, 0]
    assert trace.policy == "race"


async def test_the_third_in_line_is_asked_another_delay_later(line: Line, ask: Ask) -> None:
    three = line(SLOW, SLOW, QUICK)
    text, trace = await ask(three.hedge())
    assert text == "quick\n"
    delays = [each.delay_ns for each in trace.attempts]
    assert delays[1] >= 20_000_000
    assert delays[2] >= delays[1] + 19_000_000


async def test_the_winners_text_is_passed_on_from_its_first_piece_and_streams_on(
    line: Line, request_: CompletionRequest
) -> None:
    both = line(SLOW, Script(text="one\ntwo\n", piece_chars=4))
    trace = Trace(1)
    async with both.hedge(RACE).stream(request_, trace) as stream:
        pieces = [piece async for piece in stream]
    assert pieces == ["one\n", "two\n"]
    assert stream.attempt is trace.attempts[1]


async def test_a_byte_does_not_win_over_a_usable_text(line: Line, ask: Ask) -> None:
    both = line(
        Script(text="a" * 9, piece_chars=1, delay_s=NEVER), Script("b\n", first_delay_s=0.01)
    )
    text, trace = await ask(both.hedge(RACE))
    assert text == "b\n"
    first_byte = [each.stamps[AttemptStage.FIRST_BYTE] for each in trace.attempts]
    assert 0 < first_byte[0] < first_byte[1]


async def test_a_retryable_error_has_the_backup_asked_at_once(line: Line, ask: Ask) -> None:
    both = line(BROKEN, QUICK)
    text, trace = await ask(both.hedge(FixedDelay(NEVER)))
    assert text == "quick\n"
    assert trace.attempts[0].outcome is AttemptOutcome.ERROR
    assert trace.attempts[0].error == "Overloaded"
    assert trace.attempts[1].launch_reason is LaunchReason.FAILURE
    assert [type(error) for error in both.failures] == [Overloaded]


async def test_failover_waits_for_a_failure_and_for_nothing_else(line: Line, ask: Ask) -> None:
    both = line([BROKEN, Script("late\n", first_delay_s=0.05)], QUICK)
    policy = both.hedge(NoDelay())
    assert (await ask(policy))[0] == "quick\n"
    text, trace = await ask(policy)
    assert text == "late\n"
    assert len(trace.attempts) == 1
    assert trace.hedge_delay_ns == -1
    assert trace.policy == "failover"


async def test_an_error_never_wins_over_an_answer_that_is_still_under_way(
    line: Line, ask: Ask
) -> None:
    both = line(Script("slow\n", first_delay_s=0.05), BROKEN)
    text, trace = await ask(both.hedge(RACE))
    assert text == "slow\n"
    assert [each.outcome for each in trace.attempts] == [
        AttemptOutcome.COMPLETED,
        AttemptOutcome.ERROR,
    ]


async def test_an_error_behind_some_text_is_an_error(line: Line, ask: Ask) -> None:
    both = line(Script("half", error="Truncated", error_after=1), QUICK)
    assert (await ask(both.hedge(FixedDelay(NEVER))))[0] == "quick\n"


async def test_when_all_fail_the_primarys_error_is_raised(line: Line, ask: Ask) -> None:
    both = line(Script(error="ConnectError"), BROKEN)
    with pytest.raises(Exception, match="as scripted") as raised:
        await ask(both.hedge())
    assert raised.value is both.failures[0]
    assert len(both.failures) == 2


async def test_a_bad_key_sets_a_backend_aside_for_the_next_keystrokes(line: Line, ask: Ask) -> None:
    both = line(Script(error="AuthenticationFailed"), QUICK)
    policy = both.hedge()
    assert [(await ask(policy))[0] for _ in range(2)] == ["quick\n"] * 2
    text, trace = await ask(policy)
    assert text == "quick\n"
    assert both.asked() == [1, 3]
    assert [type(error) for error in both.failures] == [AuthenticationFailed]
    (attempt,) = trace.attempts
    assert (attempt.role, attempt.launch_reason) == (Role.BACKUP, LaunchReason.FAILURE)
    assert attempt.delay_ns == 0
    assert trace.denied == "set aside"


async def test_a_rate_limited_backend_is_not_asked_before_it_wants_to_be(
    line: Line, ask: Ask, clock: Any
) -> None:
    limited = Script(error="RateLimited", retry_after_s=7.0)
    both = line([limited, QUICK], Script("backup\n"), clock=clock)
    policy = both.hedge()
    assert (await ask(policy))[0] == "backup\n"
    clock.pass_s(6.9)
    assert (await ask(policy))[0] == "backup\n"
    assert both.asked() == [1, 2]
    clock.pass_s(0.2)
    assert (await ask(policy))[0] == "quick\n"


async def test_when_all_are_set_aside_the_primary_says_why(line: Line, ask: Ask) -> None:
    both = line(Script(error="AuthenticationFailed"), Script(error="AuthenticationFailed"))
    for _ in range(2):
        with pytest.raises(AuthenticationFailed):
            await ask(both.hedge())


async def test_an_empty_answer_waits_for_one_that_is_under_way(line: Line, ask: Ask) -> None:
    both = line(EMPTY, Script("late\n", first_delay_s=0.05))
    text, trace = await ask(both.hedge(RACE))
    assert text == "late\n"
    assert [each.outcome for each in trace.attempts] == [
        AttemptOutcome.EMPTY,
        AttemptOutcome.COMPLETED,
    ]


async def test_an_empty_answer_does_not_wait_for_ever(line: Line, ask: Ask) -> None:
    both = line(EMPTY, SLOW)
    text, trace = await ask(both.hedge(RACE))
    assert text == ""
    assert trace.attempts[1].censor_cause is CensorCause.TIMEOUT


async def test_an_empty_backup_does_not_cut_the_primary_short(line: Line, ask: Ask) -> None:
    both = line(Script("late\n", first_delay_s=0.3), EMPTY)
    assert (await ask(both.hedge(RACE)))[0] == "late\n"


async def test_empty_from_both_is_empty(line: Line, ask: Ask) -> None:
    text, trace = await ask(line(EMPTY, Script("\n")).hedge(RACE))
    assert text.strip() == ""
    assert [each.outcome for each in trace.attempts] == [AttemptOutcome.EMPTY] * 2


async def test_an_abstention_has_a_backup_asked_only_while_the_budget_is_half_full(
    line: Line, ask: Ask
) -> None:
    both = line(EMPTY, QUICK)
    both.budget = Budget(Limits(extra_percent=10), Ledger())
    policy = both.hedge()
    text, trace = await ask(policy)
    assert text == "quick\n"
    assert trace.attempts[1].launch_reason is LaunchReason.ABSTENTION
    text, trace = await ask(policy)
    assert text == ""
    assert len(trace.attempts) == 1


async def test_failover_takes_no_abstention_for_a_failure(line: Line, ask: Ask) -> None:
    both = line(EMPTY, QUICK)
    assert (await ask(both.hedge(NoDelay())))[0] == ""
    assert both.asked() == [1, 0]


async def test_a_denied_hedge_is_noted_and_the_primary_is_waited_for(line: Line, ask: Ask) -> None:
    both = line(Script("late\n", first_delay_s=0.05), QUICK)
    policy = both.hedge(FixedDelay(0.005), budget=Budget(Limits(extra_percent=0), Ledger()))
    text, trace = await ask(policy)
    assert text == "late\n"
    assert both.asked() == [1, 0]
    assert trace.denied == "bucket"


async def test_a_keystroke_closes_all_attempts(
    line: Line,
    request_: CompletionRequest,
    wait_for_settled: Callable[[Trace], Awaitable[None]],
) -> None:
    both = line(SLOW, SLOW)
    policy, trace = both.hedge(RACE), Trace(1)

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02), policy.stream(request_, trace) as stream:
            await anext(aiter(stream))
    assert both.asked() == [1, 1]
    await wait_for_settled(trace)
    assert [each.cancelled for each in both.providers] == [1, 1]
    assert [each.censor_cause for each in trace.attempts] == [CensorCause.KEYSTROKE] * 2


async def test_leaving_does_not_wait_for_the_losers(
    line: Line, request_: CompletionRequest, wait_for_settled: Callable[[Trace], Awaitable[None]]
) -> None:
    both = line(SLOW, QUICK)
    trace = Trace(1)
    async with both.hedge(RACE).stream(request_, trace) as stream:
        await anext(aiter(stream))
        assert both.providers[0].open_streams == 1, "the answer comes before the teardown"
    assert trace.unsettled == 2
    assert not trace.attempts[0].stamps[AttemptStage.ENDED]
    await wait_for_settled(trace)
    assert both.providers[0].open_streams == 0
    assert trace.attempts[0].outcome is AttemptOutcome.CENSORED


async def test_losers_are_closed_while_the_winner_is_still_read(
    line: Line, request_: CompletionRequest
) -> None:
    both = line(SLOW, Script("one\ntwo\n", piece_chars=4, delay_s=0.1))
    trace = Trace(1)
    async with both.hedge(RACE).stream(request_, trace) as stream:
        pieces = [piece async for piece in stream]
        assert trace.attempts[0].outcome is AttemptOutcome.CENSORED
    assert "".join(pieces) == "one\ntwo\n"


async def test_a_loser_that_is_let_run_ends_at_its_first_usable_text(
    line: Line, ask: Ask, usable_ms: Callable[[Any], float]
) -> None:
    late = Script("late\nmore\n", piece_chars=5, first_delay_s=0.05, delay_s=NEVER)
    both = line(late, QUICK)
    text, trace = await ask(both.hedge(RACE, let_run_share=1.0))
    assert text == "quick\n"
    loser = trace.attempts[0]
    assert loser.let_run
    assert loser.outcome is AttemptOutcome.COMPLETED
    assert usable_ms(loser) >= 49
    assert not loser.won


async def test_a_shadow_start_measures_both_and_shows_the_primary(line: Line, ask: Ask) -> None:
    both = line(Script("slow\n", first_delay_s=0.01), QUICK)
    text, trace = await ask(both.hedge(FixedDelay(NEVER), shadow_share=1.0))
    assert text == "slow\n"
    primary, shadow = trace.attempts
    assert (shadow.role, shadow.launch_reason) == (Role.SHADOW, LaunchReason.SHADOW)
    assert shadow.delay_ns == 0
    assert primary.stamps[AttemptStage.FIRST_USABLE] > 0
    assert shadow.stamps[AttemptStage.FIRST_USABLE] > 0


async def test_a_shadow_start_serves_as_the_backup_when_the_delay_has_passed(
    line: Line, ask: Ask
) -> None:
    both = line(Script("slow\n", first_delay_s=0.2), QUICK)
    text, trace = await ask(both.hedge(FixedDelay(0.03), shadow_share=1.0))
    assert text == "quick\n"
    assert both.asked() == [1, 1]
    primary, backup = trace.attempts
    assert backup.role is Role.BACKUP
    assert backup.won
    assert primary.let_run, "of a pair both are measured"
    assert primary.stamps[AttemptStage.FIRST_USABLE] > 0


async def test_closing_the_policy_ends_what_was_let_run(
    line: Line, request_: CompletionRequest
) -> None:
    both = line(SLOW, QUICK)
    policy, trace = both.hedge(RACE, let_run_share=1.0), Trace(1)
    async with policy.stream(request_, trace) as stream:
        await anext(aiter(stream))
    await policy.aclose()
    assert trace.unsettled == 0
    assert trace.attempts[0].censor_cause is CensorCause.SHUTDOWN
    assert not both.providers[0].closed, "the backends are the maker's to close"


async def test_what_is_asked_ahead_of_need_is_not_hedged(
    line: Line, request_: CompletionRequest
) -> None:
    both = line(Script("late\n", first_delay_s=0.05), QUICK)
    trace = Trace(1)
    async with both.hedge(FixedDelay(0.005), shadow_share=1.0).stream(request_, trace) as stream:
        trace.attempts[0].role = Role.SPECULATIVE
        text = "".join([piece async for piece in stream])
    assert text == "late\n"
    assert both.asked() == [1, 0]


async def test_the_first_is_the_attempt_until_there_is_a_winner(
    line: Line, request_: CompletionRequest
) -> None:
    both = line(SLOW, QUICK)
    trace = Trace(1)
    async with both.hedge(RACE).stream(request_, trace) as stream:
        assert stream.attempt is trace.attempts[0]
        await anext(aiter(stream))
        assert stream.attempt is trace.attempts[1]


async def test_only_lengths_of_what_was_asked_are_noted(line: Line) -> None:
    both = line(QUICK, SLOW)
    request = CompletionRequest(
        prefix="abc", suffix="de", snippets=(Snippet("p", "f" * 10),), max_tokens=33
    )
    trace = Trace(1)
    async with both.hedge().stream(request, trace) as stream:
        await anext(aiter(stream))
    assert trace.attempts[0].prompt_length == 15
    assert trace.attempts[0].asked_tokens == 33


async def test_a_provider_with_a_bug_is_a_provider_that_fails(line: Line, ask: Ask) -> None:
    class Buggy:
        name = "buggy"

        def stream(self, _request: CompletionRequest, trace: Trace) -> Any:
            trace.attempt("buggy")
            return self

        async def __aenter__(self) -> Any:
            raise ZeroDivisionError

        async def __aexit__(self, *_: object) -> None:
            raise AssertionError

        async def warm(self) -> None:
            """Nothing to do."""

    both = line(QUICK, QUICK)
    both.backends[0].provider = Buggy()
    text, trace = await ask(both.hedge())
    assert text == "quick\n"
    assert trace.attempts[0].error == "ZeroDivisionError"


async def test_a_primary_that_has_fallen_silent_is_no_longer_waited_for(
    line: Line, ask: Ask
) -> None:
    """A bucket of ten would be empty after ten keys: from then on it counts as a failure."""
    both = line([*[Script("quick\n", first_delay_s=0.002)] * 100, SLOW], Script("backup\n"))
    policy = both.hedge(FixedDelay(0.02), budget=Budget(Limits(), Ledger()))
    for _ in range(100):
        await ask(policy)
    traces = [(await ask(policy))[1] for _ in range(30)]
    assert not any(each.denied for each in traces)
    assert traces[0].attempts[1].launch_reason is LaunchReason.DELAY
    assert traces[-1].attempts[1].launch_reason is LaunchReason.FAILURE
    assert all(each.attempts[1].won for each in traces)


async def test_the_state_of_a_policy_does_not_grow(line: Line, ask: Ask) -> None:
    both = line(QUICK, SLOW)
    policy = both.hedge(RACE)
    for _ in range(20):
        await ask(policy)
    assert not policy._rules.running
    assert len(asyncio.all_tasks()) == 1
