"""Replay typing against several providers or servers, and compare them at the keystroke.

Each arm is a real server, driven over stdio as an editor does. Its keys come when they are due,
however slow it is; the arms take turns with blocks of the workload in a random order.

  ghostlap bench --simulated                         published speeds of four kinds of hardware
  ghostlap bench w.jsonl --provider groq --provider cerebras
  ghostlap bench w.jsonl --provider openai --hedge 150 --backup groq --provider openai
  ghostlap bench w.jsonl --provider embedded --target 'other-server --stdio'
"""

from __future__ import annotations

# ruff: noqa: T201 - printing is a command's way to answer
import argparse
import json
from pathlib import Path
from typing import Any

from ghostlap.lsp_server.commands import Failure

__all__ = ["add_arguments", "run"]

_SIMULATED = ("openai", "gemini", "cerebras", "groq")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "workload", metavar="WORKLOAD", type=Path, nargs="?", help="see `ghostlap workload`"
    )
    parser.add_argument(
        "--provider", metavar="NAME", action="append", default=[], help="an arm of its own each"
    )
    parser.add_argument(
        "--target",
        metavar="CMD",
        action="append",
        default=[],
        help="another language server with inline completion, as an arm",
    )
    parser.add_argument(
        "--hedge",
        metavar="MODE",
        action="append",
        default=[],
        help="a further arm for the first provider: race, adaptive, failover or milliseconds",
    )
    parser.add_argument("--backup", metavar="NAME", default="", help="who is asked by --hedge")
    parser.add_argument(
        "--simulated", action="store_true", help="play the providers at published speeds"
    )
    parser.add_argument("--keys", type=int, default=0, help="at most so many of the workload")
    parser.add_argument("--seed", type=int, default=1, help="for the order, draws and intervals")
    parser.add_argument(
        "--no-accept", action="store_true", help="take over no suggestion: the keys stay the same"
    )
    parser.add_argument(
        "-o", "--output", metavar="FILE", type=Path, help="write the result as JSON, and as HTML"
    )
    forms = parser.add_mutually_exclusive_group()
    forms.add_argument("--json", action="store_true", help="print JSON for other programs")
    forms.add_argument("--markdown", action="store_true", help="print a short table for a README")


def run(args: argparse.Namespace) -> int:
    import asyncio  # noqa: PLC0415 - not for --help

    from rich.console import Console  # noqa: PLC0415 - as above

    from ghostlap.lsp_server.harness.results import as_json  # noqa: PLC0415 - as above
    from ghostlap.lsp_server.harness.table import markdown, print_result  # noqa: PLC0415 - as above

    workload = _workload(args)
    result = asyncio.run(_compare(args, workload, Console(stderr=True)))
    if not result.arms:
        raise Failure("interrupted before anything was typed")
    told = as_json(result)
    if args.json:
        print(json.dumps(told, indent=2))
    elif args.markdown:
        print(markdown(result))
    else:
        print_result(Console(), result)
    if args.output is not None:
        _write(args.output, told, result)
    return 0


async def _compare(args: argparse.Namespace, workload: Any, console: Any) -> Any:
    from contextlib import AsyncExitStack  # noqa: PLC0415 - as in run
    from tempfile import TemporaryDirectory  # noqa: PLC0415 - as in run

    from ghostlap.lsp_server.harness.progress import progress  # noqa: PLC0415 - as in run
    from ghostlap.lsp_server.harness.results import result_of  # noqa: PLC0415 - as in run
    from ghostlap.lsp_server.harness.run import Plan, perform  # noqa: PLC0415 - as in run
    from ghostlap.lsp_server.harness.simulators import simulators  # noqa: PLC0415 - as in run
    from ghostlap.telemetry.workload import write_workload  # noqa: PLC0415 - as in run

    async with AsyncExitStack() as stack:
        addresses: dict[str, str] = {}
        if args.simulated:
            names = _played(args)
            folder = stack.enter_context(TemporaryDirectory(prefix="ghostlap-bench-"))
            file = Path(folder, "workload.jsonl")
            write_workload(file, workload)
            addresses = await stack.enter_async_context(simulators(names, file, args.seed))
        arms = _arms(args, addresses)
        plan = Plan(workload, arms, seed=args.seed, accepts=not args.no_accept)
        console.print(f"{len(arms)} arms, {len(workload.edits)} keys each: {plan.seconds:.0f} s")
        with progress(console) as watch:
            run = await perform(plan, watch)
        return result_of(plan, run)


