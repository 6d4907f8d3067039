"""Follow the keystrokes as they come: latencies, hedging, errors.

Keys: h switches hedging on or off, p asks the next provider of your file, q ends it. Both switches
reach every running server within a second, as `ghostlap hedge` does. Without a terminal, or with
--once, it prints what it would show and ends.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from ghostlap.lsp_server.commands import Failure

if TYPE_CHECKING:
    from rich.console import RenderableType

    from ghostlap.lsp_server.config import Config
    from ghostlap.lsp_server.views.watch import Hedging

__all__ = ["add_arguments", "run"]

_EVERY_S = 0.5
_OTHER_ROWS = 18  # the frame, the figures of six providers, the errors


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--db", metavar="FILE", type=Path, help="follow this database")
    parser.add_argument(
        "--minutes", metavar="N", type=_minutes, default=15, help="what is summed up (15)"
    )
    parser.add_argument("--once", action="store_true", help="print it once")


def run(args: argparse.Namespace) -> int:
    from rich.console import Console  # noqa: PLC0415 - no other command needs all of it
    from rich.live import Live  # noqa: PLC0415 - as above

    from ghostlap.lsp_server import config  # noqa: PLC0415 - as above
    from ghostlap.lsp_server.views.keys import single_keys  # noqa: PLC0415 - as above
    from ghostlap.lsp_server.views.sources import own_database  # noqa: PLC0415 - as above

    settings, _ = config.load()
    file = args.db or own_database(settings)
    console = Console(highlight=False)
    if args.once or not (console.is_terminal and sys.stdin.isatty()):
        console.print(_frame(file, settings, args.minutes, console.width, 12, ""))
        return 0
    message = ""
    with single_keys() as next_key, Live(console=console, screen=True, auto_refresh=False) as live:
        while True:
            rows = max(console.height - _OTHER_ROWS, 3)
            live.update(
                _frame(file, settings, args.minutes, console.width, rows, message), refresh=True
            )
            key = next_key(_EVERY_S)
            if key in ("q", "\x1b", "\x04"):
                return 0
            if key == "h":
                message = _toggle_hedging(settings)
            elif key == "p":
                message = _next_provider(settings)


def _frame(
    file: Path, settings: Config, minutes: int, width: int, rows: int, message: str
) -> RenderableType:
    from ghostlap.lsp_server.views.watch import watch_view  # noqa: PLC0415 - as in run
    from ghostlap.telemetry import NothingRecorded, StoreError  # noqa: PLC0415 - as in run
    from ghostlap.telemetry.latest import Latest, read_latest  # noqa: PLC0415 - as in run

    try:
        since_ns = time.time_ns() - minutes * 60_000_000_000
        latest = read_latest(file, count=rows, since_unix_ns=since_ns)
    except NothingRecorded:
        latest = Latest((), (), ())
    except StoreError as error:
        if not error.retryable:
            raise Failure(str(error)) from error
        latest, message = Latest((), (), ()), str(error)
    return watch_view(latest, _hedging(settings), minutes=minutes, width=width, message=message)


def _hedging(settings: Config) -> Hedging:
    from ghostlap.lsp_server.config import mentioned  # noqa: PLC0415 - as in run
    from ghostlap.lsp_server.hedging import switches as files  # noqa: PLC0415 - as in run
    from ghostlap.lsp_server.hedging.spending import load_spending  # noqa: PLC0415 - as in run
    from ghostlap.lsp_server.views.watch import Hedging  # noqa: PLC0415 - as in run

    folder = files.state_folder()
    now = files.applied(settings, files.load(folder), mentioned(settings))
    spent = load_spending(folder)
    return Hedging(
        mode=now.hedge if isinstance(now.hedge, str) else f"after {now.hedge['delay_ms']} ms",
        primary=now.primary,
        backups=tuple(now.backup),
        extra_requests=spent.requests if spent else 0,
        daily_requests=now.hedging.daily_requests,
        extra_usd=spent.usd if spent else 0.0,
        daily_usd=now.hedging.daily_usd,
    )


def _toggle_hedging(settings: Config) -> str:
    from ghostlap.lsp_server.hedging import switches as files  # noqa: PLC0415 - as in run

    folder = files.state_folder()
    try:
        files.save(folder, files.load(folder).toggled(settings))
    except OSError as error:
        return f"{folder}: {error.strerror}"
    return (
        "" if settings.backup else f"nothing is hedged without a backup: set it in {settings.file}"
    )


def _next_provider(settings: Config) -> str:
    from dataclasses import replace  # noqa: PLC0415 - as in run

    from ghostlap.lsp_server.config import mentioned  # noqa: PLC0415 - as in run
    from ghostlap.lsp_server.hedging import switches as files  # noqa: PLC0415 - as in run

    folder = files.state_folder()
    switches, known = files.load(folder), mentioned(settings)
    names = sorted(known)
    present = files.applied(settings, switches, known).primary
    following = names[(names.index(present) + 1) % len(names)] if present in names else names[0]
    primary = None if following == settings.primary else following
    try:
        files.save(folder, replace(switches, primary=primary))
    except OSError as error:
        return f"{folder}: {error.strerror}"
    return "" if len(names) > 1 else f"there is but one provider: add another to {settings.file}"


def _minutes(text: str) -> int:
    if text.isascii() and text.isdigit() and 0 < int(text) <= 10_080:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a number of minutes from 1 to 10080")
