"""A comparison as one page that any browser shows without a network: the curves, and the words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from ghostlap.lsp_server.harness.figures import CURVE_MS, STEP_MS
from ghostlap.lsp_server.harness.results import ArmResult, Result
from ghostlap.lsp_server.harness.table import NOTE, rows

__all__ = ["page"]

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BELOW = 720, 320, 44, 16, 10, 26
_COLOURS = ("#2a87c8", "#d55e00", "#009e73", "#cc79a7", "#b8860b", "#56b4e9")  # after Okabe and Ito
_DASHES = ("", "7 3", "2 3", "9 3 2 3", "12 4", "4 2")  # for who tells colours apart badly
_STYLE = """
:root { color-scheme: light dark; --ink: #1a1a1a; --dim: #666; --line: #8884; --back: #fff }
@media (prefers-color-scheme: dark) { :root { --ink: #ddd; --dim: #999; --back: #111 } }
[data-theme=light] { --ink: #1a1a1a; --dim: #666; --back: #fff }
[data-theme=dark] { --ink: #ddd; --dim: #999; --back: #111 }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
  color: var(--ink); background: var(--back) }
h1 { font-size: 1.5rem } h2 { font-size: 1.1rem; margin-top: 2rem }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
td, th { padding: .15rem .9rem .15rem 0; text-align: right; border-bottom: 1px solid var(--line) }
td:first-child, th:first-child { text-align: left; font-weight: normal; white-space: pre }
.facts td { text-align: left; overflow-wrap: anywhere; vertical-align: top }
.facts td:first-child { overflow-wrap: normal }
.dim { color: var(--dim) } .warning { border-left: 4px solid #d55e00; padding-left: .8rem }
.wide { overflow-x: auto }
svg text { font-size: 12px; fill: var(--dim) } svg line { stroke: var(--line) }
svg polyline { fill: none; stroke-width: 2 }
"""


def page(result: Result) -> str:
    """Return the page. It holds the same words and figures as the table in the terminal."""
    body = (
        "<h1>Who serves how many keys, and how soon</h1>",
        *(f'<p class="warning">{escape(each)}</p>' for each in result.warnings),
        *(f"<p>{escape(each.sentence)}</p>" for each in result.compared),
        "<h2>Served by, of all keys</h2>",
        _legend(result.arms),
        _curves(result.arms),
        "<h2>Figures</h2>",
        f'<div class="wide">{_table(result)}</div>',
        f'<p class="dim">{escape(NOTE)}</p>',
        "<h2>What they rest on</h2>",
        _facts(result),
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>ghostlap bench</title><style>{_STYLE}</style></head>\n<body>\n"
        + "\n".join(body)
        + "\n</body></html>\n"
    )


def _table(result: Result) -> str:
    head = _row("th", ["", *(each.label for each in result.arms)])
    lines = [_row("td", [name, *cells]) for name, cells in rows(result)]
    return f"<table>{head}{''.join(lines)}</table>"


def _row(kind: str, cells: Iterable[str]) -> str:
    return f"<tr>{''.join(f'<{kind}>{escape(each)}</{kind}>' for each in cells)}</tr>"


def _facts(result: Result) -> str:
    lines = [_row("td", [name.replace("_", " "), str(told)]) for name, told in result.facts.items()]
    return f'<table class="facts">{"".join(lines)}</table>'


def _legend(arms: Sequence[ArmResult]) -> str:
    keys = [
        f'<svg width="34" height="10"><polyline points="0,5 30,5" {_stroke(number)}/></svg>'
        f"{escape(arm.label)}"
        for number, arm in enumerate(arms)
    ]
    return f"<p>{' &emsp; '.join(keys)}</p>"


def _stroke(number: int) -> str:
    colour, dashes = _COLOURS[number % len(_COLOURS)], _DASHES[number % len(_DASHES)]
    return f'stroke="{colour}" stroke-dasharray="{dashes}"'


def _curves(arms: Sequence[ArmResult]) -> str:
    parts = [*_grid()]
    for number, arm in enumerate(arms):
        points = " ".join(
            f"{_x(at * STEP_MS):.1f},{_y(share):.1f}" for at, share in enumerate(arm.figures.curve)
        )
        parts.append(f'<polyline points="{points}" {_stroke(number)}/>')
        parts += _intervals(number, number - (len(arms) - 1) / 2, arm)
    box = f'viewBox="0 0 {_WIDTH} {_HEIGHT}"'
    label = "Share of all keys that had a text within so many milliseconds"
    return f'<svg {box} width="100%" role="img" aria-label="{label}">{"".join(parts)}</svg>'


def _intervals(number: int, beside: float, arm: ArmResult) -> list[str]:
    """At the limits of the table; the arms' a little beside one another."""
    found = []
    for limit, estimate in arm.figures.served_by.items():
        if estimate.interval is not None:
            low, high = map(_y, estimate.interval)
            x = _x(limit) + 3 * beside
            found.append(
                f'<polyline points="{x:.1f},{low:.1f} {x:.1f},{high:.1f}" opacity="0.6" '
                f"{_stroke(number)}/>"
            )
    return found


def _grid() -> list[str]:
    lines = []
    for percent in (0, 25, 50, 75, 100):
        y = _y(percent / 100)
        lines.append(f'<line x1="{_LEFT}" y1="{y:.1f}" x2="{_WIDTH - _RIGHT}" y2="{y:.1f}"/>')
        lines.append(f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{percent}%</text>')
    for limit in (0, *CURVE_MS):
        x = _x(limit)
        lines.append(f'<line x1="{x:.1f}" y1="{_TOP}" x2="{x:.1f}" y2="{_y(0):.1f}"/>')
        unit = " ms" if limit == CURVE_MS[-1] else ""
        anchor = "end" if unit else "middle"
        lines.append(
            f'<text x="{x:.1f}" y="{_HEIGHT - 6}" text-anchor="{anchor}">{limit}{unit}</text>'
        )
    return lines


def _x(at_ms: float) -> float:
    return _LEFT + at_ms / CURVE_MS[-1] * (_WIDTH - _LEFT - _RIGHT)


def _y(share: float) -> float:
    return _TOP + (1 - share) * (_HEIGHT - _TOP - _BELOW)
