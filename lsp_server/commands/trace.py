"""Show where one keystroke's time went, as a waterfall.

ghostlap trace           the last one that was served
ghostlap trace 1234      the keystroke of this number, in the last session that has it
ghostlap trace 3fa2:7    the same, in the session whose name begins so
"""

from __future__ import annotations

# ruff: noqa: T201 - printing is a command's way to answer
import argparse
import json
from dataclasses import asdict
from pathlib import Path

from ghostlap.lsp_server.commands import Failure

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("which", metavar="ID", nargs="?", default="last", help="last, or a number")
    parser.add_argument("--db", metavar="FILE", type=Path, help="read this database")
    parser.add_argument("--json", action="store_true", help="print JSON for other programs")


def run(args: argparse.Namespace) -> int:
    from rich.console import Console  # noqa: PLC0415 - no other command needs it

    from ghostlap.lsp_server import config  # noqa: PLC0415 - as above
    from ghostlap.lsp_server.views.sources import own_database  # noqa: PLC0415 - as above
    from ghostlap.lsp_server.views.waterfall import waterfall_view  # noqa: PLC0415 - as above
    from ghostlap.telemetry import StoreError  # noqa: PLC0415 - as above
    from ghostlap.telemetry.waterfall import read_waterfall  # noqa: PLC0415 - as above

    file = args.db or own_database(config.load()[0])
    try:
        found = read_waterfall(file, args.which)
    except StoreError as error:
        raise Failure(str(error)) from error
    if found is None:
        raise Failure(f"there is no keystroke {args.which} in {file}")
    if args.json:
        answer = asdict(found)
        for attempt in answer["attempts"]:
            stamps = attempt["stamps_ns"]
            attempt["stamps_ns"] = {stage.name.lower(): at_ns for stage, at_ns in stamps.items()}
        for name in ("origin", "reaches"):
            answer[name] = None if answer[name] is None else answer[name].name.lower()
        print(json.dumps(answer, indent=2))
    else:
        console = Console(highlight=False)
        console.print(waterfall_view(found, console.width))
    return 0
