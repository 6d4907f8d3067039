"""Policies: providers that wrap providers, so that a slow or failing one need not be waited for."""

from importlib import import_module
from typing import TYPE_CHECKING

from ghostlap.providers.policies.ledger import Ledger, Spent

if TYPE_CHECKING:
    from ghostlap.providers.policies.backend import Backend
    from ghostlap.providers.policies.budget import Budget, Denial, Limits
    from ghostlap.providers.policies.delay import AdaptiveDelay, Delay, FixedDelay, NoDelay
    from ghostlap.providers.policies.hedge import LET_RUN_SHARE, SHADOW_SHARE, Hedge
    from ghostlap.providers.policies.shadow import Shadow
    from ghostlap.providers.policies.split import Split

__all__ = [
    "LET_RUN_SHARE",
    "SHADOW_SHARE",
    "AdaptiveDelay",
    "Backend",
    "Budget",
    "Delay",
    "Denial",
    "FixedDelay",
    "Hedge",
    "Ledger",
    "Limits",
    "NoDelay",
    "Shadow",
    "Spent",
    "Split",
]

_LATE = {
    "LET_RUN_SHARE": "hedge",
    "SHADOW_SHARE": "hedge",
    "AdaptiveDelay": "delay",
    "Backend": "backend",
    "Budget": "budget",
    "Delay": "delay",
    "Denial": "budget",
    "FixedDelay": "delay",
    "Hedge": "hedge",
    "Limits": "budget",
    "NoDelay": "delay",
    "Shadow": "shadow",
    "Split": "split",
}
"""Imported when it is first asked for: an editor that waits for a server's start would wait a tenth
longer, and most users ask one provider."""

if not TYPE_CHECKING:  # a checker shall not believe in any name there is

    def __getattr__(name: str) -> object:
        if name not in _LATE:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f"{__name__}.{_LATE[name]}"), name)
        globals()[name] = value
        return value
