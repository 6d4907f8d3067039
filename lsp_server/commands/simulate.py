"""Serve a provider that is only played: its wire format, at the speeds that somebody published.

It listens on this machine alone, until Ctrl-C, and prints the settings that ask it. Whatever is
measured with them is labelled as simulated: it tells of ghostlap, and nothing of a vendor.
"""

from __future__ import annotations

# ruff: noqa: T201 - printing is a command's way to answer
import argparse
import asyncio
import contextlib
import json
from pathlib import Path
from typing import Any

from ghostlap.lsp_server.commands import Failure

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "names", metavar="NAME", nargs="*", help="what to play; without one they are listed"
    )
    parser.add_argument("--seed", type=int, default=0, help="for other times to first token")
    parser.add_argument(
        "--workload",
        metavar="FILE",
        type=Path,
        help="know what is going to be typed, so that suggestions can be right",
    )
    parser.add_argument("--json", action="store_true", help="print JSON for other programs")


def run(args: argparse.Namespace) -> int:
    from ghostlap.providers.simulated import profiles  # noqa: PLC0415 - not for --help

    known = profiles()
    for name in args.names:
        if name not in known:
            raise Failure(f"there is no profile {name!r}; there are {', '.join(known)}")
    if not args.names:
        _list(list(known.values()))
        return 0
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve([known[name] for name in args.names], args))
    return 0


def _list(profiles: list[Any]) -> None:
    for each in profiles:
        print(
            f"{each.name:<10} {each.title}: first token after {each.ttft_ms:g} ms, "
            f"{each.tokens_per_s:g} tokens/s (simulated)\n{'':<10} {each.source}; "
            f"assumed: {each.assumed}"
        )


async def _serve(profiles: list[Any], args: argparse.Namespace) -> None:
    from ghostlap.providers.scripted_server import ScriptedServer  # noqa: PLC0415 - not for --help
    from ghostlap.providers.simulated import Simulation  # noqa: PLC0415 - as above

    texts = _texts(args.workload) if args.workload else []
    async with contextlib.AsyncExitStack() as stack:
        told = {}
        for profile in profiles:
            simulation = Simulation(profile, texts, seed=args.seed)
            server = await stack.enter_async_context(ScriptedServer(simulation, keeps=False))
            told[profile.name] = server.url
        if args.json:
            rows = {name: {"base_url": url, "simulated": True} for name, url in told.items()}
            print(json.dumps(rows), flush=True)
        else:
            _print_settings(told)
        await asyncio.Event().wait()


def _texts(file: Path) -> list[str]:
    from ghostlap.lsp_server.harness.page import final_texts  # noqa: PLC0415 - not for --help
    from ghostlap.telemetry.workload import (  # noqa: PLC0415 - as above
        WorkloadError,
        read_workload,
    )

    try:
        return final_texts(read_workload(file))
    except WorkloadError as error:
        raise Failure(str(error)) from error


def _print_settings(told: dict[str, str]) -> None:
    print(f'# Simulated, not measured: for the settings.\nprimary = "{next(iter(told))}"')
    for name, url in told.items():
        print(
            f'\n[providers.{name}]\nbase_url = "{url}"\nkey_env = ""\nsimulated = true', flush=True
        )
