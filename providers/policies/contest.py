"""One keystroke's requests to several backends, of which the first usable text is passed on.

            ┌ leg: primary ─┐
  request ──┤ leg: backup  ─┼── first usable ──→ pieces of the winner, from its first one on
            └ …            ─┘

Whoever has a usable text first wins. An error never does: it makes the next backend be asked at
once. An abstention never does: the others get some time to have something to say. What has lost is
closed when the answer is out, and what a keystroke has made void is closed at once; neither is
waited for.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from types import TracebackType
from typing import Self

from ghostlap.providers._base import CompletionRequest
from ghostlap.providers.policies.backend import Backend
from ghostlap.providers.policies.leg import Leg, LegState
from ghostlap.providers.policies.rules import Rules
from ghostlap.telemetry import Attempt, CensorCause, LaunchReason, Role, Trace

__all__ = ["Contest"]

_ABSTENTION_S = 0.15
"""The least time that the others get when the first has abstained: an empty answer is shown to
nobody, and whoever waits for another one has lost nothing by so short a time."""
_TEARDOWN_S = 0.02
"""When losers are closed, if the winner is still being read by then: the answer has gone out."""
_LET_RUN = 8
"""More losers than that are not let run at a time, however slow a backend is."""


class Contest:
    """A `CompletionStream`, and the context that it is used in. For one task."""

    def __init__(self, rules: Rules, request: CompletionRequest, trace: Trace) -> None:
        self._rules = rules
        self._request = request
        self._trace = trace
        self._waiting: list[Backend] = []
        """Who has not been asked, in order."""
        self._legs: list[Leg] = []
        self._shadow: Leg | None = None
        self._delay_s: float | None = None
        self._winner: Leg | None = None
        self._is_over = False
        """Whether it ends without a winner."""
        self._passed_on = 0
        self._wake = asyncio.Event()
        self._timers: list[asyncio.Handle] = []

    @property
    def attempt(self) -> Attempt:
        return (self._winner or self._legs[0]).attempt

    @property
    def alternatives(self) -> Sequence[str]:
        return self._winner.alternatives if self._winner else ()

    async def __aenter__(self) -> Self:
        self._begin()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop_timers()
        self._is_over = True
        if kind is None:
            self._close_losers()
        for leg in self._legs:
            if not leg.attempt.let_run:
                leg.stop(CensorCause.RACE if kind is None else CensorCause.KEYSTROKE)

    def __aiter__(self) -> AsyncIterator[str]:
        return self

    async def __anext__(self) -> str:
        while True:
            winner = self._winner
            if winner is not None:
                if self._passed_on < len(winner.pieces):
                    return self._pass_on(winner)
                if winner.is_over:
                    self._raise_of(winner)
                    raise StopAsyncIteration
            elif self._is_over:
                self._raise_of(self._legs[0])
                raise StopAsyncIteration
            self._wake.clear()
            await self._wake.wait()

    def _pass_on(self, winner: Leg) -> str:
        text = "".join(winner.pieces[self._passed_on :])
        self._passed_on = len(winner.pieces)
        return text

    def _raise_of(self, leg: Leg) -> None:
        if leg.error is not None:
            raise leg.error

    # Who is asked.

    def _begin(self) -> None:
        rules, trace = self._rules, self._trace
        rules.budget.earn()
        self._waiting = [each for each in rules.line if not each.refusal()]
        if not self._waiting:
            self._waiting = [rules.line[0]]  # it says itself why it can't be asked
        first = self._waiting.pop(0)
        if first is rules.line[0]:
            leg = self._ask(first, rules.role, rules.reason)
        else:
            trace.denied = rules.line[0].refusal()
            leg = self._ask(first, Role.BACKUP, LaunchReason.FAILURE)
        self._delay_s = rules.delay.delay_s(first, self._request)
        trace.policy = trace.policy or rules.name  # asked ahead of need, it is the same again
        trace.hedge_delay_ns = -1 if self._delay_s is None else int(self._delay_s * 1e9)
        if self._waiting and self._request.alternatives == 1:  # several would race each other
            # Not before the engine has marked what it asks ahead of need.
            self._timers.append(asyncio.get_running_loop().call_soon(self._ask_further, leg))

    def _ask_further(self, first: Leg) -> None:
        """Ask the others at once, or see to it that they are."""
        if self._is_speculative:
            return
        if first.backend.is_stalled and self._delay_s != 0:
            self._replace(LaunchReason.FAILURE)
        elif self._delay_s == 0:
            while self._waiting and not (denial := self._rules.budget.hedge()):
                self._ask_next(LaunchReason.RACE)
            if self._waiting:
                self._trace.denied = denial
        elif self._delay_s is not None:
            self._set_timer(self._delay_s, self._late)
            if self._rules.chance.random() < self._rules.shadow_share:
                self._start_shadow()

    def _start_shadow(self) -> None:
        """Ask the next one at once, to learn of both how long they take in the same moment."""
        if not self._rules.budget.spare():
            leg = self._shadow = self._ask(self._waiting[0], Role.SHADOW, LaunchReason.SHADOW)
            self._waiting.remove(leg.backend)

    def _late(self) -> None:
        """The delay has passed, and nothing is usable."""
        if self._shadow is not None:
            self._promote(self._shadow)
        elif self._waiting:
            denial = self._rules.budget.hedge()
            if denial:
                self._trace.denied = denial
                return
            self._ask_next(LaunchReason.DELAY)
        if self._waiting and self._delay_s is not None and self._winner is None:
            self._set_timer(self._delay_s, self._late)

    def _promote(self, shadow: Leg) -> None:
        """Make a backup of what was asked only to be measured: it has a head start."""
        self._shadow = None
        shadow.attempt.role = Role.BACKUP
        if not shadow.runs:
            self.changed(shadow)

    def _replace(self, reason: LaunchReason) -> bool:
        """Ask the next one in place of one that has failed; says whether somebody was asked."""
        if self._shadow is not None:
            self._promote(self._shadow)
            return True
        if not self._waiting or self._is_speculative:
            return False
        denial = self._rules.budget.failover()
        if denial:
            self._trace.denied = denial
            return False
        self._ask_next(reason)
        return True

    @property
    def _is_speculative(self) -> bool:
        """Whether it was asked ahead of need, as the engine has marked it: nobody waits."""
        return self._legs[0].attempt.role is Role.SPECULATIVE

    def _ask_next(self, reason: LaunchReason) -> None:
        self._ask(self._waiting.pop(0), Role.BACKUP, reason)

    def _ask(self, backend: Backend, role: Role, reason: LaunchReason) -> Leg:
        begun_ns = self._legs[0].started_ns if self._legs else 0
        at_once = reason in (LaunchReason.RACE, LaunchReason.SHADOW)
        leg = Leg(
            backend,
            self._request,
            self._trace,
            self,
            role=role,
            reason=reason,
            begun_ns=0 if at_once else begun_ns,
        )
        self._legs.append(leg)
        self._rules.running.add(leg)
        leg.start()
        return leg

    # What becomes of them: the referee.

    def changed(self, leg: Leg) -> None:
        if leg.error is not None:
            self._rules.failed(leg.error)
        if self._is_over or self._winner is not None or leg is self._shadow:
            return
        if leg.state is LegState.USABLE:
            self._win(leg)
        elif leg.state is LegState.FAILED:
            if not self._replace(LaunchReason.FAILURE) and not self._others_run:
                self._end()
        elif leg.state is LegState.ABSTAINED:
            self._abstained()

    def arrived(self, leg: Leg) -> None:
        if leg is self._winner:
            self._wake.set()

    def settled(self, leg: Leg) -> None:
        self._rules.running.discard(leg)
        if leg is not self._legs[0]:
            self._rules.budget.charge(leg.backend.cost_usd(leg.attempt))

    def _win(self, leg: Leg) -> None:
        self._winner = leg
        self._stop_timers()
        self._wake.set()
        if len(self._legs) > 1:
            self._set_timer(_TEARDOWN_S, self._close_losers)

    def _abstained(self) -> None:
        """Give the others some time; without others, perhaps ask one."""
        if self._delay_s is not None and not self._others_run and not self._is_speculative:
            self._ask_for_a_second_opinion()
        if not self._others_run:
            self._end()
        elif not self._legs[0].runs:  # which alone would be waited for as well
            self._set_timer(max(self._delay_s or 0.0, _ABSTENTION_S), self._end)

    def _ask_for_a_second_opinion(self) -> None:
        if self._shadow is not None:
            self._promote(self._shadow)
        elif self._waiting and not self._rules.budget.spare():
            self._ask_next(LaunchReason.ABSTENTION)

    @property
    def _others_run(self) -> bool:
        return any(leg.runs for leg in self._legs if leg is not self._shadow)

    def _end(self) -> None:
        """Nobody has won. One that abstained is passed on, for whoever wants to see what it said;
        where all have failed, the first one's error is.
        """
        if self._winner is not None or self._is_over:
            return
        self._stop_timers()
        abstained = [leg for leg in self._legs if leg.state is LegState.ABSTAINED]
        self._winner = next((leg for leg in abstained if leg.has_text), next(iter(abstained), None))
        self._is_over = True
        self._wake.set()

    def _close_losers(self) -> None:
        """Close who has lost, but for a share of them that is let run."""
        winner = self._winner
        won = winner is not None and winner.state is LegState.USABLE
        for leg in self._legs:
            if leg is winner or not leg.runs or leg.attempt.let_run:
                continue
            if won and self._may_run_on(leg):
                leg.let_run()
            else:
                leg.stop(CensorCause.RACE if won else CensorCause.TIMEOUT)

    def _may_run_on(self, leg: Leg) -> bool:
        rules = self._rules
        if leg.attempt.delay_ns or sum(each.attempt.let_run for each in rules.running) >= _LET_RUN:
            return False
        pair = any(each.attempt.launch_reason is LaunchReason.SHADOW for each in self._legs)
        return pair or rules.chance.random() < rules.let_run_share

    # Timers.

    def _set_timer(self, delay_s: float, then: Callable[[], None]) -> None:
        self._timers.append(asyncio.get_running_loop().call_later(delay_s, then))

    def _stop_timers(self) -> None:
        while self._timers:
            self._timers.pop().cancel()
