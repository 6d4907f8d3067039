"""Charts as inline SVG. Colours are the page's, by class, so that they follow its theme."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from math import log10

__all__ = ["Bar", "Series", "bars", "heat_map", "lines", "stacked"]

_WIDTH, _HEIGHT = 720, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 14, 20, 40
_WIDEST = 90  # a bar, however few there are
SERIES = 8
"""So many colours there are; further series begin anew."""


@dataclass(frozen=True, slots=True)
class Series:
    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Bar:
    label: str
    value: float
    """From 0 to 1, of the chart's height or width."""
    note: str


def lines(series: Sequence[Series], *, x_label: str, x_ticks: Sequence[float]) -> str:
    """Shares over milliseconds, on a logarithmic axis from the first tick to the last."""
    low, high = log10(x_ticks[0]), log10(x_ticks[-1])

    def x(value: float) -> float:
        place = (log10(max(value, x_ticks[0])) - low) / (high - low)
        return _LEFT + min(place, 1) * (_WIDTH - _LEFT - _RIGHT)

    parts = [_grid_y(), *(_tick_x(x(tick), f"{tick:g}") for tick in x_ticks)]
    for place, each in enumerate(series):
        shown = [point for point in each.points if point[0] <= x_ticks[-1]]
        if not shown:
            continue
        path = "".join(
            f"{'M' if not number else 'L'}{x(at):.1f} {_y(share):.1f}"
            for number, (at, share) in enumerate(shown)
        )
        parts.append(
            f'<path class="line s{place % SERIES}" d="{path}">'
            f"<title>{escape(each.name)}</title></path>"
        )
    parts.append(_axis_label(x_label))
    return _figure(parts, _HEIGHT)


def bars(shown: Sequence[Bar], *, x_label: str) -> str:
    """Upright bars, with a note above each."""
    room = (_WIDTH - _LEFT - _RIGHT) / max(len(shown), 1)
    parts = [_grid_y()]
    for place, bar in enumerate(shown):
        left, top = _LEFT + place * room, _y(bar.value)
        width = min(room * 0.76, _WIDEST)
        parts.append(
            f'<rect class="fill s0" x="{left + (room - width) / 2:.1f}" y="{top:.1f}" '
            f'width="{width:.1f}" height="{_HEIGHT - _BOTTOM - top:.1f}">'
            f"<title>{escape(bar.label)}: {escape(bar.note)}</title></rect>"
            + _text(left + room / 2, top - 4, bar.note, "note")
            + _text(left + room / 2, _HEIGHT - _BOTTOM + 14, bar.label)
        )
    parts.append(_axis_label(x_label))
    return _figure(parts, _HEIGHT)


def stacked(
    rows: Sequence[tuple[str, Sequence[tuple[str, float]]]], *, names: Sequence[str], unit: str
) -> str:
    """Lying bars, one per row, of parts in the order of `names`; as long as their sum."""
    longest = max((sum(value for _, value in parts) for _, parts in rows), default=0) or 1
    left, row_height = 150, 34
    room = _WIDTH - left - 70
    drawn = []
    for number, (label, parts) in enumerate(rows):
        x, y = float(left), 8 + number * row_height
        drawn.append(_text(left - 8, y + 16, label, "end"))
        for name, value in parts:
            width = value / longest * room
            drawn.append(
                f'<rect class="fill s{names.index(name) % SERIES}" x="{x:.1f}" y="{y}" '
                f'width="{width:.2f}" height="22"><title>{escape(name)}: {value:.2f} {unit}'
                "</title></rect>"
            )
            x += width
        total = sum(value for _, value in parts)
        drawn.append(_text(x + 6, y + 16, f"{total:.0f} {unit}", "start"))
    return _figure(drawn, 16 + len(rows) * row_height)


def heat_map(
    columns: Sequence[tuple[str, Sequence[float]]],
    row_labels: Sequence[str],
    *,
    tell: Callable[[int, int], str],
) -> str:
    """One column per time, one row per range of latency, the lowest at the bottom; from 0 to 1."""
    height = 22 * len(row_labels) + _BOTTOM
    left = 92
    room = (_WIDTH - left - _RIGHT) / max(len(columns), 1)
    parts = []
    for row, label in enumerate(row_labels):
        y = height - _BOTTOM - 22 * (row + 1)
        parts.append(_text(left - 8, y + 15, label, "end"))
        for place, (_, shares) in enumerate(columns):
            if shares[row] > 0:
                parts.append(
                    f'<rect class="heat" x="{left + place * room:.1f}" y="{y}" '
                    f'width="{max(room - 1, 0.5):.1f}" height="21" '
                    f'fill-opacity="{max(shares[row] ** 0.6, 0.04):.2f}">'
                    f"<title>{escape(tell(place, row))}</title></rect>"
                )
    every = max(len(columns) // 9, 1)
    for place, (label, _) in enumerate(columns):
        if place % every == 0:
            parts.append(_text(left + (place + 0.5) * room, height - _BOTTOM + 16, label))
    return _figure(parts, height)


def _y(share: float) -> float:
    return _TOP + (1 - share) * (_HEIGHT - _TOP - _BOTTOM)


def _grid_y() -> str:
    parts = []
    for percent in (0, 25, 50, 75, 100):
        y = _y(percent / 100)
        parts.append(
            f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
            + _text(_LEFT - 6, y + 4, f"{percent}%", "end")
        )
    return "".join(parts)


def _tick_x(x: float, label: str) -> str:
    line = f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{_HEIGHT - _BOTTOM}"/>'
    return line + _text(x, _HEIGHT - _BOTTOM + 14, label)


def _axis_label(text: str) -> str:
    return _text((_WIDTH + _LEFT) / 2, _HEIGHT - 6, text, "axis")


def _text(x: float, y: float, text: str, kind: str = "") -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}">{escape(text)}</text>'


def _figure(parts: Sequence[str], height: int) -> str:
    body = "".join(parts)
    return f'<svg viewBox="0 0 {_WIDTH} {height}" role="img">{body}</svg>'
