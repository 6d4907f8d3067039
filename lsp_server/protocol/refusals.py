"""Why a request is not served, by the codes of JSON-RPC 2.0 and LSP 3.18."""

from __future__ import annotations

from ghostlap.lsp_server.documents import DocumentNotOpen, InvalidParams

__all__ = [
    "INTERNAL_ERROR",
    "INVALID_PARAMS",
    "INVALID_REQUEST",
    "METHOD_NOT_FOUND",
    "REQUEST_CANCELLED",
    "SERVER_NOT_INITIALIZED",
    "Refused",
    "refusal_of",
]

INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
SERVER_NOT_INITIALIZED = -32002
REQUEST_CANCELLED = -32800


class Refused(Exception):
    """A message is not served, and its sender is told why if it waits for an answer."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def refusal_of(error: Exception) -> Refused | None:
    """What to tell the client of an error that is its own; None: the error is ours."""
    if isinstance(error, Refused):
        return error
    if isinstance(error, InvalidParams | DocumentNotOpen):
        return Refused(INVALID_PARAMS, str(error))
    return None
