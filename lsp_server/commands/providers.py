"""List who can complete code: the catalogue, and what your file adds to it.

`ghostlap providers` shows every one with its model, hardware and price, and whether there is a key;
`ghostlap providers show NAME` shows all that is known and set of one. Keys are never shown, and
`ghostlap doctor` tells whether they work.
"""

from __future__ import annotations

# ruff: noqa: T201 - printing is a command's way to answer
import argparse
import json
import sys
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from ghostlap.lsp_server.commands import Failure

if TYPE_CHECKING:
    from ghostlap.lsp_server.config import Config

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", nargs="?", choices=("list", "show"), default="list")
    parser.add_argument("name", metavar="NAME", nargs="?", help="for show")
    parser.add_argument("--json", action="store_true", help="print JSON for other programs")


def run(args: argparse.Namespace) -> int:
    from ghostlap.lsp_server import config  # noqa: PLC0415 - once the command line is right
    from ghostlap.providers.catalog import catalog  # noqa: PLC0415 - as above

    settings, problems = config.load()
    for problem in problems:
        print(problem, file=sys.stderr)
    names = list(dict.fromkeys([*catalog(), *settings.providers]))
    if args.action == "list":
        rows = [_row(settings, name) for name in names]
        print(json.dumps(rows, indent=2)) if args.json else _print_list(rows)
        return 0
    if args.name not in names:
        raise Failure(_unknown(args.name, names))
    row = _row(settings, args.name) | {"settings": _settings(settings, args.name)}
    print(json.dumps(row, indent=2)) if args.json else _print_one(row)
    return 0


def _row(settings: Config, name: str) -> dict[str, Any]:
    """Return what lists show of a provider, as JSON has it."""
    from ghostlap.providers._keys import key_source  # noqa: PLC0415 - as in run
    from ghostlap.providers.catalog import catalog  # noqa: PLC0415 - as in run

    own = settings.provider(name)
    known = catalog().get(name)
    price = known.price if known else None
    return {
        "name": name,
        "title": known.title if known else "from your file",
        "primary": name == settings.primary,
        "configured": name == settings.primary or name in settings.providers,
        "dialect": own.dialect,
        "model": own.model,
        "wants_key": bool(own.key_env or own.key_command),
        "key_env": own.key_env,
        "key_found_in": key_source(name, own),
        "vendor": known.vendor if known else "unknown",
        "hardware": own.hardware or "unknown",
        "memory": known.memory if known else "unknown",
        "usd_per_mtok_input": price.input_usd if price else None,
        "usd_per_mtok_output": price.output_usd if price else None,
        "price_as_of": price.as_of.isoformat() if price else None,
        "cancelled_stream_is_billed": known.cancel_billed if known else "unknown",
        "simulated": own.simulated,
    }


def _settings(settings: Config, name: str) -> dict[str, Any]:
    """Return what is set of a provider and may be shown: no header, body or command."""
    own = settings.provider(name)
    hidden = {"headers", "body", "key_command", "script"}
    shown: dict[str, Any] = {}
    for each in fields(own):
        value = getattr(own, each.name)
        if each.name in hidden:
            value = sorted(value)[:20] if each.name != "key_command" else bool(value)
        if value not in ("", None, (), [], {}, False):
            shown[each.name] = value
    return shown


def _print_list(rows: list[dict[str, Any]]) -> None:
    from rich import box  # noqa: PLC0415 - for this alone
    from rich.console import Console  # noqa: PLC0415 - as above
    from rich.markup import escape  # noqa: PLC0415 - as above
    from rich.table import Table  # noqa: PLC0415 - as above

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("provider", no_wrap=True)
    table.add_column("key", no_wrap=True, min_width=3)
    table.add_column("model\n[dim]hardware[/]", overflow="fold")
    table.add_column("$/Mtok", justify="right", no_wrap=True, min_width=11)
    for row in rows:
        mark = "●" if row["primary"] else "○" if row["configured"] else " "
        simulated = "\n  (simulated)" if row["simulated"] else ""
        name = f"{mark} {escape(row['name'])}{simulated}"
        served = f"{escape(row['model']) or '—'}\n[dim]{escape(_hardware(row))}[/]"
        table.add_row(name, _key(row), served, _price(row))
    Console().print(table)
    print("● primary   ○ in your file   key: ✓ found, ✗ missing")
    print("`ghostlap providers show NAME` names its key's variable and the price's date.")


def _key(row: dict[str, Any]) -> str:
    return "" if not row["wants_key"] else "✓" if row["key_found_in"] else "✗"


def _hardware(row: dict[str, Any]) -> str:
    parts = (row["vendor"], row["hardware"], row["memory"])
    known = [part for part in parts if part != "unknown"]
    return ", ".join(known) or "—"


def _price(row: dict[str, Any]) -> str:
    if row["usd_per_mtok_input"] is None:
        return "—"
    return f"{row['usd_per_mtok_input']:g} / {row['usd_per_mtok_output']:g}"


def _print_one(row: dict[str, Any]) -> None:
    if row["wants_key"] and not row["key_found_in"]:
        row = row | {"key_found_in": "nowhere"}
    for name, value in row.items():
        if name != "settings" and value not in ("", None):
            print(f"{name.replace('_', ' '):<28}{_words(value)}")
    print("\nsettings in effect")
    for name, value in row["settings"].items():
        print(f"  {name:<26}{_words(value)}")


def _words(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _unknown(name: str | None, names: list[str]) -> str:
    from ghostlap.lsp_server.config._reader import did_you_mean, quoted  # noqa: PLC0415 - rare

    if name is None:
        return "show wants a name; `ghostlap providers` lists them"
    return f"there is no provider {quoted(name)}{did_you_mean(name, names)}"
