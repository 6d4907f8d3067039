"""Drives a language server that it starts, as an editor would."""

from __future__ import annotations

from ghostlap.lsp_server.client._client import (
    LspClient,
)
from ghostlap.lsp_server.client.calls import (
    Answer,
    Call,
    LspError,
    ServerGone,
)

__all__ = [
    "Answer",
    "Call",
    "LspClient",
    "LspError",
    "ServerGone",
]
