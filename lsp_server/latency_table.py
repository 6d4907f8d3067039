"""Latencies as a table for the terminal, as wide as that is."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich import box
from rich.table import Table
from rich.text import Text

from ghostlap.telemetry import MeasuredFrom, SummaryRow

__all__ = ["latency_table"]

_NOTHING = "–"  # noqa: RUF001 - a dash, as meant
_GAP = 3  # cells between two columns
_NAME_CLAIM = 32
"""Cells for which columns give way to a long name; the rest of it goes on in the next line."""

_ORIGINS = {
    MeasuredFrom.NOTHING: _NOTHING,
    MeasuredFrom.KEYSTROKE: "key",
    MeasuredFrom.ARRIVAL: "edit",
    MeasuredFrom.MIXED: "both",
}
_STARTS = {
    MeasuredFrom.KEYSTROKE: "from the editor's keystroke",
    MeasuredFrom.ARRIVAL: "from the arrival of the edit",
    MeasuredFrom.MIXED: "from the editor's keystroke where it is known, else from the arrival of"
    " the edit",
}
_CUT_NOTE = "Cut off: superseded or cancelled before."
_SHARE_NOTE = "Shares are of the keystrokes for which a suggestion was allowed."


@dataclass(frozen=True, slots=True)
class _Column:
    header: str
    cell: Callable[[SummaryRow], str]
    rank: int
    """Which goes first where there is no room for all: the highest. 0 never goes."""
    note: str = ""
    """A sentence for below the table."""


_COLUMNS = (
    _Column("keys", lambda row: _count(row.keystrokes), 3),
    _Column("served", lambda row: _count(row.served), 1),
    _Column("share", lambda row: _share(row.share_served), 6, _SHARE_NOTE),
    _Column("p50 ms", lambda row: _ms(row.p50_ms), 0),
    _Column("p90", lambda row: _ms(row.p90_ms), 2),
    _Column("p95", lambda row: _ms(row.p95_ms), 0),
    _Column("p99", lambda row: _ms(row.p99_ms), 2),
    _Column("n", lambda row: _count(row.latencies), 4, "n: keystrokes that got one."),
    _Column("cut off", lambda row: _count(row.censored), 5, _CUT_NOTE),
    _Column("≤100 ms", lambda row: _share(row.share_within_100_ms), 8, _SHARE_NOTE),
    _Column("≤200", lambda row: _share(row.share_within_200_ms), 7, _SHARE_NOTE),
    _Column("≤500", lambda row: _share(row.share_within_500_ms), 8, _SHARE_NOTE),
    _Column("cached", lambda row: _count(row.from_cache), 11),
    _Column("empty", lambda row: _count(row.empty), 12),
    _Column("errors", lambda row: _count(row.errors), 9),
    _Column("accepted", lambda row: _count(row.accepted), 10),
)
_FROM = _Column("from", lambda row: _ORIGINS[row.measured_from], 0)


def latency_table(
    rows: Sequence[SummaryRow], *, title: str = "", by: str = "provider", width: int | None = None
) -> Table:
    """A table that fits into `width` cells, the terminal's if None; what matters least is left out.

    `by` is what the rows were grouped by.
    """
    if width is None:
        width = shutil.get_terminal_size().columns
    names = [_name(row, by) for row in rows]
    origins = {row.measured_from for row in rows} - {MeasuredFrom.NOTHING}
    wanted = [_FROM, *_COLUMNS] if len(origins) > 1 else [*_COLUMNS]
    longest = max([len(by), *(name.cell_len for name in names)])
    columns = _fitting(wanted, rows, width - min(longest, _NAME_CLAIM))
    table = Table(
        title=title or None,
        title_justify="left",
        caption=_caption(origins, columns, is_cut=len(columns) < len(wanted)),
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
    )
    table.add_column(by, overflow="fold")
    for column in columns:
        table.add_column(column.header, justify="right", no_wrap=True)
    for row, name in zip(rows, names, strict=True):
        table.add_row(name, *(column.cell(row) for column in columns))
    return table


def _fitting(columns: list[_Column], rows: Sequence[SummaryRow], room: int) -> list[_Column]:
    """As many of `columns` as fit into `room`, which is not asked of those that cannot go."""
    kept = list(columns)
    while sum(_width(column, rows) + _GAP for column in kept) > room:
        least = max(kept, key=lambda column: column.rank)
        if least.rank == 0:
            break
        kept.remove(least)
    return kept


def _width(column: _Column, rows: Sequence[SummaryRow]) -> int:
    return max(len(text) for text in (column.header, *map(column.cell, rows)))


def _caption(origins: set[MeasuredFrom], columns: Sequence[_Column], *, is_cut: bool) -> str:
    start = _STARTS[next(iter(origins)) if len(origins) == 1 else MeasuredFrom.MIXED]
    sentences = [
        f"ms: {start} until a usable text was in the server." if origins else "",
        *dict.fromkeys(column.note for column in columns),
        "A wider terminal shows more columns." if is_cut else "",
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def _name(row: SummaryRow, by: str) -> Text:
    missing = "none asked" if by in ("provider", "model") else _NOTHING
    # Another person's file may hold anything, sequences that a terminal obeys included.
    name = "".join(char if char.isprintable() else "?" for char in row.key)
    return Text(name or missing).append(" (simulated)" if row.simulated else "", style="dim")


def _count(number: int) -> str:
    return f"{number:,}"


def _ms(value: float | None) -> str:
    if value is None:
        return _NOTHING
    decimals = 2 if value < 9.995 else 1 if value < 99.95 else 0  # three figures once rounded
    return f"{value:,.{decimals}f}"


def _share(value: float | None) -> str:
    """In per cent; neither 0 % nor 100 % is said of what is only close to it."""
    if value is None:
        return _NOTHING
    if 0 < value < 0.005:
        return "<1%"
    if 0.995 <= value < 1:
        return ">99%"
    return f"{value:.0%}"
