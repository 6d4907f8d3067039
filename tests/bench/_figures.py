"""Percentiles, ratios to the floor, targets, and the tables that show them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median, quantiles

from rich.console import Console
from rich.table import Table

__all__ = ["Figure", "Ratio", "figures_table", "percentile", "ratio", "table"]


def percentile(samples: Sequence[float], percent: int) -> float:
    if len(samples) < 2:
        return samples[0]
    return quantiles(samples, n=100, method="inclusive")[percent - 1]


@dataclass(frozen=True, slots=True)
class Ratio:
    """How many times as long one block took as the other of its round, over the rounds."""

    middle: float
    low: float
    """The lower quartile of the rounds, as `high` is the upper one: how steady the ratio was."""
    high: float


def ratio(above: Sequence[Sequence[float]], below: Sequence[Sequence[float]]) -> Ratio:
    """Compare two lists of blocks, round by round, by their medians."""
    rounds = [median(a) / median(b) for a, b in zip(above, below, strict=True)]
    return Ratio(median(rounds), percentile(rounds, 25), percentile(rounds, 75))


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value and what it should be."""

    name: str
    value: float
    unit: str = ""
    limit: float | None = None
    """The value should not be above it; None: shown for information."""
    note: str = ""

    @property
    def missed(self) -> bool:
        return self.limit is not None and self.value > self.limit

    @property
    def verdict(self) -> str:
        if self.limit is None:
            return ""
        return "MISSED" if self.missed else "ok"


def table(
    console: Console, title: str, header: Sequence[str], rows: Iterable[Sequence[str]]
) -> None:
    """Print a table whose first column is text and whose others are figures."""
    shown = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for place, name in enumerate(header):
        shown.add_column(name, justify="right" if place else "left", no_wrap=not place)
    for row in rows:
        shown.add_row(*row)
    console.print(shown)
    console.print()


def figures_table(console: Console, title: str, figures: Iterable[Figure]) -> None:
    rows = [
        (
            figure.name,
            f"{figure.value:.4g} {figure.unit}".strip(),
            "" if figure.limit is None else f"≤ {figure.limit:g}",
            figure.verdict,
            figure.note,
        )
        for figure in figures
    ]
    table(console, title, ("", "measured", "target", "", ""), rows)
