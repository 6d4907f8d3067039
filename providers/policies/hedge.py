"""Ask another backend when the first is late: race, hedge, adaptive hedge and failover.

Which of them it is, is a matter of the delay alone: see `delay`. Policies are providers that wrap
providers: `Shadow(Split(Hedge([a, b]), …), c)`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from random import Random

from ghostlap.providers._base import CompletionRequest
from ghostlap.providers.policies.backend import Backend
from ghostlap.providers.policies.budget import Budget
from ghostlap.providers.policies.contest import Contest
from ghostlap.providers.policies.delay import Delay
from ghostlap.providers.policies.rules import Rules
from ghostlap.telemetry import CensorCause, LaunchReason, Role, Trace

__all__ = ["LET_RUN_SHARE", "SHADOW_SHARE", "Hedge"]

LET_RUN_SHARE = 0.05
SHADOW_SHARE = 0.02
"""Enough for some hundred pairs of times in a week of typing, and little to pay."""


class Hedge:
    """A line of backends, asked one after another until one has a usable text.

    The backends are the maker's to close. Used from one event loop; many streams may be open.
    """

    def __init__(  # noqa: PLR0913 - the parts of one policy, most with a default
        self,
        line: Sequence[Backend],
        delay: Delay,
        budget: Budget,
        failed: Callable[[Exception], None],
        *,
        name: str = "",
        chance: Random | None = None,
        let_run_share: float = LET_RUN_SHARE,
        shadow_share: float = SHADOW_SHARE,
        role: Role = Role.PRIMARY,
        reason: LaunchReason = LaunchReason.REQUEST,
    ) -> None:
        """`failed` is told of each failure, also where another backend has answered.

        `role` and `reason` are those of the first in line.
        """
        assert line, "somebody is to be asked"
        self._rules = Rules(
            line,
            delay,
            budget,
            chance or Random(),  # noqa: S311 - it draws samples, no secrets
            failed,
            name or delay.name,
            let_run_share,
            shadow_share,
            role,
            reason,
        )

    @property
    def name(self) -> str:
        return ", ".join(each.name for each in self._rules.line)

    def stream(self, request: CompletionRequest, trace: Trace) -> Contest:
        return Contest(self._rules, request, trace)

    async def warm(self) -> None:
        await asyncio.gather(*(each.provider.warm() for each in self._rules.line))

    async def aclose(self) -> None:
        """End the attempts that go on behind the answers; nothing else is this policy's."""
        running = list(self._rules.running)
        for leg in running:
            leg.stop(CensorCause.SHUTDOWN)
        for leg in running:
            await leg.ended()

    def __repr__(self) -> str:
        return f"<Hedge {self._rules.name}: {self.name}>"
