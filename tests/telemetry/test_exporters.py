from __future__ import annotations

import csv
import io
import json
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import closing
from importlib import import_module
from importlib.resources import files
from pathlib import Path

import pytest

from ghostlap.telemetry import (
    AttemptStage,
    LaunchReason,
    Outcome,
    Role,
    Session,
    SqliteRecorder,
    Stage,
    Trace,
    Usage,
)
from ghostlap.telemetry._store import Store
from ghostlap.telemetry.conventions import METRICS, measurements
from ghostlap.telemetry.exporters.prometheus import PrometheusEndpoint, render
from ghostlap.telemetry.exporters.tables import COLUMNS, write_csv, write_jsonl, write_parquet
from ghostlap.telemetry.meters import Meters
from ghostlap.telemetry.reading import read_traces

MakeTrace = Callable[..., Trace]
MS = 1_000_000


def hedged(make_trace: MakeTrace, sequence: int = 1) -> Trace:
    trace = make_trace(sequence, model="coder")
    trace.policy, trace.denied, trace.hedge_delay_ns = "hedge", "bucket", 100 * MS
    first = trace.attempts[0]
    first.usage = Usage(1000, 20)
    first.stamp(AttemptStage.FIRST_TOKEN, first.stamps[AttemptStage.STARTED] + 30 * MS)
    backup = trace.attempt("other", role=Role.BACKUP, launch_reason=LaunchReason.DELAY)
    backup.usage = Usage(1000, 9)
    return trace


@pytest.fixture
def recorded(path: Path, make_trace: MakeTrace) -> Path:
    with closing(Store(path, Session())) as store:
        store.write([hedged(make_trace), make_trace(2, provider="", outcome=Outcome.EMPTY)])
    return path


def test_a_trace_that_is_read_again_is_the_one_that_was_written(
    path: Path, make_trace: MakeTrace
) -> None:
    written = hedged(make_trace)
    with closing(Store(path, Session())) as store:
        store.write([written])
    ((_, read),) = read_traces(path)
    offset_ns = read.stamps[Stage.CHANGE_RECEIVED] - written.stamps[Stage.CHANGE_RECEIVED]
    assert read.stamps == [at and at + offset_ns for at in written.stamps]
    for one, other in zip(read.attempts, written.attempts, strict=True):
        for name in set(one.__slots__) - {"stamps"}:
            assert getattr(one, name) == getattr(other, name), name
        assert one.stamps == [at and at + offset_ns for at in other.stamps]
    for name in ("outcome", "source", "language", "policy", "denied", "hedge_delay_ns", "sequence"):
        assert getattr(read, name) == getattr(written, name), name


def test_csv_has_a_row_per_attempt_and_one_for_a_keystroke_without(recorded: Path) -> None:
    out = io.StringIO()
    assert write_csv(read_traces(recorded), out) == 2
    rows = list(csv.DictReader(io.StringIO(out.getvalue())))
    assert [(row["sequence"], row["attempt_provider"]) for row in rows] == [
        ("1", "chip"),
        ("1", "other"),
        ("2", ""),
    ]
    assert (rows[0]["usable_ms"], rows[0]["attempt_completion_tokens"]) == ("40.0", "20")
    assert set(rows[0]) == set(COLUMNS)


def test_json_lines_have_an_object_per_keystroke(recorded: Path) -> None:
    out = io.StringIO()
    assert write_jsonl(read_traces(recorded), out) == 2
    first, second = map(json.loads, out.getvalue().splitlines())
    assert [attempt["provider"] for attempt in first["attempts"]] == ["chip", "other"]
    assert (first["outcome"], first["usable_ms"], first["hedge_delay_ms"]) == ("served", 40.0, 100)
    assert (second["outcome"], second["usable_ms"], second["attempts"]) == ("empty", None, [])


