"""Running sums of what exporters offer: counters and mergeable histograms, by attributes."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from ghostlap.telemetry._trace import Trace
from ghostlap.telemetry.conventions import METRICS, Attributes, measurements
from ghostlap.telemetry.histogram import Histogram

__all__ = ["Meters"]

_S_NS = 1_000_000_000
_REMEMBERED = 4096


class Meters:
    """Adds keystrokes up. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counters: dict[tuple[str, Attributes], int] = {}
        self._histograms: dict[tuple[str, Attributes], Histogram] = {}
        self._seen: dict[int, None] = {}

    def written(self, traces: Iterable[Trace]) -> None:
        """Count what a recorder has kept; a keystroke that is recorded again counts once."""
        with self._lock:
            for trace in traces:
                if trace.sequence in self._seen:
                    continue
                self._seen[trace.sequence] = None
                if len(self._seen) > _REMEMBERED:
                    del self._seen[next(iter(self._seen))]
                self._add(trace)

    def add(self, trace: Trace) -> None:
        """Count a keystroke, whatever was counted before."""
        with self._lock:
            self._add(trace)

    def counters(self) -> dict[tuple[str, Attributes], int]:
        with self._lock:
            return dict(self._counters)

    def histograms(self) -> dict[tuple[str, Attributes], Histogram]:
        """Copies, of nanoseconds; tokens stand in them as so many seconds."""
        with self._lock:
            return {key: _copy(each) for key, each in self._histograms.items()}

    def _add(self, trace: Trace) -> None:
        for metric, value, attributes in measurements(trace):
            key = metric, attributes
            if not METRICS[metric].is_histogram:
                self._counters[key] = self._counters.get(key, 0) + value
                continue
            scale = 1 if METRICS[metric].unit == "s" else _S_NS
            self._histograms.setdefault(key, Histogram()).add(value * scale)


def _copy(histogram: Histogram) -> Histogram:
    made = Histogram()
    made.merge(histogram)
    return made
