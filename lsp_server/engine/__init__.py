"""Keystroke to suggestion. No LSP library is imported here."""

from __future__ import annotations

from ghostlap.lsp_server.engine._engine import Engine
from ghostlap.lsp_server.engine.asking import Context, Surroundings
from ghostlap.lsp_server.engine.job import Answer, Job, Suggestion
from ghostlap.lsp_server.engine.shared import Route

__all__ = ["Answer", "Context", "Engine", "Job", "Route", "Suggestion", "Surroundings"]
