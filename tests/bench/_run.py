"""Run the benchmarks: all of them, or those that are named.

A benchmark is a file beside this one, or in a folder below, that defines `main(argv)` and returns
an exit code. Its docstring says what it measures, from where to where.
"""

from __future__ import annotations

import argparse
import ast
import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path

from tests.bench._driver import BenchError

__all__ = ["main"]

HERE = Path(__file__).parent


def docstring_of_benchmark(path: Path) -> str | None:
    """The docstring of a file that is a benchmark; None of one that is not. Imports nothing."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == "main" and node.args.args:
            return ast.get_docstring(tree) or ""
    return None


def benchmarks() -> dict[str, str]:
    """Names, which are paths below this folder without `.py`, and what each measures."""
    found = {}
    for path in sorted(HERE.rglob("[!_]*.py")):
        docstring = docstring_of_benchmark(path)
        if docstring is not None:
            found[path.relative_to(HERE).with_suffix("").as_posix()] = docstring
    return found


def run(name: str, options: Sequence[str]) -> int:
    print(f"── {name}", flush=True)  # noqa: T201 - the heading of what the benchmark prints
    module = import_module("tests.bench." + name.replace("/", "."))
    try:
        return int(module.main(options))
    except BenchError as error:
        print(f"{name} could not run: {error}", file=sys.stderr)  # noqa: T201 - for the user
        return 2


def warn_of_load() -> None:
    """Say so when others use the machine: what takes longer then suffers more, and ratios grow."""
    if hasattr(os, "getloadavg") and (load := os.getloadavg()[0]) > 0.5:
        print(f"{load:.1f} processes run beside the benchmarks: the figures will be worse.")  # noqa: T201 - for the user


def summary(found: Mapping[str, str]) -> str:
    return "\n".join(f"  {name:22}{text.partition(chr(10))[0]}" for name, text in found.items())


def main(argv: Sequence[str]) -> int:
    found = benchmarks()
    parser = argparse.ArgumentParser(
        prog="run.py",
        description="Run the benchmarks: all of them, or those that are named.",
        epilog="benchmarks:\n" + summary(found),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", choices=[*found, []])
    parser.add_argument("--strict", action="store_true", help="fail when a target is missed")
    arguments, options = parser.parse_known_args(argv)
    if arguments.strict:
        options.append("--strict")
    if options and not arguments.names and options != ["--strict"]:
        parser.error(f"name the benchmark that {options[0]} is for")
    warn_of_load()
    return max(run(name, options) for name in arguments.names or found)
