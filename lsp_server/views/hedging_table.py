"""What hedging brought and cost, and what became of suggestions, as sections for the terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from statistics import median

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ghostlap.lsp_server.views.words import NOTHING, count, milliseconds, printable, share, usd
from ghostlap.telemetry import PERSISTENCE_CHECKS_S, FeedbackKind
from ghostlap.telemetry.acceptance import AcceptanceRow
from ghostlap.telemetry.hedging import LATEST, HedgingSummary, Winner

__all__ = ["acceptance_table", "hedging_section"]

_FEW_PAIRS = 300


def hedging_section(found: HedgingSummary) -> RenderableType | None:
    """None when no policy handled anything."""
    if not found.policies:
        return None
    parts: list[RenderableType] = [Text("\n".join(_sentences(found)))]
    if found.winners:
        parts.append(_winners_table(found.winners.values()))
    title = f"Hedging{' of simulated providers' if found.simulated else ''}"
    return Group(Text(f"{title}, of the last {LATEST:,} keystrokes", style="bold"), *parts)


def _sentences(found: HedgingSummary) -> Iterator[str]:
    yield f"Keystrokes by policy: {_by(found.policies)}."
    yield (
        f"Requests beyond the first of a keystroke: {count(found.extra_requests)}, "
        f"{share(found.extra_share)} of {count(found.requests)}. By reason: {_by(found.launched)}."
    )
    yield f"Backups that won: {count(found.backups_won)} of {count(found.backups)}."
    yield f"Backups denied: {_by(found.denied)}."
    yield (
        f"Wasted on attempts that were beaten: {count(found.wasted_tokens)} tokens received, "
        f"$ {usd(found.wasted_usd)} by list price."
    )
    yield _pairs(found)


def _pairs(found: HedgingSummary) -> str:
    pairs = found.pairs
    number = len(pairs.primary_ms)
    if not number:
        return "With hedging against the primary alone: no unbiased pairs were measured."
    cells = []
    for permille, name in ((500, "p50"), (950, "p95"), (990, "p99")):
        hedged = milliseconds(pairs.quantile_ms(pairs.hedged_ms, permille))
        alone = milliseconds(pairs.quantile_ms(pairs.primary_ms, permille))
        cells.append(f"{name} {hedged} against {alone} ms")
    few = f"; few: {_FEW_PAIRS} make a finding" if number < _FEW_PAIRS else ""
    return (
        f"With hedging against the primary alone: {', '.join(cells)} (from the primary's start to "
        f"its first usable text; {count(number)} unbiased pairs{few})."
    )


def _winners_table(winners: Iterable[Winner]) -> Table:
    table = Table(
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        caption="Margins: first usable text of the winner to that of the loser; at least: the loser"
        " was cut short, so its margin is a lower bound.",
        caption_justify="left",
    )
    for name in ("won by", "races", "won", "share", "margin p50 ms", "n", "at least p50", "n"):
        table.add_column(name, justify="left" if name == "won by" else "right", no_wrap=True)
    for each in sorted(winners, key=lambda winner: -winner.won):
        table.add_row(
            printable(each.provider),
            count(each.races),
            count(each.won),
            share(each.won / each.races if each.races else None),
            milliseconds(median(each.margins_ms) if each.margins_ms else None),
            count(len(each.margins_ms)),
            _at_least(each.at_least_ms),
            count(len(each.at_least_ms)),
        )
    return table


def _at_least(margins_ms: Sequence[float]) -> str:
    return f"≥{milliseconds(median(margins_ms))}" if margins_ms else NOTHING


def _by(counter: Counter[str]) -> str:
    shown = [f"{printable(name)} {count(number)}" for name, number in counter.most_common() if name]
    return ", ".join(shown) or "none"


def acceptance_table(rows: Sequence[AcceptanceRow]) -> Table | None:
    """None when no editor has told anything."""
    if not rows:
        return None
    table = Table(
        title=f"What became of suggestions, of the last {LATEST:,} keystrokes",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        caption="By the editor's reports. Whole, line, word: accepted so. Still there: of the"
        " accepted ones that were looked at again after so long, those of which something was"
        " left.",
        caption_justify="left",
    )
    kept = [f"there {_span(each)}" for each in PERSISTENCE_CHECKS_S]
    for name in ("provider", "shown", "whole", "line", "word", "part", "rejected", "chars", *kept):
        table.add_column(name, justify="left" if name == "provider" else "right", no_wrap=True)
    for row in rows:
        table.add_row(
            Text(printable(row.provider) or NOTHING).append(
                " (simulated)" if row.simulated else "", style="dim"
            ),
            *(
                count(row.counts[kind])
                for kind in (
                    FeedbackKind.SHOWN,
                    FeedbackKind.ACCEPTED,
                    FeedbackKind.ACCEPTED_LINE,
                    FeedbackKind.ACCEPTED_WORD,
                    FeedbackKind.ACCEPTED_PARTLY,
                    FeedbackKind.REJECTED,
                )
            ),
            count(row.accepted_chars),
            *(share(row.share_kept(each)) for each in PERSISTENCE_CHECKS_S),
        )
    return table


def _span(seconds: int) -> str:
    return f"{seconds} s" if seconds < 60 else f"{seconds // 60} min"
