"""What is measured, kept and reported of every keystroke."""

from ghostlap.telemetry._clock import monotonic_ns, wall_clock_offset_ns
from ghostlap.telemetry._errors import (
    CorruptStore,
    ForeignStore,
    NewerStore,
    NothingRecorded,
    StoreError,
    StoreUnavailable,
)
from ghostlap.telemetry._feedback import Feedback, FeedbackKind
from ghostlap.telemetry._paths import default_path
from ghostlap.telemetry._recorder import MemoryRecorder, NullRecorder, Recorder
from ghostlap.telemetry._sqlite_recorder import SqliteRecorder, open_recorder
from ghostlap.telemetry._store import Session
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
    "CorruptStore",
    "Feedback",
    "FeedbackKind",
    "ForeignStore",
    "LaunchReason",
    "MemoryRecorder",
    "NewerStore",
    "NothingRecorded",
    "NullRecorder",
    "Outcome",
    "Recorder",
    "Role",
    "ServerTiming",
    "Session",
    "Source",
    "SqliteRecorder",
    "Stage",
    "StoreError",
    "StoreUnavailable",
    "Trace",
    "Usage",
    "default_path",
    "monotonic_ns",
    "open_recorder",
    "wall_clock_offset_ns",
]
