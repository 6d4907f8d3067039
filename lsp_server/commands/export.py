"""Give what was recorded to other programs: as a table, or to an OpenTelemetry endpoint.

  ghostlap export --format csv -o keys.csv      one row per attempt
  ghostlap export --format jsonl | jq .         one object per keystroke
  ghostlap export --format parquet -o keys.parquet
  ghostlap export --otlp http://127.0.0.1:4318  metrics and traces, over HTTP
  ghostlap export --grafana > dashboard.json    a dashboard for the metrics

Nothing of it holds code, a prompt or a path. Parquet needs the extra ghostlap[parquet], --otlp the
extra ghostlap[otel].
"""

from __future__ import annotations

# ruff: noqa: T201 - printing is a command's way to answer
import argparse
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ghostlap.lsp_server.commands import Failure

if TYPE_CHECKING:
    from ghostlap.telemetry import Trace

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--format", choices=("csv", "jsonl", "parquet"), default="csv")
    parser.add_argument("-o", "--output", metavar="FILE", type=Path, help="instead of stdout")
    parser.add_argument("--otlp", metavar="ENDPOINT", help="send it there instead")
    parser.add_argument("--metrics-only", action="store_true", help="with --otlp: send no traces")
    parser.add_argument("--grafana", action="store_true", help="print the dashboard instead")
    parser.add_argument(
        "--since", metavar="WHEN", default="", help="a span as 90m, 12h, 7d, or a day as 2026-01-31"
    )
    parser.add_argument(
        "--db", metavar="FILE", type=Path, nargs="+", default=[], help="read these databases"
    )


def run(args: argparse.Namespace) -> int:
    from ghostlap.telemetry import StoreError  # noqa: PLC0415 - once the command line is right

    if args.grafana:
        from importlib.resources import files  # noqa: PLC0415 - for this alone

        print(files("ghostlap.telemetry.exporters").joinpath("grafana.json").read_text(), end="")
        return 0
    try:
        if args.otlp:
            return _send(args)
        count = _write(args)
    except (StoreError, ValueError) as error:
        raise Failure(str(error)) from error
    except BrokenPipeError:
        raise  # who reads stdout has enough: not for this command to say
    except OSError as error:
        raise Failure(f"-o {args.output}: {error.strerror}") from error
    print(f"{count:,} keystrokes", file=sys.stderr)
    return 0


def _traces(args: argparse.Namespace) -> Iterator[tuple[str, Trace]]:
    from datetime import UTC, datetime  # noqa: PLC0415 - as in run

    from ghostlap.lsp_server import config  # noqa: PLC0415 - as in run
    from ghostlap.lsp_server.views import sources  # noqa: PLC0415 - as in run
    from ghostlap.telemetry.reading import read_traces  # noqa: PLC0415 - as in run

    moment = sources.parse_since(args.since, datetime.now(UTC)) if args.since else None
    files = list(dict.fromkeys(args.db or [sources.own_database(config.load()[0])]))
    for file in files:
        if sources.may_hold_something(file):
            yield from read_traces(file, sources.unix_ms(moment))
        else:
            print(sources.nothing_in([file]), file=sys.stderr)


def _write(args: argparse.Namespace) -> int:
    from ghostlap.telemetry.exporters import tables  # noqa: PLC0415 - as in run

    if args.format == "parquet":
        if args.output is None:
            raise Failure("--format parquet needs -o FILE")
        try:
            return tables.write_parquet(_traces(args), args.output)
        except ImportError as error:
            raise Failure("--format parquet needs pyarrow: install ghostlap[parquet]") from error
    write = tables.write_csv if args.format == "csv" else tables.write_jsonl
    if args.output is None:
        return write(_traces(args), sys.stdout)
    with args.output.open("w", encoding="utf-8", newline="") as out:
        return write(_traces(args), out)


def _send(args: argparse.Namespace) -> int:
    try:
        from ghostlap.telemetry.exporters.otlp import OtlpFailed, OtlpSender  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise Failure("--otlp needs OpenTelemetry: install ghostlap[otel]") from error
    from itertools import groupby  # noqa: PLC0415 - as in run
    from time import time_ns  # noqa: PLC0415 - as in run

    from ghostlap.lsp_server.version import VERSION  # noqa: PLC0415 - as in run
    from ghostlap.telemetry.meters import Meters  # noqa: PLC0415 - as in run

    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)  # a sentence says what failed
    meters, start_ns, count = Meters(), time_ns(), 0
    sender = OtlpSender(args.otlp, version=VERSION)
    try:
        for session, traces in groupby(_traces(args), key=lambda each: each[0]):
            kept = []
            for _, trace in traces:
                meters.add(trace)
                count += 1
                if not args.metrics_only:
                    kept.append(trace)
                if len(kept) == 500:
                    sender.send_traces(session, kept)
                    kept = []
            sender.send_traces(session, kept)
        sender.send_metrics(meters, start_ns)
    except OtlpFailed as error:
        raise Failure(f"--otlp {error}; is it there, and does it speak OTLP over HTTP?") from error
    finally:
        sender.close()
    print(f"{count:,} keystrokes", file=sys.stderr)
    return 0
