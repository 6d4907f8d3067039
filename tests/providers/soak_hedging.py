"""`make soak`: a hundred thousand hedged keystrokes, each of them accounted for.

Most of them ask providers in this process, which takes a minute or two; some go over real sockets.
A fifth are superseded by the next key at some moment, as when somebody types.
"""

from __future__ import annotations

import asyncio
import gc
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import psutil  # type: ignore[import-untyped]  # it ships no types
import pytest

from ghostlap.providers import CompletionRequest, Provider, ProviderError, Verdict
from ghostlap.providers._settings import ProviderSettings
from ghostlap.providers._transport import Transport
from ghostlap.providers.policies import (
    AdaptiveDelay,
    Backend,
    Budget,
    FixedDelay,
    Hedge,
    Ledger,
    Limits,
    NoDelay,
    Shadow,
    Split,
)
from ghostlap.providers.registry import build
from ghostlap.providers.scripted import Script, ScriptedProvider
from ghostlap.providers.scripted_dialects import Answer, Pace, Reply, json_reply
from ghostlap.providers.scripted_server import ScriptedServer, SeenRequest
from ghostlap.telemetry import Outcome, Recorder, Stage, Trace, open_recorder

IN_PROCESS = 90_000
ON_SOCKETS = 10_000
AT_A_TIME = 64
TYPED_ON_S = 0.3
"""Whoever has nothing by then has typed on: some of what is asked hangs for ever."""
LEARNING = 10_000
"""Keystrokes until what is bounded has reached its bound; memory is looked at from there on."""
MOST_GROWTH_BYTES = 24 * 1024 * 1024
"""Beyond these 90,000 keystrokes would have left 280 bytes each."""


def judge(text: str, finished: bool) -> Verdict:
    complete = finished or "\n" in text
    return Verdict(complete and bool(text.strip()), complete)


REQUEST = CompletionRequest(prefix="x = ", judge=judge)


@dataclass
class Session:
    """Presses keys through a policy, and records each as the engine does."""

    recorder: Recorder
    chance: Random = field(default_factory=lambda: Random(5))
    pressed: int = 0
    recorded: int = 0
    attempts: int = 0
    outcomes: Counter[Outcome] = field(default_factory=Counter)

    async def press(self, policy: Provider, keys: int) -> None:
        """Press so many keys, some at a time, and wait until all of them are recorded."""
        left = iter(range(keys))

        async def hand() -> None:
            for _ in left:
                await self._key(policy)

        async with asyncio.TaskGroup() as tasks:
            for _ in range(AT_A_TIME):
                tasks.create_task(hand())
        await policy.aclose()
        while self.recorded < self.pressed:  # noqa: ASYNC110 - the last losers are being closed
            await asyncio.sleep(0)

    async def _key(self, policy: Provider) -> None:
        self.pressed += 1
        trace = Trace(self.pressed, language="python", file_type="py")
        trace.stamp(Stage.REQUEST_RECEIVED)
        is_quick = self.chance.random() < 0.2
        superseded_s = self.chance.uniform(0.0, 0.02) if is_quick else TYPED_ON_S
        try:
            async with asyncio.timeout(superseded_s):
                trace.end(await self._ask(policy, trace))
        except TimeoutError:
            trace.end(Outcome.SUPERSEDED)
        except ProviderError:
            trace.end(Outcome.ERROR)
        if trace.unsettled:
            trace.when_settled = lambda: self._record(trace)
        else:
            self._record(trace)

    async def _ask(self, policy: Provider, trace: Trace) -> Outcome:
        async with policy.stream(REQUEST, trace) as stream:
            async for piece in stream:
                if "\n" in piece and piece.strip():
                    trace.stamp(Stage.USABLE)
                    stream.attempt.won = True
                    return Outcome.SERVED
        return Outcome.EMPTY

    def _record(self, trace: Trace) -> None:
        assert trace.outcome is not None
        self.recorded += 1
        self.attempts += len(trace.attempts)
        self.outcomes[trace.outcome] += 1
        self.recorder.record(trace)


def policies(backends: Sequence[Backend]) -> list[Provider]:
    """Every policy there is, over the same backends and one budget."""
    budget, chance = Budget(Limits(100.0), Ledger()), Random(7)

    def hedge(line: Sequence[Backend], delay: FixedDelay | AdaptiveDelay | NoDelay) -> Hedge:
        return Hedge(line, delay, budget, lambda _error: None, chance=chance)

    a, b, c = backends
    quick = AdaptiveDelay(least_s=0.001, unknown_s=0.005)
    return [
        hedge([a, b], FixedDelay(0.0)),
        hedge([a, b, c], FixedDelay(0.004)),
        hedge([a, b], quick),
        hedge([a, b, c], NoDelay()),
        Split(hedge([a, b], quick), [(0.1, hedge([c, a, b], quick))], chance=chance),
        Shadow(hedge([a, b], quick), c, budget, lambda _error: None, share=0.3, chance=chance),
    ]


