"""From giving up a key whose stream has stalled to the provider's seeing its connection closed.

Given up by `$/cancelRequest`, as VS Code does, and by a newer key, as Neovim does. From just before
the editor's first byte to the provider's reading the end of the connection. With it: the answer to
the key that was given up, and how long the next key takes to the provider, whose connections have
just been spent.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from rich.console import Console

from tests.bench._driver import Block
from tests.bench._figures import Figure, figures_table, percentile
from tests.bench._servers import GHOSTLAP

EVERY_MS = 40  # time for a spare connection to be opened, and still faster than anyone types
CLOSED_MS = 1.0


def figures(cause: str, block: Block) -> list[Figure]:
    closed = block.column("closed_us")
    answered = block.column("answered_us")
    asked = block.column("to_provider_us")
    opened = f"{block.accepted} connections opened for {len(closed)} keys"
    return [
        Figure(f"{cause} → closed, p50", percentile(closed, 50), "ms", CLOSED_MS),
        Figure(f"{cause} → closed, p99", percentile(closed, 99), "ms"),
        Figure(f"{cause} → answered, p50", percentile(answered, 50), "ms"),
        Figure(f"key after a {cause} → provider, p50", percentile(asked, 50), "ms"),
        Figure(f"key after a {cause} → provider, p99", percentile(asked, 99), "ms", note=opened),
    ]


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="giving_up", description=__doc__)
    parser.add_argument("--strict", action="store_true", help="fail when a target is missed")
    parser.add_argument("--keys", type=int, default=100)
    arguments = parser.parse_args(argv)
    with GHOSTLAP.session() as session:
        session("start")
        session("open 0 1000")
        session("type 0 20 0 0 0")
        session(f"cancel 0 5 {EVERY_MS}")
        cancelled = session(f"cancel 0 {arguments.keys} {EVERY_MS}")
        superseded = session(f"supersede 0 {arguments.keys} {EVERY_MS}")
        session("stop")
    found = [*figures("cancel", cancelled), *figures("newer key", superseded)]
    figures_table(Console(width=110), "giving a key up", found)
    return int(arguments.strict and any(figure.missed for figure in found))
