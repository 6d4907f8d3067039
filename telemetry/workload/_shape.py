"""What a workload is like, in figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ghostlap.telemetry.workload._workload import Workload

__all__ = ["Shape", "shape_of"]

_PAUSE_MS = 1000


@dataclass(frozen=True, slots=True)
class Shape:
    documents: int
    languages: Mapping[str, int]
    """Edits by language."""
    edits: int
    backspaces: int
    accepted: int
    characters: int
    lines: int
    seconds: float
    gap_ms: Mapping[str, float]
    """Percentiles of the times between two edits, by their names."""
    pauses: int
    """Gaps of more than a second."""
    has_text: bool


def shape_of(workload: Workload) -> Shape:
    edits = workload.edits
    times = np.array([each.at_ms for each in edits])
    gaps = np.diff(times)
    names = {"p10": 10, "p50": 50, "p90": 90, "p99": 99}
    return Shape(
        documents=len(workload.documents),
        languages=dict(Counter(workload.documents[each.document].language for each in edits)),
        edits=len(edits),
        backspaces=sum(each.end != each.start and not each.chars for each in edits),
        accepted=sum(each.accepted for each in edits),
        characters=sum(each.chars for each in edits),
        lines=sum(each.newlines for each in edits),
        seconds=float(times[-1] - times[0]) / 1000 if len(edits) else 0.0,
        gap_ms={name: float(np.percentile(gaps, at)) for name, at in names.items()}
        if len(gaps)
        else {},
        pauses=int((gaps > _PAUSE_MS).sum()),
        has_text=workload.has_text,
    )
