"""A comparison from its beginning to its end: all arms' servers run, and take turns with blocks."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from types import FrameType

from ghostlap.lsp_server.client import LspClient, LspError, ServerGone
from ghostlap.lsp_server.commands import Failure
from ghostlap.lsp_server.harness.arms import Arm, Started, start
from ghostlap.lsp_server.harness.blocks import Block, blocks, order
from ghostlap.lsp_server.harness.ledger import Ledger, read_ledger
from ghostlap.lsp_server.harness.place import children_elsewhere, stolen_s, typists_place
from ghostlap.lsp_server.harness.target import LspTarget
from ghostlap.lsp_server.harness.typist import Stroke, Typist
from ghostlap.telemetry.workload import Workload

__all__ = ["ArmRun", "Plan", "Run", "Watch", "perform"]

_WARM_S = 10.0
_SHUTDOWN_S = 5.0
_BETWEEN_BLOCKS_S = 0.2
_TURNS_S = 0.028 if sys.platform == "win32" else 0.012
"""A loop's sleep ends up to a millisecond late, on Windows up to 15.6; and where a host shares out
its processors, one that sleeps gets its own back up to 5 ms late (seen on a virtual machine)."""


@dataclass(frozen=True, slots=True)
class Plan:
    workload: Workload
    arms: Sequence[Arm]
    seed: int = 0
    block_keys: int = 15
    """So few that the arms meet the same minute, and that there are many to draw from."""
    accepts: bool = True

    @property
    def blocks(self) -> list[Block]:
        return blocks(self.workload.edits, self.block_keys)

    @property
    def seconds(self) -> float:
        """About how long it takes."""
        typing = sum(each.seconds + _BETWEEN_BLOCKS_S for each in self.blocks)
        return typing * len(self.arms)


@dataclass(slots=True)
class ArmRun:
    """What was measured of one arm."""

    arm: Arm
    strokes: list[Stroke] = field(default_factory=list)
    ledger: Ledger | None = None
    """None of a server that is not ours."""
    said: list[str] = field(default_factory=list)
    """What the server told its user meanwhile."""


@dataclass(slots=True)
class Run:
    arms: list[ArmRun]
    interrupted: bool = False
    place: str = ""
    """Where the typist ran, in words."""
    stolen_s: float | None = None
    """How long meanwhile the host of this virtual machine kept its processors from it."""


Watch = Callable[[float, float, Sequence[ArmRun]], None]
"""Told after each turn: how many seconds are over, of how many, and what was measured so far."""


@dataclass(frozen=True, slots=True)
class _Seat:
    """An arm whose server runs, and its typist."""

    run: ArmRun
    started: Started
    typist: Typist


async def perform(plan: Plan, watch: Watch) -> Run:
    """Type the workload into all arms. Ctrl-C ends it, and keeps what was measured.

    :raises Failure: a server does not start, or ends in between
    """
    run = Run([ArmRun(arm) for arm in plan.arms])
    try:
        await _perform(plan, run, watch)
    except ExceptionGroup as group:  # of the tasks that read the answers
        failure = _failure_in(group)
        if failure is None:
            raise
        raise failure from None
    return run


def _failure_in(group: ExceptionGroup) -> Failure | None:
    for error in group.exceptions:
        found = _failure_in(error) if isinstance(error, ExceptionGroup) else error
        if isinstance(found, Failure):
            return found
    return None


async def _perform(plan: Plan, run: Run, watch: Watch) -> None:
    async with AsyncExitStack() as stack:
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        with children_elsewhere():
            seats = [await stack.enter_async_context(_seat(each, plan, tasks)) for each in run.arms]
        typing = asyncio.ensure_future(_type(plan, seats, watch))
        before_s = stolen_s()
        with _quiet(), _interrupts(typing.cancel), typists_place() as run.place:
            try:
                await typing
            except asyncio.CancelledError:
                run.interrupted = True
        after_s = stolen_s()
        if before_s is not None and after_s is not None:
            run.stolen_s = after_s - before_s
        for seat in seats:
            await _end(seat)


@asynccontextmanager
async def _seat(run: ArmRun, plan: Plan, tasks: asyncio.TaskGroup) -> AsyncIterator[_Seat]:
    async with start(run.arm) as started:
        target = LspTarget(started.client, started.root, tasks)
        for number, document in enumerate(plan.workload.documents):
            target.open(number, document)
        await _warm(started, target, plan.workload)
        if run.arm.is_ours and (said := _said(started.client)):
            raise Failure(f"{run.arm.label} would not be what was asked for: {said[0]}")
        yield _Seat(run, started, Typist(target, accepts=plan.accepts, turns_s=_TURNS_S))


async def _warm(started: Started, target: LspTarget, workload: Workload) -> None:
    """Ask once before the first key, so that no arm's figures hold its start.

    At the end of the first document: what is said there is nothing that is typed.
    """
    place = workload.edits[0].start
    try:
        async with asyncio.timeout(_WARM_S):
            for _ in range(2):  # a server may complain right behind its answer
                await started.client.inline_completion(target.uri(0), place.line, 0)
    except (LspError, TimeoutError):
        pass
    except ServerGone as error:
        raise Failure(f"{started.arm.name} ended: {error}") from error


def _said(client: LspClient) -> list[str]:
    """What is wrong with its settings, or that a provider refuses it: ours shows nothing else."""
    return [
        str(params.get("message", ""))
        for method, params in client.notifications
        if method == "window/showMessage" and isinstance(params, dict)
    ]


async def _type(plan: Plan, seats: Sequence[_Seat], watch: Watch) -> None:
    cut = plan.blocks
    turns = [
        (block, seats[arm])
        for block, arms in zip(cut, order(len(cut), len(seats), plan.seed), strict=True)
        for arm in arms
    ]
    over_s, all_s = 0.0, plan.seconds
    for block, seat in turns:
        try:
            await seat.typist.type_block(
                block.edits,
                first=block.first,
                block=block.number,
                then_ms=block.then_ms,
                into=seat.run.strokes,
            )
        except ServerGone as error:
            raise Failure(f"{seat.run.arm.label} ended in the middle: {error}") from error
        over_s += block.seconds + _BETWEEN_BLOCKS_S
        watch(over_s, all_s, [each.run for each in seats])
        await asyncio.sleep(_BETWEEN_BLOCKS_S)


async def _end(seat: _Seat) -> None:
    with suppress(LspError, ServerGone, TimeoutError):
        await seat.started.client.shutdown(timeout_s=_SHUTDOWN_S)
    run = seat.run
    run.said = list(dict.fromkeys(_said(seat.started.client)))
    if run.arm.is_ours and run.said and not any(each.served for each in run.strokes):
        raise Failure(f"{run.arm.label} gave nothing: {run.said[0]}")
    if seat.run.arm.is_ours:
        seat.run.ledger = await asyncio.to_thread(read_ledger, seat.started.database)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the collector out of the typing: it stops it for milliseconds."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@contextmanager
def _interrupts(first: Callable[[], object]) -> Iterator[None]:
    """Call `first` at the first Ctrl-C; a second one ends the program as ever."""
    loop = asyncio.get_running_loop()

    def note(_signal: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, before)
        loop.call_soon_threadsafe(first)

    before = signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
