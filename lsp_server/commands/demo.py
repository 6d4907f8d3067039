"""Watch ghost text arrive while real code is typed, and read its latency.

Starts the real server with your configuration, opens a source file, takes some of its lines out of
the server's sight and types them anew, as an editor would; a suggestion that says what the file
says is accepted. The file itself is only read. It is the largest of the current folder, or else one
of an installed package.
"""

from __future__ import annotations

import argparse
from pathlib import Path

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--seconds", metavar="N", type=_seconds, default=20.0, help="how long it types (20)"
    )
    parser.add_argument("--file", metavar="FILE", type=Path, help="the source file to type in")
    parser.add_argument(
        "--plain", action="store_true", help="lines of text, as when there is no terminal"
    )


def run(args: argparse.Namespace) -> int:
    from ghostlap.lsp_server import demo  # noqa: PLC0415 - no other command needs it

    return demo.run(seconds=args.seconds, file=args.file, plain=args.plain)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 1 <= seconds <= 3600:  # written so that nan is refused too
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds from 1 to 3600")
    return seconds
