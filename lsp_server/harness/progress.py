"""How far a comparison is, with time left and what was measured so far."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from ghostlap.lsp_server.harness.run import ArmRun, Watch
from ghostlap.lsp_server.views.words import milliseconds, printable

__all__ = ["progress"]

_BAR_WIDTH = 40


@contextmanager
def progress(console: Console) -> Iterator[Watch]:
    """Show a bar on a terminal, and nothing elsewhere. It is drawn between blocks, not in them."""
    if not console.is_terminal:
        yield _nothing
        return
    starting = Text("starting the servers")
    with Live(starting, console=console, auto_refresh=False, transient=True) as live:

        def watch(done_s: float, all_s: float, arms: Sequence[ArmRun]) -> None:
            live.update(_view(done_s, all_s, arms), refresh=True)

        yield watch


def _nothing(_done_s: float, _all_s: float, _arms: Sequence[ArmRun]) -> None:
    """Nobody looks."""


def _view(done_s: float, all_s: float, arms: Sequence[ArmRun]) -> Group:
    minutes, seconds = divmod(round(max(0.0, all_s - done_s)), 60)
    bar = Table.grid(padding=(0, 2))
    bar.add_row(
        ProgressBar(total=all_s, completed=done_s, width=_BAR_WIDTH),
        f"{minutes}:{seconds:02} left; Ctrl-C ends it and keeps what was measured",
    )
    table = Table.grid(padding=(0, 2))
    for run in arms:
        table.add_row(*_of_arm(run))
    return Group(bar, table)


def _of_arm(run: ArmRun) -> tuple[str, ...]:
    """Of the keys that were served: the others have no latency yet, and the table counts them."""
    done = [each for each in run.strokes if each.until_ns]
    times = [each.waited_ms for each in done if each.served]
    told = (printable(run.arm.label), f"served {len(times)} of {len(done)}")
    if not times:
        return told
    p50, p95 = np.percentile(times, [50, 95], method="inverted_cdf")
    return (*told, f"p50 {milliseconds(p50)} ms", f"p95 {milliseconds(p95)} ms")
