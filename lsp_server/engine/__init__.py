"""Keystroke to suggestion. No LSP library is imported here."""

from __future__ import annotations

from ghostlap.lsp_server.engine._engine import (
    Answer,
    Engine,
    Job,
    Route,
    Suggestion,
)

__all__ = [
    "Answer",
    "Engine",
    "Job",
    "Route",
    "Suggestion",
]
