"""A comparison as a table for the terminal: a row for each figure, a column for each arm."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ghostlap.lsp_server.harness.figures import CURVE_MS, Estimate
from ghostlap.lsp_server.harness.results import ArmResult, Result
from ghostlap.lsp_server.views.words import NOTHING, count, milliseconds, printable, share, usd

__all__ = ["NOTE", "markdown", "print_result", "rows"]

NOTE = (
    "Within: a text was there so soon, and before the next key, of all keys. Served latency: from "
    "the key; what the next key cut short is censored (Kaplan-Meier). Intervals are of 95%, by "
    "drawing blocks of keys again; those of the shares hold all at once. Answered: of any answer, "
    "too late ones and empty ones as well."
)


def print_result(console: Console, result: Result) -> None:
    """Print the table, what it means, and what is wrong with it."""
    table = Table(box=box.SIMPLE, pad_edge=False)
    table.add_column("")
    for arm in result.arms:
        label = Text(printable(arm.name)).append(" (simulated)" if arm.simulated else "", "dim")
        table.add_column(label, justify="right")
    for name, cells in rows(result):
        table.add_row(name, *cells)
    console.print(table)
    console.print(Text(NOTE, "dim"))
    for compared in result.compared:
        console.print(Text(printable(compared.sentence)))
    for warning in result.warnings:
        console.print(Text(printable(warning), "yellow"))


def markdown(result: Result) -> str:
    """Return the figures that fit a README, a line for each arm, and the warnings below."""
    simulated = all(arm.simulated for arm in result.arms)
    limits = ("within 50 ms, %", "200 ms", "500 ms")
    head = ["simulated" if simulated else "", "keys", "served", "censored", *limits]
    head += ["requests", "asked → usable p50, ms"]
    lines = []
    for arm in result.arms:
        shares = [_within(limit, arm).replace("%", "") for limit in (50, 200, 500)]
        found = [arm.name if simulated else arm.label]
        found += [count(each) for each in _counted(arm)]
        asked = [_ledger(arm, lambda of: count(of.requests)), _stage("asked → usable", arm)]
        lines.append([*found, *shares, *asked])
    told = [f"| {' | '.join(map(_cell, each))} |" for each in [head, *lines]]
    told.insert(1, "|" + "---|" * len(head))
    return "\n\n".join(["\n".join(told), *result.warnings])


def _counted(arm: ArmResult) -> tuple[int, int, int]:
    return arm.figures.keys, arm.figures.served, arm.figures.censored


def _cell(text: str) -> str:
    return printable(text).replace("|", "\\|")


def rows(result: Result) -> Iterator[tuple[str, list[str]]]:
    """Yield each figure's name and what it is of each arm, but for those that none has."""
    for name, cell in _figures(result):
        cells = [cell(arm) for arm in result.arms]
        if any(each != NOTHING for each in cells):
            yield name, cells


def _figures(result: Result) -> Iterator[tuple[str, Callable[[ArmResult], str]]]:
    yield "keys", lambda arm: count(arm.figures.keys)
    yield "served", lambda arm: count(arm.figures.served)
    yield "censored", lambda arm: count(arm.figures.censored)
    yield "empty, errors", lambda arm: f"{arm.figures.empty:,}, {arm.figures.errors:,}"
    for limit in CURVE_MS:
        yield f"within {limit} ms", partial(_within, limit)
    yield "served latency p50, ms", lambda arm: _time(arm.figures.p50_ms)
    yield "  p95", lambda arm: _time(arm.figures.p95_ms)
    yield "answered p50, ms", lambda arm: milliseconds(arm.figures.answered_p50_ms)
    yield "  p99", lambda arm: milliseconds(arm.figures.answered_p99_ms)
    yield "  longest", lambda arm: milliseconds(arm.figures.answered_max_ms)
    yield "accepted characters", lambda arm: count(arm.figures.accepted)
    yield "requests", lambda arm: _ledger(arm, lambda of: count(of.requests))
    yield (
        "tokens in, out",
        lambda arm: _ledger(arm, lambda of: f"{of.prompt_tokens:,}, {of.completion_tokens:,}"),
    )
    yield "list price, USD", lambda arm: _ledger(arm, lambda of: usd(of.cost_usd))
    yield (
        "usable warm, cold p50",
        lambda arm: _ledger(
            arm, lambda of: f"{milliseconds(of.usable_ms_warm)}, {milliseconds(of.usable_ms_cold)}"
        ),
    )
    stages = dict.fromkeys(
        name for arm in result.arms if arm.ledger for name in arm.ledger.stages_ms
    )
    for name in stages:
        yield f"  {name} p50", partial(_stage, name)
    yield (
        "keys late by p50, p99 ms",
        lambda arm: (
            f"{milliseconds(arm.figures.lag_p50_ms)}, {milliseconds(arm.figures.lag_p99_ms)}"
        ),
    )


def _ledger(arm: ArmResult, cell: Callable[..., str]) -> str:
    return NOTHING if arm.ledger is None else cell(arm.ledger)


def _within(limit: int, arm: ArmResult) -> str:
    return _share(arm.figures.served_by[limit])


def _stage(name: str, arm: ArmResult) -> str:
    return NOTHING if arm.ledger is None else milliseconds(arm.ledger.stages_ms.get(name))


def _share(estimate: Estimate) -> str:
    if estimate.interval is None:
        return share(estimate.value)
    low, high = estimate.interval
    return f"{share(estimate.value)} ({100 * low:.0f}…{100 * high:.0f})"


def _time(estimate: Estimate) -> str:
    if estimate.interval is None:
        return milliseconds(estimate.value)
    low, high = estimate.interval
    return f"{milliseconds(estimate.value)} ({milliseconds(low)}…{milliseconds(high)})"