def scripts(seed: int) -> list[Script]:
    """Quick ones and slow ones, empty ones and failures, in some order."""
    chance = Random(seed)
    made = [
        Script("line()\nmore\n", piece_chars=7, first_delay_s=chance.lognormvariate(-5.5, 0.6))
        for _ in range(400)
    ]
    made += [Script("", first_delay_s=0.002)] * 20
    made += [Script(error="Overloaded", first_delay_s=0.001)] * 20
    made += [Script("half", error="Truncated", error_after=1)] * 10
    made += [Script(hang=True, text="half")] * 5
    chance.shuffle(made)
    return made


class Cycling(ScriptedProvider):
    """Plays its scripts again and again, and keeps no requests: these would be the leak."""

    def __init__(self, name: str, played: Sequence[Script]) -> None:
        super().__init__(name, played)
        self._played = list(played)
        self._at = 0

    def stream(self, request, trace):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201 - as above
        self._at += 1
        self._scripts = (self._played[self._at % len(self._played)],)
        self.requests.clear()
        return super().stream(request, trace)


@asynccontextmanager
async def on_sockets() -> AsyncIterator[tuple[list[Backend], list[ScriptedServer]]]:
    chance = Random(9)

    def script(_: SeenRequest) -> Answer | Reply:
        drawn = chance.random()
        if drawn < 0.03:
            return json_reply(503, {"error": {"message": "busy", "type": "overloaded"}})
        if drawn < 0.05:
            return Answer(("line()\n", "more\n"), pace=Pace(stall_after=0))
        pace = Pace(first_delay_s=chance.lognormvariate(-5.5, 0.6))
        return Answer(("line()\n", *("more" for _ in range(5))), pace=pace)

    transport = Transport()
    async with (
        ScriptedServer(script) as a,
        ScriptedServer(script) as b,
        ScriptedServer(script) as c,
    ):
        servers = [a, b, c]
        backends = [
            Backend(
                build(
                    name,
                    ProviderSettings(base_url=server.url, model="m", prompt="suffix"),
                    transport,
                )
            )
            for name, server in zip("abc", servers, strict=True)
        ]
        try:
            yield backends, servers
        finally:
            await transport.aclose()


def forget(servers: Sequence[ScriptedServer]) -> None:
    for server in servers:
        server.requests.clear()
        server.connections[:] = [each for each in server.connections if not each.closed_ns]
        for connection in server.connections:
            connection.requests.clear()


def open_files() -> int:
    process = psutil.Process()
    counted: int = process.num_handles() if psutil.WINDOWS else process.num_fds()
    return counted


def memory_bytes() -> int:
    gc.collect()
    counted: int = psutil.Process().memory_info().rss
    return counted


async def written(database: Path, keystrokes: int) -> None:
    """Wait for the writer, which no typist is ever ahead of as this one is."""
    while True:
        with closing(sqlite3.connect(database)) as connection:
            (found,) = connection.execute("SELECT count(*) FROM keystroke").fetchone()
        if found >= keystrokes:
            return
        await asyncio.sleep(0.05)


@pytest.mark.timeout(900)
async def test_a_hundred_thousand_hedged_keystrokes_leave_nothing_behind_but_their_rows(
    tmp_path: Path,
) -> None:
    database = tmp_path / "telemetry.sqlite3"
    recorder = open_recorder(database, version="soak")
    session = Session(recorder)
    files = open_files()

    backends = [Backend(Cycling(name, scripts(at))) for at, name in enumerate("abc")]
    begun_bytes = 0
    while session.pressed < IN_PROCESS:
        for policy in policies(backends):
            await session.press(policy, 2_500)
            await written(database, session.pressed)
            if session.pressed == LEARNING:
                begun_bytes = memory_bytes()
            assert len(asyncio.all_tasks()) == 1
    grown_bytes = memory_bytes() - begun_bytes

    async with on_sockets() as (remote, servers):
        while session.pressed < IN_PROCESS + ON_SOCKETS:
            for policy in policies(remote)[:5]:
                await session.press(policy, 500)
                await written(database, session.pressed)
                forget(servers)
    while len(asyncio.all_tasks()) > 1:  # noqa: ASYNC110 - connections that are being closed
        await asyncio.sleep(0.01)

    assert recorder.close(60.0)
    print(  # noqa: T201 - what a soak is run for
        f"\n{session.pressed} keystrokes, {session.attempts} attempts: {dict(session.outcomes)}, "
        f"{grown_bytes / 1e6:.1f} MB and {open_files() - files} files more"
    )
    assert session.recorded == session.pressed == IN_PROCESS + ON_SOCKETS
    assert open_files() <= files + 4
    assert grown_bytes <= MOST_GROWTH_BYTES
    assert all(each.provider.open_streams == 0 for each in backends)  # type: ignore[attr-defined]

    with closing(sqlite3.connect(database)) as connection:
        (keystrokes,) = connection.execute("SELECT count(*) FROM keystroke").fetchone()
        (attempts,) = connection.execute("SELECT count(*) FROM attempt").fetchone()
        ended = dict(
            connection.execute(
                "SELECT l.text, count(*) FROM attempt a JOIN label l ON l.id = a.outcome "
                "GROUP BY l.text"
            )
        )
    assert keystrokes == session.pressed
    assert attempts == session.attempts
    assert "running" not in ended
    assert {"completed", "censored", "error", "empty"} <= ended.keys()
