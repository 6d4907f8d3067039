"""What the demo says when the typing is over."""

from __future__ import annotations

import sysconfig
from collections.abc import Iterator
from pathlib import Path
from statistics import quantiles

from rich.console import Console
from rich.text import Text

from ghostlap.lsp_server.commands import Failure
from ghostlap.lsp_server.config import Config
from ghostlap.lsp_server.demo.findings import Findings
from ghostlap.lsp_server.demo.typist import Figures
from ghostlap.lsp_server.views.latency_table import latency_table
from ghostlap.telemetry import StoreError, SummaryRow, default_path, summarise

__all__ = ["report"]

_OK, _INTERRUPTED = 0, 130
_MS_NS = 1_000_000


def report(console: Console, config: Config, findings: Findings) -> int:
    """Print the latencies and what they are of; returns the exit code.

    Raises Failure when nothing was measured.
    """
    file = _database(config)
    rows = _rows(config, file, findings)
    if rows:
        console.print()
        title = "Keystroke to suggestion, by the server's telemetry"
        console.print(latency_table(rows, title=title, width=console.width))
    console.print()
    for sentence in _sentences(config, findings, rows):
        console.print(Text(sentence))
    if not findings.figures.round_trips_ms and not findings.interrupted:
        raise Failure(_nothing_measured(findings))
    console.print()
    where = file if config.telemetry.enabled else "switched off by telemetry.enabled"
    console.print(
        Text.assemble(("Telemetry  ", "bold"), f"{where}\n", ("Next       ", "bold"), _NEXT),
        soft_wrap=True,
    )
    return _INTERRUPTED if findings.interrupted else _OK


_NEXT = """\
ghostlap stats          everything that was recorded so far
           ghostlap config show    what can be set, and where
           ghostlap serve          what your editor runs; the README has its five lines"""


def _database(config: Config) -> Path:
    return Path(config.telemetry.path).expanduser() if config.telemetry.path else default_path()


def _rows(config: Config, file: Path, findings: Findings) -> list[SummaryRow]:
    if not config.telemetry.enabled:
        return []
    try:
        return summarise(file, findings.started_unix_ns // _MS_NS, "provider")
    except StoreError as error:
        findings.messages.append(str(error))
        return []


def _sentences(config: Config, findings: Findings, rows: list[SummaryRow]) -> Iterator[str]:
    figures = findings.figures
    if figures.round_trips_ms:
        yield _from_the_editors_side(figures)
        yield (
            f"Keys, at a person's pace: {figures.keys}. Suggestions accepted: "
            f"{len(figures.accepted)}, which are {figures.accepted_share:.0%} of the text."
        )
    others = sum(row.keystrokes for row in rows) - figures.requests
    if others > 0:
        yield f"The table holds {others} keystrokes of other editors, recorded meanwhile."
    if findings.index:
        yield f"Note: {findings.index.removesuffix('.')}."
    if config.primary == "embedded" and _is_standard_library(findings.passage.material.path):
        yield (
            "Note: this file is part of Python's standard library, which the embedded engine has "
            "read: what it suggests here flatters it. Its latency is as ever."
        )
    for message in findings.messages:
        yield f"The server says: {message}"


def _from_the_editors_side(figures: Figures) -> str:
    times = figures.round_trips_ms
    cuts = quantiles(times, n=100, method="inclusive") if len(times) > 1 else times * 99
    return (
        f"Seen from the editor's side, from just before an edit was sent until its suggestion was "
        f"read: p50 {cuts[49]:.1f} ms, p95 {cuts[94]:.1f} ms over {len(times)} suggestions."
    )


def _nothing_measured(findings: Findings) -> str:
    asked = findings.figures.requests
    why = f"; the server said: {findings.messages[-1]}" if findings.messages else ""
    return f"no suggestion came in {asked} keystrokes, so there is no latency to tell{why}"


def _is_standard_library(path: Path) -> bool:
    places = {Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib")}
    resolved = path.resolve()
    inside = any(place in resolved.parents for place in places)
    return inside and "site-packages" not in resolved.parts
