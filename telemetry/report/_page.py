"""The page around the figures: one file, readable in the dark, in the light and on paper."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from html import escape
from importlib.resources import files

from ghostlap.telemetry.hedging import HedgingSummary
from ghostlap.telemetry.report._data import ReportData
from ghostlap.telemetry.report._figures import Figure, figures
from ghostlap.telemetry.report._svg import SERIES
from ghostlap.telemetry.summary import SummaryRow

__all__ = ["page"]

_DASH = "–"  # noqa: RUF001 - as meant
_SUMMARY_HEAD = (
    "provider", "keys", "eligible", "served", "≤ 100 ms", "≤ 200", "≤ 500", "p50 ms", "p90", "p95",
    "p99", "n", "cut short", "cached", "accepted", "errors", "$", "$/accepted",
)  # fmt: skip
_EXPLAINED = (
    "<p class=measures>Latency is from the arrival of a keystroke (the editor's own time where it"
    " is told, else the edit's arrival in the server) until a usable text was in the server, of the"
    " n keystrokes whose own request got one. Cut short: superseded or cancelled before. Shares are"
    " of the eligible keystrokes. Costs are list prices, from the least to the most that cancelled"
    " streams may be billed.</p>"
)


def page(data: ReportData, *, now: datetime) -> str:
    """The whole document, as HTML."""
    parts = [
        *_header(data, now),
        "<h2>In numbers</h2>",
        _table(_SUMMARY_HEAD, [_summary(row) for row in data.rows]),
        _EXPLAINED,
        *(_figure(each) for each in figures(data)),
        *_hedging(data.hedging),
        *_errors(data),
    ]
    text = files("ghostlap.telemetry.report").joinpath("page.html").read_text(encoding="utf-8")
    return text.replace("<!--content-->", "\n".join(parts))


def _header(data: ReportData, now: datetime) -> Iterator[str]:
    days = ""
    if data.first_unix_ns:
        first, last = (
            datetime.fromtimestamp(each / 1e9, UTC)
            for each in (data.first_unix_ns, data.last_unix_ns)
        )
        days = f"{first:%Y-%m-%d} to {last:%Y-%m-%d}, "
    several = f" of {data.files} databases" if data.files > 1 else ""
    keystrokes = sum(row.keystrokes for row in data.rows)
    yield (
        f"<p class=sub>{days}{keystrokes:,} keystrokes{several}. Written {now:%Y-%m-%d %H:%M}."
        " Nothing here holds code, a prompt or a path.</p>"
    )


def _figure(figure: Figure) -> str:
    legend = "".join(
        f"<li><i class=s{place % SERIES}></i><b>{escape(name)}</b>"
        f"{' ' + escape(note) if note else ''}</li>"
        for place, (name, note) in enumerate(figure.legend)
    )
    kind = " class=wide" if any(note for _, note in figure.legend) else ""
    return (
        f"<section><h2>{escape(figure.title)}</h2><p class=measures>{escape(figure.measures)}</p>"
        f"{figure.svg}{f'<ul{kind}>{legend}</ul>' if legend else ''}</section>"
    )


def _hedging(found: HedgingSummary) -> Iterator[str]:
    if not found.policies:
        return
    pairs = found.pairs
    denied = ", ".join(f"{name} {count:,}" for name, count in found.denied.most_common()) or "none"
    launched = ", ".join(f"{name} {count:,}" for name, count in found.launched.most_common())
    whose = " (simulated providers)" if found.simulated else ""
    yield f"<section><h2>What hedging costs and gains{whose}</h2>"
    yield _table(
        ("", ""),
        [
            ("keystrokes with a policy", f"{sum(found.policies.values()):,}"),
            (
                "requests beyond the first",
                f"{found.extra_requests:,} ({_share(found.extra_share)})",
            ),
            ("by reason", launched or "none"),
            ("backups that won", f"{found.backups_won:,} of {found.backups:,}"),
            ("backups denied", denied),
            ("tokens wasted", f"{found.wasted_tokens:,}"),
            ("$ wasted", _usd(found.wasted_usd)),
            *(
                (
                    f"{name} with hedging, and of the primary alone",
                    (
                        f"{_ms(pairs.quantile_ms(pairs.hedged_ms, permille))} ms, "
                        f"{_ms(pairs.quantile_ms(pairs.primary_ms, permille))} ms"
                    ),
                )
                for name, permille in (("p50", 500), ("p95", 950), ("p99", 990))
            ),
        ],
    )
    yield (
        "<p class=measures>With hedging and of the primary alone: from the primary's start to its"
        f" first usable text, over n = {len(pairs.primary_ms):,} unbiased pairs, whose two attempts"
        " were both measured because chance chose them; fewer than 300 make no finding. Wasted:"
        " what was received of attempts that another beat.</p></section>"
    )


def _errors(data: ReportData) -> Iterator[str]:
    if not data.errors:
        return
    rows = [
        (who or _DASH, what, f"{count:,}") for (who, what), count in data.errors.most_common(30)
    ]
    total = sum(data.errors.values())
    yield "<section><h2>Errors</h2>"
    yield _table(("provider", "error", "attempts"), rows)
    yield f"<p class=measures>Attempts that failed, by kind. n = {total:,} attempts.</p></section>"


def _summary(row: SummaryRow) -> tuple[str, ...]:
    name = row.key or "none asked"
    mark = (" (simulated)" if row.simulated else "") + ("" if row.exact else " ≈")
    return (
        name + mark,
        *(f"{count:,}" for count in (row.keystrokes, row.eligible, row.served)),
        _share(row.share_within_100_ms),
        _share(row.share_within_200_ms),
        _share(row.share_within_500_ms),
        *(_ms(value) for value in (row.p50_ms, row.p90_ms, row.p95_ms, row.p99_ms)),
        f"{row.latencies:,}",
        f"{row.censored:,}",
        _share(row.share_from_cache),
        f"{row.accepted:,}",
        f"{row.errors:,}",
        _usd(row.cost_usd),
        _usd(row.cost_per_accepted_usd),
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    header = "".join(f"<th>{escape(name)}</th>" for name in head) if any(head) else ""
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<div class=scroll><table><tr>{header}</tr>{body}</table></div>"


def _ms(value: float | None) -> str:
    if value is None:
        return _DASH
    return f"{value:,.{2 if value < 9.995 else 1 if value < 99.95 else 0}f}"


def _share(value: float | None) -> str:
    return _DASH if value is None else f"{value:.0%}"


def _usd(interval: tuple[float, float] | None) -> str:
    if interval is None:
        return _DASH
    low, high = (f"{end:.2f}" if end >= 1 else f"{end:.2g}" for end in interval)
    return low if low == high else f"{low} to {high}"
