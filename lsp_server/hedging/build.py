"""The policies that a plan asks for, made of the providers that are open."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ghostlap.lsp_server.hedging.plan import Plan
from ghostlap.providers import Provider
from ghostlap.providers.policies import (
    AdaptiveDelay,
    Backend,
    Budget,
    Delay,
    FixedDelay,
    Hedge,
    Ledger,
    Limits,
    NoDelay,
    Shadow,
    Split,
)
from ghostlap.telemetry import LaunchReason, Role

__all__ = ["build"]

_EXTRA_PERCENT = 10.0
_NO_LIMIT_PERCENT = 100.0


def build(
    plan: Plan,
    backends: Mapping[str, Backend],
    ledger: Ledger,
    failed: Callable[[Exception], None],
) -> Provider:
    """Wrap the plan's backends into its policies; one that could not be opened is left out.

    The primary's is among `backends`. Where there is no policy it is asked itself.
    """
    line = [backends[each] for each in (plan.primary, *plan.backups) if each in backends]
    split = [(share, backends[name]) for name, share in plan.split if name in backends]
    shadows = [(share, backends[name]) for name, share in plan.shadows if name in backends]
    if len(line) == 1 and not split and not shadows:
        return line[0].provider
    budget = Budget(_limits(plan), ledger)
    provider: Provider = _hedge(line, plan, budget, failed, name=plan.mode)
    if split:
        provider = Split(
            provider, [(share, _canary(each, line, plan, budget, failed)) for share, each in split]
        )
    for share, backend in shadows:
        provider = Shadow(provider, backend, budget, failed, share=share)
    return provider


def _canary(
    backend: Backend,
    line: list[Backend],
    plan: Plan,
    budget: Budget,
    failed: Callable[[Exception], None],
) -> Hedge:
    """Ask `backend` first, and the others as they would be asked otherwise."""
    others = [each for each in line if each is not backend] if plan.mode != "off" else []
    return _hedge(
        [backend, *others],
        plan,
        budget,
        failed,
        name=f"{plan.mode}+split",
        role=Role.SPLIT,
        reason=LaunchReason.SPLIT,
    )


def _hedge(
    line: list[Backend],
    plan: Plan,
    budget: Budget,
    failed: Callable[[Exception], None],
    *,
    name: str,
    role: Role = Role.PRIMARY,
    reason: LaunchReason = LaunchReason.REQUEST,
) -> Hedge:
    return Hedge(
        line,
        _delay(plan),
        budget,
        failed,
        name=name,
        let_run_share=plan.settings.let_run_percent / 100,
        shadow_share=plan.settings.shadow_percent / 100,
        role=role,
        reason=reason,
    )


def _delay(plan: Plan) -> Delay:
    settings = plan.settings
    match plan.mode:
        case "race":
            return FixedDelay(0.0)
        case "hedge":
            return FixedDelay(plan.delay_ms / 1000)
        case "adaptive":
            most_ms = max(settings.most_delay_ms, settings.least_delay_ms)
            return AdaptiveDelay(
                settings.percentile, settings.least_delay_ms / 1000, most_ms / 1000
            )
    return NoDelay()


def _limits(plan: Plan) -> Limits:
    settings = plan.settings
    percent = settings.extra_percent
    if percent is None:
        percent = _NO_LIMIT_PERCENT if plan.mode == "race" else _EXTRA_PERCENT
    return Limits(percent, settings.daily_requests, settings.daily_usd)
