"""Latencies as a table for the terminal, as wide as that is."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich import box
from rich.table import Table
from rich.text import Text

from ghostlap.lsp_server.views.words import NOTHING, count, milliseconds, printable, share, usd
from ghostlap.telemetry import MeasuredFrom, SummaryRow

__all__ = ["latency_table"]

_GAP = 3  # cells between two columns
_NAME_CLAIM = 32
"""Cells for which columns give way to a long name; the rest of it goes on in the next line."""

_ORIGINS = {
    MeasuredFrom.NOTHING: NOTHING,
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
_FEW = 300
"""Below so many, a percentile is shown with what it may be off by."""
_INTERVAL_NOTE = f"95% CI: of the p50, where n is below {_FEW}."
_CACHED_NOTE = "cached: of the served, with a text that was there already; not in the percentiles."
_WARM_NOTE = "warm, cold: p50 with a connection that was open, and without (how many)."
_COST_NOTE = "$: list prices; from the least to the most that cancelled streams may be billed."
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


def _interval(row: SummaryRow) -> str:
    if row.p50_ms_interval is None or row.latencies >= _FEW:
        return NOTHING
    low, high = row.p50_ms_interval
    return f"{milliseconds(low)}…{milliseconds(high)}"


def _cold(row: SummaryRow) -> str:
    return f"{milliseconds(row.p50_ms_cold)} ({count(row.cold)})" if row.cold else NOTHING


_COLUMNS = (
    _Column("keys", lambda row: count(row.keystrokes), 3),
    _Column("eligible", lambda row: count(row.eligible), 13),
    _Column("served", lambda row: count(row.served), 1),
    _Column("share", lambda row: share(row.share_served), 6, _SHARE_NOTE),
    _Column("p50 ms", lambda row: milliseconds(row.p50_ms), 0),
    _Column("95% CI", _interval, 10, _INTERVAL_NOTE),
    _Column("p90", lambda row: milliseconds(row.p90_ms), 2),
    _Column("p95", lambda row: milliseconds(row.p95_ms), 0),
    _Column("p99", lambda row: milliseconds(row.p99_ms), 2),
    _Column("n", lambda row: count(row.latencies), 4, "n: keystrokes whose own request got one."),
    _Column("cut off", lambda row: count(row.censored), 5, _CUT_NOTE),
    _Column("≤100 ms", lambda row: share(row.share_within_100_ms), 8, _SHARE_NOTE),
    _Column("≤200", lambda row: share(row.share_within_200_ms), 7, _SHARE_NOTE),
    _Column("≤500", lambda row: share(row.share_within_500_ms), 8, _SHARE_NOTE),
    _Column("cached", lambda row: share(row.share_from_cache), 11, _CACHED_NOTE),
    _Column("warm", lambda row: milliseconds(row.p50_ms_warm), 15, _WARM_NOTE),
    _Column("cold", _cold, 15, _WARM_NOTE),
    _Column("empty", lambda row: count(row.empty), 14),
    _Column("errors", lambda row: count(row.errors), 9),
    _Column("accepted", lambda row: count(row.accepted), 9),
    _Column("$", lambda row: usd(row.cost_usd), 12, _COST_NOTE),
    _Column("$/accepted", lambda row: usd(row.cost_per_accepted_usd), 12, _COST_NOTE),
)
_OPTIONAL = {"95% CI", "warm", "cold", "$", "$/accepted"}
"""Left out where no row has anything to say."""
_NAMELESS = {"provider": "none asked", "model": "none asked", "hardware": "not known"}
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
    wanted = [column for column in _COLUMNS if _says_something(column, rows)]
    if len(origins) > 1:
        wanted.insert(0, _FROM)
    longest = max([len(by), *(name.cell_len for name in names)])
    columns = _fitting(wanted, rows, width - min(longest, _NAME_CLAIM))
    table = Table(
        title=title or None,
        title_justify="left",
        caption=_caption(
            origins,
            columns,
            is_cut=len(columns) < len(wanted),
            old=not all(row.exact for row in rows),
        ),
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


def _says_something(column: _Column, rows: Sequence[SummaryRow]) -> bool:
    return column.header not in _OPTIONAL or any(column.cell(row) != NOTHING for row in rows)


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


def _caption(
    origins: set[MeasuredFrom], columns: Sequence[_Column], *, is_cut: bool, old: bool
) -> str:
    start = _STARTS[next(iter(origins)) if len(origins) == 1 else MeasuredFrom.MIXED]
    sentences = [
        f"ms: {start} until a usable text was in the server." if origins else "",
        *dict.fromkeys(column.note for column in columns),
        "≈: older keystrokes are rolled up, and percentiles off by up to 1.1 %." if old else "",
        "A wider terminal shows more columns." if is_cut else "",
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def _name(row: SummaryRow, by: str) -> Text:
    name = printable(row.key) or _NAMELESS.get(by, NOTHING)
    if not row.exact:
        name = f"≈ {name}"
    return Text(name).append(" (simulated)" if row.simulated else "", style="dim")
