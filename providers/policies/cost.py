"""What an attempt can have cost: an interval, since a cancelled stream tells no count."""

from __future__ import annotations

from typing import NamedTuple

from ghostlap.providers.catalog import Price
from ghostlap.telemetry import Attempt, AttemptOutcome, AttemptStage

__all__ = ["CostUsd", "cost_usd"]

_CHARS_PER_TOKEN_HIGH = 4.0
_CHARS_PER_TOKEN_LOW = 2.5
"""Code has between 2.5 and 4 characters to a token with the usual vocabularies."""


class CostUsd(NamedTuple):
    low: float
    high: float


def cost_usd(attempt: Attempt, price: Price, cancel_billed: str) -> CostUsd:
    """By list price; exact where the provider has counted.

    A request that never left, or was refused, costs nothing. A cancelled one costs between what had
    arrived and the cap, unless it is known what its vendor bills (`CatalogRow.cancel_billed`).
    """
    usage = attempt.usage
    was_sent = attempt.stamps[AttemptStage.SENT] or attempt.stamps[AttemptStage.FIRST_BYTE]
    failed = attempt.outcome is AttemptOutcome.ERROR and not attempt.text_length
    if not was_sent or (failed and usage.prompt_tokens < 0):
        return CostUsd(0.0, 0.0)
    if usage.prompt_tokens >= 0 and usage.completion_tokens >= 0:
        cost = price.cost_usd(usage.prompt_tokens, usage.completion_tokens)
        return CostUsd(cost, cost)
    prompt_low, prompt_high = _tokens(attempt.prompt_length)
    said_low, said_high = _tokens(attempt.text_length)
    low = price.cost_usd(prompt_low, said_low)
    if not _was_cut(attempt):
        return CostUsd(low, price.cost_usd(prompt_high, said_high))
    if cancel_billed == "nothing":
        return CostUsd(0.0, 0.0)
    if cancel_billed == "full":
        low = price.cost_usd(prompt_low, attempt.asked_tokens)
    if cancel_billed != "generated":
        said_high = max(said_high, attempt.asked_tokens)
    return CostUsd(low, price.cost_usd(prompt_high, said_high))


def _was_cut(attempt: Attempt) -> bool:
    """Whether it was closed before its end: a finish reason comes with the end."""
    return not attempt.finish_reason


def _tokens(length: int) -> tuple[int, int]:
    return int(length / _CHARS_PER_TOKEN_HIGH), -int(-length // _CHARS_PER_TOKEN_LOW)
