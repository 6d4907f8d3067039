"""Policies: providers that wrap providers, so that a slow or failing one need not be waited for."""

from ghostlap.providers.policies.backend import Backend
from ghostlap.providers.policies.budget import Budget, Denial, Limits
from ghostlap.providers.policies.delay import AdaptiveDelay, Delay, FixedDelay, NoDelay
from ghostlap.providers.policies.hedge import LET_RUN_SHARE, SHADOW_SHARE, Hedge
from ghostlap.providers.policies.ledger import Ledger, Spent
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
