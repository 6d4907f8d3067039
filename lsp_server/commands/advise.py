"""Say which hedge delay pays, from what was recorded, and what it would have given and cost.

It goes by keystrokes for which two providers were timed by chance: `shadow` in the settings brings
them, and hedging itself lets a few run. Nothing is changed without --apply.
"""

from __future__ import annotations

# ruff: noqa: T201 - printing is a command's way to answer
import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ghostlap.lsp_server.commands import Failure

__all__ = ["add_arguments", "run"]

_BUDGET_PERCENT = 10.0
_WIDE = 120


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--primary", metavar="NAME", default="", help="who is asked first")
    parser.add_argument("--backup", metavar="NAME", default="", help="who is asked when it is late")
    parser.add_argument(
        "--budget",
        metavar="PERCENT",
        type=float,
        help="the most extra requests, in percent of all (as hedging.extra_percent, else 10)",
    )
    parser.add_argument(
        "--usd", metavar="USD", type=float, help="the most that 1,000 keystrokes' extra may cost"
    )
    parser.add_argument("--apply", action="store_true", help="switch to what is recommended")
    parser.add_argument(
        "--since", metavar="WHEN", default="", help="a span as 90m, 12h, 7d, or a day as 2026-01-31"
    )
    parser.add_argument(
        "--db", metavar="FILE", type=Path, nargs="+", default=[], help="read these databases"
    )
    parser.add_argument(
        "--simulated", action="store_true", help="go by keystrokes of simulated providers"
    )
    parser.add_argument("--json", action="store_true", help="print JSON for other programs")


def run(args: argparse.Namespace) -> int:
    from math import inf  # noqa: PLC0415 - not for --help

    from ghostlap.lsp_server import config  # noqa: PLC0415 - as above
    from ghostlap.telemetry.what_if import advise  # noqa: PLC0415 - as above

    settings, _ = config.load()
    percent = settings.hedging.extra_percent if args.budget is None else args.budget
    budget = (_BUDGET_PERCENT if percent is None else percent) / 100
    history = _history(args, settings)
    advice = advise(history, budget=budget, usd_per_1000=inf if args.usd is None else args.usd)
    if args.json:
        told = {"simulated": args.simulated, **asdict(advice)}
        print(json.dumps(_finite(told), indent=2))
    else:
        _print(advice, simulated=args.simulated)
    if args.apply:
        return _apply(advice, settings, simulated=args.simulated)
    return 0


def _history(args: argparse.Namespace, settings: Any) -> Any:
    from datetime import UTC, datetime  # noqa: PLC0415 - as in run

    from ghostlap.lsp_server.views import sources  # noqa: PLC0415 - as in run
    from ghostlap.telemetry import StoreError  # noqa: PLC0415 - as in run
    from ghostlap.telemetry.what_if import read_pairs  # noqa: PLC0415 - as in run

    files = list(dict.fromkeys(args.db or [sources.own_database(settings)]))
    present = [file for file in files if sources.may_hold_something(file)]
    try:
        moment = sources.parse_since(args.since, datetime.now(UTC)) if args.since else None
        return read_pairs(
            present,
            sources.unix_ms(moment),
            primary=args.primary,
            backup=args.backup,
            simulated=args.simulated,
        )
    except (StoreError, ValueError) as error:
        raise Failure(str(error)) from error


def _print(advice: Any, *, simulated: bool) -> None:
    from rich import box  # noqa: PLC0415 - as in run
    from rich.console import Console  # noqa: PLC0415 - as in run
    from rich.table import Table  # noqa: PLC0415 - as in run
    from rich.text import Text  # noqa: PLC0415 - as in run

    from ghostlap.lsp_server.views.words import printable  # noqa: PLC0415 - as in run

    console = Console()
    is_wide = console.width >= _WIDE
    if advice.options:
        table = Table(box=box.SIMPLE, pad_edge=False)
        names = ("p50 ms", "p95", "p99", "within 200 ms", "extra", "$ per 1,000")
        table.add_column("backup asked", no_wrap=True)
        for name in names:
            table.add_column(name, justify="right", no_wrap=name == "p95")
        for option in (*advice.options, *advice.others):
            table.add_row(
                *_cells(option, is_wide=is_wide), style="bold" if option is advice.best else ""
            )
        console.print(table)
        played = ", simulated" if simulated else ""
        drifted = " (the later half: the primary has drifted)" * (advice.used < advice.pairs)
        console.print(
            Text(
                f"{printable(advice.primary)}, then {printable(advice.backup)}{played}: from "
                f"{advice.used} pairs{drifted}. Intervals are of 95%. What a key cut short is "
                "censored.",
                "dim",
            )
        )
    console.print(Text("Simulated. " * simulated + printable(advice.reason)))


def _cells(option: Any, *, is_wide: bool) -> list[str]:
    """Where there is no room for all intervals, those of what it is decided by."""
    from ghostlap.lsp_server.views.words import NOTHING, milliseconds, share  # noqa: PLC0415 - as in run

    def time(estimate: Any) -> str:
        if estimate.interval is None:
            return milliseconds(estimate.value)
        low, high = map(milliseconds, estimate.interval)
        return f"{milliseconds(estimate.value)} ({low}…{high})"

    def part(estimate: Any) -> str:
        if estimate.interval is None or not is_wide:
            return share(estimate.value)
        low, high = estimate.interval
        return f"{share(estimate.value)} ({share(low)}…{share(high)})"

    usd = option.extra_usd_per_1000
    return [
        option.name,
        time(option.p50_ms) if is_wide else milliseconds(option.p50_ms.value),
        time(option.p95_ms),
        time(option.p99_ms) if is_wide else milliseconds(option.p99_ms.value),
        part(option.within_200_ms),
        part(option.extra),
        NOTHING if usd is None else f"{usd:.3f}",
    ]


def _apply(advice: Any, settings: Any, *, simulated: bool) -> int:
    from dataclasses import replace  # noqa: PLC0415 - as in run

    from ghostlap.lsp_server.hedging import switches as files  # noqa: PLC0415 - as in run

    best = advice.best
    if best is None:
        print("Nothing was changed.", file=sys.stderr)
        return 1
    if simulated:
        raise Failure("what simulated providers took is no reason to switch; nothing was changed")
    now = files.applied(settings, files.load(files.state_folder()), settings.asked())
    if now.primary != advice.primary or advice.backup not in now.backup:
        raise Failure(
            f"the advice is for {advice.primary} with {advice.backup} behind it: set primary and "
            f"backup so in {settings.file}; nothing was changed"
        )
    hedge: Any = {"delay_ms": round(best.delay_ms)} if best.delay_ms else "race"
    folder = files.state_folder()
    try:
        files.save(folder, replace(files.load(folder), hedge=hedge, resume=None))
    except OSError as error:
        raise Failure(f"{folder}: {error.strerror}") from error
    print("Switched; `ghostlap hedge reset` takes it back.")
    return 0


def _finite(value: Any) -> Any:
    """JSON has no infinity: null stands for never."""
    if isinstance(value, dict):
        return {name: _finite(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return None if value == float("inf") else value
