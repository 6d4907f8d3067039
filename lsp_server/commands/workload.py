"""Make, record and look at typing that can be replayed.

synth   turn source files, or a git history, into keystrokes
record  note the times and shapes of your own typing while it goes on; opt-in, until Ctrl-C
show    say what a workload is like

A workload is a file of JSON lines; its format is telemetry/workload/FORMAT.md of the source.
"""

from __future__ import annotations

# ruff: noqa: T201 - printing is a command's way to answer
import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ghostlap.lsp_server.commands import Failure

__all__ = ["add_arguments", "run"]

_DEFAULT = Path("workload.jsonl")
_KEYS = 300


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    synth = actions.add_parser("synth", help="turn files into keystrokes")
    synth.add_argument(
        "paths", metavar="PATH", type=Path, nargs="+", help="source files, or folders of them"
    )
    synth.add_argument(
        "--history",
        metavar="N",
        type=int,
        default=0,
        help="type what the last N commits of the folder's repository added, instead of stretches",
    )
    synth.add_argument("--keys", type=int, default=_KEYS, help=f"of each file ({_KEYS})")
    synth.add_argument("--files", type=int, default=10, help="the most files to type in (10)")
    synth.add_argument("--seed", type=int, default=0, help="for other gaps and slips")
    synth.add_argument(
        "--gaps", metavar="FILE", type=Path, help="draw the gaps from this recorded workload"
    )
    _add_output(synth)
    record = actions.add_parser("record", help="note your own typing until Ctrl-C")
    record.add_argument(
        "--text",
        action="store_true",
        help="keep the code too: only then can it be typed again; secrets and excluded files are "
        "left out",
    )
    record.add_argument(
        "--seconds", type=float, default=0, help="stop by itself after so long; 0: at Ctrl-C"
    )
    _add_output(record)
    show = actions.add_parser("show", help="say what a workload is like")
    show.add_argument("file", metavar="FILE", type=Path)
    show.add_argument("--json", action="store_true", help="print JSON for other programs")


def _add_output(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-o", "--output", metavar="FILE", type=Path, default=_DEFAULT, help=f"({_DEFAULT})"
    )


def run(args: argparse.Namespace) -> int:
    return {"synth": _synth, "record": _record, "show": _show}[args.action](args)


def _synth(args: argparse.Namespace) -> int:
    from ghostlap.lsp_server.harness.sources import manuscripts  # noqa: PLC0415 - not for --help
    from ghostlap.lsp_server.version import VERSION  # noqa: PLC0415 - as above
    from ghostlap.telemetry.workload import (  # noqa: PLC0415 - as above
        MeasuredGaps,
        synthesise,
    )

    gaps = None if args.gaps is None else MeasuredGaps(_read(args.gaps))
    found = manuscripts(
        args.paths,
        history=args.history,
        keys=max(1, args.keys),
        files=max(1, args.files),
        gaps=gaps,
        seed=args.seed,
    )
    workload = synthesise(found, keys=max(1, args.keys), made_by=f"ghostlap {VERSION}")
    _write(args.output, workload)
    _print(args.output, workload)
    return 0


def _record(args: argparse.Namespace) -> int:
    from ghostlap.lsp_server.harness.recording import record  # noqa: PLC0415 - not for --help

    workload = record(text=args.text, seconds=args.seconds, told=_tell)
    if not workload.edits:
        print("Nothing was typed in a running server; no file was written.", file=sys.stderr)
        return 1
    _write(args.output, workload)
    _print(args.output, workload)
    return 0


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _show(args: argparse.Namespace) -> int:
    from ghostlap.telemetry.workload import shape_of  # noqa: PLC0415 - not for --help

    workload = _read(args.file)
    if args.json:
        shape = asdict(shape_of(workload))
        head = {"name": workload.name, "origin": workload.origin, "gaps": workload.gaps}
        print(json.dumps({**head, "seed": workload.seed, **shape}, indent=2))
    else:
        _print(args.file, workload)
    return 0


def _read(file: Path) -> Any:
    from ghostlap.telemetry.workload import (  # noqa: PLC0415 - not for --help
        WorkloadError,
        read_workload,
    )

    try:
        return read_workload(file)
    except WorkloadError as error:
        raise Failure(str(error)) from error


def _write(file: Path, workload: Any) -> None:
    from ghostlap.telemetry.workload import write_workload  # noqa: PLC0415 - not for --help

    try:
        write_workload(file, workload)
    except OSError as error:
        raise Failure(f"-o {file}: {error.strerror}") from error


def _print(file: Path, workload: Any) -> None:
    from ghostlap.telemetry.workload import shape_of  # noqa: PLC0415 - not for --help

    shape = shape_of(workload)
    gaps = ", ".join(f"{name} {value:.0f}" for name, value in shape.gap_ms.items())
    languages = ", ".join(f"{name} {count}" for name, count in shape.languages.items())
    rows = {
        "file": str(file),
        "origin": workload.origin + ("" if shape.has_text else ", times and shapes without text"),
        "documents": str(shape.documents),
        "edits": f"{shape.edits}, of them {shape.backspaces} backspaces",
        "accepted": str(shape.accepted),
        "languages": languages,
        "lasts": f"{shape.seconds:.0f} s",
        "gaps, ms": f"{gaps}; {shape.pauses} pauses of more than 1 s",
        "gaps are": workload.gaps,
    }
    for name, text in rows.items():
        if text:
            print(f"{name:<11}{text}")
