"""What `ghostlap watch` shows: the last keystrokes, rolling figures, and what hedging does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from ghostlap.lsp_server.views.words import NOTHING, count, milliseconds, printable, share
from ghostlap.telemetry.latest import Latest, Recent

__all__ = ["Hedging", "watch_view"]

_BAR_MS = 500
"""As wide as a bar gets: what takes longer is late anyway."""
_COLOURS = {"served": "green", "superseded": "yellow", "cancelled": "yellow", "error": "red"}
_ROLLING = (
    "keys", "served", "share", "cut off", "errors", "p50 ms", "p95", "n", "accepted",
)  # fmt: skip
_EIGHTHS = " ▏▎▍▌▋▊▉█"


@dataclass(frozen=True, slots=True)
class Hedging:
    """What is switched on, and what it has cost today."""

    mode: str
    primary: str
    backups: tuple[str, ...]
    extra_requests: int
    daily_requests: int
    extra_usd: float
    daily_usd: float


def watch_view(
    latest: Latest, hedging: Hedging, *, minutes: int, width: int, message: str = ""
) -> RenderableType:
    parts: list[RenderableType] = [_state(hedging), Text(), _rolling(latest, minutes), Text()]
    parts.append(_keystrokes(latest, max(width - 74, 10)))
    if latest.errors:
        shown = (f"{printable(who)}: {printable(what)} × {n}" for who, what, n in latest.errors[:5])  # noqa: RUF001 - times
        parts += [Text(), Text(f"errors in {minutes} min   " + ", ".join(shown), style="red")]
    if message:
        parts += [Text(), Text(message, style="bold yellow")]
    keys = "[b]h[/b] hedging on or off   [b]p[/b] next provider   [b]q[/b] quit"
    return Panel(Group(*parts), title="ghostlap watch", subtitle=keys, box=box.ROUNDED, width=width)


def _state(hedging: Hedging) -> Text:
    on = hedging.mode != "off"
    text = Text.assemble(
        ("primary ", "dim"),
        (printable(hedging.primary), "bold"),
        ("   hedging ", "dim"),
        (hedging.mode, "bold green" if on else "bold"),
    )
    if hedging.backups:
        text.append("   backup ", style="dim").append(printable(", ".join(hedging.backups)))
    requests, usd = count(hedging.extra_requests), f"$ {hedging.extra_usd:.4f}"
    if hedging.daily_requests:
        requests += f" of {count(hedging.daily_requests)}"
    if hedging.daily_usd:
        usd += f" of {hedging.daily_usd:g}"
    text.append("   today ", style="dim").append(f"{requests} extra requests, {usd}")
    return text


def _rolling(latest: Latest, minutes: int) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column(f"last {minutes} min", min_width=14, no_wrap=True)
    for name in (
        "keys",
        "served",
        "share",
        "superseded",
        "errors",
        "p50 ms",
        "p95",
        "n",
        "accepted",
    ):
        table.add_column(name, justify="right", no_wrap=True)
    for row in latest.rolling[:6]:
        who = Text(printable(row.provider) or "none asked")
        table.add_row(
            who.append(" (simulated)" if row.simulated else "", style="dim"),
            count(row.keystrokes),
            count(row.served),
            share(row.served / row.keystrokes),
            count(row.superseded),
            count(row.errors),
            milliseconds(row.p50_ms),
            milliseconds(row.p95_ms),
            count(row.latencies),
            count(row.accepted),
        )
    if not latest.rolling:
        table.add_row(Text("nobody types", style="dim"), *[NOTHING] * 9)
    return table


def _keystrokes(latest: Latest, room: int) -> Table:
    table = Table.grid(padding=(0, 1))
    for width, justify in ((8, "left"), (6, "right"), (12, "left"), (14, "left"), (8, "right")):
        table.add_column(width=width, no_wrap=True, justify=justify, overflow="ellipsis")  # type: ignore[arg-type]
    table.add_column(no_wrap=True)
    for each in latest.keystrokes:
        at = datetime.fromtimestamp(each.at_unix_ns / 1e9)  # noqa: DTZ006 - the user's clock
        took_ns = each.latency_ns if each.latency_ns is not None else each.waited_ns
        took_ms = None if took_ns is None else took_ns / 1e6
        colour = _COLOURS.get(each.outcome, "white")
        table.add_row(
            Text(f"{at:%H:%M:%S}", style="dim"),
            Text(str(each.sequence), style="dim"),
            Text(_fate(each), style=colour),
            printable(each.provider) or NOTHING,
            milliseconds(took_ms),
            Text(_bar(took_ms or 0.0, room), style=colour),
        )
    return table


def _fate(each: Recent) -> str:
    if each.accepted:
        return "accepted"
    if each.outcome == "served" and each.source not in ("", "none", "provider"):
        return each.source
    return each.outcome or NOTHING


def _bar(took_ms: float, room: int) -> str:
    eighths = min(round(took_ms / _BAR_MS * room * 8), room * 8)
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()
