"""OpenTelemetry: metrics as exponential histograms, and traces, over OTLP/HTTP.

Needs the extra `ghostlap[otel]`. The histograms are handed over as they are: the same buckets, at
the same scale. One root span per keystroke, a CLIENT span per attempt below it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from time import time_ns

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Buckets,
    ExponentialHistogram,
    ExponentialHistogramDataPoint,
    Metric,
    MetricExportResult,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, TraceFlags
from opentelemetry.trace.status import Status, StatusCode

from ghostlap.telemetry._rows import origin_of
from ghostlap.telemetry._trace import AttemptOutcome, AttemptStage, Outcome, Stage, Trace
from ghostlap.telemetry.conventions import (
    METRICS,
    Attributes,
    attempt_attributes,
    trace_attributes,
)
from ghostlap.telemetry.histogram import SCALE, Histogram
from ghostlap.telemetry.meters import Meters

__all__ = ["LiveOtlp", "OtlpFailed", "OtlpSender"]

_SCOPE = InstrumentationScope("ghostlap")
_TIMEOUT_S = 10.0
_SPANS_AT_ONCE = 500

_log = logging.getLogger("ghostlap.telemetry")


class OtlpFailed(Exception):
    """The endpoint did not take what it was sent. `str()` is one sentence for the user."""


class OtlpSender:
    """Sends to one endpoint. For one thread."""

    def __init__(self, endpoint: str, *, version: str = "", timeout_s: float = _TIMEOUT_S) -> None:
        base = endpoint.rstrip("/")
        self._endpoint = endpoint
        self._resource = Resource({"service.name": "ghostlap", "service.version": version})
        self._metrics = OTLPMetricExporter(f"{base}/v1/metrics", timeout=timeout_s)
        self._spans = OTLPSpanExporter(f"{base}/v1/traces", timeout=timeout_s)

    def send_metrics(self, meters: Meters, start_unix_ns: int) -> None:
        """:raises OtlpFailed:"""
        points = _metrics(meters, start_unix_ns, time_ns())
        if not points:
            return
        scope = ScopeMetrics(_SCOPE, points, "")
        data = MetricsData([ResourceMetrics(self._resource, [scope], "")])
        if self._metrics.export(data) is not MetricExportResult.SUCCESS:
            raise OtlpFailed(f"{self._endpoint} did not take the metrics")

    def send_traces(self, session: str, traces: Iterable[Trace], offset_ns: int = 0) -> None:
        """Send keystrokes as traces; `offset_ns` makes Unix time of their stamps.

        :raises OtlpFailed:
        """
        spans = [span for trace in traces for span in self._spans_of(session, trace, offset_ns)]
        for start in range(0, len(spans), _SPANS_AT_ONCE):
            chunk = spans[start : start + _SPANS_AT_ONCE]
            if self._spans.export(chunk) is not SpanExportResult.SUCCESS:
                raise OtlpFailed(f"{self._endpoint} did not take the traces")

    def close(self) -> None:
        self._metrics.shutdown()
        self._spans.shutdown()  # type: ignore[no-untyped-call]

    def _spans_of(self, session: str, trace: Trace, offset_ns: int) -> list[ReadableSpan]:
        origin = origin_of(trace)
        if origin is None:
            return []
        digest = blake2b(f"{session}:{trace.sequence}".encode(), digest_size=24).digest()
        trace_id = int.from_bytes(digest[:16]) or 1
        root = _context(trace_id, int.from_bytes(digest[16:]) or 1)
        start_ns = trace.stamps[origin]
        ends = [
            at for stage, at in zip(Stage, trace.stamps, strict=True) if stage is not Stage.HIDDEN
        ]
        spans = [
            ReadableSpan(
                "keystroke",
                context=root,
                resource=self._resource,
                attributes=trace_attributes(trace) | {"ghostlap.sequence": trace.sequence},
                start_time=start_ns + offset_ns,
                end_time=max(start_ns, *ends) + offset_ns,
                status=Status(
                    StatusCode.ERROR if trace.outcome is Outcome.ERROR else StatusCode.UNSET
                ),
                instrumentation_scope=_SCOPE,
            )
        ]
        for number, attempt in enumerate(trace.attempts):
            started_ns = attempt.stamps[AttemptStage.STARTED]
            failed = attempt.outcome is AttemptOutcome.ERROR
            spans.append(
                ReadableSpan(
                    f"text_completion {attempt.model or attempt.provider}",
                    context=_context(trace_id, root.span_id + number + 1),
                    parent=root,
                    kind=SpanKind.CLIENT,
                    resource=self._resource,
                    attributes=attempt_attributes(attempt)
                    | {
                        "ghostlap.role": str(attempt.role),
                        "ghostlap.outcome": str(attempt.outcome),
                        "ghostlap.censor_cause": str(attempt.censor_cause),
                        "ghostlap.won": attempt.won,
                    },
                    start_time=started_ns + offset_ns,
                    end_time=max(started_ns, *attempt.stamps) + offset_ns,
                    status=Status(StatusCode.ERROR if failed else StatusCode.UNSET),
                    instrumentation_scope=_SCOPE,
                )
            )
        return spans


class LiveOtlp:
    """Sends what a recorder keeps, every few seconds, from a thread of its own.

    What can't be sent is dropped; the sums go with the next sending all the same.
    """

    def __init__(self, sender: OtlpSender, *, offset_ns: int, every_s: float = 10.0) -> None:
        self._sender = sender
        self._meters = Meters()
        self._offset_ns = offset_ns
        self._start_ns = time_ns()
        self._every_s = every_s
        self._waiting: list[tuple[str, Trace]] = []
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._failed = False
        self._thread = threading.Thread(target=self._run, name="ghostlap-otlp", daemon=True)
        self._thread.start()

    def written(self, session: str, traces: Sequence[Trace]) -> None:
        self._meters.written(traces)
        with self._lock:
            room = 10_000 - len(self._waiting)  # an endpoint that is away costs no memory
            self._waiting += [(session, trace) for trace in traces[:room]]

    def close(self, timeout_s: float = 2.0) -> None:
        self._closing.set()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        last = False
        while not last:
            last = self._closing.wait(self._every_s)
            self._send()
        self._sender.close()

    def _send(self) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, []
        try:
            for session in dict.fromkeys(session for session, _ in waiting):
                traces = [trace for name, trace in waiting if name == session]
                self._sender.send_traces(session, traces, self._offset_ns)
            self._sender.send_metrics(self._meters, self._start_ns)
        except Exception as error:  # noqa: BLE001 - whatever it is, suggestions go on
            if not self._failed:
                what = error if isinstance(error, OtlpFailed) else type(error).__name__
                _log.warning("telemetry.otlp_endpoint: %s", what)
            self._failed = True
        else:
            self._failed = False


def _context(trace_id: int, span_id: int) -> SpanContext:
    return SpanContext(
        trace_id, span_id & 0xFFFF_FFFF_FFFF_FFFF, is_remote=False, trace_flags=TraceFlags(1)
    )


def _metrics(meters: Meters, start_ns: int, now_ns: int) -> list[Metric]:
    counts: dict[str, list[NumberDataPoint]] = {}
    for (name, attributes), value in meters.counters().items():
        counts.setdefault(name, []).append(
            NumberDataPoint(dict(attributes), start_ns, now_ns, value)
        )
    points: dict[str, list[ExponentialHistogramDataPoint]] = {}
    for (name, attributes), histogram in meters.histograms().items():
        point = _point(histogram, attributes, start_ns, now_ns)
        points.setdefault(name, []).append(point)
    cumulative = AggregationTemporality.CUMULATIVE
    return [
        *(_metric(name, Sum(each, cumulative, True)) for name, each in counts.items()),
        *(_metric(name, ExponentialHistogram(each, cumulative)) for name, each in points.items()),
    ]


def _metric(name: str, data: Sum | ExponentialHistogram) -> Metric:
    return Metric(name, METRICS[name].description, METRICS[name].unit, data)


def _point(
    histogram: Histogram, attributes: Attributes, start_ns: int, now_ns: int
) -> ExponentialHistogramDataPoint:
    first = min(histogram.buckets, default=0)
    last = max(histogram.buckets, default=-1)
    counts = [histogram.buckets.get(index, 0) for index in range(first, last + 1)]
    return ExponentialHistogramDataPoint(
        attributes=dict(attributes),
        start_time_unix_nano=start_ns,
        time_unix_nano=now_ns,
        count=histogram.count,
        sum=histogram.sum_ns / 1e9,
        scale=SCALE,
        zero_count=histogram.zeros,
        positive=Buckets(first, counts),
        negative=Buckets(0, []),
        flags=0,
        min=(histogram.min_ns or 0) / 1e9,
        max=(histogram.max_ns or 0) / 1e9,
    )
