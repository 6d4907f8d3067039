"""The open documents, and where a position is in them."""

from __future__ import annotations

from ghostlap.lsp_server.documents._documents import (
    Document,
    DocumentNotOpen,
    Documents,
    InvalidParams,
    LineEdit,
    Snapshot,
)

__all__ = [
    "Document",
    "DocumentNotOpen",
    "Documents",
    "InvalidParams",
    "LineEdit",
    "Snapshot",
]
