"""The Copilot dialect: its messages, translated into our own words. Nobody else knows of it."""

from __future__ import annotations

from ghostlap.lsp_server.copilot.dialect import Dialect

__all__ = ["Dialect"]
