"""What is measured, kept and reported of every keystroke."""

from importlib import import_module
from typing import TYPE_CHECKING

from ghostlap.telemetry._clock import monotonic_ns, wall_clock_offset_ns
from ghostlap.telemetry._errors import (
    CorruptStore,
    ForeignStore,
    NewerStore,
    NothingRecorded,
    StoreError,
    StoreUnavailable,
)
from ghostlap.telemetry._facts import FactsOf, ProviderFacts
from ghostlap.telemetry._feedback import (
    PERSISTENCE_CHECKS_S,
    EditorTimes,
    Feedback,
    FeedbackKind,
)
from ghostlap.telemetry._paths import default_path
from ghostlap.telemetry._recorder import MemoryRecorder, NullRecorder, Recorder
from ghostlap.telemetry._session import Session
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

if TYPE_CHECKING:
    from ghostlap.telemetry._sqlite_recorder import Sink, SqliteRecorder, open_recorder
    from ghostlap.telemetry.summary import GROUPINGS, MeasuredFrom, SummaryRow, summarise

__all__ = [
    "GROUPINGS",
    "PERSISTENCE_CHECKS_S",
    "Attempt",
    "AttemptOutcome",
    "AttemptStage",
    "CensorCause",
    "CorruptStore",
    "EditorTimes",
    "FactsOf",
    "Feedback",
    "FeedbackKind",
    "ForeignStore",
    "LaunchReason",
    "MeasuredFrom",
    "MemoryRecorder",
    "NewerStore",
    "NothingRecorded",
    "NullRecorder",
    "Outcome",
    "ProviderFacts",
    "Recorder",
    "Role",
    "ServerTiming",
    "Session",
    "Sink",
    "Source",
    "SqliteRecorder",
    "Stage",
    "StoreError",
    "StoreUnavailable",
    "SummaryRow",
    "Trace",
    "Usage",
    "default_path",
    "monotonic_ns",
    "open_recorder",
    "summarise",
    "wall_clock_offset_ns",
]

_LATE = {
    "GROUPINGS": "summary",
    "MeasuredFrom": "summary",
    "Sink": "_sqlite_recorder",
    "SqliteRecorder": "_sqlite_recorder",
    "SummaryRow": "summary",
    "open_recorder": "_sqlite_recorder",
    "summarise": "summary",
}
"""What needs SQLite is imported when it is first asked for: a provider wants the trace alone, and
would wait twice as long for it."""

if not TYPE_CHECKING:  # a checker shall not believe in any name there is

    def __getattr__(name: str) -> object:
        if name not in _LATE:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f"{__name__}.{_LATE[name]}"), name)
        globals()[name] = value
        return value
