"""What is known of a provider besides what was measured, as the recorder is told it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

__all__ = ["FactsOf", "ProviderFacts"]


@dataclass(frozen=True, slots=True)
class ProviderFacts:
    """Stored beside each attempt, so that later changes of hardware and price leave it alone."""

    memory: str = ""
    """Where the weights lie: on-chip SRAM, HBM, DDR …; empty when unknown. Rows are grouped by it
    as their hardware."""
    input_usd: float | None = None
    """List price of a million tokens; None when unknown."""
    output_usd: float | None = None
    bills_cancelled: str = "unknown"
    """What a cancelled stream costs: generated (what came until then), full, nothing, unknown."""


FactsOf: TypeAlias = Callable[[str], ProviderFacts | None]
"""Called once per provider's name, in the writer's thread."""
