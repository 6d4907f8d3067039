"""Ask each configured provider for a few tiny completions, and say what to change where one fails.

Without names: the primary and every [providers.NAME] of your file. What is asked is a made-up
function of three lines; nothing of your code is sent. A remote provider bills some hundred tokens.

Ends with 1 when a provider failed.
"""

from __future__ import annotations

# ruff: noqa: T201 - printing is a command's way to answer
import argparse
import asyncio
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ghostlap.lsp_server.commands import Failure

if TYPE_CHECKING:
    from ghostlap.lsp_server.config import Config
    from ghostlap.lsp_server.doctor import Diagnosis
    from ghostlap.providers import Provider

__all__ = ["add_arguments", "run"]

_HEADINGS = (
    "connect\ncold",
    "connect\nwarm",
    "first\ntoken",
    "tokens\nper s",
    "server\nqueue",
    "server\nprefill",
    "server\ndecode",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", metavar="NAME", nargs="*", help="a provider, by its name")
    parser.add_argument("--json", action="store_true", help="print JSON for other programs")


def run(args: argparse.Namespace) -> int:
    from ghostlap.lsp_server import config  # noqa: PLC0415 - once the command line is right

    settings, problems = config.load()
    for problem in problems:
        print(problem, file=sys.stderr)
    names = list(dict.fromkeys(args.names or [settings.primary, *settings.providers]))
    _refuse_unknown(settings, names)
    found = asyncio.run(_examine(settings, names, tell=not args.json))
    if args.json:
        _print_json(found)
    else:
        _print_table(found)
    return 0 if all(each.ok for each in found) else 1


def _refuse_unknown(settings: Config, names: list[str]) -> None:
    from ghostlap.lsp_server.config._reader import did_you_mean, quoted  # noqa: PLC0415 - as in run
    from ghostlap.providers.catalog import catalog  # noqa: PLC0415 - as in run

    known = [*catalog(), *settings.providers]
    for name in names:
        if name not in known:
            raise Failure(f"there is no provider {quoted(name)}{did_you_mean(name, known)}")


async def _examine(settings: Config, names: list[str], *, tell: bool) -> list[Diagnosis]:
    from ghostlap.lsp_server.backends import OurBackends  # noqa: PLC0415 - as in run
    from ghostlap.lsp_server.doctor import examine  # noqa: PLC0415 - as in run

    backends = OurBackends()

    async def open_provider(name: str) -> Provider:
        own = replace(settings.provider(name), warm_connections=0)  # see examine
        return await backends.open(
            replace(settings, primary=name, providers={**settings.providers, name: own})
        )

    found = []
    try:
        async for diagnosis in examine(names, open_provider):
            found.append(diagnosis)
            if tell and len(names) > 1:
                state = "answers" if diagnosis.ok else diagnosis.error_kind
                print(f"{diagnosis.provider}: {state}", file=sys.stderr)
    finally:
        await backends.aclose()
    return found


def _print_json(found: list[Diagnosis]) -> None:
    import json  # noqa: PLC0415 - for this alone

    print(json.dumps([each.as_json() for each in found], indent=2))


def _print_table(found: list[Diagnosis]) -> None:
    from rich import box  # noqa: PLC0415 - for this alone
    from rich.console import Console  # noqa: PLC0415 - as above
    from rich.table import Table  # noqa: PLC0415 - as above

    console = Console()
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("provider\n  [dim]model[/]", no_wrap=True)
    for heading in _HEADINGS:
        table.add_column(heading, justify="right", no_wrap=True, min_width=7)
    for each in found:
        mark = "[green]✓[/]" if each.ok else "[red]✗[/]"
        simulated = " (simulated)" if each.simulated else ""
        name = f"{mark} {_escaped(each.provider)}{simulated}"
        if each.model:
            name += f"\n  [dim]{_escaped(each.model)}[/]"
        figures = (
            each.cold_connect_ms,
            each.warm_connect_ms,
            each.first_token_ms,
            each.tokens_per_s,
            each.queue_ms,
            each.prefill_ms,
            each.decode_ms,
        )
        table.add_row(name, *map(_figure, figures))
    console.print(table)
    print("Times in ms, of tiny completions. The server's are its own, where it tells them.")
    for each in found:
        if each.error:
            console.print(f"[red]✗[/] {_escaped(each.error)}", soft_wrap=True)
        for note in each.notes:
            console.print(f"[yellow]![/] {_escaped(each.provider)}: {note}", soft_wrap=True)


def _figure(value: float | None) -> str:
    if value is None:
        return "—"
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def _escaped(text: Any) -> str:
    from rich.markup import escape  # noqa: PLC0415 - for this alone

    return escape(str(text))
