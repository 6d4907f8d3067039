"""The latency that the server adds to a key, at 1,000 and 10,000 lines, hot and paced.

From the first byte of the didChange that leaves the editor to the provider's having read the whole
request, plus from the provider's last byte to the editor's having read the whole answer. Editor and
provider are one C process with one clock. The same is measured of a C relay without a document, the
floor, in blocks that alternate with the server's, and of the obvious server, for comparison.

Hot: the next key as soon as the answer is there; the provider sends its 20 events at once. Paced: a
key every 150 ms; the first event after 60 ms, then one every 1 ms. The server has a CPU that is not
the editor's, which in an editor is busy drawing. One CPU: hot, with server and editor sharing it,
which leaves out what it takes to wake another CPU and so counts the work alone.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median

from rich.console import Console

from tests.bench._driver import Block, Session, placeable
from tests.bench._figures import Figure, figures_table, percentile, ratio, table
from tests.bench._servers import FLOOR, GHOSTLAP, SERVERS, Server

DOCUMENTS = (1_000, 10_000)  # lines
DOCUMENT_ORDERS = ((0, 1), (1, 0))  # round about, so that neither gains by coming second
WARM_UP_KEYS = 5


@dataclass(frozen=True, slots=True)
class Pace:
    name: str
    every_ms: int
    first_token_ms: int
    gap_us: int
    apart: bool
    """Whether the server runs on another CPU than editor and provider."""
    limit: float
    """Times the floor."""
    goal: float


ONE_CPU = Pace("one CPU", 0, 0, 0, apart=False, limit=7, goal=5)
HOT = Pace("hot", 0, 0, 0, apart=True, limit=7, goal=5)
PACED = Pace("paced", 150, 60, 1_000, apart=True, limit=4, goal=3)
PACES = (HOT, ONE_CPU, PACED) if placeable() else (HOT, PACED)

Cell = tuple[str, Pace, int]
"""Server, pace, document."""


class Measured:
    """Blocks of samples, by cell."""

    def __init__(self) -> None:
        self._blocks: defaultdict[Cell, list[Block]] = defaultdict(list)

    def add(self, cell: Cell, block: Block) -> None:
        self._blocks[cell].append(block)

    def rounds(self, cell: Cell) -> list[list[float]]:
        """The added latency of each key in ms, a list for each round."""
        return [block.column("to_provider_us", "to_editor_us") for block in self._blocks[cell]]

    def keys(self, cell: Cell, *legs: str) -> list[float]:
        return [value for block in self._blocks[cell] for value in block.column(*legs)]

    def fresh_connections(self, server: str) -> tuple[int, int]:
        """Connections opened while keys were typed, and those keys."""
        blocks = [b for cell, found in self._blocks.items() if cell[0] == server for b in found]
        return sum(b.accepted for b in blocks), sum(len(b.samples) for b in blocks)


def keys_of(server: Server, pace: Pace, arguments: argparse.Namespace) -> int:
    if pace is PACED:
        return int(arguments.paced_keys)
    # The others answer a key in milliseconds: fewer keys take as long as the floor's many.
    return int(arguments.keys) if server in (FLOOR, GHOSTLAP) else int(arguments.keys) // 5


def type_block(session: Session, pace: Pace, document: int, keys: int) -> Block:
    def command(count: int) -> str:
        return f"type {document} {count} {pace.every_ms} {pace.first_token_ms} {pace.gap_us}"

    session.place(apart=pace.apart)
    session(command(WARM_UP_KEYS))
    return session(command(keys))


def measure(servers: Sequence[Server], arguments: argparse.Namespace) -> Measured:
    measured = Measured()
    with ExitStack() as stack:
        sessions = {server: stack.enter_context(server.session()) for server in servers}
        for session in sessions.values():
            session("start")
            for document, lines in enumerate(DOCUMENTS):
                session(f"open {document} {lines}")
                type_block(session, HOT, document, WARM_UP_KEYS)
        for number in range(arguments.rounds):
            for pace in PACES:
                for server, session in sessions.items():
                    for document in DOCUMENT_ORDERS[number % 2]:
                        block = type_block(
                            session, pace, document, keys_of(server, pace, arguments)
                        )
                        measured.add((server.name, pace, document), block)
        for session in sessions.values():
            session("stop")
    return measured


CELLS = [(pace, document) for pace in PACES for document in range(len(DOCUMENTS))]


def print_ladder(console: Console, servers: Sequence[Server], measured: Measured) -> None:
    header = ["", *(f"{pace.name} {DOCUMENTS[document] // 1_000}k" for pace, document in CELLS)]
    rows = []
    for server in servers:
        row = [server.title]
        for pace, document in CELLS:
            cell = (server.name, pace, document)
            text = f"{median(measured.keys(cell, 'to_provider_us', 'to_editor_us')):.3f}"
            if server is not FLOOR:
                floor = measured.rounds((FLOOR.name, pace, document))
                text += f" {ratio(measured.rounds(cell), floor).middle:4.1f}x"
            row.append(text)
        rows.append(row)
    table(console, "added latency, p50 in ms, and times the floor of the same round", header, rows)


def print_spread(console: Console, servers: Sequence[Server], measured: Measured) -> None:
    header = ["", "to provider", "to editor", "p50", "p90", "p99", "keys"]
    rows = []
    for server in servers:
        for pace, document in CELLS:
            cell = (server.name, pace, document)
            keys = measured.keys(cell, "to_provider_us", "to_editor_us")
            legs = [median(measured.keys(cell, leg)) for leg in ("to_provider_us", "to_editor_us")]
            spread = [percentile(keys, percent) for percent in (50, 90, 99)]
            rows.append(
                (
                    f"{server.name}, {pace.name}, {DOCUMENTS[document]:,} lines",
                    *(f"{value:.3f}" for value in (*legs, *spread)),
                    str(len(keys)),
                )
            )
    table(console, "the two legs (p50) and their sum, ms", header, rows)


def figures(measured: Measured) -> list[Figure]:
    name = GHOSTLAP.name
    found = []
    for pace, document in CELLS:
        times = ratio(
            measured.rounds((name, pace, document)), measured.rounds((FLOOR.name, pace, document))
        )
        found.append(
            Figure(
                f"{pace.name}, {DOCUMENTS[document]:,} lines, times the floor",
                times.middle,
                limit=pace.limit,
                note=f"goal {pace.goal:g}; half of the rounds {times.low:.1f} to {times.high:.1f}",
            )
        )
    for pace in PACES:
        times = ratio(measured.rounds((name, pace, 1)), measured.rounds((name, pace, 0)))
        note = f"half of the rounds {times.low:.2f} to {times.high:.2f}"
        found.append(
            Figure(f"{pace.name}, 10,000 lines, times 1,000 lines", times.middle, "", 1.1, note)
        )
    opened, keys = measured.fresh_connections(name)
    found.append(
        Figure("connections opened in steady state", opened, limit=0, note=f"in {keys:,} keys")
    )
    return found


def arguments_of(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="added_latency", description=__doc__)
    parser.add_argument("--strict", action="store_true", help="fail when a target is missed")
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--keys", type=int, default=300, help="hot keys in a block")
    parser.add_argument("--paced-keys", type=int, default=12, help="paced keys in a block")
    parser.add_argument("--servers", nargs="+", choices=SERVERS, default=list(SERVERS))
    return parser.parse_args(argv)


def main(argv: Sequence[str]) -> int:
    arguments = arguments_of(argv)
    servers: Mapping[str, Server] = {name: SERVERS[name] for name in arguments.servers}
    chosen = [FLOOR, *(server for server in servers.values() if server is not FLOOR)]
    console = Console(width=120)
    measured = measure(chosen, arguments)
    print_ladder(console, chosen, measured)
    print_spread(console, chosen, measured)
    if GHOSTLAP not in chosen:
        return 0
    found = figures(measured)
    figures_table(console, "targets", found)
    return int(arguments.strict and any(figure.missed for figure in found))
