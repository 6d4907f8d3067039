"""Typing, as something that can be kept, made from files, and typed again: see FORMAT.md."""

from __future__ import annotations

from ghostlap.telemetry.workload._format import WorkloadError, read_workload, write_workload
from ghostlap.telemetry.workload._gaps import Gaps, MeasuredGaps, ModelGaps
from ghostlap.telemetry.workload._manuscript import Key, Manuscript
from ghostlap.telemetry.workload._shape import Shape, shape_of
from ghostlap.telemetry.workload._stretch import take_out, take_out_lines
from ghostlap.telemetry.workload._synth import synthesise
from ghostlap.telemetry.workload._workload import Document, Edit, Place, Workload

__all__ = [
    "Document",
    "Edit",
    "Gaps",
    "Key",
    "Manuscript",
    "MeasuredGaps",
    "ModelGaps",
    "Place",
    "Shape",
    "Workload",
    "WorkloadError",
    "read_workload",
    "shape_of",
    "synthesise",
    "take_out",
    "take_out_lines",
    "write_workload",
]
