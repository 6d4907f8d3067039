"""The names of the LSP commands that switch policies and providers."""

from __future__ import annotations

__all__ = ["SELECT", "SET", "SWITCHES", "TOGGLE"]

TOGGLE = "ghostlap.hedge.toggle"
"""Off, or on again as it was. No argument."""
SET = "ghostlap.hedge.set"
"""Takes what the setting `hedge` takes; null: as the settings say."""
SELECT = "ghostlap.provider.select"
"""Takes the name of the provider that is to be the primary; null: as the settings say."""

SWITCHES = (TOGGLE, SET, SELECT)
"""Each answers with what is on then: {"hedge", "primary", "backup"}."""
