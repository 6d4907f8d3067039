"""What is measured, kept and reported of every keystroke."""

from ghostlap.telemetry._clock import monotonic_ns, wall_clock_offset_ns
from ghostlap.telemetry._trace import (
    Attempt,
    AttemptOutcome,
    AttemptStage,
    CensorCause,
    LaunchReason,
    Outcome,
    Role,
    ServerTiming,
    Source,
    Stage,
    Trace,
    Usage,
)

__all__ = [
    "Attempt",
    "AttemptOutcome",
    "AttemptStage",
    "CensorCause",
    "LaunchReason",
    "Outcome",
    "Role",
    "ServerTiming",
    "Source",
    "Stage",
    "Trace",
    "Usage",
    "monotonic_ns",
    "wall_clock_offset_ns",
]
