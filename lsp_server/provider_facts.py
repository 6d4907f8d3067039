"""What the telemetry is told of a provider besides what it measures: hardware and list price."""

from __future__ import annotations

from collections.abc import Mapping

from ghostlap.lsp_server.config import Config
from ghostlap.telemetry import FactsOf, ProviderFacts

__all__ = ["facts_of", "hardware_of"]


def facts_of(config: Config) -> FactsOf:
    """By the catalogue; of a provider that only the user's file knows, its `hardware`."""

    def facts(name: str) -> ProviderFacts | None:
        from ghostlap.providers.catalog import catalog  # noqa: PLC0415 - in the writer's thread

        row = catalog().get(name)
        if row is None:
            own = config.providers.get(name)
            return ProviderFacts(own.hardware) if own else None
        return ProviderFacts(
            "" if row.memory == "unknown" else row.memory,
            row.price.input_usd if row.price else None,
            row.price.output_usd if row.price else None,
            row.cancel_billed,
        )

    return facts


def hardware_of(config: Config) -> Mapping[str, str]:
    """Where the weights of each known provider lie, for rows that were stored without it."""
    from ghostlap.providers.catalog import catalog  # noqa: PLC0415 - who reports needs it, no other

    facts = facts_of(config)
    known = {name: facts(name) for name in (*catalog(), *config.providers)}
    return {name: each.memory for name, each in known.items() if each and each.memory}
