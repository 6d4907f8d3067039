"""A comparison as one page that any browser shows without a network: the curves, and the words."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

__all__ = ["page"]

_WIDTH, _HEIGHT, _LEFT, _BELOW = 640, 280, 40, 24
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")  # Okabe and Ito's
_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse}td,th{padding:.2rem .8rem;text-align:right;"
    "border-bottom:1px solid #8884}td:first-child,th:first-child{text-align:left}"
    "@media(prefers-color-scheme:dark){body{background:#111;color:#ddd}}"
)


def page(told: Mapping[str, Any]) -> str:
    """Return the page of what `as_json` gave."""
    arms = told["arms"]
    sentences = [each["sentence"] for each in told["compared"]] + list(told["warnings"])
    said = "".join(f"<p>{escape(each)}</p>" for each in sentences)
    facts = "".join(
        f"<tr><td>{escape(str(name))}</td><td>{escape(str(value))}</td></tr>"
        for name, value in told["facts"].items()
    )
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><title>ghostlap bench</title>"
        f"<style>{_STYLE}</style><h1>Served by, of all keys</h1>{_curves(arms)}{_table(arms)}"
        f"{said}<h2>What it rests on</h2><table>{facts}</table></html>\n"
    )


def _label(arm: Mapping[str, Any]) -> str:
    return escape(arm["name"] + (" (simulated)" if arm["simulated"] else ""))


def _table(arms: Any) -> str:
    limits = list(arms[0]["figures"]["served_by"]) if arms else []
    head = "".join(f"<th>{_label(arm)}</th>" for arm in arms)
    rows = [
        ("keys", [f"{arm['figures']['keys']}" for arm in arms]),
        ("served", [f"{arm['figures']['served']}" for arm in arms]),
        ("censored", [f"{arm['figures']['censored']}" for arm in arms]),
    ]
    rows += [
        (f"within {at} ms", [_share(arm["figures"]["served_by"][at]) for arm in arms])
        for at in limits
    ]
    body = "".join(
        f"<tr><td>{name}</td>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"
        for name, cells in rows
    )
    return f"<table><tr><th></th>{head}</tr>{body}</table>"


def _share(estimate: Mapping[str, Any]) -> str:
    told = f"{100 * estimate['value']:.0f}%"
    if estimate["interval"]:
        low, high = estimate["interval"]
        told += f" ({100 * low:.0f}…{100 * high:.0f})"
    return told


def _curves(arms: Any) -> str:
    lines = []
    for number, arm in enumerate(arms):
        colour = _COLOURS[number % len(_COLOURS)]
        points = [(0.0, 0.0)] + [
            (float(at), each["value"]) for at, each in arm["figures"]["served_by"].items()
        ]
        path = " ".join(f"{_x(at):.0f},{_y(value):.1f}" for at, value in points)
        lines.append(f'<polyline points="{path}" fill=none stroke="{colour}" stroke-width=2 />')
        y = 16 + 18 * number
        lines.append(f'<text x={_LEFT + 12} y={y} fill="{colour}">{_label(arm)}</text>')
    lines += [
        f"<text x={_x(at):.0f} y={_HEIGHT - 4} fill=gray>{at} ms</text>"
        for at in (0, 200, 500, 1000)
    ]
    lines += [
        f"<text x=0 y={_y(value) + 4:.0f} fill=gray>{100 * value:.0f}%</text>"
        for value in (0.0, 0.5, 1.0)
    ]
    box = f'viewBox="0 0 {_WIDTH + 60} {_HEIGHT}" width=100%'
    return f"<svg {box} font-size=12 role=img>{''.join(lines)}</svg>"


def _x(at_ms: float) -> float:
    return _LEFT + at_ms / 1000 * (_WIDTH - _LEFT)


def _y(share: float) -> float:
    return 8 + (1 - share) * (_HEIGHT - _BELOW - 8)
