"""`ghostlap stats`: what was recorded, as tables or as JSON.

The JSON is one object: `by`, `since` (null, or from when on keystrokes count, ISO 8601), `files`,
`latency` (what the percentiles are of), `rows`, each with the fields of
`ghostlap.telemetry.SummaryRow`, `hedging` and `acceptance`. Milliseconds end in `_ms`, shares are
from 0 to 1, and null stands where there is nothing to say.
"""

from __future__ import annotations

# ruff: noqa: T201 - printing is a command's way to answer
import json
import os
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from ghostlap.lsp_server.views.sources import may_hold_something, nothing_in, parse_since, unix_ms
from ghostlap.telemetry import (
    GROUPINGS,
    PERSISTENCE_CHECKS_S,
    FeedbackKind,
    StoreError,
    SummaryRow,
    default_path,
    summarise,
)
from ghostlap.telemetry.acceptance import AcceptanceRow, summarise_acceptance
from ghostlap.telemetry.hedging import LATEST, HedgingSummary, summarise_hedging

__all__ = ["parse_since", "run"]

_FAILED = 1
_USAGE = 2
_FILE_WIDTH = 230
"""For output that goes to no terminal: all columns fit."""


def run(
    *,
    db: Sequence[Path] = (),
    since: str | None = None,
    by: str = "provider",
    as_json: bool = False,
    hardware: Mapping[str, str] | None = None,
) -> int:
    """Print what the files `db` hold together; the user's own file if none is given.

    `hardware` says where a provider's weights lie, for keystrokes that were stored without it.
    Returns the exit code: 0 also when nothing was recorded, 1 when a file cannot be read, 2 when
    `since` or `by` make no sense.
    """
    if by not in GROUPINGS:
        return _fail(f"--by {by!r} is none of {', '.join(GROUPINGS)}", _USAGE)
    try:
        moment = parse_since(since, datetime.now(UTC)) if since else None
    except ValueError as error:
        return _fail(str(error), _USAGE)
    files = list(dict.fromkeys(db or [default_path()]))
    present = [file for file in files if may_hold_something(file)]
    try:
        # Side by side: SQLite lets go of Python's lock while it looks for rows.
        with ThreadPoolExecutor(2) as pool:
            hedged = pool.submit(summarise_hedging, present, unix_ms(moment))
            accepted = pool.submit(summarise_acceptance, present, unix_ms(moment))
            rows = summarise(present, unix_ms(moment), by, hardware=hardware)
            hedging, acceptance = hedged.result(), accepted.result()
    except StoreError as error:
        return _fail(str(error), _FAILED)
    if as_json:
        print(_json(by, moment, present, rows, hedging, acceptance))
    elif rows:
        _print_tables(by, moment, rows, hedging, acceptance)
    missing = [file for file in files if not rows or file not in present]
    if missing:
        print(nothing_in(missing, moment), file=sys.stderr)
    return 0


def _print_tables(
    by: str,
    moment: datetime | None,
    rows: Sequence[SummaryRow],
    hedging: HedgingSummary,
    acceptance: Sequence[AcceptanceRow],
) -> None:
    from rich.console import Console  # noqa: PLC0415 - JSON needs none of these

    from ghostlap.lsp_server.views.hedging_table import (  # noqa: PLC0415 - as above
        acceptance_table,
        hedging_section,
    )
    from ghostlap.lsp_server.views.latency_table import latency_table  # noqa: PLC0415 - as above

    console = Console(highlight=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = _FILE_WIDTH
    title = f"Latency of suggestions by {by}"
    if moment is not None:
        title += f" since {moment.astimezone():%Y-%m-%d %H:%M}"
    console.print(latency_table(rows, title=title, by=by, width=console.width))
    for part in (hedging_section(hedging), acceptance_table(acceptance)):
        if part is not None:
            console.print()
            console.print(part)


def _json(
    by: str,
    moment: datetime | None,
    files: Sequence[Path],
    rows: Sequence[SummaryRow],
    hedging: HedgingSummary,
    acceptance: Sequence[AcceptanceRow],
) -> str:
    answer = {
        "by": by,
        "since": moment and moment.isoformat(timespec="seconds"),
        "files": [str(file) for file in files],
        "latency": "from `measured_from` to a usable text in the server, of keystrokes whose own"
        " request got one; percentiles are measured values (the inverse of the empirical"
        " distribution function)",
        "rows": [asdict(row) for row in rows],
        "hedging": _hedging(hedging),
        "acceptance": [_acceptance(row) for row in acceptance],
    }
    return json.dumps(answer, indent=2)


def _hedging(found: HedgingSummary) -> dict[str, Any]:
    pairs = found.pairs
    quantiles = {
        f"{name}_{which}_ms": pairs.quantile_ms(values, permille)
        for permille, name in ((500, "p50"), (950, "p95"), (990, "p99"))
        for which, values in (("hedged", pairs.hedged_ms), ("primary_alone", pairs.primary_ms))
    }
    return {
        "of_the_latest_keystrokes": LATEST,
        "simulated": found.simulated,
        "policies": found.policies,
        "requests": found.requests,
        "extra_requests": found.extra_requests,
        "extra_share": found.extra_share,
        "launched": found.launched,
        "backups_won": found.backups_won,
        "denied": found.denied,
        "wasted_tokens": found.wasted_tokens,
        "wasted_usd": found.wasted_usd,
        "unbiased_pairs": {"n": len(pairs.primary_ms), **quantiles},
        "races": [
            {
                "provider": each.provider,
                "races": each.races,
                "won": each.won,
                "margins": {"n": len(each.margins_ms), "p50_ms": _median(each.margins_ms)},
                "margins_at_least": {
                    "n": len(each.at_least_ms),
                    "p50_ms": _median(each.at_least_ms),
                },
            }
            for each in found.winners.values()
        ],
    }


def _median(values: Sequence[float]) -> float | None:
    return median(values) if values else None


def _acceptance(row: AcceptanceRow) -> dict[str, Any]:
    return {
        "provider": row.provider,
        "simulated": row.simulated,
        **{kind.value: row.counts[kind] for kind in FeedbackKind if kind != FeedbackKind.PERSISTED},
        "accepted_chars": row.accepted_chars,
        "still_there": {
            f"{after_s} s": {"n": row.looked_at[after_s], "share": row.share_kept(after_s)}
            for after_s in PERSISTENCE_CHECKS_S
        },
    }


def _fail(sentence: str, code: int) -> int:
    print(f"ghostlap stats: {sentence}", file=sys.stderr)
    return code
