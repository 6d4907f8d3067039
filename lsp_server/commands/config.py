"""Show the configuration: where it is, what it amounts to, what is wrong with it.

  path    print where the file is, or would be
  show    print all settings as they are in effect, without secrets
  check   print what is wrong with the file

`show` and `check` end with 1 when something is wrong.
"""

from __future__ import annotations

# ruff: noqa: T201 - printing is a command's way to answer
import argparse
import sys
from collections.abc import Iterable

from ghostlap.lsp_server import config

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=("path", "show", "check"))


def run(args: argparse.Namespace) -> int:
    if args.action == "path":
        print(config.config_path())
        return 0
    settings, problems = config.load()
    if args.action == "show":
        _show(settings)
        _tell(problems)
    elif problems:
        _tell(problems)
    else:
        state = "nothing is wrong with it" if settings.file.exists() else "not there, the defaults"
        print(f"{settings.file}: {state}")
    return 1 if problems else 0


def _show(settings: config.Config) -> None:
    from ghostlap.lsp_server.config._schema import to_toml  # noqa: PLC0415 - for this alone

    there = "" if settings.file.exists() else " (not there: these are the defaults)"
    print(f"# {settings.file}{there}\n")
    print(to_toml(settings), end="")


def _tell(problems: Iterable[config.Problem]) -> None:
    for problem in problems:
        print(problem, file=sys.stderr)
