"""Metrics over OTLP into a real receiver: the quantiles that it computes are those of `stats`."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from ghostlap.telemetry import SqliteRecorder, Trace, summarise
from ghostlap.telemetry.exporters.otlp import LiveOtlp, OtlpSender
from ghostlap.telemetry.reading import read_traces
from tests.bench._history import write_history

ROOT = Path(__file__).parents[2]
RECEIVER = ROOT / ".cache" / "victoria-metrics" / "bin" / "victoria-metrics"
BUCKET_ERROR = 2 ** (1 / 32) - 1 + 0.001  # it writes a bucket's bounds with four figures
LATENCY = 'ghostlap_suggestion_latency_seconds_bucket{ghostlap_cached="false"}'

pytestmark = pytest.mark.skipif(
    not RECEIVER.exists(), reason="no receiver: tests/telemetry/fetch-victoria-metrics.sh gets it"
)


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[str]:
    """Start a receiver of OTLP; return its address."""
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    command = [
        str(RECEIVER),
        f"-storageDataPath={tmp_path / 'metrics'}",
        f"-httpListenAddr=127.0.0.1:{port}",
        "-opentelemetry.usePrometheusNaming",
        "-search.latencyOffset=0s",
        "-inmemoryDataFlushInterval=1s",
        "-loggerLevel=ERROR",
    ]
    with subprocess.Popen(command) as process:
        try:
            _wait_until_ready(process, f"http://127.0.0.1:{port}")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _wait_until_ready(process: subprocess.Popen[bytes], address: str) -> None:
    while process.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/health", timeout=5):
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.02)
    pytest.fail("the receiver did not start")


def ask(address: str, query: str) -> dict[str, float]:
    """Return the values of a query by provider, once there are any."""
    parameters = urllib.parse.urlencode({"query": query, "nocache": "1"})
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with urllib.request.urlopen(f"{address}/api/v1/query?{parameters}", timeout=10) as answer:
            found = json.load(answer)["data"]["result"]
        if found:
            return {
                each["metric"].get("gen_ai_provider_name", ""): float(each["value"][1])
                for each in found
            }
        time.sleep(0.05)
    pytest.fail(f"the receiver has no {query}")


def test_the_quantiles_of_an_export_agree_with_stats(receiver: str, path: Path) -> None:
    write_history(path, 5000)
    command = [sys.executable, "-m", "ghostlap.lsp_server", "export", "--metrics-only"]
    subprocess.run([*command, "--otlp", f"{receiver}/opentelemetry", "--db", path], check=True)
    rows = {row.key: row for row in summarise(path) if row.latencies > 300}
    assert len(rows) >= 3
    for share, name in ((0.5, "p50_ms"), (0.9, "p90_ms"), (0.95, "p95_ms"), (0.99, "p99_ms")):
        query = f"histogram_quantile({share}, sum by (vmrange, gen_ai_provider_name) ({LATENCY}))"
        theirs = ask(receiver, query)
        for provider, row in rows.items():
            ours_s = getattr(row, name) / 1000
            assert theirs[provider] == pytest.approx(ours_s, rel=BUCKET_ERROR), (provider, name)
    counted = ask(receiver, "sum(ghostlap_keystrokes_total)")
    assert sum(counted.values()) == 5000


class _NoTraces(OtlpSender):
    def send_traces(self, session: str, traces: object, offset_ns: int = 0) -> None:
        """Send none: this receiver takes metrics alone."""


def test_a_live_exporter_sends_what_is_recorded(receiver: str, path: Path) -> None:
    write_history(path, 300)
    traces: Sequence[Trace] = [trace for _, trace in read_traces(path)]
    sender = _NoTraces(f"{receiver}/opentelemetry")
    live = LiveOtlp(sender, offset_ns=0, every_s=0.05)
    recorder = SqliteRecorder(path.with_name("live.sqlite3"), sinks=[live])
    for trace in traces:
        recorder.record(trace)
    assert recorder.close(30)
    assert sum(ask(receiver, "sum(ghostlap_keystrokes_total)").values()) == 300


def test_an_endpoint_that_is_away_costs_no_row(path: Path, tmp_path: Path) -> None:
    write_history(tmp_path / "history.sqlite3", 50)
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    live = LiveOtlp(OtlpSender(f"http://127.0.0.1:{port}", timeout_s=0.1), offset_ns=0)
    recorder = SqliteRecorder(path, sinks=[live])
    for _, trace in read_traces(tmp_path / "history.sqlite3"):
        recorder.record(trace)
    assert recorder.close(30)
    assert recorder.lost == 0
    assert sum(row.keystrokes for row in summarise(path)) == 50
