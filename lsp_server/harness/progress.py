"""How far a comparison is, with time left and what was measured so far."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from statistics import median

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from ghostlap.lsp_server.harness.run import ArmRun, Watch

__all__ = ["progress"]


@contextmanager
def progress(console: Console) -> Iterator[Watch]:
    """Show a bar on a terminal, and nothing elsewhere. It is drawn between blocks, not in them."""
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
        auto_refresh=False,
        transient=True,
    )
    with bar:
        task = bar.add_task("starting the servers", total=None)
        bar.refresh()

        def watch(done: int, total: int, arms: Sequence[ArmRun]) -> None:
            bar.update(task, completed=done, total=total, description=_live(arms))
            bar.refresh()

        yield watch


def _live(arms: Sequence[ArmRun]) -> str:
    return "  ".join(map(_of_arm, arms))


def _of_arm(run: ArmRun) -> str:
    done = [each for each in run.strokes if each.until_ns]
    times = [each.waited_ms for each in done if each.served]
    if not times:
        return f"{run.arm.name}: none of {len(done)}"
    return f"{run.arm.name}: {len(times)} of {len(done)}, p50 {median(times):.0f} ms"
