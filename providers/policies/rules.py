"""What all contests of one policy have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random

from ghostlap.providers.policies.backend import Backend
from ghostlap.providers.policies.budget import Budget
from ghostlap.providers.policies.delay import Delay
from ghostlap.providers.policies.leg import Leg
from ghostlap.telemetry import LaunchReason, Role

__all__ = ["Rules"]


@dataclass(slots=True)
class Rules:
    line: Sequence[Backend]
    """In the order in which they are asked; not empty."""
    delay: Delay
    budget: Budget
    chance: Random
    failed: Callable[[Exception], None]
    """Told of each failure, also where another backend has answered. Must not raise."""
    name: str
    """What the policy is called in figures."""
    let_run_share: float
    """Of the losers, for the sake of unbiased figures."""
    shadow_share: float
    """Of the keystrokes, at which a backup is asked at once for the same reason."""
    role: Role = Role.PRIMARY
    """Of the first in line."""
    reason: LaunchReason = LaunchReason.REQUEST
    running: set[Leg] = field(default_factory=set)
    """Whatever has not let go yet, also behind the answers."""
