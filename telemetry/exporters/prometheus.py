"""`/metrics` for Prometheus, on the loopback address: the text format, version 0.0.4.

That format has no native histograms. The buckets offered are every sixteenth of ours, whose bounds
are powers of the root of 2, so that they are exact sums of them. Over OTLP Prometheus takes ours.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from ghostlap.telemetry._trace import Trace
from ghostlap.telemetry.conventions import METRICS, Attributes
from ghostlap.telemetry.histogram import Histogram, upper_bound_s
from ghostlap.telemetry.meters import Meters

__all__ = ["PrometheusEndpoint", "render"]

_STEP = 16  # buckets of ours in one of theirs: half an octave


class PrometheusEndpoint:
    """Serves `/metrics` from a thread of its own until it is closed. A sink of a recorder's."""

    def __init__(self, port: int) -> None:
        """:raises OSError: the port is taken."""
        meters = self._meters = Meters()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path.partition("?")[0] != "/metrics":
                    self.send_error(404)
                    return
                body = render(meters).encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing: stderr is the server's log."""

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="ghostlap-prometheus", daemon=True
        )
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def written(self, _session: str, traces: Sequence[Trace]) -> None:
        self._meters.written(traces)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def render(meters: Meters) -> str:
    parts: dict[str, list[str]] = {}
    for (name, attributes), value in sorted(meters.counters().items()):
        parts.setdefault(name, []).append(f"{_name(name)}_total{_labels(attributes)} {value}")
    for (name, attributes), histogram in sorted(meters.histograms().items(), key=lambda i: i[0]):
        parts.setdefault(name, []).extend(_histogram(_name(name), attributes, histogram))
    lines = []
    for name, samples in parts.items():
        kind = "histogram" if METRICS[name].is_histogram else "counter"
        full = _name(name) if METRICS[name].is_histogram else f"{_name(name)}_total"
        lines += [f"# HELP {full} {METRICS[name].description}.", f"# TYPE {full} {kind}", *samples]
    return "\n".join([*lines, ""])


def _histogram(name: str, attributes: Attributes, histogram: Histogram) -> Iterator[str]:
    wide: dict[int, int] = {}
    for index, count in histogram.buckets.items():
        wide[index // _STEP] = wide.get(index // _STEP, 0) + count
    below = histogram.zeros
    for index in range(min(wide, default=0), max(wide, default=-1) + 1):
        below += wide.get(index, 0)
        bound = f"{upper_bound_s((index + 1) * _STEP - 1):.6g}"
        yield f"{name}_bucket{_labels(attributes, {'le': bound})} {below}"
    yield f"{name}_bucket{_labels(attributes, {'le': '+Inf'})} {histogram.count}"
    yield f"{name}_sum{_labels(attributes)} {histogram.sum_ns / 1e9:.9g}"
    yield f"{name}_count{_labels(attributes)} {histogram.count}"


def _name(name: str) -> str:
    unit = "_seconds" if METRICS[name].unit == "s" else ""
    return name.replace(".", "_") + unit


def _labels(attributes: Attributes, more: Mapping[str, str] | None = None) -> str:
    pairs = [(name.replace(".", "_"), _value(value)) for name, value in attributes]
    pairs += (more or {}).items()
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in pairs) + "}"


def _value(value: str | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else value


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
