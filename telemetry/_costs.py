"""What an attempt cost by list price, as an interval in 1e-9 USD; (None, None) where unknown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from ghostlap.telemetry._facts import ProviderFacts
from ghostlap.telemetry._trace import Attempt, AttemptOutcome

__all__ = ["Cost", "cost_of", "cost_of_all"]

Cost: TypeAlias = tuple[int | None, int | None]

_UNKNOWN: Cost = (None, None)


# Code is about three to four characters a token in today's vocabularies.
_CHARS_PER_TOKEN = (4, 3)


def cost_of(attempt: Attempt, facts: ProviderFacts | None) -> Cost:
    """By the tokens that the provider counted, and else between what is the least and the most.

    A cancelled stream has rarely told its tokens, and who bills what was never sent differs.
    """
    if attempt.simulated or facts is None or facts.input_usd is None or facts.output_usd is None:
        return _UNKNOWN
    low, high = _tokens(attempt, facts.bills_cancelled)
    if low is None or high is None:
        return _UNKNOWN
    prices = (facts.input_usd, facts.output_usd)
    return _nusd(low, prices), _nusd(high, prices)


def _tokens(
    attempt: Attempt, bills_cancelled: str
) -> tuple[tuple[float, float] | None, tuple[float, float] | None]:
    """The least and the most of tokens that may be billed, of the prompt and of the answer."""
    prompt, completion = attempt.usage.prompt_tokens, attempt.usage.completion_tokens
    if prompt >= 0 and completion >= 0:
        return (prompt, completion), (prompt, completion)
    if attempt.outcome is AttemptOutcome.ERROR and not attempt.text_length:
        return (0, 0), (0, 0)
    if prompt < 0 and not attempt.prompt_length:
        return None, None
    few, many = _CHARS_PER_TOKEN
    low = (prompt if prompt >= 0 else attempt.prompt_length / few, attempt.text_length / few)
    most = attempt.text_length / many
    if attempt.outcome is AttemptOutcome.CENSORED:
        if bills_cancelled == "nothing":
            low = (0, 0)
        elif bills_cancelled in ("full", "unknown"):
            most = max(most, attempt.asked_tokens)
    high = (prompt if prompt >= 0 else attempt.prompt_length / many, most)
    return low, high


def _nusd(tokens: tuple[float, float], prices: tuple[float, float]) -> int:
    """USD per million tokens are 1000 of our units per token."""
    return round(1000 * (tokens[0] * prices[0] + tokens[1] * prices[1]))


def cost_of_all(costs: Sequence[Cost]) -> Cost:
    """The sum; unknown parts count as nothing, unless all are unknown."""
    known = [(low, high) for low, high in costs if low is not None and high is not None]
    if not known:
        return _UNKNOWN
    return sum(low for low, _ in known), sum(high for _, high in known)