def _played(args: argparse.Namespace) -> list[str]:
    from ghostlap.providers.simulated import profiles  # noqa: PLC0415 - as in run

    names = list(dict.fromkeys([*(args.provider or _SIMULATED), *filter(None, [args.backup])]))
    for name in names:
        if name not in profiles():
            raise Failure(f"there is no profile {name!r}; there are {', '.join(profiles())}")
    return names


def _arms(args: argparse.Namespace, addresses: dict[str, str]) -> list[Any]:
    from ghostlap.lsp_server.config import config_path, load  # noqa: PLC0415 - as in run
    from ghostlap.lsp_server.harness.arms import (  # noqa: PLC0415 - as in run
        our_arm,
        their_arm,
        told_apart,
        user_settings,
    )

    settings = user_settings(config_path())
    providers = {**settings.get("providers", {})}
    for name, url in addresses.items():
        providers[name] = {"base_url": url, "key_env": "", "simulated": True}
    settings["providers"] = providers
    names = args.provider or (list(addresses) if args.simulated else [])
    if not names and not args.target:
        names = [load()[0].primary]
    arms = [our_arm(name, settings, address=addresses.get(name, "")) for name in names]
    if args.hedge and not (args.backup and names):
        raise Failure("--hedge needs --provider, and --backup NAME")
    arms += [
        our_arm(
            names[0],
            settings,
            hedge=_mode(each),
            backup=args.backup,
            address=addresses.get(names[0], ""),
        )
        for each in args.hedge
    ]
    return told_apart(arms + [their_arm(_command(each)) for each in args.target])


def _command(text: str) -> list[str]:
    import shlex  # noqa: PLC0415 - as in run

    try:
        words = shlex.split(text)
    except ValueError as error:
        raise Failure(f"--target {text}: {error}") from None
    if not words:
        raise Failure("--target names no command")
    return words


def _mode(text: str) -> Any:
    from ghostlap.lsp_server.hedging.settings import parse_mode  # noqa: PLC0415 - as in run

    try:
        return parse_mode({"delay_ms": int(text)} if text.isdigit() else text)
    except ValueError:
        raise Failure(f"--hedge {text}: race, adaptive, failover or milliseconds") from None


def _workload(args: argparse.Namespace) -> Any:
    from dataclasses import replace  # noqa: PLC0415 - as in run

    from ghostlap.telemetry.workload import (  # noqa: PLC0415 - as in run
        WorkloadError,
        read_workload,
    )

    if args.keys < 0:
        raise Failure("--keys: a number from 1 on")
    if args.workload is None:
        workload = _own(args.keys or 300)
    else:
        try:
            workload = read_workload(args.workload)
        except WorkloadError as error:
            raise Failure(str(error)) from error
    if not workload.has_text:
        raise Failure(
            f"{args.workload} holds shapes without text, which can't be typed; make one that goes "
            f"by its gaps: ghostlap workload synth --gaps {args.workload} PATH"
        )
    edits = workload.edits[: args.keys or None]
    if not edits:
        raise Failure(f"{args.workload} holds no edits")
    return replace(workload, edits=edits)


def _own(keys: int) -> Any:
    """Return a workload of a file that comes with us, the same on each machine."""
    import rich.table  # noqa: PLC0415 - for the place of its source

    from ghostlap.lsp_server.harness.sources import manuscripts  # noqa: PLC0415 - as in run
    from ghostlap.telemetry.workload import synthesise  # noqa: PLC0415 - as in run

    found = manuscripts([Path(rich.table.__file__)], keys=keys, files=1, seed=1)
    return synthesise(found, keys=keys, name="rich/table.py")


def _write(file: Path, told: dict[str, Any], result: Any) -> None:
    from ghostlap.lsp_server.harness.result_page import page  # noqa: PLC0415 - as in run

    try:
        file.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
        file.with_suffix(".html").write_text(page(result), encoding="utf-8")
    except OSError as error:
        raise Failure(f"-o {file}: {error.strerror}") from error
