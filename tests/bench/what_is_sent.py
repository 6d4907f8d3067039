"""What deciding what is sent costs a keystroke: `why_not` and `surroundings`, in this process.

Forty lines from the middle of each of six files of Python's library are typed anew, a key at a time
and with their line ends, for a remote provider, beside eleven more open files in a repository with
an ignore file. What runs in between two keys, as the search for pieces, is not counted; nor is the
first key of a file, with which its window is judged, and which stands in a column of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import sysconfig
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter_ns

from rich.console import Console

from ghostlap.lsp_server.context.budgets import Budget
from ghostlap.lsp_server.context.settings import ContextSettings
from ghostlap.lsp_server.context.workspace import WorkspaceContext
from ghostlap.lsp_server.documents import Documents
from ghostlap.lsp_server.tasks import Tasks
from ghostlap.providers._settings import ProviderSettings
from tests.bench._figures import Figure, figures_table, percentile

_TYPED = ("argparse", "smtplib", "ssl", "tarfile", "configparser", "imaplib")
_BESIDE = ("socket", "inspect", "typing", "shutil", "zipfile", "ftplib")
_LINES = 40
_P50_US, _P99_US = 100.0, 300.0
"""Of the 0.3 ms that a keystroke costs with everything on."""


async def measure(root: Path) -> tuple[list[float], list[float]]:
    """Microseconds of the first key of each file, and of every other."""
    library = Path(sysconfig.get_paths()["stdlib"])
    texts = {
        name: (library / f"{name}.py").read_text(encoding="utf-8") for name in _TYPED + _BESIDE
    }
    (root / ".git").mkdir()
    (root / ".gitignore").write_text("*.pyc\nbuild/\n.cache/\n")
    documents, tasks = Documents(), Tasks()
    budget = Budget.of(ProviderSettings().context_tokens)
    documents.prefix_chars, documents.suffix_chars = budget.prefix_chars, budget.suffix_chars
    context = WorkspaceContext(documents, tasks)
    context.load()
    context.open_folders([root.as_uri()])
    context.use(ContextSettings(), is_remote=True, snippet_chars=budget.snippet_chars)
    uris = {name: (root / f"{name}.py").as_uri() for name in texts}
    for name, text in texts.items():
        (root / f"{name}.py").write_text(text, encoding="utf-8")
        documents.open(uris[name], text, language="python")
        context.document_opened(uris[name])
    first: list[float] = []
    later: list[float] = []
    for name in _TYPED:
        took = await _type(documents, tasks, context, uris[name])
        first.append(took[0])
        later += took[1:]
    return first, later


async def _type(
    documents: Documents, tasks: Tasks, context: WorkspaceContext, uri: str
) -> list[float]:
    lines = documents[uri].lines()
    top = len(lines) // 2
    gone = {"start": {"line": top, "character": 0}, "end": {"line": top + _LINES, "character": 0}}
    documents.change(uri, [{"range": gone, "text": ""}], version=1)
    took: list[float] = []
    line = character = 0
    for version, key in enumerate("\n".join(lines[top : top + _LINES]), start=2):
        at = {"line": top + line, "character": character}
        documents.change(uri, [{"range": {"start": at, "end": at}, "text": key}], version=version)
        context.document_edited(uri)
        line, character = (line + 1, 0) if key == "\n" else (line, character + 1)
        snapshot = documents.snapshot(uri, {"line": top + line, "character": character})
        began = perf_counter_ns()
        if context.why_not(snapshot) is None:
            context.surroundings(snapshot)
        took.append((perf_counter_ns() - began) / 1e3)
        await tasks.idle()
    return took


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="what_is_sent", description=__doc__)
    parser.add_argument("--strict", action="store_true", help="fail when a target is missed")
    arguments = parser.parse_args(argv)
    with TemporaryDirectory() as folder:
        first, later = asyncio.run(measure(Path(folder).resolve()))
    figures = [
        Figure("p50", percentile(later, 50), "µs", _P50_US, f"{len(later):,} keys"),
        Figure("p99", percentile(later, 99), "µs", _P99_US),
        Figure("the slowest", max(later), "µs"),
        Figure("the first key of a file", percentile(first, 50), "µs", note=f"{len(first)} files"),
    ]
    figures_table(Console(width=110), "deciding what is sent", figures)
    return int(arguments.strict and any(each.missed for each in figures))
