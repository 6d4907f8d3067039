"""What our server has written down of its arm: requests, tokens, cost, and the stages' times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from ghostlap.providers.catalog import catalog
from ghostlap.telemetry import (
    Attempt,
    AttemptStage,
    Outcome,
    Source,
    Stage,
    StoreError,
    Trace,
    summarise,
)
from ghostlap.telemetry.reading import read_traces

__all__ = ["Ledger", "read_ledger"]


@dataclass(frozen=True, slots=True)
class Ledger:
    keystrokes: int = 0
    requests: int = 0
    backups: int = 0
    errors: int = 0
    prompt_tokens: int = 0
    """As the providers counted; so the next."""
    completion_tokens: int = 0
    cost_usd: tuple[float, float] | None = None
    """By list price; of simulated providers what it would cost."""
    from_cache: int = 0
    """Served with a text that was there already."""
    cold: int = 0
    """Requests that had to wait for a connection."""
    usable_ms_cold: float | None = None
    """Medians, from the request's start to its first usable text; so the next."""
    usable_ms_warm: float | None = None
    stages_ms: Mapping[str, float] = field(default_factory=dict)
    """Medians of each stage, over the keys that a provider served."""


_CHARS_PER_TOKEN = 4
_STAGES = (
    ("edit → request", Stage.CHANGE_RECEIVED, Stage.REQUEST_RECEIVED),
    ("request → asked", Stage.REQUEST_RECEIVED, Stage.DISPATCHED),
    ("asked → usable", Stage.DISPATCHED, Stage.USABLE),
    ("usable → sent", Stage.USABLE, Stage.RESPONSE_SENT),
)


def read_ledger(database: Path) -> Ledger:
    """Read what a server wrote that has ended; nothing where it wrote nothing."""
    try:
        traces = [trace for _, trace in read_traces(database)]
        rows = summarise(database)
    except StoreError:
        return Ledger()
    attempts = [attempt for trace in traces for attempt in trace.attempts]
    costs = [row.cost_usd for row in rows if row.cost_usd is not None]
    timed = [
        (each.cold_connection, _between(each.stamps, AttemptStage.STARTED, _USABLE))
        for each in attempts
        if each.stamps[_USABLE]
    ]
    return Ledger(
        keystrokes=len(traces),
        requests=len(attempts),
        backups=sum(max(0, len(trace.attempts) - 1) for trace in traces),
        errors=sum(bool(each.error) for each in attempts),
        prompt_tokens=sum(max(0, each.usage.prompt_tokens) for each in attempts),
        completion_tokens=sum(max(0, each.usage.completion_tokens) for each in attempts),
        cost_usd=(sum(low for low, _ in costs), sum(high for _, high in costs))
        if costs
        else _would_cost(attempts),
        from_cache=sum(
            each.outcome is Outcome.SERVED and each.source is not Source.PROVIDER for each in traces
        ),
        cold=sum(each.cold_connection for each in attempts),
        usable_ms_cold=_median([ms for cold, ms in timed if cold]),
        usable_ms_warm=_median([ms for cold, ms in timed if not cold]),
        stages_ms=_stages(traces),
    )


_USABLE = AttemptStage.FIRST_USABLE


def _would_cost(attempts: list[Attempt]) -> tuple[float, float] | None:
    """What simulated requests would cost by list price, by the tokens that were received.

    The telemetry keeps no cost of them, since nobody pays it.
    """
    prices = {name: row.price for name, row in catalog().items()}
    played = [each for each in attempts if each.simulated and prices.get(each.provider)]
    if not played:
        return None
    total = 0.0
    for each in played:
        price = prices[each.provider]
        assert price is not None, "only those with a price were taken"
        prompt, completion = each.usage.prompt_tokens, each.usage.completion_tokens
        total += price.cost_usd(
            prompt if prompt >= 0 else each.prompt_length // _CHARS_PER_TOKEN,
            completion if completion >= 0 else each.text_length // _CHARS_PER_TOKEN,
        )
    return total, total


def _stages(traces: list[Trace]) -> dict[str, float]:
    served = [each for each in traces if each.source is Source.PROVIDER]
    found = {}
    for name, first, last in _STAGES:
        times = [
            _between(each.stamps, first, last)
            for each in served
            if each.stamps[first] and each.stamps[last]
        ]
        if times:
            found[name] = median(times)
    return found


def _between(stamps: list[int], first: int, last: int) -> float:
    return (stamps[last] - stamps[first]) / 1e6


def _median(times: list[float]) -> float | None:
    return median(times) if times else None
