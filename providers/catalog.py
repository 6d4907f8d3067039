"""The vendors that are known by name: `catalog.toml` as values."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from ghostlap.providers._settings import ProviderSettings

__all__ = ["CatalogRow", "Price", "catalog", "settings_of"]


@dataclass(frozen=True, slots=True)
class Price:
    """A list price, in USD per million tokens."""

    input_usd: float
    output_usd: float
    as_of: date
    """The day on which it was read."""

    def cost_usd(self, prompt_tokens: int, completion_tokens: int) -> float:
        return (prompt_tokens * self.input_usd + completion_tokens * self.output_usd) / 1e6


@dataclass(frozen=True, slots=True)
class CatalogRow:
    """One vendor: the settings that reach it, and what is known of it."""

    name: str
    title: str
    settings: ProviderSettings
    vendor: str = "unknown"
    """Who made the chip."""
    memory: str = "unknown"
    """Where the weights lie: on-chip SRAM, HBM, LPDDR, DDR or unknown."""
    price: Price | None = None
    cancel_billed: str = "unknown"
    """What a cancelled stream costs: generated, full, nothing or unknown."""
    sampling: bool = True
    """Whether a temperature may be sent."""


_SETTINGS = frozenset(each.name for each in fields(ProviderSettings))


@cache
def catalog() -> Mapping[str, CatalogRow]:
    """Return the shipped rows by name, in their order. Reads the file once, on the first call."""
    text = files("ghostlap.providers").joinpath("catalog.toml").read_text(encoding="utf-8")
    rows = tomllib.loads(text)
    return MappingProxyType({name: _row(name, row) for name, row in rows.items()})


def settings_of(name: str) -> ProviderSettings:
    """Return what the catalogue says of `name`; plain defaults where it has no such row."""
    row = catalog().get(name)
    return row.settings if row else ProviderSettings()


def _row(name: str, row: dict[str, Any]) -> CatalogRow:
    price = row.pop("price", None)
    return CatalogRow(
        name=name,
        settings=ProviderSettings(**{key: row.pop(key) for key in _SETTINGS & row.keys()}),
        price=Price(price["input"], price["output"], price["as_of"]) if price else None,
        **row,
    )
