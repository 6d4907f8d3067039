"""Speak LSP with one editor, over stdin and stdout unless --tcp is given.

This is what an editor starts; the README shows how to configure yours.
"""

from __future__ import annotations

import argparse

from ghostlap.lsp_server.commands import Failure

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--stdio", action="store_true", help="accepted and ignored: stdio is the default"
    )
    parser.add_argument(
        "--tcp",
        metavar="HOST:PORT",
        type=_address,
        help="serve the first that connects to this loopback address; port 0 picks a free one",
    )


def run(args: argparse.Namespace) -> int:
    from ghostlap.lsp_server import config  # noqa: PLC0415 - once the command line is right
    from ghostlap.lsp_server.server import serve  # noqa: PLC0415 - as above

    if args.tcp is None:
        _leave_interrupts_to_the_client()
    try:
        return serve(*config.load(), tcp=args.tcp)
    except ValueError as error:
        if args.tcp is None:
            raise
        raise Failure(str(error)) from error
    except OSError as error:
        if args.tcp is None:
            raise
        raise Failure(f"--tcp {args.tcp[0]}:{args.tcp[1]}: {error.strerror}") from error


def _address(text: str) -> tuple[str, int]:
    host, separator, port = text.rpartition(":")
    if not separator or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT, as 127.0.0.1:5007")
    return host.strip("[]") or "127.0.0.1", int(port)


def _leave_interrupts_to_the_client() -> None:
    """Ignore Ctrl-C when a program, not a person, speaks to stdin.

    A terminal sends it to the editor and to its children alike; the server ends when the editor
    closes its input, with what was measured written down.
    """
    import os  # noqa: PLC0415 - where the work begins
    import signal  # noqa: PLC0415 - as above

    if not os.isatty(0):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