def test_parquet_holds_what_csv_holds(recorded: Path, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    assert write_parquet(read_traces(recorded), tmp_path / "keys.parquet") == 2
    table = parquet.read_table(tmp_path / "keys.parquet")
    assert table.column_names == list(COLUMNS)
    assert table["usable_ms"].to_pylist() == [40.0, 40.0, None]
    assert table["attempt_won"].to_pylist() == [True, False, None]


def test_what_is_measured_has_the_names_of_the_conventions(make_trace: MakeTrace) -> None:
    found = {(each.metric, dict(each.attributes).get("gen_ai.token.type")): each.value
             for each in measurements(hedged(make_trace))}  # fmt: skip
    assert {metric for metric, _ in found} <= set(METRICS)
    assert found["ghostlap.suggestion.latency", None] == 40 * MS
    assert found["gen_ai.client.operation.time_to_first_chunk", None] == 30 * MS
    assert found["gen_ai.client.token.usage", "input"] == 1000
    assert found["ghostlap.hedge.launched", None] == 1
    assert found["ghostlap.hedge.denied", None] == 1
    assert found["ghostlap.hedge.wasted_tokens", None] == 9


def test_a_keystroke_that_is_recorded_again_counts_once(make_trace: MakeTrace) -> None:
    meters = Meters()
    trace = make_trace(1)
    meters.written([trace])
    meters.written([trace, make_trace(2)])
    (count,) = [n for (name, _), n in meters.counters().items() if name == "ghostlap.keystrokes"]
    assert count == 2


def test_prometheus_reads_counters_and_histograms(make_trace: MakeTrace) -> None:
    meters = Meters()
    meters.written([hedged(make_trace), hedged(make_trace, 2)])
    text = render(meters)
    latency = [line for line in text.splitlines() if "suggestion_latency_seconds_bucket" in line]
    counts = [int(line.rpartition(" ")[2]) for line in latency]
    assert counts == sorted(counts)
    assert counts[-1] == 2
    assert 'le="+Inf"' in latency[-1]
    below = [line for line in latency if 'le="0.0441942"' in line]  # 2^-4.5: the first above 40 ms
    assert below[0].endswith(" 2")
    assert 'ghostlap_hedge_denied_total{ghostlap_denied="bucket"} 2' in text


def test_a_name_cannot_break_out_of_its_label(make_trace: MakeTrace) -> None:
    meters = Meters()
    meters.written([make_trace(1, provider='a"} 1\nb')])
    assert r'gen_ai_provider_name="a\"} 1\nb"' in render(meters)


def test_metrics_are_served_on_the_loopback_address(path: Path, make_trace: MakeTrace) -> None:
    endpoint = PrometheusEndpoint(0)
    recorder = SqliteRecorder(path, sinks=[endpoint])
    try:
        recorder.record(make_trace(1))
        address = f"http://127.0.0.1:{endpoint.port}"
        while b"ghostlap_keystrokes_total" not in _get(f"{address}/metrics"):
            pass  # until the writer's thread has handed it on
        with pytest.raises(urllib.error.HTTPError) as refused:
            _get(f"{address}/")
        refused.value.close()
        assert refused.value.code == 404
    finally:
        assert recorder.close(10)


def _get(address: str) -> bytes:
    with urllib.request.urlopen(address, timeout=10) as answer:
        return bytes(answer.read())


def test_an_exporter_that_fails_costs_no_row(path: Path, make_trace: MakeTrace) -> None:
    class Broken:
        def written(self, session: str, traces: object) -> None:
            raise OSError(session, traces)

        def close(self) -> None:
            pass

    recorder = SqliteRecorder(path, sinks=[Broken()])
    recorder.record(make_trace(1))
    assert recorder.close(10)
    assert recorder.lost == 0
    assert len(list(read_traces(path))) == 1


def test_the_dashboard_asks_for_metrics_that_there_are() -> None:
    text = files("ghostlap.telemetry.exporters").joinpath("grafana.json").read_text()
    board = json.loads(text)
    asked = " ".join(target["expr"] for panel in board["panels"] for target in panel["targets"])
    for name, metric in METRICS.items():
        shown = name.replace(".", "_") + ("_seconds" if metric.unit == "s" else "")
        if name.startswith("ghostlap"):
            assert shown in asked, name
    assert all(panel["description"] for panel in board["panels"])


def test_importing_the_tables_needs_no_extra() -> None:
    assert not hasattr(import_module("ghostlap.telemetry.exporters.tables"), "pyarrow")
