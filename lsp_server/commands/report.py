"""Write what was recorded as one page of figures, which any browser shows without a network.

The page holds figures alone: no code, no prompt, no path.
"""

from __future__ import annotations

# ruff: noqa: T201 - printing is a command's way to answer
import argparse
import sys
from pathlib import Path

from ghostlap.lsp_server.commands import Failure

__all__ = ["add_arguments", "run"]

_DEFAULT = Path("ghostlap-report.html")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-o", "--output", metavar="FILE", type=Path, default=_DEFAULT, help=f"({_DEFAULT})"
    )
    parser.add_argument("--open", action="store_true", help="show it in the browser")
    parser.add_argument(
        "--since", metavar="WHEN", default="", help="a span as 90m, 12h, 7d, or a day as 2026-01-31"
    )
    parser.add_argument(
        "--db", metavar="FILE", type=Path, nargs="+", default=[], help="read these databases"
    )


def run(args: argparse.Namespace) -> int:
    from datetime import UTC, datetime  # noqa: PLC0415 - no other command needs all of it

    from ghostlap.lsp_server import config  # noqa: PLC0415 - as above
    from ghostlap.lsp_server.provider_facts import hardware_of  # noqa: PLC0415 - as above
    from ghostlap.lsp_server.views import sources  # noqa: PLC0415 - as above
    from ghostlap.telemetry import StoreError  # noqa: PLC0415 - as above

    sources.own_threads_alone()
    from ghostlap.telemetry.report import collect, page  # noqa: PLC0415 - as above

    settings, _ = config.load()
    files = list(dict.fromkeys(args.db or [sources.own_database(settings)]))
    present = [file for file in files if sources.may_hold_something(file)]
    try:
        moment = sources.parse_since(args.since, datetime.now(UTC)) if args.since else None
        data = collect(present, sources.unix_ms(moment), hardware=hardware_of(settings))
    except (StoreError, ValueError) as error:
        raise Failure(str(error)) from error
    missing = files if not data.rows else [file for file in files if file not in present]
    if missing:
        print(sources.nothing_in(missing, moment), file=sys.stderr)
    if not data.rows:
        return 0
    _write(args.output, page(data, now=datetime.now().astimezone()))
    print(args.output)
    if args.open:
        import webbrowser  # noqa: PLC0415 - as above

        webbrowser.open(args.output.resolve().as_uri())
    return 0


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Failure(f"-o {file}: {error.strerror}") from error
