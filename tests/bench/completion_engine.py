"""2,000 keys typed in ten files of six languages: our engine against a client with a debounce.

Both type the same keys at the same times, and ask a scripted provider that takes 0, 50, 300 and
2,000 ms to its first token, over HTTP. Nothing is accepted, so that the keys stay the same;
`--accept` has the typists take over what is right. From just before the edit is handed to the
client to its having read the suggestion.

Served: a suggestion stood behind the cursor before the next key. At once: within 5 ms of its key.
Cancelled: closed before a line was said, and nothing of it was shown. Wasted: tokens that were
generated and never on display, and the prompts of requests that never showed anything.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from rich.console import Console

from tests.bench import _replay_ghostlap, fixed_debounce
from tests.bench._driver import BenchError
from tests.bench._replay_figures import Replayed, compare
from tests.bench._replay_keys import FILES, Manuscript, manuscripts
from tests.bench._replay_provider import Provider
from tests.bench._replay_target import Inconsistent, Page
from tests.bench._replay_typist import Habits, Typist

__all__ = ["main"]

OpenPage: TypeAlias = Callable[[str, Manuscript], AbstractAsyncContextManager[Page]]


@dataclass(frozen=True, slots=True)
class Speed:
    first_token_ms: int
    token_ms: int


SPEEDS = (Speed(0, 2), Speed(50, 10), Speed(300, 20), Speed(2000, 30))
"""A model next door that is idle, a quick vendor, a usual one, and a large model on a laptop."""

LATE_MS = 50
"""A third of a usual gap: more than one key in a hundred that late is another way of typing."""


@dataclass(frozen=True, slots=True)
class Replay:
    manuscripts: Sequence[Manuscript]
    keys: int
    """To press in each."""
    habits: Habits

    async def run(self, speeds: Sequence[Speed], clients: Sequence[OpenPage]) -> list[Replayed]:
        """Return what came out, speed by speed and client by client, all typed at one time."""
        size = len(speeds) * len(clients)
        ready = asyncio.Barrier(size * len(self.manuscripts))
        runs = [self._arm(speed, open_page, ready) for speed in speeds for open_page in clients]
        return list(await asyncio.gather(*runs))

    async def _arm(self, speed: Speed, open_page: OpenPage, ready: asyncio.Barrier) -> Replayed:
        provider = Provider(self.manuscripts, speed.first_token_ms / 1e3, speed.token_ms / 1e3)
        typists = [Typist(each, provider, self.habits) for each in self.manuscripts]
        async with provider.server, asyncio.TaskGroup() as tasks:
            for typist in typists:
                tasks.create_task(self._type(typist, open_page, provider, ready))
        strokes = [stroke for typist in typists for stroke in typist.strokes]
        return Replayed(strokes, provider.asked, provider.unexplained)

    async def _type(
        self, typist: Typist, open_page: OpenPage, provider: Provider, ready: asyncio.Barrier
    ) -> None:
        async with open_page(provider.server.url, typist.manuscript) as page:
            await ready.wait()
            await typist.type_into(page, self.keys)


def replay_all(replay: Replay, clients: Sequence[OpenPage], at_a_time: int) -> list[Replayed]:
    found: list[Replayed] = []
    for start in range(0, len(SPEEDS), at_a_time):
        try:
            found += asyncio.run(replay.run(SPEEDS[start : start + at_a_time], clients))
        except ExceptionGroup as group:
            raise _what_failed(group) from group
    return found


def _what_failed(group: ExceptionGroup) -> BenchError:
    error: Exception = group
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, BenchError):
        return error
    if isinstance(error, Inconsistent):
        return BenchError(f"a suggestion did not fit its document: {error}")
    return BenchError(f"{type(error).__name__}: {error}")


def main(argv: Sequence[str]) -> int:
    arguments = _parser().parse_args(argv)
    keys = max(1, arguments.keys // FILES)
    habits = Habits(accepts=arguments.accept, keeps=arguments.keeps)
    clients: Sequence[OpenPage] = (
        partial(fixed_debounce.open_page, debounce_s=arguments.debounce_ms / 1000),
        partial(_replay_ghostlap.open_page, cancels=not arguments.neovim),
    )
    found = replay_all(Replay(manuscripts(keys), keys, habits), clients, arguments.at_a_time)
    pairs = list(zip(found[::2], found[1::2], strict=True))
    heads = [f"{speed.first_token_ms:,} ms" for speed in SPEEDS]
    title = f"a debounce of {arguments.debounce_ms} ms → ghostlap, by time to first token"
    better = compare(Console(width=120), title, heads, pairs)
    if max(each.late_ms for each in found) > LATE_MS:
        print("Keys came late, since this machine is busy: these figures tell little.")  # noqa: T201 - for the user
    return int(arguments.strict and not better)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="completion_engine", description=__doc__)
    parser.add_argument("--strict", action="store_true", help="fail when not better on all")
    parser.add_argument("--keys", type=int, default=2000, help="in all; 2,000 take 90 s")
    parser.add_argument("--debounce-ms", type=int, default=round(fixed_debounce.DEBOUNCE_S * 1000))
    parser.add_argument("--accept", action="store_true", help="take over what is right")
    parser.add_argument(
        "--keeps", action="store_true", help="leave a text on display while it is typed along"
    )
    parser.add_argument(
        "--neovim", action="store_true", help="no $/cancelRequest, where VS Code sends one"
    )
    parser.add_argument(
        "--at-a-time", type=int, default=2, help="how many of the speeds run side by side"
    )
    return parser
